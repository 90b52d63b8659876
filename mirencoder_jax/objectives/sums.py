"""Sums with their weights: what crosses devices and batches, divided last."""

Sums = dict[str, tuple[float, float]]  # sum, weight


def means(sums: Sums) -> dict[str, float]:
  """Sums divided by their weights; without weight there is no value."""
  return {k: total / weight for k, (total, weight) in sums.items() if weight}


def add(first: Sums, second: Sums) -> Sums:
  """Sums of two parts; a name may be in one only."""
  total = dict(first)
  for name, (value, weight) in second.items():
    before, weight_before = first.get(name, (0.0, 0.0))
    total[name] = (before + value, weight_before + weight)
  return total
