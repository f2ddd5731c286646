"""Catalogs and questions: their schema, how they are validated, found, loaded and joined into one library."""
