"""Text with positions: YAML and JSON as trees, lines for a shell as words; and property lists."""
