"""Text with positions: YAML and JSON as trees in which every value knows its line and column."""
