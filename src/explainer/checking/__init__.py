"""An answer and the entries that were offered to it: proof, or what is wrong."""
