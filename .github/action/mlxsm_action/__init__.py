"""What action.yml does, step by step; knows mlxsm only as a command."""
