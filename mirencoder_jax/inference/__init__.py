"""Checkpoint and IR to vectors, and what a person does with vectors."""
