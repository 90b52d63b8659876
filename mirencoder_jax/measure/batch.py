"""Labels programs one after the other, resumes, and never stops at a bad one.

Station: last step of `measure loops`, `openmp` and `branches`, which say how
one program is labelled. The record of one that has no labels says why.
"""

import hashlib
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import label_file
from mirencoder_jax.measure.source_settings import SourceError
from mirencoder_jax.storage import machine

# What one program may do without stopping the others.
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


def label_files(
    files: Sequence[pathlib.Path],
    output: pathlib.Path,
    header: Mapping[str, Any],
    label: Callable[[pathlib.Path], tuple[dict[str, Any], str]],
    **options,
) -> dict[str, Any]:
  """Labels `.c` files that have no label yet.

  Args:
    files: what to label.
    output: the label file.
    header: what the labels depend on besides the machine.
    label: what was measured of a file, and the text of its IR, '' if there is
      none.
    **options: of `label_all`.

  Returns:
    Name -> record of these files, of this and of earlier runs.

  Raises:
    LabelFileError: `output` has labels of another machine or other settings.
  """
  paths = {path.stem: path for path in files}

  def label_one(name):
    record, text = label(paths[name])
    return record, {name: text} if text else {}

  records = label_all(
      output,
      machine.describe_machine() | dict(header),
      {name: dict(digest=digest(path)) for name, path in paths.items()},
      label_one,
      suffix='.c',
      **options,
  )
  return {name: record for name, record in records.items() if name in paths}


def label_all(
    output: pathlib.Path,
    header: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    label: Callable[[str], tuple[dict[str, Any], Mapping[str, str]]],
    *,
    suffix: str = '',
    limit: int | None = None,
    describe: Callable[[Mapping[str, Any]], str] = lambda record: '',
    is_enough: Callable[[Mapping[str, Any]], bool] = lambda record: True,
    is_quiet: bool = False,
) -> dict[str, Any]:
  """Labels all that have no label yet.

  IR goes into a folder `ir` beside the labels, where the TFDS builder looks for
  it.

  Args:
    output: the label file.
    header: what the labels depend on.
    known: name -> what its record begins with, such as `digest`, of all that
      the label hangs on.
    label: name -> what was measured, and texts of IR by name; what it raises
      is the record's `reason`.
    suffix: of the names, on the terminal.
    limit: stop behind this many new labels.
    describe: what to say of a record that has no `reason`.
    is_enough: whether an earlier record stands.
    is_quiet: says nothing on the terminal.

  Returns:
    Name -> record, of this and of earlier runs.

  Raises:
    LabelFileError: `output` has labels of other settings.
    DiskFullError: there is no room.
  """
  with label_file.open_labels(output, header) as labels:
    todo = [
        name
        for name, fields in known.items()
        if not (
            labels.is_done(name, fields['digest'])
            and is_enough(labels.records[name])
        )
    ][:limit]
    times: list[float] = []
    for number, name in enumerate(todo, 1):
      start = time.monotonic()
      record, texts = dict(name=name, status='ok', **known[name]), {}
      try:
        measured, texts = label(name)
        record |= measured
      except bounded.DiskFullError:
        raise
      except _ERRORS as error:
        record |= dict(status='failed', reason=str(error))
      times.append(time.monotonic() - start)
      for file, text in texts.items():
        path = output.parent / 'ir' / f'{file}.ll'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, errors='surrogateescape')
      labels.add(record | dict(seconds=round(times[-1], 3)))
      left = statistics.median(times) * (len(todo) - number) / 60
      what = record.get('reason') or describe(record)
      if is_quiet:
        continue
      print(
          f'[{number}/{len(todo)}] {name}{suffix} {record["status"]}'
          f'{": " if what else ""}{what} '
          f'({times[-1]:.1f} s, about {left:.0f} min left)',
          file=sys.stderr,
          flush=True,
      )
    return dict(labels.records)


def digest(path: pathlib.Path) -> str:
  """Of a file's content."""
  return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
