"""Labels a folder of C files, resumes, and never stops at a bad one.

Station: last step of `measure loops` and `measure openmp`, which say how one
file is labelled. The record of a file that has no labels says why.
"""

import hashlib
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import label_file
from mirencoder_jax.measure.source_settings import SourceError
from mirencoder_jax.storage import machine

# What one file may do without stopping the others.
_ERRORS = (SourceError, bounded.RunError, IRError, OSError)


def find_sources(folder: pathlib.Path) -> list[pathlib.Path]:
  """The `.c` files of a folder, sorted.

  Raises:
    FileNotFoundError: there are none.
  """
  paths = sorted(folder.glob('*.c'))
  if not paths:
    raise FileNotFoundError(f'{folder}: no .c files')
  return paths


def label_folder(
    folder: pathlib.Path,
    output: pathlib.Path,
    header: Mapping[str, Any],
    label: Callable[[pathlib.Path], tuple[dict[str, Any], str]],
    *,
    limit: int | None = None,
) -> dict[str, Any]:
  """Labels every `.c` file of a folder that has no label yet.

  The IR of each file goes into a folder `ir` beside the labels, where the TFDS
  builder looks for it.

  Args:
    folder: where the files are.
    output: the label file.
    header: what the labels depend on besides the machine.
    label: what was measured of a file, and the text of its IR, '' if there is
      none.
    limit: stop behind this many new labels.

  Returns:
    Name -> record, of this and of earlier runs, without files that are gone.

  Raises:
    LabelFileError: `output` has labels of another machine or other settings.
    FileNotFoundError: there are no `.c` files.
  """
  paths = find_sources(folder)
  header = machine.describe_machine() | dict(header)
  with label_file.open_labels(output, header) as labels:
    todo = [p for p in paths if not _is_done(p, labels.records)][:limit]
    times: list[float] = []
    for number, path in enumerate(todo, 1):
      start = time.monotonic()
      record, text = _label(path, label)
      times.append(time.monotonic() - start)
      if text:
        ir_path = output.parent / 'ir' / f'{path.stem}.ll'
        ir_path.parent.mkdir(exist_ok=True)
        ir_path.write_text(text)
      labels.add(record | dict(seconds=round(times[-1], 3)))
      left = statistics.median(times) * (len(todo) - number) / 60
      reason = f': {record["reason"]}' if 'reason' in record else ''
      print(
          f'[{number}/{len(todo)}] {path.name} {record["status"]}{reason} '
          f'({times[-1]:.1f} s, about {left:.0f} min left)',
          file=sys.stderr,
          flush=True,
      )
    names = {path.stem for path in paths}
    return {k: v for k, v in labels.records.items() if k in names}


def _digest(path: pathlib.Path) -> str:
  return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _is_done(path: pathlib.Path, records: Mapping[str, Any]) -> bool:
  record = records.get(path.stem)
  return record is not None and record['digest'] == _digest(path)


def _label(path, label) -> tuple[dict[str, Any], str]:
  """The record of a file, whatever is wrong with it, and its IR."""
  named = dict(name=path.stem, digest=_digest(path))
  try:
    record, text = label(path)
  except _ERRORS as error:
    return named | dict(status='failed', reason=str(error)), ''
  return named | record, text
