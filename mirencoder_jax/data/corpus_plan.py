"""Which functions of a corpus are written, and to which side of the split.

Station in the flow: between the two passes of `data.corpus`. Pure functions of
what the first pass read: no file, no process, no order of events.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

TRAIN, VALIDATION = 'train', 'validation'


class ModuleRead(NamedTuple):
  """What the first pass found out about a module."""

  name: str
  key: str  # of the file and of the code that read it
  start: int  # of the word counts in the working file
  middle: int  # of the module
  end: int
  functions: list[list[str]]  # name and hash of each
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
  """

  splits: dict[str, list[ModulePlan]]
  split_by: str
  num_duplicates: int
  num_in_both_splits: int


def plan(
    reads: Sequence[ModuleRead],
    programs: Sequence[str],
    validation_rate: float,
) -> Plan:
  """Drops functions seen before and puts groups on the two sides.

  Args:
    reads: the modules; of equal functions the first stays.
    programs: the program of each module.
    validation_rate: share of the groups that are held out.

  Returns:
    The plan; both sides are empty if there is no function.
  """
  split_by, groups = _groups(reads, programs)
  held_out = held_out_groups(
      {group for of_read in groups for group in of_read}, validation_rate
  )
  splits = {TRAIN: [], VALIDATION: []}
  seen = {TRAIN: set(), VALIDATION: set()}
  num_duplicates = num_in_both_splits = 0
  # Training first: what is on both sides is taken from the validation.
  for split in (TRAIN, VALIDATION):
    for read, of_read in zip(reads, groups, strict=True):
      kept = []
      for i, group in enumerate(of_read):
        _, digest = read.functions[i]
        if (group in held_out) != (split == VALIDATION):
          continue
        if split == VALIDATION and digest in seen[TRAIN]:
          num_in_both_splits += 1
        elif digest in seen[split]:
          num_duplicates += 1
        else:
          seen[split].add(digest)
          kept.append(i)
      if kept:
        splits[split].append(ModulePlan(read, kept, [of_read[i] for i in kept]))
  return Plan(splits, split_by, num_duplicates, num_in_both_splits)


def _groups(
    reads: Sequence[ModuleRead], programs: Sequence[str]
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
      'file': [[read.name] * len(read.functions) for read in reads],
      'function': [
          [f'{read.name}#{name}' for name, _ in read.functions]
          for read in reads
      ],
  }
  for level, groups in levels.items():
    if len({group for of_read in groups for group in of_read}) > 1:
      return level, groups
  return 'function', levels['function']


def held_out_groups(groups: set[str], rate: float) -> set[str]:
  """The groups of the validation side.

  A group is held out for its name alone, so that it stays where it is when the
  corpus grows; only where that would leave a side empty, one group moves.
  """
  place = {
      group: int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32
      for group in groups
  }
  order = sorted(groups, key=lambda group: (place[group], group))
  held_out = [group for group in order if place[group] < rate]
  if len(order) > 1 and rate > 0:
    held_out = (held_out or order[:1])[: len(order) - 1]
  elif held_out == order:
    held_out = []
  return set(held_out)
