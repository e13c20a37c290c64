"""The operating system: processes, ports, and the proof that one is ours."""
