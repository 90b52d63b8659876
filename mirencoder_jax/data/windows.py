"""Windows: how the tokens of an example are laid into rows of fixed length.

The tokens of an example are cut into windows, each opened by [CLS], the last
one closed by [SEP]. Windows end where an instruction ends; only an instruction
longer than a whole row is cut in the middle.

Where rows hold units (`data.batch.Units`), an example is cut into windows of
about equal length, without special tokens.
"""

from collections.abc import Sequence

import numpy as np

from mirencoder_jax.data.example import Example

SIGNATURE_PIECES = 8  # tokens of a unit of the signature


def unit_bounds(example: Example) -> tuple[np.ndarray, int]:
  """Where the units of an example begin and end among its tokens.

  Returns:
    Bounds [num_units + 1], and how many of the units are the signature's; the
    instructions follow.
  """
  offset = np.asarray(example['instruction_offset'], np.int64)
  signature = np.arange(0, int(offset[0]), SIGNATURE_PIECES)
  return np.concatenate([signature, offset]), len(signature)


def example_windows(
    example: Example, row_tokens: int, by_instruction: bool
) -> np.ndarray:
  """Row places that each window of an example takes."""
  if not by_instruction:
    return window_lengths(
        cut_windows(
            len(example['tokens']), example['instruction_offset'], row_tokens
        )
    )
  signature = -(-int(example['instruction_offset'][0]) // SIGNATURE_PIECES)
  num_units = signature + len(example['instruction_offset']) - 1
  num_windows = max(1, -(-num_units // row_tokens))
  return np.diff(np.arange(num_windows + 1) * num_units // num_windows)


def cut_windows(
    num_tokens: int, instruction_offset: np.ndarray, row_tokens: int
) -> np.ndarray:
  """Bounds of the windows of an example, without special tokens.

  Args:
    num_tokens: tokens of the example.
    instruction_offset: as in `Example`.
    row_tokens: L, tokens of a row, special ones included; at least 3.

  Returns:
    Ascending bounds [num_windows + 1], first 0, last num_tokens.
  """
  bounds = [0]
  start = 0
  while num_tokens - start > row_tokens - 2:  # [CLS] and [SEP]
    # The last window keeps at least one token: [SEP] is never alone.
    limit = min(start + row_tokens - 1, num_tokens - 1)
    place = np.searchsorted(instruction_offset, limit, side='right') - 1
    end = int(instruction_offset[place]) if place >= 0 else 0
    start = end if end > start else limit
    bounds.append(start)
  bounds.append(num_tokens)
  return np.asarray(bounds, np.int64)


def window_lengths(bounds: np.ndarray) -> np.ndarray:
  """Row tokens each window takes: its own, [CLS], and one [SEP] at the end."""
  lengths = np.diff(bounds) + 1
  lengths[-1] += 1
  return lengths


def place_windows(
    lengths: Sequence[int], row_free: np.ndarray
) -> list[int] | None:
  """Rows for the windows by best fit, longest first; updates `row_free`.

  Args:
    lengths: row tokens of each window.
    row_free: free tokens of each row; changed only on success.

  Returns:
    The row of each window, in the order given, or None if they do not fit.
  """
  free = row_free.copy()
  rows = [0] * len(lengths)
  for window in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
    left = free - lengths[window]
    row = int(np.argmin(np.where(left < 0, np.iinfo(np.int64).max, left)))
    if left[row] < 0:
      return None
    free[row] = left[row]
    rows[window] = row
  row_free[:] = free
  return rows
