"""Endless batches for training and one pass for evaluation.

`data.packed_dataset` in, `Batch`es of a fixed shape out, read and packed by a
thread while the device works. Where a stream stands is two numbers, kept in the
checkpoint: the packs that follow are a function of the seed and of them.
"""

import dataclasses
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.data import packed_dataset, planning
from mirencoder_jax.data.batch import Batch

Position = tuple[int, int]  # a block of the plan and a place in it
START: Position = (0, 0)


@dataclasses.dataclass(frozen=True)
class DataConfig:
  """What is read and how it is packed.

  Attributes:
    name: a prepared dataset, as in `tfds.builder(name)`.
    train_split: split trained on.
    eval_split: held-out split.
    batch_size: packs of a global batch; must divide over all devices.
    num_rows: R, rows of tokens of a pack.
    num_tokens: L, tokens of a row.
    num_prefetched: batches made ahead.
    pair_views: whether views of one source meet in a pack two by two.
    labels: files of `mirencoder measure size` and `guesses`, with commas.
    labelled_repeats: how often an epoch holds a function with known sizes.
    on_corrupt: of a record that cannot be read, 'raise' or 'skip'.
  """

  name: str
  train_split: str = 'train'
  eval_split: str = 'validation'
  batch_size: int = 8
  num_rows: int = 8
  num_tokens: int = 512
  num_prefetched: int = 4
  pair_views: bool = True
  labels: str = ''
  labelled_repeats: int = 1
  on_corrupt: str = 'raise'

  def __post_init__(self):
    for name in (
        *('batch_size', 'num_rows', 'num_tokens', 'num_prefetched'),
        'labelled_repeats',
    ):
      if getattr(self, name) < 1:
        raise ValueError(f'{name} is {getattr(self, name)}; at least 1')


class Fed(NamedTuple):
  """A batch, where the stream stands after it, and what of it is content."""

  batch: Batch
  position: Position
  counts: dict[str, int]  # of this process's packs


def count_content(batch: Batch) -> dict[str, int]:
  """Numbers of real things and of places for them, for the share of padding."""
  is_real = batch.example_mask
  return {
      'tokens': int((batch.token_segment > 0).sum()),
      'token_places': batch.tokens.size,
      'nodes': int(batch.graph.n_node[is_real].sum()),
      'node_places': batch.graph.nodes['kind'].size,
      'examples': int(is_real.sum()),
  }


def make_train_iterator(
    dataset: packed_dataset.PackedDataset,
    batch_size: int,
    seed: int,
    position: Position = START,
    local_packs: np.ndarray | None = None,
    pair_views: bool = False,
) -> Iterator[Fed]:
  """Batches without end.

  Args:
    dataset: of the training split.
    batch_size: packs of a global batch.
    seed: of the order.
    position: where to start.
    local_packs: which packs of each global batch to read, and in which order;
      all by default.
    pair_views: whether views of one source meet in a pack two by two.
  """
  plan = planning.Plan(
      dataset.sizes, dataset.budget, seed, pair_views, dataset.repeats
  )
  while True:
    packs, position = plan.advance(position, batch_size)
    if local_packs is not None:
      packs = [packs[i] for i in local_packs]
    batch = dataset.read_packs(packs)
    yield Fed(batch, position, count_content(batch))


def make_eval_iterator(
    dataset: packed_dataset.PackedDataset,
    batch_size: int,
    max_batches: int | None = None,
    local_packs: np.ndarray | None = None,
    pair_views: bool = False,
) -> Iterator[Batch]:
  """One pass over a split, always the same; the last batch may be padding.

  Args:
    dataset: of the held-out split.
    batch_size: packs of a global batch.
    max_batches: stops after these; None for all.
    local_packs: as in `make_train_iterator`.
    pair_views: likewise.
  """
  packs = planning.plan_epoch(
      dataset.sizes, dataset.budget, seed=0, epoch=0, pair_views=pair_views
  )
  for number, start in enumerate(range(0, len(packs), batch_size)):
    if number == max_batches:
      return
    batch = packs[start : start + batch_size]
    batch += [planning.Pack([], [])] * (batch_size - len(batch))
    if local_packs is not None:
      batch = [batch[i] for i in local_packs]
    yield dataset.read_packs(batch)


class Prefetcher:
  """Runs an iterator in a thread, a few items ahead.

  Use as a context manager, or call `close`.

  Attributes:
    seconds_waited: how long `__next__` waited for the thread, in all.
  """

  def __init__(self, iterator: Iterator[Any], num_ahead: int):
    self.seconds_waited = 0.0
    self._queue = queue.Queue(maxsize=num_ahead)
    self._stopped = threading.Event()
    self._thread = threading.Thread(
        target=self._run, args=(iterator,), name='prefetch', daemon=True
    )
    self._thread.start()

  def _run(self, iterator):
    try:
      for item in iterator:
        self._put((item, None))
        if self._stopped.is_set():
          return
      self._put((None, StopIteration()))
    except BaseException as error:  # Raised where the batches are used.
      self._put((None, error))

  def _put(self, entry):
    while not self._stopped.is_set():
      try:
        return self._queue.put(entry, timeout=0.1)
      except queue.Full:
        pass

  def __iter__(self):
    return self

  def __next__(self):
    begin = time.perf_counter()
    item, error = self._queue.get()
    self.seconds_waited += time.perf_counter() - begin
    if error is not None:
      self._queue.put((None, error))  # For whoever asks again.
      raise error
    return item

  def close(self):
    """Stops the thread; what it made ahead is dropped."""
    self._stopped.set()
    self._thread.join()

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.close()
