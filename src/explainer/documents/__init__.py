"""Text with positions: YAML and JSON read into plain data, YAML edited in place and written."""
