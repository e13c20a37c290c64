"""Pure rules: what is wanted and what is become a plan, and a plan becomes a new state."""
