"""What clients need to reach a server."""
