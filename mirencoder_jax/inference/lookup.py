"""`Lookup`: vectors from a table of what instructions are; numpy alone.

A distilled form of an encoder, for where milliseconds count or where nothing
but a file can be linked. An instruction is a few *keys*: words that say its
opcode, type, operand kinds, the opcodes that its operands come from and its
loop depth. Each key is hashed to a row of the table; a function's vector is

    (sum of the rows of all keys of all instructions) / number of instructions
    + bias + sum over j of size_row[j] * log(1 + instructions in >= j loops)

so that it needs one addition a key. `distil` fits the table to the vectors of
an encoder.

The file, little-endian:

    char     magic[8]             "MIRFAST1"
    uint32   num_rows, width
    uint16   bias[width]          these are bfloat16: the upper 16 bits of
    uint16   size_row[4][width]   an IEEE float32
    uint16   rows[num_rows][width]
    uint32   crc                  CRC-32 of all bytes before it

A key's row is FNV-1a (32 bits) of its UTF-8 bytes, modulo `num_rows`. In C++:

    float of(uint16_t b) {
      uint32_t u = uint32_t(b) << 16; float f; memcpy(&f, &u, 4); return f; }
    uint32_t row(const std::string& key, uint32_t num_rows) {
      uint32_t h = 2166136261u;
      for (unsigned char c : key) h = (h ^ c) * 16777619u;
      return h % num_rows; }
    std::vector<float> embed(const Table& t, const Function& f) {
      std::vector<float> v(t.width, 0.f);
      int n[4] = {0, 0, 0, 0};
      for (auto& i : f) {
        for (int j = 0; j < 4; ++j) n[j] += i.loop_depth >= j;
        for (auto& key : keys(i))
          for (uint32_t d = 0; d < t.width; ++d)
            v[d] += of(t.rows[row(key, t.num_rows) * t.width + d]); }
      for (uint32_t d = 0; d < t.width; ++d) {
        v[d] = v[d] / std::max(n[0], 1) + of(t.bias[d]);
        for (int j = 0; j < 4; ++j)
          v[d] += of(t.size_row[j * t.width + d]) * std::log1p(float(n[j])); }
      return v; }
"""

import dataclasses
import functools
import os
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.ir import loops

MAGIC = b'MIRFAST1'
NUM_SIZES = 4
_MAX_DEPTH = 3  # deeper nests are taken as this one


class TableError(ValueError):
  """A file that is no whole table; says which and why."""


@functools.cache
def hash_key(key: str) -> int:
  """FNV-1a of 32 bits."""
  value = 2166136261
  for byte in key.encode():
    value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
  return value


def instruction_keys(function: ir_lib.Function) -> tuple[list[str], np.ndarray]:
  """The keys of all instructions, and the loops around each instruction.

  A key is `o opcode`, `t opcode type`, `x description` (the words of an
  instruction without its values), `d opcode depth`, `k opcode kinds` with a
  letter an operand in their order (v result, p parameter, c constant), and for
  each operand that is a result `p opcode position producer's-opcode`.

  Returns:
    Keys, in no order that means anything, and int [n_instruction].
  """
  depth_of = np.minimum(loops.loop_depths(function.successors), _MAX_DEPTH)
  depths = depth_of[np.asarray(function.block_of, int)]
  opcodes = function.opcodes
  keys = [f'o {opcode}' for opcode in opcodes]
  keys += [f't {o} {t}' for o, t in zip(opcodes, function.types, strict=True)]
  keys += [f'x {text}' for text in function.texts]
  keys += [f'd {o} {d}' for o, d in zip(opcodes, depths.tolist(), strict=True)]
  kinds: list[list[tuple[int, str]]] = [[] for _ in opcodes]
  for users, positions, letter in (
      (function.use_users, function.use_positions, 'v'),
      (function.parameter_users, function.parameter_positions, 'p'),
      (function.constant_users, function.constant_positions, 'c'),
  ):
    for user, position in zip(users, positions, strict=True):
      kinds[user].append((position, letter))
  for opcode, found in zip(opcodes, kinds, strict=True):
    keys.append(f'k {opcode} ' + ''.join(letter for _, letter in sorted(found)))
  for user, position, definition in zip(
      function.use_users,
      function.use_positions,
      function.use_definitions,
      strict=True,
  ):
    keys.append(f'p {opcodes[user]} {position} {opcodes[definition]}')
  return keys, depths


def function_rows(
    function: ir_lib.Function, num_rows: int
) -> tuple[np.ndarray, np.ndarray]:
  """Rows of all keys of a function, and instructions in >= 0..3 loops."""
  keys, depths = instruction_keys(function)
  rows = np.fromiter(map(hash_key, keys), np.int64, len(keys)) % num_rows
  sizes = (depths[:, None] >= np.arange(NUM_SIZES)).sum(axis=0)
  return rows, sizes.astype(np.float64)


