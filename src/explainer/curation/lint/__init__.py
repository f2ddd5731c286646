"""Lint of catalogs: `run` knows all rules; a file holds the rules about one thing; `rule` says what a rule is."""
