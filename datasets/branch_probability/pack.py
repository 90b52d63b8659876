"""Packs measured programs into the two files that this data set ships.

    python -m mirencoder_jax.measure branches \\
        datasets/branch_probability/programs --output=FOLDER
    python datasets/branch_probability/pack.py FOLDER

`labels.jsonl.xz` gets the header and the records, sorted; `programs_ir.tar.xz`
the IR that was counted. The same folder gives the same bytes.
"""

import argparse
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parents[1]))

from datasets.loop_vectorization import pack  # noqa: E402
from mirencoder_jax.measure import label_file  # noqa: E402


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  parser.add_argument('folder', type=pathlib.Path)
  folder = parser.parse_args().folder
  labels = folder / 'labels.jsonl'
  _, records = label_file.read_labels(labels)
  failed = {n: r['reason'] for n, r in records.items() if r['status'] != 'ok'}
  if failed:
    sys.exit(f'error: not all were measured: {json.dumps(failed, indent=1)}')
  units = {f['unit'] for r in records.values() for f in r['functions']}
  (FOLDER / 'labels.jsonl.xz').write_bytes(pack.pack_labels(labels))
  (FOLDER / 'programs_ir.tar.xz').write_bytes(
      pack.pack_ir([folder / 'ir' / f'{unit}.ll' for unit in units])
  )
  print(f'{len(records)} programs, IR of {len(units)} units')


if __name__ == '__main__':
  main()
