"""What keeps catalogs in shape: import, lint, compare, rename, count, export, new projects."""
