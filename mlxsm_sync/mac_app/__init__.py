"""The Mac app MLX Server Manager: its documents and its own list."""
