"""The commands below `explainer catalog`."""
