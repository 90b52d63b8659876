"""Results as Markdown and pictures."""
