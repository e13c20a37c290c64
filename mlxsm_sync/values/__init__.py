"""What every other part speaks in: profiles, states, plans and runs, and the rules that they obey."""
