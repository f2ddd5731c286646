"""Templates and plain data to prompts and answer skeletons; the formats that they are written in."""
