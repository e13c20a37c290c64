"""Strings in, strings out: which characters can be seen, what looks like a secret, how text is laid out."""
