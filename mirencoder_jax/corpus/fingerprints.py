"""Fingerprints of functions: which of them are near-duplicates of others.

A fingerprint is a MinHash (Broder, 1997) of the function's normalised words in
runs of eight, values' names and labels masked, so that an instruction more does
not renumber all that follow. The share of equal hashes in two fingerprints
estimates the Jaccard similarity of the two sets of runs; bands of hashes find
the pairs worth comparing.
"""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# The sketches are small: threads would cost more than they bring, and there is
# a process for every core already.
os.environ.setdefault('RAYON_NUM_THREADS', '1')
import rensa  # noqa: E402

from mirencoder_jax.ir.module import Function  # noqa: E402

NUM_HASHES = 64
# Pairs of similarity 0.7 meet in a band with 99 %, of 0.85 practically always.
NUM_BANDS = 16
_SHINGLE = 8  # words
# Shorter functions have too few runs for a similarity: among them only equal
# ones are duplicates.
MIN_WORDS = 64
_SEED = 20241
# Of those that share a band, each is compared with the first few only: a band
# of n functions costs n comparisons and not n squared.
MAX_COMPARED = 8
_MAX_WORDS_KNOWN = 1 << 20
_BLOCK = 1 << 16  # fingerprints that are in memory at once
# What enters the sketch besides the words; fingerprints compare only if equal.
PARAMETERS = (
    f'{rensa.RMinHash.ALGORITHM_VERSION} {NUM_HASHES} {_SHINGLE} {MIN_WORDS} '
    f'{_SEED}'
)


class _WordHashes(dict):
  """Word -> 64 bits; one number for all values and one for all labels."""

  def __missing__(self, word: str) -> int:
    masked = '%' if word[0] == '%' else ':' if word[-1] == ':' else word
    digest = hashlib.blake2b(
        masked.encode('utf-8', 'replace'), digest_size=8
    ).digest()
    value = self[word] = int.from_bytes(digest, 'little')
    return value


_word_hashes = _WordHashes()
# Odd factors, one for each place of a run.
_FACTORS = [
    int.from_bytes(hashlib.blake2b(b'%d' % i, digest_size=8).digest(), 'little')
    | 1
    for i in range(_SHINGLE)
]


def signatures(functions: Sequence[Function]) -> np.ndarray:
  """The fingerprints of functions.

  Returns:
    uint32 [n, NUM_HASHES]; all zero for a function of less than MIN_WORDS
    words, which is no near-duplicate of anything.
  """
  if len(_word_hashes) > _MAX_WORDS_KNOWN:
    _word_hashes.clear()
  result = np.zeros((len(functions), NUM_HASHES), np.uint32)
  long = [i for i, f in enumerate(functions) if len(f.words) >= MIN_WORDS]
  if not long:
    return result
  runs = [_run_hashes(functions[i].words) for i in long]
  offsets = np.cumsum([0] + [len(x) for x in runs])
  matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
      np.concatenate(runs), offsets, NUM_HASHES, _SEED
  )
  result[long] = np.array(matrix.to_rows(), np.uint32)
  # Zeros mean that there is no fingerprint.
  result[long, 0] += result[long, 0] == 0
  return result


def _run_hashes(words: Sequence[str]) -> np.ndarray:
  """A hash of every run of words: uint64 [len(words) - _SHINGLE + 1]."""
  hashes = np.fromiter(
      map(_word_hashes.__getitem__, words), np.uint64, len(words)
  )
  num_runs = len(words) - _SHINGLE + 1
  total = np.zeros(num_runs, np.uint64)
  for i, factor in enumerate(_FACTORS):
    total += hashes[i : i + num_runs] * np.uint64(factor)
  return total ^ (total >> np.uint64(29))


