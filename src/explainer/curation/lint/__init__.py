"""The rules of `catalog lint`, one module for each family of findings."""
