"""A prepared dataset as numbered packs: what to read, and reading it.

The sizes of all examples are measured when a dataset is first opened and kept
beside the shards if that folder can be written.
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import uuid
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow_datasets as tfds
from absl import logging
from google.protobuf.json_format import ParseError
from google.protobuf.message import DecodeError
from tensorflow_datasets.proto import tf_example_pb2

from mirencoder_jax import ir
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import labels as labels_lib
from mirencoder_jax.data import packing, planning, segments, shards

# Of the strings only these are needed to train; decoding costs time.
_STRINGS = ('source', 'program')
LABELLED_STRINGS = (*_STRINGS, 'hash')  # that labels are joined by
_READ_AT_ONCE = 256
_UNITS = ('token', 'instruction')  # of rows, by `by_instruction`


@runtime_checkable
class Source(Protocol):
  """Random access to examples.

  Attributes:
    cache_dir: where what was measured may be kept, or None.
    fingerprint: changes when the data do.
  """

  cache_dir: pathlib.Path | None
  fingerprint: str

  def __len__(self) -> int:
    ...

  def __getitems__(self, indices: Sequence[int]) -> list[example_lib.Example]:
    ...


class PreparedSource:
  """One split of a prepared TFDS dataset, decoded straight from the records.

  Reading the records in batches and viewing their bytes as arrays is about
  twice as fast as TFDS's own decoding.

  Attributes:
    cache_dir: as of any `Source`.
    fingerprint: likewise.
    num_skipped: damaged records that are left out.
  """

  def __init__(
      self,
      builder: tfds.core.DatasetBuilder,
      split: str,
      strings: Sequence[str] = _STRINGS,
      on_corrupt: str = 'raise',
  ):
    """Opens a split.

    Args:
      builder: of `open_builder`.
      split: TFDS's name for some of it.
      strings: of the example, what to decode besides its arrays.
      on_corrupt: 'raise' or 'skip', see `shards.Records`.

    Raises:
      shards.DamagedDataError: naming the shard.
    """
    self._strings = tuple(strings)
    info = builder.info.splits[split]
    self._records = records = shards.Records(builder, split, on_corrupt)
    self.num_skipped = records.num_skipped
    self.cache_dir = pathlib.Path(str(builder.data_dir))
    content = [
        *(str(builder.info.full_name), split, info.shard_lengths),
        *(info.num_bytes, shards.content_hash(builder)),
    ]
    if records.good is not None:
      content.append(records.good)
    self.fingerprint = _digest(content)

  def __len__(self) -> int:
    return len(self._records)

  def __getitems__(self, indices: Sequence[int]) -> list[example_lib.Example]:
    examples = []
    for index, record in zip(indices, self._records.read(indices), strict=True):
      try:
        examples.append(_decode(record, self._strings))
      except (DecodeError, ValueError, IndexError) as error:
        raise self._records.damaged(index, f'is no example ({error})') from None
    return examples


def _decode(record: bytes, strings: Sequence[str]) -> example_lib.Example:
  features = tf_example_pb2.Example.FromString(record).features.feature
  example = {}
  for name, dtype in example_lib.ARRAYS.items():
    values = features[name].bytes_list.value
    example[name] = np.frombuffer(values[0] if values else b'', dtype)
  for name in strings:
    example[name] = features[name].bytes_list.value[0].decode()
  return example


def open_builder(name: str, data_dir: str | os.PathLike):
  """The prepared dataset `name` of a folder.

  Raises:
    FileNotFoundError: if it has not been prepared.
    shards.DamagedDataError: if what describes it cannot be read.
  """
  try:
    builder = tfds.builder(name, data_dir=os.fspath(data_dir))
    # Where the builder's code is imported, it is found without its data.
    if not builder.info.splits:
      raise tfds.core.registered.DatasetNotFoundError(name)
    return builder
  except tfds.core.registered.DatasetNotFoundError as error:
    raise FileNotFoundError(
        f'dataset {name!r} is not prepared in {os.fspath(data_dir)}; run '
        f'`python datasets/prepare.py {name} --data_dir={os.fspath(data_dir)}`'
    ) from error
  except (ParseError, ValueError, OSError) as error:
    raise shards.DamagedDataError(
        f'the description of dataset {name!r} in {os.fspath(data_dir)} is '
        f'damaged ({error}); copy its .json files again, or prepare it again '
        'with --overwrite'
    ) from None


def read_vocab(builder) -> tuple[dict[str, Any], ir.Tokenizer]:
  """The vocabulary of a prepared dataset: its file, parsed, and a tokenizer.

  Raises:
    ValueError: if the file is not the one that the examples were made with.
  """
  path = pathlib.Path(str(builder.data_dir)) / 'vocab.json'
  try:
    tokenizer = ir.Tokenizer.load(path)
    expected = builder.info.metadata['vocab_hash']
  except (OSError, ValueError, LookupError) as error:
    raise shards.DamagedDataError(
        f'{path} or metadata.json beside it is damaged ({error}); copy them '
        'again, or prepare the dataset again with --overwrite'
    ) from None
  if tokenizer.hash != expected:
    raise ValueError(
        f'{path} has hash {tokenizer.hash}, the examples beside it were made '
        f'with {expected}; prepare the dataset again'
    )
  return json.loads(path.read_text()), tokenizer


class _Items(NamedTuple):
  """What is packed: whole examples and segments of very long ones."""

  example: np.ndarray  # int64 [num_items]
  start: np.ndarray  # int64 [num_items], first instruction; 0 if whole
  end: np.ndarray  # int64 [num_items], -1 if whole


class PackedDataset:
  """The examples of a source, cut so that each fits a pack.

  Attributes:
    budget: the shape of the packs.
    sizes: of all items (whole examples and segments).
    cuts: what splitting took away.
    labels: that items are given, or None.
    repeats: how often an epoch holds each item, int64 [num_items].
  """

  def __init__(
      self,
      source: Source,
      num_rows: int,
      num_tokens: int,
      budget: batch_lib.Budget | None = None,
      *,
      by_instruction: bool = False,
      labels: labels_lib.Labels | None = None,
      labelled_repeats: int = 1,
  ):
    """Measures the source, or reads what was measured before.

    Args:
      source: of the examples.
      num_rows: R, rows of a pack.
      num_tokens: L, tokens or units of a row.
      budget: of a pack; estimated from the source if None.
      by_instruction: whether rows hold units (`batch.Units`); a budget says
        that itself.
      labels: to join to the examples, whose source has to give the hash.
      labelled_repeats: how often an epoch holds what has sizes among them.
    """
    self._source = source
    self.labels = labels
    if budget is not None:
      by_instruction = budget.by_instruction
    raw = planning.Sizes(
        *_cached(
            source,
            f'sizes_{_UNITS[by_instruction]}_{num_tokens}',
            planning.Sizes._fields,
            lambda: planning.measure(
                _read_all(source), num_tokens, by_instruction
            )._asdict(),
        ).values()
    )
    if budget is None:
      # Splitting long functions changes the means: look twice.
      shape = num_rows, num_tokens, by_instruction
      budget = planning.estimate_budget(raw, *shape)
      _, sizes, _ = self._split(raw, budget)
      budget = planning.estimate_budget(sizes, *shape)
    self.budget = budget
    self._items, self.sizes, self.cuts = self._split(raw, budget)
    self.repeats = np.ones(len(self._items.example), np.int64)
    if labels is not None and labelled_repeats > 1:
      hashes = _cached(source, 'hashes', ['hash'], lambda: _read_hashes(source))
      has_sizes = np.array(
          [key in labels.sizes for key in hashes['hash'].tolist()], bool
      )
      self.repeats[has_sizes[self._items.example]] = labelled_repeats

  def _split(self, raw: planning.Sizes, budget: batch_lib.Budget):
    """Items for a budget, their sizes, and what was cut."""
    oversize = np.flatnonzero(planning.oversize(raw, budget))
    whole = np.setdiff1d(np.arange(raw.num_examples), oversize)

    def compute():
      items, cuts, parts = [], segments.Cuts(), []
      for index in oversize.tolist():
        (example,) = self._source.__getitems__([index])
        ranges = segments.find_segments(example, budget)
        found, cut = segments.take_segments(example, ranges, budget)
        items += [(index, start, end) for start, end in ranges]
        parts += found
        cuts += cut
      return {
          'items': np.array(items, np.int64).reshape(-1, 3),
          'cuts': np.array(cuts),
          **planning.measure(
              parts, budget.num_tokens, budget.by_instruction
          )._asdict(),
      }

    name = f'segments_{_digest([*vars(budget).values()])[:12]}'
    fields = 'items', 'cuts', *planning.Sizes._fields
    found = _cached(self._source, name, fields, compute)
    items = found.pop('items')
    cuts = segments.Cuts(*found.pop('cuts').tolist())
    zero = np.zeros(len(whole), np.int64)
    return (
        _Items(
            np.concatenate([whole, items[:, 0]]),
            np.concatenate([zero, items[:, 1]]),
            np.concatenate([zero - 1, items[:, 2]]),
        ),
        raw.take(whole).join(planning.Sizes(**found)),
        cuts,
    )

  def read(self, indices: Sequence[int]) -> list[example_lib.Example]:
    """The items of these numbers."""
    wanted = self._items.example[list(indices)].tolist()
    examples = self._source.__getitems__(wanted)
    if self.labels is not None:
      examples = [self.labels.attach(example) for example in examples]
    for place, index in enumerate(indices):
      start, end = int(self._items.start[index]), int(self._items.end[index])
      if end >= 0:
        (examples[place],), _ = segments.take_segments(
            examples[place], [(start, end)], self.budget
        )
    return examples

  def read_packs(self, packs: Sequence[planning.Pack]) -> batch_lib.Batch:
    """Reads planned packs; U = len(packs). Empty ones are padding."""
    examples = self.read([i for pack in packs for i in pack.examples])
    ends = np.cumsum([len(pack.examples) for pack in packs])
    return packing.stack_packs(
        [
            packing.pack(
                examples[end - len(pack.examples) : end],
                self.budget,
                rows=pack.rows,
                with_labels=self.labels is not None,
            )
            for pack, end in zip(packs, ends.tolist(), strict=True)
        ]
    )


def _read_all(source: Source):
  """All examples in order, with a line now and then on long datasets."""
  for start in range(0, len(source), _READ_AT_ONCE):
    if start and start % (100 * _READ_AT_ONCE) == 0:
      logging.info('measured %d of %d examples', start, len(source))
    yield from source.__getitems__(
        range(start, min(start + _READ_AT_ONCE, len(source)))
    )


def _read_hashes(source: Source) -> dict[str, np.ndarray]:
  return {'hash': np.array([e['hash'] for e in _read_all(source)], 'U32')}


def _digest(value: Any) -> str:
  return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()


def _cached(
    source: Source,
    name: str,
    fields: Collection[str],
    compute: Callable[[], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
  """The arrays of `compute`, kept beside the data if that can be written."""
  if source.cache_dir is None:
    return compute()
  path = source.cache_dir / f'{name}_{source.fingerprint[:12]}.npz'
  try:
    # From memory: of a damaged file, numpy leaves the handle open.
    with np.load(io.BytesIO(path.read_bytes())) as arrays:
      return {field: arrays[field] for field in fields}
  except FileNotFoundError:
    pass
  except Exception as error:  # numpy and zipfile raise many kinds.
    logging.warning('%s is damaged (%s); measuring again', path, error)
  arrays = compute()
  # Several processes may do this at once: write aside, then rename.
  aside = path.with_name(f'{uuid.uuid4().hex}.npz.tmp')
  try:
    with aside.open('wb') as file:
      np.savez(file, **arrays)
    os.replace(aside, path)
  except OSError as error:
    logging.info('sizes stay in memory: %s', error)
    with contextlib.suppress(OSError):
      aside.unlink()
  return arrays
