"""Which functions of a corpus are written, and to which side of the split.

Pure functions of what the first pass read: no file, no process, no order of
events.

In this order: sides of the split; sources that hold a function of a benchmark
go, with all their views; of equal functions the first stays; of near-duplicates
of different sources the first stays. First means: training before validation,
files as they are before their views, then by name. So no function of the
validation side is, or resembles, one of the training side.

All functions are planned at once, in one process: about 330 bytes a function at
the most (measured: 2 million functions of 250 thousand modules, 0.36 GB), and
256 on disk for the fingerprints, of which what is compared is paged in. 20
million functions take 7 GB and a file of 5. That is less than the machine has
that trains on them, so no engine for data out of core stands here: it would
sort hashes, and not compare fingerprints.
"""

import collections
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from mirencoder_jax.corpus import fingerprints
from mirencoder_jax.corpus.first_pass import ModuleRead

TRAIN, VALIDATION = 'train', 'validation'
# What may stay on one side of a split, from the coarsest.
LEVELS = ('program', 'file', 'function')


class ModulePlan(NamedTuple):
  """A module's functions that are to be written to one side of the split."""

  read: ModuleRead
  indices: list[int]
  groups: list[str]  # what each belongs to; stays on one side


class Plan(NamedTuple):
  """What is written, and what is not.

  Attributes:
    splits: the modules of each side.
    split_by: 'program', 'file' or 'function': what stays on one side.
    num_duplicates: functions left out for one of equal normalised hash.
    num_in_both_splits: functions left out of the validation side because they
      are on the training side.
    num_near_duplicates: functions left out because they resemble one of
      another source.
    num_near_both_splits: functions left out of the validation side because
      they resemble one of the training side.
    contaminated: of each benchmark, how many sources hold a function of it and
      how many functions (all views of these sources) are left out for that.
  """

  splits: dict[str, list[ModulePlan]]
  split_by: str
  num_duplicates: int
  num_in_both_splits: int
  num_near_duplicates: int = 0
  num_near_both_splits: int = 0
  contaminated: Mapping[int, tuple[int, int]] = MappingProxyType({})

  @property
  def counts(self) -> dict[tuple, int]:
    """What is left out, as the report counts it."""
    counts = {
        ('duplicates',): self.num_duplicates,
        ('in_both_splits',): self.num_in_both_splits,
        ('near_duplicates',): self.num_near_duplicates,
        ('near_both_splits',): self.num_near_both_splits,
    }
    for owner, (sources, functions) in self.contaminated.items():
      counts['removed_sources', owner] = sources
      counts['removed', owner] = functions
    return counts


def source_of(program: str, unit: str, function: str) -> str:
  """What the views of a function share: program, unit and symbol."""
  if unit != program and not unit.startswith(f'{program}/'):
    unit = f'{program}/{unit}'
  return f'{unit}/{function}'


def is_sampled(digest: str, limit: int, number: int) -> bool:
  """Whether a function is in a sample of about `limit` of `number`.

  Its hash is as good as a random number, and always the same one.
  """
  return int(digest[:8], 16) * number < limit * 2**32


