"""The state on disk: locked, kept, replaced, restored."""
