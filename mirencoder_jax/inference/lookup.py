"""`Lookup`: vectors from a table of what instructions are; numpy alone.

A distilled form of an encoder, for where milliseconds count or where nothing
but a file can be linked. An instruction is a few *keys*: words that say its
opcode, type, operand kinds, the opcodes that its operands come from and its
loop depth. Each key is hashed to a row of the table; a function's vector is

    (sum of the rows of all keys of all instructions) / number of instructions
    + bias + sum over j of size_row[j] * log(1 + instructions in >= j loops)
    + sum over c of log_row[c] * log(1 + keys of the row counted[c])

so that it needs one addition a key. A module is the keys of its functions.
`distil` fits the table to the vectors of an encoder (`mirencoder distil`).

The file, little-endian:

    char     magic[8]                       "MIRFAST2"
    uint32   num_rows, width, num_counted
    uint32   counted[num_counted]           rows of the table
    uint16   bias[width]                    these are bfloat16: the upper 16
    uint16   size_row[4][width]             bits of an IEEE float32
    uint16   log_row[num_counted][width]
    uint16   rows[num_rows][width]
    uint32   crc                            CRC-32 of all bytes before it

A key's row is FNV-1a (32 bits) of its UTF-8 bytes, modulo `num_rows`. In C++:

    float of(uint16_t b) {
      uint32_t u = uint32_t(b) << 16; float f; memcpy(&f, &u, 4); return f; }
    uint32_t row(const std::string& key, uint32_t num_rows) {
      uint32_t h = 2166136261u;
      for (unsigned char c : key) h = (h ^ c) * 16777619u;
      return h % num_rows; }
    std::vector<float> embed(const Table& t, const Function& f) {
      std::vector<float> v(t.width, 0.f);
      std::map<uint32_t, int> keys_of;
      int n[4] = {0, 0, 0, 0};
      for (auto& i : f) {
        for (int j = 0; j < 4; ++j) n[j] += i.loop_depth >= j;
        for (auto& key : keys(i)) ++keys_of[row(key, t.num_rows)]; }
      auto add = [&](const uint16_t* x, float by) {
        for (uint32_t d = 0; d < t.width; ++d) v[d] += by * of(x[d]); };
      for (auto& [r, k] : keys_of) add(&t.rows[r * t.width], k / float(n[0]));
      for (uint32_t c = 0; c < t.num_counted; ++c)
        add(&t.log_row[c * t.width], std::log1p(float(keys_of[t.counted[c]])));
      for (int j = 0; j < 4; ++j)
        add(&t.size_row[j * t.width], std::log1p(float(n[j])));
      add(t.bias, 1.f);
      return v; }
"""

import dataclasses
import functools
import hashlib
import os
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.inference import encoding as encoding_lib
from mirencoder_jax.ir import loops

