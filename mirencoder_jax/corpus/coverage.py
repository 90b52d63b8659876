"""How a vocabulary covers IR: pieces an instruction, whole opcodes and types.

Station in the flow: measured on every function that is written, summed up by
language in the report.
"""

from collections.abc import Mapping, Sequence

from mirencoder_jax import ir


def measure(
    tokenizer: ir.Tokenizer, functions: Sequence[ir.Function]
) -> dict[str, int]:
  """Counts over the functions.

  Returns:
    `instructions`, `words`, `pieces` (of the words), `whole_words`,
    `whole_opcodes` (of all instructions, those whose opcode is one piece),
    `types` (of results, `void` aside), `whole_types`, `unknown` (pieces).
  """
  counts = dict.fromkeys(
      (
          'instructions',
          'words',
          'pieces',
          'whole_words',
          'whole_opcodes',
          'types',
          'whole_types',
          'unknown',
      ),
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


def shares(counts: Mapping[str, int]) -> dict[str, float | int]:
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
