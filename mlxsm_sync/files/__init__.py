"""The disk: files replaced whole, paths and where they lead, owners and links."""
