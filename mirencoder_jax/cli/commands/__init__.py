"""One file a command: its `command`, with its options above the function.

A file that is put here is a command of its name. What loads JAX is imported in
the functions: help and completion should not wait for it.
"""
