"""Places: rows that are branches of a function, and not whole modules.

A row's vector is made of the encoder's states of four instructions side by
side: the branch, what gives its condition, and the first one of the block that
it goes to if that is true, and if it is false.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.inference import states as states_lib
from mirencoder_jax.ir import branches
from mirencoder_jax.ir.module import Module


class Place(NamedTuple):
  """A branch of a function.

  Attributes:
    function: hash of its code.
    number: of the branch, as `ir.branches` counts.
  """

  function: str
  number: int


def around(states: np.ndarray, function: ir_lib.Function) -> np.ndarray:
  """States of each branch, its condition, both sides; float32 [branches, 4 D].

  Args:
    states: float32 [n_instruction, D].
    function: whose; a condition that is no instruction of it is zeros.
  """
  conditions = dict(
      zip(function.use_users, function.use_definitions, strict=True)
  )  # a branch uses one value
  rows = []
  for branch in branches.conditional_branches(function):
    condition = conditions.get(branch.instruction)
    rows.append(
        np.concatenate(
            [
                states[branch.instruction],
                np.zeros_like(states[0])
                if condition is None
                else states[condition],
                states[function.block_starts[branch.true]],
                states[function.block_starts[branch.false]],
            ]
        )
    )
  return np.array(rows, np.float32).reshape(len(rows), 4 * states.shape[1])


def encode(
    encoder: Any,
    modules: Sequence[Module | None],
    texts: Sequence[bytes],
    places: Sequence[Place],
    module_index: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[int, str]]:
  """Vectors of places, whichever part of the encoder they are of.

  Args:
    encoder: of `inference.load`.
    modules: as they were read; None where that failed.
    texts: IR of each.
    places: of each row.
    module_index: int [n], the module that a row's place is in.

  Returns:
    `joint`, `ir` and `graph` -> float32 [n, D], NaN where there is no such
    place; and what is wrong, by row.
  """
  wanted: dict[int, set[str]] = {}
  for place, module in zip(places, module_index, strict=True):
    wanted.setdefault(int(module), set()).add(place.function)
  tables: dict[tuple[int, str], dict[str, np.ndarray]] = {}
  reasons: dict[int, str] = {}
  logging.info('states of %d functions', sum(map(len, wanted.values())))
  for number, hashes in sorted(wanted.items()):
    module = modules[number]
    if module is None:
      reasons[number] = 'no IR that can be read'
      continue
    try:
      found = states_lib.encode_states(encoder, texts[number], only=hashes)
    except ir_lib.IRError as error:
      reasons[number] = str(error)
      continue
    by_hash = {f.hash: f for f in module.functions}
    for states in found:
      function = by_hash[states.hash]
      tables[number, states.hash] = {
          name: around(part, function)
          for name, part in _parts(encoder, states).items()
      }
  problems = {}
  rows: dict[str, list] = {}
  for row, (place, module) in enumerate(zip(places, module_index, strict=True)):
    of_function = tables.get((int(module), place.function), {})
    for name in ('joint', 'ir', 'graph'):
      table = of_function.get(name, np.zeros((0, 0)))
      is_there = 0 <= place.number < len(table)
      rows.setdefault(name, []).append(
          table[place.number] if is_there else None
      )
      if not is_there:
        problems[row] = reasons.get(
            int(module), f'no branch {place.number} of {place.function}'
        )
  return {name: _stack(vectors) for name, vectors in rows.items()}, problems


def _parts(encoder, states: states_lib.FunctionStates) -> dict[str, np.ndarray]:
  """States of instructions: of text, graph, and both."""
  if encoder.config.reads == 'instructions':
    joint = states.instruction_states
    width = joint.shape[1] - states.node_states.shape[1]
    return {'joint': joint, 'ir': joint[:, :width], 'graph': joint[:, width:]}
  text, graph = states.instruction_token_states(), states.instruction_states
  return {'joint': np.hstack([text, graph]), 'ir': text, 'graph': graph}


def _stack(vectors: list) -> np.ndarray:
  width = next((len(v) for v in vectors if v is not None), 0)
  nothing = np.full(width, np.nan, np.float32)
  return np.stack([nothing if v is None else v for v in vectors])
