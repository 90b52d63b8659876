"""A performance task as rows: data, targets, groups, splits, features."""
