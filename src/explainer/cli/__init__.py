"""The command line: options → a call into the rooms below → bytes on stdout, findings on stderr, an exit status."""
