"""Performance tasks on frozen embeddings: data, splits, heads, reports."""