def bands(signatures: np.ndarray) -> np.ndarray:
  """What two similar functions have one of in common: uint64 [n, NUM_BANDS]."""
  return _mix(signatures.reshape(-1, NUM_BANDS, NUM_HASHES // NUM_BANDS))


def _mix(hashes: np.ndarray) -> np.ndarray:
  """One number for the hashes of a band, over the last axis: uint64."""
  hashes = hashes.astype(np.uint64)
  keys = np.zeros(hashes.shape[:-1], np.uint64)
  for i in range(hashes.shape[-1]):
    keys = (keys ^ hashes[..., i]) * np.uint64(0x9E3779B97F4A7C15)
    keys ^= keys >> np.uint64(31)
  return keys


def similar(
    left: np.ndarray, right: np.ndarray, threshold: float
) -> np.ndarray:
  """Whether pairs of fingerprints [n, NUM_HASHES] are of near-duplicates."""
  return (left == right).mean(axis=-1) >= threshold


def near_duplicates(
    signatures: np.ndarray,
    sources: np.ndarray,
    threshold: float,
    rows: np.ndarray | None = None,
) -> np.ndarray:
  """Finds functions that resemble an earlier one.

  Args:
    signatures: of functions [m, NUM_HASHES]; may be mapped from a file, of
      which only what is compared is held in memory.
    sources: a number for the source of each function [n]: views of one source
      resemble each other and are none the less no duplicates.
    threshold: similarity from which on a function is a near-duplicate.
    rows: places of the functions in `signatures`, in order [n]; by default all.

  Returns:
    int64 [n]: the place of the first function of another source that this one
    is a near-duplicate of (which may be one itself), -1 where there is none.
  """
  if rows is None:
    rows = np.arange(len(signatures))
  nothing = len(rows)
  found = np.full(nothing, nothing, np.int64)
  signed = np.flatnonzero(_by_blocks(signatures, rows, _is_signed))
  for band in range(NUM_BANDS):
    keys = _by_blocks(signatures, rows[signed], functools.partial(_key, band))
    # Stable, so that in a band the earlier come first.
    order = np.argsort(keys, kind='stable')
    column, members = keys[order], signed[order]
    for later, earlier in _pairs(column):
      a, b = members[later], members[earlier]
      others = (b < found[a]) & (sources[a] != sources[b])
      a, b = a[others], b[others]
      for i in range(0, len(a), _BLOCK):
        c, d = a[i : i + _BLOCK], b[i : i + _BLOCK]
        hit = similar(signatures[rows[c]], signatures[rows[d]], threshold)
        found[c[hit]] = d[hit]
  return np.where(found < nothing, found, -1)


def _by_blocks(
    signatures: np.ndarray,
    rows: np.ndarray,
    function: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
  """A number for each of some signatures [n], a block of them at a time."""
  parts = [
      function(signatures[rows[i : i + _BLOCK]])
      for i in range(0, len(rows), _BLOCK)
  ]
  return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def _is_signed(signatures: np.ndarray) -> np.ndarray:
  return signatures.any(axis=1)


def _key(band: int, signatures: np.ndarray) -> np.ndarray:
  width = NUM_HASHES // NUM_BANDS
  return _mix(signatures[:, band * width : (band + 1) * width])


def _pairs(column: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Places of equal keys in a sorted column: each with the first few."""
  if not len(column):
    return
  is_first = np.concatenate([[True], column[1:] != column[:-1]])
  first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
  places = np.arange(len(column))
  for i in range(MAX_COMPARED):
    later = places[places > first + i]
    if not len(later):
      return
    yield later, first[later] + i


def matches(
    signatures: np.ndarray, known: np.ndarray, threshold: float
) -> np.ndarray:
  """Finds functions that resemble one of a list.

  Args:
    signatures: of the functions [n, NUM_HASHES].
    known: of the list [m, NUM_HASHES].
    threshold: similarity from which on two are near-duplicates.

  Returns:
    int64 [n]: a place in the list, -1 where none is similar.
  """
  found = np.full(len(signatures), -1, np.int64)
  signed = np.flatnonzero(signatures.any(axis=1))
  listed = np.flatnonzero(known.any(axis=1))
  keys, known_keys = bands(signatures[signed]), bands(known[listed])
  for band in range(NUM_BANDS):
    order = np.argsort(known_keys[:, band], kind='stable')
    column = known_keys[order, band]
    begin = np.searchsorted(column, keys[:, band], 'left')
    end = np.searchsorted(column, keys[:, band], 'right')
    for i in range(int((end - begin).max(initial=0))):
      some = np.flatnonzero((begin + i < end) & (found[signed] < 0))
      a, b = signed[some], listed[order[begin[some] + i]]
      hit = similar(signatures[a], known[b], threshold)
      found[a[hit]] = b[hit]
  return found
