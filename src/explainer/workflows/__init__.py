"""A question's models to graphs of typed steps, and the drawings of these."""
