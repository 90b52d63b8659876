"""A function as an `Example`, examples as a `Batch`: between IR and the model."""
