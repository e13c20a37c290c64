"""The profile file: read, checked, written and edited."""
