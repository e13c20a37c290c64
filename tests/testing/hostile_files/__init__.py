"""Files that must be refused, and how they are."""
