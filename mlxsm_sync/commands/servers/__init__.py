"""The commands for running servers: all of this tool that looks at a process or opens a socket."""
