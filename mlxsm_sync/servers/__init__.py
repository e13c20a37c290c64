"""Running servers: the program, the command line, start, watch, stop."""
