"""Keeps the functions of benchmarks out of a corpus.

A benchmark is read once, as it is and after O1 and O2; what is kept of it is a
hash and a fingerprint of every function, no code. Those can be saved, so that a
corpus can be decontaminated where the benchmark itself is not at hand.
"""

import functools
import os
import pathlib
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mirencoder_jax import ir
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.corpus import fingerprints, passes, worker_pool

SUFFIX = '.npz'
# At which levels else a corpus may hold the code of a benchmark.
_VIEWS = ('O1', 'O2')
_TIMEOUT = 120.0
# What a function becomes must not depend on the version that saved it: this
# one has the same fingerprint then and now, or the saved file is refused.
_PROBE = b"""
define i32 @probe(ptr %p, i32 %n) {
  %q = getelementptr inbounds [16 x i32], ptr %p, i64 0, i32 %n
  %a = load i32, ptr %q, align 4
  %b = mul nsw i32 %a, 1234
  %c = icmp ult i32 %b, 7
  %d = select i1 %c, i32 %a, i32 -3
  %e = call i32 @llvm.smax.i32(i32 %d, i32 %b)
  %f = xor i32 %e, %b
  %g = sub i32 %f, %a
  store i32 %g, ptr %q, align 4
  %h = fcmp olt double 0.0, 1.5
  %i = zext i1 %h to i32
  %j = add nuw i32 %i, %g
  ret i32 %j
}
declare i32 @llvm.smax.i32(i32, i32)
"""


class Benchmarks(NamedTuple):
  """Fingerprints of the functions of some benchmarks.

  Attributes:
    names: of the benchmarks.
    owners: number of the benchmark that each function is of, int32 [n].
    hashes: of the normalised functions, hexadecimal [n].
    signatures: fingerprints, uint32 [n, NUM_HASHES].
    unread: files of the benchmarks that could not be read, and why.
  """

  names: list[str]
  owners: np.ndarray
  hashes: list[str]
  signatures: np.ndarray
  unread: dict[str, str]

  def find(
      self, hashes: Sequence[str], signatures: np.ndarray, threshold: float
  ) -> tuple[np.ndarray, np.ndarray]:
    """Finds functions of the benchmarks.

    Args:
      hashes: of functions of a corpus [m].
      signatures: their fingerprints [m, NUM_HASHES].
      threshold: similarity from which on two functions are near-duplicates;
        with 0 only equal ones are found.

    Returns:
      The number of the benchmark that each function is of, -1 for none, int
      [m]; and whether it is equal to one there, bool [m].
    """
    owner_of = dict(zip(self.hashes[::-1], self.owners[::-1], strict=True))
    found = np.array([owner_of.get(h, -1) for h in hashes], np.int64)
    is_exact = found >= 0
    if threshold:
      place = fingerprints.matches(signatures, self.signatures, threshold)
      near = ~is_exact & (place >= 0)
      found[near] = self.owners[place[near]]
    return found, is_exact

  def save(self, path: str | os.PathLike) -> None:
    """Writes the fingerprints; no code is in the file."""
    with open(path, 'wb') as file:
      np.savez_compressed(
          file,
          probe=np.array(_probe()),
          names=np.array(self.names),
          owners=self.owners,
          hashes=np.array(self.hashes),
          signatures=self.signatures,
      )


def load(
    sources: Sequence[str | os.PathLike], pool: worker_pool.WorkerPool
) -> Benchmarks:
  """Fingerprints of benchmarks.

  Args:
    sources: folders, archives or files of IR as `corpus.files` reads them, or
      what `Benchmarks.save` wrote (`.npz`). A benchmark is called by the last
      folder and the name, or by NAME where NAME=PATH is given.
    pool: reads the files.

  Raises:
    CorpusError: if nothing is there, nothing in it can be read, or the file was
      saved by a version that saw functions differently.
  """
  parts = []
  for source in sources:
    name, equals, path = os.fspath(source).rpartition('=')
    if path.endswith(SUFFIX):
      parts.append(_load_saved(path))
    else:
      parts.append(_read(path, name if equals else _name_of(path), pool))
  names = list(dict.fromkeys(name for part in parts for name in part.names))
  owners = [
      np.array([names.index(name) for name in part.names])[part.owners]
      for part in parts
  ]
  return Benchmarks(
      names,
      np.concatenate(owners).astype(np.int32),
      [digest for part in parts for digest in part.hashes],
      np.concatenate([part.signatures for part in parts]),
      {file: why for part in parts for file, why in part.unread.items()},
  )


def _name_of(path: str) -> str:
  path = pathlib.Path(os.path.abspath(os.path.expanduser(path)))
  return f"{path.parent.name}/{path.name.split('.')[0]}"


def _read(path: str, name: str, pool: worker_pool.WorkerPool) -> Benchmarks:
  files = corpus_files.CorpusFiles(path)
  read = functools.partial(passes.read_file, _VIEWS, _TIMEOUT)
  tasks = (
      {'name': file.name, 'path': file.path, 'data': data}
      for file, data in files.read(files.files)
  )
  unread = {}
  functions = {}  # hash -> fingerprint: in order of no event
  for task, outcome in pool.map(read, tasks):
    if outcome.failure is not None:
      unread[task['name']] = outcome.failure.message
      continue
    for summary, (_, signatures, _) in outcome.value['modules']:
      rows = np.frombuffer(signatures, np.uint32)
      rows = rows.reshape(len(summary['functions']), -1)
      for (_, digest, _), row in zip(summary['functions'], rows, strict=True):
        functions[digest] = row
  unread |= {file: why.message for file, why in files.problems.items()}
  if not functions:
    first = '; '.join(f'{k}: {v}' for k, v in list(unread.items())[:3])
    raise corpus_files.CorpusError(
        f'benchmark {path}: no function in it can be read; {first}'
    )
  hashes = sorted(functions)
  return Benchmarks(
      [name],
      np.zeros(len(hashes), np.int32),
      hashes,
      np.stack([functions[digest] for digest in hashes]),
      {f'{name}/{file}': why for file, why in sorted(unread.items())},
  )


def _load_saved(path: str) -> Benchmarks:
  try:
    with open(path, 'rb') as file, np.load(file) as saved:
      arrays = {name: saved[name] for name in saved.files}
      probe = str(arrays['probe'])
      result = Benchmarks(
          arrays['names'].tolist(),
          arrays['owners'],
          arrays['hashes'].tolist(),
          arrays['signatures'],
          {},
      )
  except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
    raise corpus_files.CorpusError(
        f'{path}: not a file that --save_benchmarks wrote ({error})'
    ) from error
  if probe != _probe():
    raise corpus_files.CorpusError(
        f'{path}: written by a version of mirencoder_jax that hashes functions '
        'differently; make it again from the benchmarks with --save_benchmarks'
    )
  return result


@functools.cache
def _probe() -> str:
  """What this version makes of a function."""
  (function,) = ir.read_module(_PROBE).functions
  signature = fingerprints.signatures([function])
  return ' '.join(
      (fingerprints.PARAMETERS, function.hash, signature.tobytes().hex())
  )
