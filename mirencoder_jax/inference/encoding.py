"""`Encoding`: vectors of the functions of modules, and what was left out."""

import dataclasses
import os
from collections.abc import Iterator, Sequence

import numpy as np

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.data import example as example_lib

Source = str | bytes | os.PathLike | ir_lib.Module
MODALITIES = ('joint', 'ir', 'graph')


@dataclasses.dataclass(frozen=True)
class Encoding:
  """Embeddings of the functions of some modules.

  Attributes:
    vectors: float32 [n_function, D] by modality: `ir`, `graph`, `joint`.
    functions: names, in the order of the modules.
    modules: int32 [n_function], which input each function is from.
    num_instructions: int32 [n_function].
    num_modules: inputs, those that failed included.
    errors: what went wrong, by input.
    report: counts: `windows` of tokens, `segments` of split functions with
      `cut_edges`, `cut_tokens` that no vector sees, `unknown_tokens`,
      `unverified` modules.
    unverified: bool [n_module], see `ir.Module`.
    cut_tokens: int32 [n_function], tokens that its vector does not see.
    added_up: float32 [n_module, D] by modality, made of sums over functions;
      None for encoders of tokens, which have no sums.
  """

  vectors: dict[str, np.ndarray]
  functions: list[str]
  modules: np.ndarray
  num_instructions: np.ndarray
  num_modules: int
  errors: dict[int, ir_lib.IRError]
  report: dict[str, int]
  unverified: np.ndarray
  cut_tokens: np.ndarray
  added_up: dict[str, np.ndarray] | None = None

  def at_level(self, level: str, modality: str = 'joint') -> np.ndarray:
    """float32 [n, D], of each module or of each function.

    Raises:
      ValueError: another level than `module` and `function`.
    """
    if level == 'module':
      return self.module_vectors(modality)
    if level == 'function':
      return self.function_vectors(modality)
    raise ValueError(f'level {level!r} is neither function nor module')

  def function_vectors(self, modality: str = 'joint') -> np.ndarray:
    """float32 [n_function, D]; `all` is the three side by side."""
    return _choose(self.vectors, modality)

  def module_vectors(self, modality: str = 'joint') -> np.ndarray:
    """float32 [n_module, D], made of what is summed over functions.

    For encoders of tokens: means over functions, weighted by instructions. The
    row of an input that could not be read, or has no function, is NaN.
    """
    if self.added_up is not None:
      return _choose(self.added_up, modality)
    vectors = self.function_vectors(modality)
    weights = self.num_instructions.astype(np.float64)
    sums = np.zeros((self.num_modules, vectors.shape[1]))
    total = np.zeros(self.num_modules)
    np.add.at(sums, self.modules, vectors * weights[:, None])
    np.add.at(total, self.modules, weights)
    with np.errstate(invalid='ignore'):
      return (sums / total[:, None]).astype(np.float32)


class Embeds:
  """What embeds IR: an encoder, or a table that stands for one."""

  def encode(
      self, ir: Source | Sequence[Source], *, on_error: str = 'raise'
  ) -> Encoding:
    """As `embed`, with names, counts, and errors."""
    raise NotImplementedError

  def embed(
      self,
      ir: Source | Sequence[Source],
      level: str = 'module',
      *,
      modality: str = 'joint',
      on_error: str = 'raise',
  ) -> np.ndarray:
    """Embeds IR.

    Args:
      ir: a path, IR text, bytes of text or bitcode, a module of
        `ir.read_module`, or a list of these.
      level: `module`: one row for each input. `function`: one row for each
        function that the inputs define, in order; `encode` has their names.
      modality: the joint embedding of text and graph, one of the two, or `all`
        three side by side; `widths` has those that there are.
      on_error: `raise` at the first input that cannot be read, or `nan`: its
        row is NaN (at function level it has none).

    Returns:
      float32 [n, D]; the row of a module without functions is NaN.

    Raises:
      ir.IRError: naming file and line, if on_error is `raise`.
    """
    return self.encode(ir, on_error=on_error).at_level(level, modality)


def listed(ir: Source | Sequence[Source]) -> Sequence[Source]:
  """One source as a list of one."""
  is_one = isinstance(ir, (str, bytes, os.PathLike, ir_lib.Module))
  return [ir] if is_one else ir


def read_sources(
    sources: Sequence[Source],
    on_error: str,
    errors: dict[int, ir_lib.IRError],
) -> Iterator[tuple[int, ir_lib.Module]]:
  """Gives the modules that can be read, by the number of their source.

  Args:
    sources: what `Encoder.embed` takes.
    on_error: `raise` at the first that cannot be read, or `nan`.
    errors: gets what is wrong with the others.
  """
  for number, source in enumerate(sources):
    try:
      is_read = isinstance(source, ir_lib.Module)
      module = source if is_read else ir_lib.read_module(source)
    except ir_lib.IRError as error:
      if on_error == 'raise':
        raise
      errors[number] = error
      continue
    yield number, module


def _choose(vectors: dict[str, np.ndarray], modality: str) -> np.ndarray:
  if modality == 'all':
    return np.concatenate(
        [vectors[m] for m in MODALITIES if m in vectors], axis=1
    )
  if modality not in vectors:
    raise ValueError(
        f'modality {modality!r} is none of {", ".join([*vectors, "all"])}'
    )
  return vectors[modality]


def sum_by(
    rows: np.ndarray, owners: Sequence[int], num_owners: int
) -> np.ndarray:
  """float32 [num_owners, S]: the sums over the rows of each owner."""
  sums = np.zeros((num_owners, rows.shape[1]), np.float64)
  np.add.at(sums, np.asarray(owners, int), rows)
  return sums.astype(np.float32)


def pool_segments(
    vectors: dict[str, np.ndarray],
    parts: Sequence[example_lib.Example],
    owners: Sequence[int],
    num_examples: int,
) -> dict[str, np.ndarray]:
  """Means over the segments of each function, weighted by their tokens."""
  if len(parts) == num_examples:
    return vectors
  weights = np.array([max(1, len(p['tokens'])) for p in parts], np.float32)
  total = np.zeros(num_examples, np.float32)
  np.add.at(total, owners, weights)
  pooled = {}
  for modality, found in vectors.items():
    sums = np.zeros((num_examples, found.shape[1]), np.float32)
    np.add.at(sums, owners, found * weights[:, None])
    pooled[modality] = sums / total[:, None]
  return pooled
