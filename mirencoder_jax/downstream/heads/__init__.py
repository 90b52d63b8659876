"""Heads: small models on [embedding ; run-time inputs], by name.

`fit` calls them for all folds, seeds and points of a grid at once; `predictor`
keeps what one has learned. A head is two functions: `fit` sees the training
rows and nothing else, `apply` answers for any rows.

A head scores the choices twice: `costs`, an estimate of log(cost of the choice
/ cost of the default), where the cheapest is taken; and `classes`, where the
most probable is taken. A value to predict is the cost of the only choice.

Where rows are thousands, closed forms are slow: `forest` and `network` are
regressions of all costs at once, one run after the other.
"""

from collections.abc import Callable
from typing import NamedTuple

from mirencoder_jax.downstream.heads import (
    forest_head,
    kernel_heads,
    mlp_head,
    network_head,
)


class Head(NamedTuple):
  """How a head is fitted and asked."""

  # (Data, Rows, grid, key, *, max_partial) -> params, Scores of all rows; None
  # for a regression
  fit: Callable | None
  # (params, vectors [n, D], inputs [n, F]) -> Scores
  apply: Callable | None
  # What makes up a point of its grid.
  settings: tuple[str, ...]
  # Whether it averages its grid itself, and answers with one point.
  averages: bool = False
  # Whether its fits start from random numbers.
  is_random: bool = False
  # `regression.Regress`, of a head that is fitted one run after the other
  regress: Callable | None = None


HEADS = {
    'kernel': Head(
        kernel_heads.fit_kernel,
        kernel_heads.apply_kernel,
        ('penalty', 'group_variance'),
        averages=True,
    ),
    'ridge': Head(
        kernel_heads.fit_ridge,
        kernel_heads.apply_ridge,
        ('penalty', 'group_variance'),
        averages=True,
    ),
    'neighbour': Head(
        kernel_heads.fit_neighbour,
        kernel_heads.apply_neighbour,
        ('neighbours',),
    ),
    'mlp': Head(
        mlp_head.fit_mlp,
        mlp_head.apply_mlp,
        ('learning_rate', 'weight_decay'),
        is_random=True,
    ),
    'forest': Head(
        *(None, None),
        ('num_trees', 'min_rows', 'max_features'),
        averages=True,
        is_random=True,
        regress=forest_head.regress,
    ),
    'network': Head(
        *(None, None),
        ('width', 'learning_rate', 'weight_decay'),
        averages=True,
        is_random=True,
        regress=network_head.regress,
    ),
}


def get_head(name: str) -> Head:
  """The head of a name.

  Raises:
    ValueError: there is none.
  """
  if name not in HEADS:
    raise ValueError(f'unknown head {name!r}; there are {sorted(HEADS)}')
  return HEADS[name]
