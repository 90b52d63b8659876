"""Packs a labelled folder into the two files that a data set of ours ships.

    python datasets/loop_vectorization/generate.py FOLDER
    python -m mirencoder_jax.measure loops FOLDER --cpu=1
    python datasets/pack_labels.py FOLDER

    python -m mirencoder_jax.measure branches \\
        datasets/branch_probability/programs --output=FOLDER
    python datasets/pack_labels.py FOLDER

`labels.jsonl.xz` gets the header and the records, sorted; an archive the IR of
what has labels. The same folder gives the same bytes.
"""

import argparse
import io
import json
import lzma
import pathlib
import sys
import tarfile
from collections.abc import Iterable

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parent))

from mirencoder_jax.measure import label_file  # noqa: E402

# Kind of labels -> data set, and what its archive is called.
_SHIPPED = {
    'loops': ('loop_vectorization', 'loops_ir.tar.xz'),
    'branches': ('branch_probability', 'programs_ir.tar.xz'),
}


def pack_labels(path: pathlib.Path) -> bytes:
  """The label file, one record a name, compressed."""
  header, records = label_file.read_labels(path)
  lines = [header, *(records[name] for name in sorted(records))]
  text = ''.join(
      json.dumps(line, separators=(',', ':')) + '\n' for line in lines
  )
  return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)


def pack_files(files: Iterable[tuple[str, bytes]]) -> bytes:
  """A tar archive of names and contents, with nothing of this machine in it."""
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode='w') as archive:
    for name, data in files:
      member = tarfile.TarInfo(name)
      member.size = len(data)
      archive.addfile(member, io.BytesIO(data))
  return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  parser.add_argument('folder', type=pathlib.Path)
  folder = parser.parse_args().folder
  labels = folder / 'labels.jsonl'
  header, records = label_file.read_labels(labels)
  name, archive = _SHIPPED[header['kind']]
  failed = {
      n: r['reason'] for n, r in records.items() if r['status'] == 'failed'
  }
  if header['kind'] == 'branches':
    if failed:
      sys.exit(f'error: not all were measured: {json.dumps(failed, indent=1)}')
    units = {f['unit'] for r in records.values() for f in r['functions']}
  else:
    units = records.keys() - failed
  (FOLDER / name / 'labels.jsonl.xz').write_bytes(pack_labels(labels))
  texts = sorted(folder / 'ir' / f'{unit}.ll' for unit in units)
  files = ((path.name, path.read_bytes()) for path in texts)
  (FOLDER / name / archive).write_bytes(pack_files(files))
  print(f'{len(records)} records, IR of {len(texts)} files')


if __name__ == '__main__':
  main()
