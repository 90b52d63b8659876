"""Packs label files of `measure size` into the one that this data set ships.

    python -m mirencoder_jax.measure size CORPUS --output functions.jsonl
    python -m mirencoder_jax.measure size CORPUS --units --output units.jsonl
    python datasets/code_size/pack.py functions.jsonl units.jsonl \
        --starter starter_functions.jsonl starter_units.jsonl

`labels.jsonl.xz` gets figures, keyed by the hashes of functions and units, and
names of packages and files; no code, and no symbol. The same files give the
same bytes.
"""

import argparse
import json
import lzma
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parents[1]))

from mirencoder_jax.measure import label_file, size_flags  # noqa: E402


def pack(paths: list[pathlib.Path], starter: list[pathlib.Path]) -> bytes:
  """The shipped file.

  Args:
    paths: label files of packages.
    starter: of the starter corpus, whose programs become packages.

  Raises:
    LabelFileError: two files were made with different settings.
  """
  merged: dict[str, object] = {}
  rows = []
  for path in [*starter, *paths]:
    header, records = label_file.read_labels(path)
    header.pop('kind')
    header.pop('per_module', None)
    dates = {str(h['date']) for h in (merged, header) if 'date' in h}
    for key, value in header.items():
      is_other = merged.setdefault(key, value) != value
      if is_other and key in ('pipelines', 'flags', 'llvm', 'compiler_version'):
        raise label_file.LabelFileError(f'{path}: another {key}')
    merged['date'] = max(dates)
    prefix = 'starter/' if path in starter else ''
    rows += [_row(record, prefix) for record in records.values()]
  kept = [row for row in rows if row is not None]
  kept.sort(key=lambda row: (row['package'], row['name'], 'hash' in row))
  lines = [dict(merged, kind='code_size'), *kept]
  text = ''.join(json.dumps(x, separators=(',', ':')) + '\n' for x in lines)
  return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


def _row(record: dict, prefix: str) -> dict | None:
  """What is shipped of a record; None if it has no sizes."""
  row = dict(name=record['name'], package=prefix + record['package'])
  functions = [
      [key, sizes, reasons]
      for key, _, sizes, reasons in record.get('functions', ())
  ]
  if functions:
    return row | dict(functions=functions)
  if 'reason' in record or 'sizes' not in record:
    return None
  sets = size_flags.CHOICES.values()
  if any(name not in record['sizes'] for name in sets):
    return None
  return row | dict(
      hash=record['hash'], sizes={name: record['sizes'][name] for name in sets}
  )


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  parser.add_argument('labels', type=pathlib.Path, nargs='+')
  parser.add_argument('--starter', type=pathlib.Path, nargs='*', default=[])
  arguments = parser.parse_args()
  data = pack(arguments.labels, arguments.starter)
  (FOLDER / 'labels.jsonl.xz').write_bytes(data)
  print(f'{len(data)} bytes')


if __name__ == '__main__':
  main()
