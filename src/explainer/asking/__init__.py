"""Questions to the checked answers of language models. Only `endpoint` uses the network."""
