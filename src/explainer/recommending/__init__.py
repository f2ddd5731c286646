"""The words of a question to the catalog's entries that fit it, with reasons."""