@dataclasses.dataclass(frozen=True)
class Lookup:
  """A table and what is added to its sums.

  Attributes:
    rows: float32 [num_rows, D].
    size_rows: float32 [4, D].
    bias: float32 [D].
  """

  rows: np.ndarray
  size_rows: np.ndarray
  bias: np.ndarray

  @property
  def width(self) -> int:
    """D."""
    return self.rows.shape[1]

  def embed(self, ir: Any, level: str = 'module') -> np.ndarray:
    """Embeds IR, as `Encoder.embed` does.

    Args:
      ir: a path, text, bytes, a module of `ir.read_module`, or a list of these.
      level: `module`: one row for each input, made of what is summed over its
        functions. `function`: one for each function.

    Returns:
      float32 [n, D]; the row of a module without functions is NaN.

    Raises:
      ir.IRError: for the first input that cannot be read.
    """
    if level not in ('module', 'function'):
      raise ValueError(f'level {level!r} is neither function nor module')
    if isinstance(ir, (str, bytes, os.PathLike, ir_lib.Module)):
      ir = [ir]
    sums, sizes, modules = [], [], []
    for number, source in enumerate(ir):
      is_read = isinstance(source, ir_lib.Module)
      module = source if is_read else ir_lib.read_module(source)
      for function in module.functions:
        rows, size = function_rows(function, len(self.rows))
        counts = np.bincount(rows)
        used = np.flatnonzero(counts)
        sums.append(counts[used] @ self.rows[used])
        sizes.append(size)
        modules.append(number)
    found = np.array(sums, np.float64).reshape(-1, self.width)
    size = np.array(sizes).reshape(-1, NUM_SIZES)
    if level == 'function':
      return self._finish(found, size)
    total = np.zeros((len(ir), self.width))
    total_size = np.zeros((len(ir), NUM_SIZES))
    np.add.at(total, np.array(modules, int), found)
    np.add.at(total_size, np.array(modules, int), size)
    vectors = self._finish(total, total_size)
    vectors[total_size[:, 0] == 0] = np.nan
    return vectors

  def _finish(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    means = sums / np.maximum(sizes[:, :1], 1)
    return np.float32(means + self.bias + np.log1p(sizes) @ self.size_rows)

  def save(self, path: str | os.PathLike) -> None:
    """Writes the file; values are rounded to bfloat16."""
    head = np.array(self.rows.shape, '<u4').tobytes()
    body = b''.join(
        _to_bfloat16(x).tobytes()
        for x in (self.bias, self.size_rows, self.rows)
    )
    data = MAGIC + head + body
    crc = np.array(zlib.crc32(data), '<u4').tobytes()
    pathlib.Path(path).write_bytes(data + crc)


def load(path: str | os.PathLike) -> Lookup:
  """Reads a table.

  Raises:
    TableError: if the file is none, or is damaged.
  """
  data = pathlib.Path(path).read_bytes()
  if data[:8] != MAGIC or len(data) < 20:
    raise TableError(f'{path} is no lookup table of mirencoder_jax')
  num_rows, width = np.frombuffer(data, '<u4', 2, 8).tolist()
  num_values = (1 + NUM_SIZES + num_rows) * width
  if len(data) != 20 + 2 * num_values or zlib.crc32(data[:-4]) != int(
      np.frombuffer(data, '<u4', 1, len(data) - 4)[0]
  ):
    raise TableError(f'{path} is damaged; copy or distil it again')
  bits = np.frombuffer(data, '<u2', num_values, 16).astype(np.uint32) << 16
  values = bits.view(np.float32).reshape(-1, width)
  return Lookup(values[1 + NUM_SIZES :], values[1 : 1 + NUM_SIZES], values[0])


def _to_bfloat16(x: np.ndarray) -> np.ndarray:
  """The upper 16 bits, rounded to nearest."""
  bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
  return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype('<u2')


def distil(
    functions: Sequence[ir_lib.Function],
    vectors: np.ndarray,
    *,
    num_rows: int = 8192,
    penalty: float = 1e-3,
    num_iterations: int = 100,
) -> Lookup:
  """Fits a table to vectors by ridge regression (conjugate gradients).

  Args:
    functions: of a corpus.
    vectors: of an encoder, [n, D].
    num_rows: of the table.
    penalty: times the squares of the rows, in units of a function's weight.
    num_iterations: of the solver, at most.
  """
  from scipy import sparse  # Only who distils needs these.
  from sklearn import linear_model

  vectors = np.asarray(vectors, np.float64)
  if len(functions) != len(vectors) or not len(vectors):
    raise ValueError(
        f'{len(functions)} functions and {len(vectors)} vectors: one of each '
        'is needed, and at least one'
    )
  places, columns, values = [], [], []
  sizes = np.zeros((len(functions), NUM_SIZES))
  for place, function in enumerate(functions):
    rows, sizes[place] = function_rows(function, num_rows)
    column, count = np.unique(rows, return_counts=True)
    places.append(np.full(len(column), place))
    columns.append(column)
    values.append(count / max(sizes[place, 0], 1))
  shape = len(functions), num_rows
  shares = sparse.csr_matrix(
      (
          np.concatenate(values),
          (np.concatenate(places), np.concatenate(columns)),
      ),
      shape,
  )
  logs = np.log1p(sizes)
  features = sparse.hstack(
      [shares, sparse.csr_matrix(logs - logs.mean(axis=0))]
  ).tocsr()
  mean = vectors.mean(axis=0)
  ridge = linear_model.Ridge(
      penalty * len(functions),
      fit_intercept=False,
      solver='sparse_cg',
      max_iter=num_iterations,
      tol=1e-6,
  )
  weights = ridge.fit(features, vectors - mean).coef_.T
  table, size_rows = weights[:num_rows], weights[num_rows:]
  bias = mean - logs.mean(axis=0) @ size_rows
  return Lookup(*(np.float32(x) for x in (table, size_rows, bias)))
