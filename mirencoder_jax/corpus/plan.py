"""Which functions of a corpus are written, and to which side of the split.

Station in the flow: between the two passes of `data.corpus`. Pure functions of
what the first pass read: no file, no process, no order of events.

In this order: sides of the split; sources that hold a function of a benchmark
go, with all their views; of equal functions the first stays; of near-duplicates
of different sources the first stays. First means: training before validation,
files as they are before their views, then by name. So no function of the
validation side is, or resembles, one of the training side.
"""

import collections
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from mirencoder_jax.corpus import fingerprints

TRAIN, VALIDATION = 'train', 'validation'
# What may stay on one side of a split, from the coarsest.
LEVELS = ('program', 'file', 'function')


class ModuleRead(NamedTuple):
  """What the first pass found out about a module."""

  name: str  # of the file, with '@' and the pipeline for a view
  file: str
  view: str  # '' for the file as it is
  opt_level: str  # of the view; '' where the file's holds
  # Of word counts, fingerprints and module in the working file, and the end.
  spans: list[int]
  functions: list[list]  # name, hash and number of instructions of each
  unverified: bool
  llvm: str
  counts: dict[str, int]


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
  split_by, groups = _groups(reads, programs, units)
  held_out = held_out_groups(_sizes(reads, groups), validation_rate)
  sources = [
      [source_of(program, unit, name) for name, *_ in read.functions]
      for read, program, unit in zip(reads, programs, units, strict=True)
  ]
  owner_of = _contaminated_sources(sources, contaminated)
  # Number of every function in `signatures`.
  first = np.cumsum([0] + [len(read.functions) for read in reads])
  order = _order(reads)
  kept: list[tuple[int, int]] = []
  seen = {TRAIN: set(), VALIDATION: set()}
  removed = collections.Counter()
  num_duplicates = num_in_both_splits = num_train = 0
  # Training first: what is on both sides is taken from the validation.
  for split in (TRAIN, VALIDATION):
    for m in order:
      for i, (_, digest, _) in enumerate(reads[m].functions):
        if (groups[m][i] in held_out) != (split == VALIDATION):
          continue
        if sources[m][i] in owner_of:
          removed[owner_of[sources[m][i]]] += 1
        elif split == VALIDATION and digest in seen[TRAIN]:
          num_in_both_splits += 1
        elif digest in seen[split]:
          num_duplicates += 1
        else:
          seen[split].add(digest)
          kept.append((m, i))
          num_train += split == TRAIN
  near = np.full(len(kept), -1)
  if threshold and kept:
    near = fingerprints.near_duplicates(
        signatures[[first[m] + i for m, i in kept]],
        _numbers([sources[m][i] for m, i in kept]),
        threshold,
    )
  is_train = np.arange(len(kept)) < num_train
  across = ~is_train & (near >= 0) & (near < num_train)
  chosen = {TRAIN: {}, VALIDATION: {}}
  for k in np.flatnonzero(near < 0):
    m, i = kept[k]
    split = TRAIN if is_train[k] else VALIDATION
    chosen[split].setdefault(m, []).append(i)
  return Plan(
      splits={
          split: [
              ModulePlan(reads[m], indices, [groups[m][i] for i in indices])
              for m, indices in sorted(modules.items())
          ]
          for split, modules in chosen.items()
      },
      split_by=split_by,
      num_duplicates=num_duplicates,
      num_in_both_splits=num_in_both_splits,
      num_near_duplicates=int((near >= 0).sum() - across.sum()),
      num_near_both_splits=int(across.sum()),
      contaminated={
          owner: (list(owner_of.values()).count(owner), removed[owner])
          for owner in sorted(set(owner_of.values()))
      },
  )


def read_counts(reads: Sequence[ModuleRead]) -> dict[tuple, int]:
  """What was read, as the report counts it."""
  counts = collections.Counter()
  hashes, original = set(), set()
  for read in reads:
    found = {digest for _, digest, _ in read.functions}
    hashes |= found
    counts['view', read.view] += len(read.functions)
    counts['instructions', read.view] += sum(n for *_, n in read.functions)
    if not read.view:
      original |= found
      counts['read',] += 1
      counts['with_functions',] += bool(read.functions)
      counts['unverified',] += read.unverified
      for name, number in read.counts.items():
        counts['reader', name] += number
  counts['distinct',] = len(hashes)
  counts['distinct_raw',] = len(original)
  return dict(counts)


def _order(reads: Sequence[ModuleRead]) -> list[int]:
  """Modules in the order in which their functions are taken."""
  return sorted(range(len(reads)), key=lambda m: (reads[m].view != '', m))


def _contaminated_sources(
    sources: Sequence[Sequence[str]], contaminated: np.ndarray | None
) -> dict[str, int]:
  """The benchmark of every source that holds a function of one."""
  if contaminated is None:
    return {}
  flat = [source for of_read in sources for source in of_read]
  owner_of = {}
  for i in np.flatnonzero(contaminated >= 0):
    owner_of.setdefault(flat[i], int(contaminated[i]))
  return owner_of


def _numbers(names: Sequence[str]) -> np.ndarray:
  """A number for each distinct name [n]."""
  number = {}
  return np.array([number.setdefault(name, len(number)) for name in names])


def _sizes(
    reads: Sequence[ModuleRead], groups: Sequence[Sequence[str]]
) -> dict[str, int]:
  """Functions of each group, views aside."""
  sizes = collections.Counter()
  for read, of_read in zip(reads, groups, strict=True):
    for group in of_read:
      sizes[group] += not read.view
  return dict(sizes)


def _groups(
    reads: Sequence[ModuleRead], programs: Sequence[str], units: Sequence[str]
) -> tuple[str, list[list[str]]]:
  """The group of each function of each module, and what the groups are.

  The coarsest level that leaves something on both sides: programs, else files
  (a corpus of one program), else functions (of one file).
  """
  levels = {
      'program': [
          [program] * len(read.functions)
          for read, program in zip(reads, programs, strict=True)
      ],
      'file': [
          [unit] * len(read.functions)
          for read, unit in zip(reads, units, strict=True)
      ],
      'function': [
          [f'{unit}#{name}' for name, *_ in read.functions]
          for read, unit in zip(reads, units, strict=True)
      ],
  }
  for level, groups in levels.items():
    if len({group for of_read in groups for group in of_read}) > 1:
      return level, groups
  return 'function', levels['function']


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
