"""A fitted head as a folder: written, loaded, asked."""
