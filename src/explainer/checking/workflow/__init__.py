"""The workflow that an answer describes: its diagram read, its steps named."""
