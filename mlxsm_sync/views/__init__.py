"""Finished values as text and JSON for people and programs."""
