"""An answer and what was offered to it → proof that it cites nothing else, or what is wrong with it."""