def plan(
    reads: Sequence[ModuleRead],
    programs: Sequence[str],
    validation_rate: float,
    units: Sequence[str] | None = None,
    signatures: np.ndarray | None = None,
    threshold: float = 0.0,
    contaminated: np.ndarray | None = None,
) -> Plan:
  """Drops functions seen before and puts groups on the two sides.

  Args:
    reads: the modules.
    programs: the program of each module.
    validation_rate: share of the functions that are held out, about.
    units: the translation unit of each module, which its views share; the
      module's name by default.
    signatures: fingerprints of all functions, modules end to end, uint32
      [n, NUM_HASHES]; only with a threshold.
    threshold: similarity from which on functions of two sources are
      near-duplicates; 0 to keep them.
    contaminated: number of the benchmark that each function is of, int [n];
      -1 for none.

  Returns:
    The plan; both sides are empty if there is no function.
  """
  if units is None:
    units = [read.file for read in reads]
  lengths = np.array([len(read.functions) for read in reads], np.int64)
  first = np.cumsum(lengths) - lengths  # number of each module's first function
  module = np.repeat(np.arange(len(reads), dtype=np.int32), lengths)
  is_view = np.array([bool(read.view) for read in reads], bool)[module]
  split_by, names, group = _groups(reads, programs, units, lengths)
  held_out = held_out_groups(_sizes(names, group, is_view), validation_rate)
  is_validation = np.array([name in held_out for name in names], bool)[group]
  sources = _source_numbers(reads, programs, units)
  owner, owners = _owners(sources, contaminated)
  # The order in which functions are taken. Training first: what is on both
  # sides is taken from the validation.
  order = np.argsort(2 * is_validation + is_view, kind='stable')
  order = order[owner[order] < 0]
  equal = order[_first_equal(_digests(reads)[order])]
  is_first = equal == order
  again_across = ~is_first & is_validation[order] & ~is_validation[equal]
  num_again = int((~is_first).sum())
  kept = order[is_first]
  near = np.full(len(kept), -1)
  if threshold and len(kept):
    near = fingerprints.near_duplicates(
        signatures, sources[kept], threshold, kept
    )
  is_near = near >= 0
  near_across = is_near & is_validation[kept] & ~is_validation[kept[near]]
  kept = np.sort(kept[~is_near])

  def side(of_validation: bool) -> list[ModulePlan]:
    some = kept[is_validation[kept] == of_validation]
    cuts = np.flatnonzero(np.diff(module[some])) + 1
    return [
        ModulePlan(
            reads[module[part[0]]],
            (part - first[module[part[0]]]).tolist(),
            [names[g] for g in group[part]],
        )
        for part in np.split(some, cuts)
        if len(part)
    ]

  return Plan(
      splits={TRAIN: side(False), VALIDATION: side(True)},
      split_by=split_by,
      num_duplicates=num_again - int(again_across.sum()),
      num_in_both_splits=int(again_across.sum()),
      num_near_duplicates=int(is_near.sum() - near_across.sum()),
      num_near_both_splits=int(near_across.sum()),
      contaminated={
          int(i): (int((owners == i).sum()), int((owner == i).sum()))
          for i in np.unique(owners)
      },
  )


def read_counts(reads: Sequence[ModuleRead]) -> dict[tuple, int]:
  """What was read, as the report counts it."""
  counts = collections.Counter()
  for read in reads:
    counts['view', read.view] += len(read.functions)
    counts['instructions', read.view] += read.functions.num_instructions
    if not read.view:
      counts['read',] += 1
      counts['with_functions',] += bool(read.functions)
      counts['unverified',] += read.unverified
      for name, number in read.counts.items():
        counts['reader', name] += number
  counts['distinct',] = _num_distinct(reads)
  counts['distinct_raw',] = _num_distinct([r for r in reads if not r.view])
  return dict(counts)


def _digests(reads: Sequence[ModuleRead]) -> np.ndarray:
  """Hashes of all functions, as two numbers each: uint64 [n, 2]."""
  data = b''.join(read.functions.digests for read in reads)
  return np.frombuffer(data, np.uint64).reshape(-1, 2)


def _num_distinct(reads: Sequence[ModuleRead]) -> int:
  places = _first_equal(_digests(reads))
  return int((places == np.arange(len(places))).sum())


def _first_equal(digests: np.ndarray) -> np.ndarray:
  """Place of the first row that is equal to each row, int64 [n]."""
  order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable
  ordered = digests[order]
  is_new = np.ones(len(order), bool)
  is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
  places = np.empty(len(order), np.int64)
  places[order] = order[np.flatnonzero(is_new)[np.cumsum(is_new) - 1]]
  return places


