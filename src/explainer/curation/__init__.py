"""Catalogs imported, linted, merged, compared, renamed, counted and exported."""