MAGIC = b'MIRFAST2'
FILE = 'lookup.bin'  # of a folder, beside a card
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
class Lookup(encoding_lib.Embeds):
  """A table and what is added to its sums; embeds as an `Encoder` does.

  Attributes:
    rows: float32 [num_rows, D].
    size_rows: float32 [4, D].
    bias: float32 [D].
    counted: int [C], rows whose keys count by their logarithm, too.
    log_rows: float32 [C, D].
  """

  rows: np.ndarray
  size_rows: np.ndarray
  bias: np.ndarray
  counted: np.ndarray
  log_rows: np.ndarray

  @property
  def width(self) -> int:
    """D."""
    return self.rows.shape[1]

  @property
  def widths(self) -> dict[str, int]:
    """D by modality: there is but one."""
    return {'joint': self.width}

  @functools.cached_property
  def fingerprint(self) -> str:
    """64 bits over the file's bytes, hexadecimal, as `Encoder.fingerprint`."""
    return hashlib.blake2b(self._to_bytes(), digest_size=8).hexdigest()

  def encode(
      self, ir: Any, *, on_error: str = 'raise'
  ) -> encoding_lib.Encoding:
    ir = encoding_lib.listed(ir)
    functions: list[ir_lib.Function] = []
    modules: list[int] = []
    errors: dict[int, ir_lib.IRError] = {}
    unverified = np.zeros(len(ir), bool)
    of_modules = np.full((len(ir), self.width), np.nan, np.float32)
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    for number, module in encoding_lib.read_sources(ir, on_error, errors):
      unverified[number] = module.unverified
      if not module.functions:
        continue
      found = [function_rows(f, len(self.rows)) for f in module.functions]
      rows += found
      of_modules[number] = self._vector(
          np.concatenate([keys for keys, _ in found]),
          np.sum([sizes for _, sizes in found], axis=0),
      )
      functions += module.functions
      modules += [number] * len(module.functions)
    return encoding_lib.Encoding(
        vectors={'joint': self.vectors_of(rows)},
        functions=[f.name for f in functions],
        modules=np.asarray(modules, np.int32),
        num_instructions=np.asarray(
            [f.num_instructions for f in functions], np.int32
        ),
        num_modules=len(ir),
        errors=errors,
        report={
            'functions': len(functions),
            'unverified': int(unverified.sum()),
        },
        unverified=unverified,
        cut_tokens=np.zeros(len(functions), np.int32),
        added_up={'joint': of_modules},
    )

  def vectors_of(
      self, rows: Sequence[tuple[np.ndarray, np.ndarray]]
  ) -> np.ndarray:
    """float32 [n, D], of what `function_rows` gives for each function."""
    found = [self._vector(*one) for one in rows]
    return np.array(found, np.float32).reshape(-1, self.width)

  def _vector(self, rows: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Of the rows of all keys, and how many instructions are in loops."""
    counts = np.bincount(rows, minlength=len(self.rows))
    used = np.flatnonzero(counts)
    logs = np.log1p(counts[self.counted])
    return np.float32(
        counts[used] @ self.rows[used] / max(sizes[0], 1)
        + self.bias
        + np.log1p(sizes) @ self.size_rows
        + logs @ self.log_rows
    )

  def _to_bytes(self) -> bytes:
    head = (*self.rows.shape, len(self.counted), *self.counted.tolist())
    body = (self.bias, self.size_rows, self.log_rows, self.rows)
    return b''.join(
        [MAGIC, np.array(head, '<u4').tobytes()]
        + [_to_bfloat16(x).tobytes() for x in body]
    )

  def save(self, path: str | os.PathLike) -> None:
    """Writes the file; values are rounded to bfloat16."""
    data = self._to_bytes()
    crc = np.array(zlib.crc32(data), '<u4').tobytes()
    pathlib.Path(path).write_bytes(data + crc)


def load(path: str | os.PathLike) -> Lookup:
  """Reads a table.

  Raises:
    TableError: if the file is none, or is damaged.
  """
  data = pathlib.Path(path).read_bytes()
  if data[:8] != MAGIC or len(data) < 24:
    raise TableError(f'{path} is no lookup table of mirencoder_jax')
  num_rows, width, num_counted = np.frombuffer(data, '<u4', 3, 8).tolist()
  start = 20 + 4 * num_counted
  num_rows += 1 + NUM_SIZES + num_counted
  if len(data) != start + 2 * num_rows * width + 4 or zlib.crc32(
      data[:-4]
  ) != int(np.frombuffer(data, '<u4', 1, len(data) - 4)[0]):
    raise TableError(f'{path} is damaged; copy or distil it again')
  bits = np.frombuffer(data, '<u2', num_rows * width, start).astype(np.uint32)
  values = (bits << 16).view(np.float32).reshape(-1, width)
  ends = np.cumsum([1, NUM_SIZES, num_counted])
  bias, size_rows, log_rows, rows = np.split(values, ends)
  counted = np.frombuffer(data, '<u4', num_counted, 20).astype(np.int64)
  return Lookup(rows, size_rows, bias[0], counted, log_rows)


def _to_bfloat16(x: np.ndarray) -> np.ndarray:
  """The upper 16 bits, rounded to nearest."""
  bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
  return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype('<u2')


def distil(
    rows: Sequence[tuple[np.ndarray, np.ndarray]],
    vectors: np.ndarray,
    *,
    num_rows: int = 8192,
    num_counted: int = 512,
    penalty: float = 1e-3,
    num_iterations: int = 100,
) -> Lookup:
  """Fits a table to vectors by ridge regression (conjugate gradients).

  Args:
    rows: of functions of a corpus, as `function_rows` gives them.
    vectors: of an encoder, [n, D].
    num_rows: of the table.
    num_counted: how many of its rows also count by the logarithm of their
      keys: those that occur in most functions.
    penalty: times the squares of the rows, in units of a function's weight.
    num_iterations: of the solver, at most.
  """
  from scipy import sparse  # Only who distils needs these.
  from sklearn import linear_model

  vectors = np.asarray(vectors, np.float64)
  if len(rows) != len(vectors) or not len(vectors):
    raise ValueError(
        f'{len(rows)} functions and {len(vectors)} vectors: one of each is '
        'needed, and at least one'
    )
  sizes = np.array([size for _, size in rows])
  places = np.repeat(np.arange(len(rows)), [len(found) for found, _ in rows])
  columns = np.concatenate([found for found, _ in rows])
  counts = sparse.csr_matrix(  # adds up what occurs again
      (np.ones(len(columns)), (places, columns)), (len(rows), num_rows)
  )
  spread = np.bincount(counts.indices, minlength=num_rows)
  counted = np.sort(np.argsort(-spread, kind='stable')[:num_counted])
  counted = counted[spread[counted] > 0]
  shares = sparse.diags(1 / np.maximum(sizes[:, 0], 1)) @ counts
  logs = np.log1p(np.hstack([sizes, counts[:, counted].toarray()]))
  features = sparse.hstack(
      [shares, sparse.csr_matrix(logs - logs.mean(axis=0))]
  ).tocsr()
  mean = vectors.mean(axis=0)
  ridge = linear_model.Ridge(
      penalty * len(rows),
      fit_intercept=False,
      solver='sparse_cg',
      max_iter=num_iterations,
      tol=1e-6,
  )
  # Of one target it is a vector.
  weights = np.atleast_2d(ridge.fit(features, vectors - mean).coef_).T
  table, log_rows = np.split(np.float32(weights), [num_rows])
  bias = np.float32(mean - logs.mean(axis=0) @ log_rows)
  size_rows, log_rows = np.split(log_rows, [NUM_SIZES])
  return Lookup(table, size_rows, bias, counted, log_rows)
