"""An index on disk: time to build and open it, to search, and what it finds.

    python benchmarks/search_index.py --rows=1000000
    python benchmarks/search_index.py --vectors=vectors.npz

Rows are random, normal in every direction, which is the worst case of a graph
of neighbours: no row is near another. With --vectors they are what `mirencoder
embed -o` wrote; with both, each row is one of these with noise of half its
length, as a large code base has versions of one function. Queries are rows with
a little noise. Recall is the share of the 10 nearest by exact search that are
found; a row that is as near as the tenth counts as found. One thread. Opening
and searching are timed in a process of their own.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

_ROWS = flags.DEFINE_integer('rows', 0, 'Made up; 0: those of --vectors.')
_WIDTH = flags.DEFINE_integer('width', 192, 'Of made up rows.')
_VECTORS = flags.DEFINE_string('vectors', None, 'Of `mirencoder embed -o`.')
_QUERIES = flags.DEFINE_integer('queries', 200, 'To search.')
_FOLDER = flags.DEFINE_string('folder', None, 'For the index; else /tmp.')
_NOISE = 0.1  # of a query, in lengths of its row
_VERSION = 0.5  # of a made up row, in lengths of the real one
_PART = 50_000  # rows that are made at once

# Opens, and searches twice: the second time the pages are in memory.
_SEARCH = """
import json, sys, time
import numpy as np
import usearch.index
from mirencoder_jax.inference import disk_index, vectors
queries = vectors.read_vectors(sys.argv[2])
def now():
  return np.array([time.perf_counter(), time.process_time()])
start = now()
index = disk_index.DiskIndex(sys.argv[1])
seconds = {'open': list(now() - start)}
for name, exact in (('first', False), ('then', False), ('exact', True)):
  some = queries.select(range(20)) if exact else queries
  start = now()
  hits = index.search(some, 10, exact=exact)
  seconds[name] = list((now() - start) / len(some))
  if name == 'then':
    found = [[h.similarity for h in h10] for h10 in hits]
print(json.dumps([seconds, found]))
"""


def main(_) -> None:
  os.environ['OMP_NUM_THREADS'] = '1'
  os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
  with tempfile.TemporaryDirectory(dir=_FOLDER.value) as folder:
    _measure(pathlib.Path(folder))


def _measure(folder: pathlib.Path) -> None:
  from mirencoder_jax.inference import comparison, disk_index
  from mirencoder_jax.inference import vectors as vectors_lib

  rng = np.random.default_rng(0)
  real = None
  if _VECTORS.value:
    real = vectors_lib.read_vectors(_VECTORS.value).vectors
  num_rows = _ROWS.value or len(real)

  def part(start: int) -> np.ndarray:
    seeded = np.random.default_rng([1, start])
    size = min(_PART, num_rows - start)
    if not _ROWS.value:
      return real[start : start + size]
    if real is None:
      return seeded.standard_normal((size, _WIDTH.value), np.float32)
    versions = real[seeded.integers(len(real), size=size)]
    return _near(versions, _VERSION, seeded)

  starts = range(0, num_rows, _PART)
  first = part(0)
  chosen = rng.choice(len(first), min(_QUERIES.value, len(first)), False)
  queries = _near(first[chosen], _NOISE, rng)
  vectors_lib.of_names(
      [str(i) for i in chosen], queries, 'benchmark'
  ).save(folder / 'queries.npz')  # fmt: skip

  index = disk_index.DiskIndex.create(
      folder / 'index', 'benchmark', 'joint', 'module'
  )
  start = time.perf_counter(), time.process_time()
  index.add(
      vectors_lib.of_names(
          [f'{at + i}.ll' for i in range(len(rows))], rows, 'benchmark'
      )
      for at, rows in ((at, part(at)) for at in starts)
  )
  seconds = time.perf_counter() - start[0], time.process_time() - start[1]
  unit = comparison.unit(queries)
  best = np.full((len(unit), 10), -1, np.float32)
  for at in starts:
    near = unit @ comparison.unit(part(at)).T
    best = -np.sort(-np.concatenate([best, near], axis=1), axis=1)[:, :10]

  done = subprocess.run(
      [sys.executable, '-c', _SEARCH, folder / 'index', folder / 'queries.npz'],
      check=True, capture_output=True, text=True,
      env=os.environ | {'PYTHONPATH': sys.path[0]},
  )  # fmt: skip
  timed, found = json.loads(done.stdout)
  # Half precision moves a cosine by less than this.
  recall = (np.array(found) >= best[:, 9:] - 3e-4).mean()
  memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
  size = index.num_bytes / 1e6
  shown = {
      name: f'{wall * 1e3:.2f} ms ({cpu * 1e3:.2f} ms of CPU)'
      for name, (wall, cpu) in timed.items()
  }
  lines = (
      f'{num_rows:,} rows of {first.shape[1]}; index of {size:,.0f} MB',
      f'built in {seconds[0]:,.1f} s ({seconds[1]:,.1f} s of CPU)',
      f'at most {memory:.1f} GB of memory',
      f'opened in {shown["open"]}',
      f'a query: {shown["first"]} the first time',
      f'a query: {shown["then"]} then',
      f'a query: {shown["exact"]} looking at every row',
      f'recall of 10: {recall:.3f}',
  )
  print('\n'.join(lines))


def _near(
    rows: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
  noise = rng.standard_normal(rows.shape, np.float32)
  length = np.linalg.norm(rows, axis=1, keepdims=True)
  return rows + share * noise * length / np.sqrt(rows.shape[1])


if __name__ == '__main__':
  app.run(main)
