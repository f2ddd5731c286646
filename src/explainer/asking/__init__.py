"""Questions → answers of language models, checked, repaired, and kept with their proof."""
