"""A question in lay words and a library → the models and papers that fit, with reasons."""
