"""A function as an `Example`, examples as a `Batch`: from IR to the model."""
