"""The formats of the reports of `check`, one module each."""
