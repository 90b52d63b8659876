"""What vectors and heads are worth: baselines, tables, intervals, pages."""
