"""Shards to parameters: the loop, its step, its log; the only device axis."""
