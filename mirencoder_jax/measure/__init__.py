"""Measures programs on the user's own machine, as labels of a task."""
