"""Heads: small models on [embedding ; run-time inputs], by name.

`fit` calls them for all folds, seeds and points of a grid at once; `predictor`
keeps what one has learned. A head is two functions: `fit` sees the training
rows and nothing else, `apply` answers for any rows.

A head scores the choices twice: `costs`, an estimate of log(cost of the choice
/ cost of the default), where the cheapest is taken; and `classes`, where the
most probable is taken.
"""

from collections.abc import Callable
from typing import NamedTuple

from mirencoder_jax.downstream.heads import kernel_heads, mlp_head


class Head(NamedTuple):
  """How a head is fitted and asked."""

  # (Data, Rows, grid, key, *, max_partial) -> params, Scores of all rows
  fit: Callable
  apply: Callable  # (params, vectors [n, D], inputs [n, F]) -> Scores
  # What makes up a point of its grid.
  settings: tuple[str, ...]
  # Whether it averages its grid itself, and answers with one point.
  averages: bool = False
  # Whether its fits start from random numbers.
  is_random: bool = False


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
}


def get_head(name: str) -> Head:
  """The head of a name.

  Raises:
    ValueError: there is none.
  """
  if name not in HEADS:
    raise ValueError(f'unknown head {name!r}; there are {sorted(HEADS)}')
  return HEADS[name]
