"""What an answer says of its sources, held against what these print: statements, and the passages that bear on them."""
