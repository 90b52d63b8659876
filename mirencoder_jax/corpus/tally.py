"""`Tally`: counts over the examples of a corpus that can be added up.

`corpus.report` shows it.
"""

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax import ir
from mirencoder_jax.corpus import origins
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.data import windows

# The row length that windows are counted for.
ROW_TOKENS = 512
PERCENTILES = (50, 75, 90, 95, 99)
LENGTHS = ('instructions', 'tokens', 'nodes', 'edges')
BY = ('language', 'opt_level', 'llvm', 'package', 'licence')


class Tally:
  """Counts over examples.

  Attributes:
    examples: of each split.
    programs: names of the groups of each split.
    lengths: how many examples have a length, of each of `LENGTHS`.
    windows: (windows, examples of more than one, unknown tokens).
    by: examples by each of `BY`.
    coverage: sums of `measure_coverage` by language.
    digest: sum of the examples' digests, modulo 2 ** 128.
  """

  def __init__(self):
    self.examples = collections.Counter()
    self.programs: dict[str, set[str]] = {}
    self.lengths = {name: collections.Counter() for name in LENGTHS}
    self.windows = [0, 0, 0]
    self.by = {key: collections.Counter() for key in BY}
    self.coverage: dict[str, collections.Counter] = {}
    self.digest = 0

  def add(
      self,
      split: str,
      example: example_lib.Example,
      digest: int,
      origin: origins.Origin,
  ) -> None:
    """Counts an example that goes to the shards."""
    self.examples[split] += 1
    self.programs.setdefault(split, set()).add(example['program'])
    num_tokens = len(example['tokens'])
    for name, length in (
        ('instructions', len(example['instruction_offset']) - 1),
        ('tokens', num_tokens),
        ('nodes', len(example['node_kind'])),
        ('edges', len(example['senders'])),
    ):
      self.lengths[name][length] += 1
    bounds = windows.cut_windows(
        num_tokens, example['instruction_offset'], ROW_TOKENS
    )
    self.windows[0] += len(bounds) - 1
    self.windows[1] += len(bounds) > 2
    for name in ('tokens', 'text_tokens'):
      self.windows[2] += int((example[name] == ir.Tokenizer.unk_id).sum())
    values = example | {'package': origin.program, 'licence': origin.licence}
    for key, counter in self.by.items():
      counter[values[key]] += 1
    # A sum, so that the order in which workers end does not matter.
    self.digest = (self.digest + digest) % 2**128

  def add_coverage(self, language: str, counts: Mapping[str, int]) -> None:
    """Adds what `measure_coverage` counted."""
    self.coverage.setdefault(language, collections.Counter()).update(counts)

  def merge(self, other: 'Tally') -> 'Tally':
    """Adds another tally to this one."""
    self.examples.update(other.examples)
    for split, names in other.programs.items():
      self.programs.setdefault(split, set()).update(names)
    for mine, others in (
        (self.lengths, other.lengths),
        (self.by, other.by),
    ):
      for key, counter in mine.items():
        counter.update(others[key])
    for language, counts in other.coverage.items():
      self.add_coverage(language, counts)
    self.windows = [
        a + b for a, b in zip(self.windows, other.windows, strict=True)
    ]
    self.digest = (self.digest + other.digest) % 2**128
    return self

  def as_dict(self, split_by: str) -> dict[str, Any]:
    """The counts as the report has them."""
    num_windows, num_long, num_unknown = self.windows
    return {
        'splits': {
            split: {
                'examples': count,
                f'{split_by}s': len(self.programs[split]),
            }
            for split, count in sorted(self.examples.items())
        },
        'coverage': {
            language: _coverage(counts)
            for language, counts in sorted(self.coverage.items())
        },
        'unknown_tokens': num_unknown,
        'windows': {
            'row_tokens': ROW_TOKENS,
            'windows': num_windows,
            'functions_of_several': num_long,
        },
        'totals': {
            name: sum(length * n for length, n in counter.items())
            for name, counter in self.lengths.items()
        },
        'lengths': {
            name: _percentiles(counter)
            for name, counter in self.lengths.items()
        },
        'histograms': {
            name: _histogram(counter) for name, counter in self.lengths.items()
        },
        **{key: by_count(counter) for key, counter in self.by.items()},
    }


def by_count(counter: Mapping[str, int]) -> dict[str, int]:
  """A dict, largest first, that does not depend on the order of counting."""
  return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _percentiles(counter: Mapping[int, int]) -> dict[str, int]:
  lengths = sorted(counter)
  values = np.repeat(lengths, [counter[length] for length in lengths])
  result = {
      f'p{p}': int(np.percentile(values, p, method='nearest'))
      if len(values)
      else 0
      for p in PERCENTILES
  }
  return result | {'maximum': lengths[-1] if lengths else 0}


def _histogram(counter: Mapping[int, int]) -> dict[str, int]:
  """Examples by length: at least the key and less than its double."""
  bins = collections.Counter()
  for length, number in counter.items():
    bins[1 << max(length, 1).bit_length() - 1] += number
  return {str(low): bins[low] for low in sorted(bins)}


def measure_coverage(
    tokenizer: ir.Tokenizer, functions: Sequence[ir.Function]
) -> dict[str, int]:
  """How a vocabulary covers functions: pieces, whole opcodes and types.

  Returns:
    `instructions`, `words`, `pieces` (of the words), `whole_words`,
    `whole_opcodes` (of all instructions, those whose opcode is one piece),
    `types` (of results, `void` aside), `whole_types`, `unknown` (pieces).
  """
  counts = dict.fromkeys(
      'instructions words pieces whole_words whole_opcodes types whole_types '
      'unknown'.split(),
      0,
  )
  for function in functions:
    ids, pieces = tokenizer.encode(function.words)
    counts['words'] += len(pieces)
    counts['pieces'] += len(ids)
    counts['whole_words'] += int((pieces == 1).sum())
    counts['unknown'] += int((ids == tokenizer.unk_id).sum())
    _, pieces = tokenizer.encode(function.opcodes)
    counts['instructions'] += len(pieces)
    counts['whole_opcodes'] += int((pieces == 1).sum())
    types = [text for text in function.types if text != 'void']
    _, pieces = tokenizer.encode_texts(types)
    counts['types'] += len(pieces)
    counts['whole_types'] += int((pieces == 1).sum())
  return counts


def _coverage(counts: Mapping[str, int]) -> dict[str, float | int]:
  """What a person wants to know of the counts; shares are of 1."""

  def share(part: str, whole: str) -> float:
    return round(counts[part] / max(counts[whole], 1), 4)

  return {
      'instructions': counts['instructions'],
      'pieces_per_instruction': share('pieces', 'instructions'),
      'pieces_per_word': share('pieces', 'words'),
      'single_piece_opcodes': share('whole_opcodes', 'instructions'),
      'single_piece_types': share('whole_types', 'types'),
      'unknown': share('unknown', 'pieces'),
  }
