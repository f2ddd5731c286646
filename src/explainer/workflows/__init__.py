"""Workflows: models that feed each other, as graphs; composed, checked and drawn. Values in, values out."""
