"""Files of IR to shards: one plan of what is kept, the rest in parallel."""
