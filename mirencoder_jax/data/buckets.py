"""Buckets: the few fixed shapes into which inference packs functions.

Each shape is compiled once, when it is first needed.
"""

from collections.abc import Sequence

from mirencoder_jax.data import packing
from mirencoder_jax.data.batch import Batch, Budget
from mirencoder_jax.data.example import Example

# Work is padded to the next bucket, so steps are small where start-up latency
# counts and the largest is big enough to keep an accelerator busy.
_ROWS = (1, 2, 3, 4, 6, 8, 12, 16)
_SHORT_ROW = 128  # tokens of the smallest bucket's only row
_UNIT_ROWS = (2, 3, 4, 6, 8)
# Units of the only row of small buckets: steps of a quarter, for an eighth of
# padding.
_UNITS = (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 448)


def create_buckets(
    num_tokens: int, by_instruction: bool = False
) -> list[Budget]:
  """Budgets, ascending, with rows of at most L tokens, or units."""
  if by_instruction:
    shapes = [(1, units) for units in _UNITS if units < num_tokens]
    shapes += [(rows, num_tokens) for rows in (1, *_UNIT_ROWS)]
  else:
    shapes = [(rows, num_tokens) for rows in _ROWS]
    if num_tokens > _SHORT_ROW:
      shapes.insert(0, (1, _SHORT_ROW))
  return [create_bucket(*shape, by_instruction) for shape in shapes]


def create_bucket(
    num_rows: int, num_tokens: int, by_instruction: bool = False
) -> Budget:
  """A budget whose other limits suit its rows."""
  if by_instruction:
    # Per unit, measured on C and C++ at all levels: 5.4 tokens, 2.3 nodes, 3.9
    # edges, 0.5 texts of 2.7 pieces.
    units = num_rows * num_tokens
    return Budget(
        num_rows=num_rows,
        num_tokens=num_tokens,
        num_nodes=units * 5 // 2 + 16,
        num_edges=units * 17 // 4 + 32,
        num_graphs=units // 8 + 2,
        num_texts=units * 3 // 4 + 32,
        num_text_tokens=units * 2 + 128,
        num_pieces=units * 6 + 32,
    )
  # Per token, measured on C and C++ at all levels: 0.45 nodes, 0.8 edges, 0.1
  # texts of 3 pieces; with room, because what does not fit moves a bucket up.
  tokens = num_rows * num_tokens
  return Budget(
      num_rows=num_rows,
      num_tokens=num_tokens,
      num_nodes=tokens * 5 // 8 + 64,
      num_edges=tokens * 5 // 4 + 128,
      num_graphs=tokens // 32 + 2,
      num_texts=tokens // 4 + 64,
      num_text_tokens=tokens + 256,
  )


def pack(
    examples: Sequence[Example],
    rows: Sequence[int],
    buckets: Sequence[Budget],
) -> Batch:
  """Packs examples into the smallest bucket that holds them.

  Args:
    examples: that fit the largest bucket together.
    rows: of each window in the largest bucket, as planned.
    buckets: ascending.
  """
  tokens = sum(len(e['tokens']) for e in examples)
  for bucket in buckets[:-1]:
    if tokens <= (bucket.num_pieces or bucket.num_rows * bucket.num_tokens):
      try:
        return packing.pack(examples, bucket)
      except ValueError:  # too tight: windows, nodes or edges
        continue
  return packing.pack(examples, buckets[-1], rows=rows)
