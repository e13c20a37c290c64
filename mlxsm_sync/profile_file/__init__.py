"""The profile file: read, checked, written, edited, and made of commands."""
