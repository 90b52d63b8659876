"""What a full disk or a kill must not spoil: checkpoints, weights, files."""