def _source_numbers(
    reads: Sequence[ModuleRead], programs: Sequence[str], units: Sequence[str]
) -> np.ndarray:
  """A number for the source of each function, uint64 [n].

  Of 64 bits: two of 20 million sources share one in 1 of 100,000 corpora.
  """
  return np.fromiter(
      (
          int.from_bytes(
              hashlib.blake2b(
                  source_of(program, unit, name).encode(), digest_size=8
              ).digest(),
              'little',
          )
          for read, program, unit in zip(reads, programs, units, strict=True)
          for name in read.functions.names
      ),
      np.uint64,
      sum(len(read.functions) for read in reads),
  )


def _owners(
    sources: np.ndarray, contaminated: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
  """The benchmark of each function whose source holds a function of one.

  Returns:
    A benchmark or -1 for each function, int32 [n]; and the benchmark of each
    such source.
  """
  owner = np.full(len(sources), -1, np.int32)
  bad = np.flatnonzero(contaminated >= 0) if contaminated is not None else []
  if not len(bad):
    return owner, np.zeros(0, np.int32)
  known, first = np.unique(sources[bad], return_index=True)
  owners = contaminated[bad[first]].astype(np.int32)
  place = np.minimum(np.searchsorted(known, sources), len(known) - 1)
  hit = known[place] == sources
  owner[hit] = owners[place[hit]]
  return owner, owners


def _sizes(
    names: Sequence[str], group: np.ndarray, is_view: np.ndarray
) -> dict[str, int]:
  """Functions of each group that has any, views aside."""
  total = np.bincount(group, minlength=len(names))
  counted = np.bincount(group[~is_view], minlength=len(names))
  return {name: int(counted[i]) for i, name in enumerate(names) if total[i]}


def _groups(
    reads: Sequence[ModuleRead],
    programs: Sequence[str],
    units: Sequence[str],
    lengths: np.ndarray,
) -> tuple[str, list[str], np.ndarray]:
  """What the groups are, their names, and the group of each function [n].

  The coarsest level that leaves something on both sides: programs, else files
  (a corpus of one program), else functions (of one file).
  """
  for level, of_modules in (('program', programs), ('file', units)):
    some = {name for name, n in zip(of_modules, lengths, strict=True) if n}
    if len(some) > 1:
      names, numbers = _numbers(of_modules)
      return level, names, np.repeat(numbers, lengths)
  return 'function', *_numbers(
      [
          f'{unit}#{name}'
          for read, unit in zip(reads, units, strict=True)
          for name in read.functions.names
      ]
  )


def _numbers(names: Sequence[str]) -> tuple[list[str], np.ndarray]:
  """The distinct names, and the number of each name among them, int32 [n]."""
  number: dict[str, int] = {}
  found = [number.setdefault(name, len(number)) for name in names]
  return list(number), np.array(found, np.int32)


def held_out_groups(sizes: Mapping[str, int], rate: float) -> set[str]:
  """The groups of the validation side, with about `rate` of the functions.

  A group is held out for its name alone, so that it stays where it is when the
  corpus grows. Only where that misses the share by more than half of it (few
  groups of very different size), groups move: the largest go to the training
  side, or the next by name that still fit come to the validation side.

  Args:
    sizes: functions of each group.
    rate: share of the functions to hold out.
  """
  place = {
      group: int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32
      for group in sizes
  }
  order = sorted(sizes, key=lambda group: (place[group], group))
  if len(order) < 2 or rate <= 0:
    return set()
  total = sum(sizes.values())
  held_out = {group for group in order if place[group] < rate}
  share = sum(sizes[group] for group in held_out) / max(total, 1)
  for group in sorted(held_out, key=lambda group: (-sizes[group], group)):
    if share <= 1.5 * rate:
      break
    held_out.remove(group)
    share -= sizes[group] / total
  for group in order:
    if share >= 0.5 * rate:
      break
    if group not in held_out and share + sizes[group] / total <= 1.5 * rate:
      held_out.add(group)
      share += sizes[group] / total
  # Both sides have one, whatever the sizes.
  if not held_out:
    small = [group for group in order if 2 * sizes[group] <= total]
    held_out = set((small or order)[:1])
  if len(held_out) == len(order):
    held_out.remove(order[-1])
  return held_out
