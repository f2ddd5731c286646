"""Checked answers to a site that people read, and to references that other programs open."""
