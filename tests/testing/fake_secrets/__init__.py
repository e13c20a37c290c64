"""Texts that look like secrets, where they could stand, and where they went."""
