"""The command line: options, one call, what is shown."""
