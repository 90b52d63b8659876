"""`mirencoder distil`: a table that stands for an encoder."""

import pathlib
from collections.abc import Iterator
from typing import Any

import click

from mirencoder_jax.cli import console, options, reading

_AT_ONCE = 64  # files embedded together
_HELD_OUT = 10  # every so many-th file judges


@options.command(
    examples=('mirencoder distil small my_folder --out small-fast',),
    call='mirencoder_jax.inference.lookup.distil(rows, vectors).save(path)',
)
@click.argument('encoder', metavar='NAME|FOLDER', type=options.FILE)
@click.argument(
    'paths', nargs=-1, required=True, metavar='FILE...', type=options.FILE
)
@click.option(
    '--out',
    required=True,
    type=options.FILE,
    metavar='FOLDER',
    help='gets the table, and a card that says how near it comes',
)
@click.option(
    '--rows',
    'num_rows',
    type=click.IntRange(1),
    default=8192,
    help='of the table (default: 8,192)',
)
@click.option(
    '--counted',
    'num_counted',
    type=click.IntRange(0),
    default=512,
    help='rows that count by their logarithm, too (default: 512)',
)
@click.option(
    '--per-file',
    type=click.IntRange(1),
    default=50,
    help='functions that are taken of a file (default: 50)',
)
@options.sources
def command(
    encoder: str,
    paths: tuple[str, ...],
    out: str,
    num_rows: int,
    num_counted: int,
    per_file: int,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Fit a table to the vectors that an encoder gives to FILEs."""
  import numpy as np

  from mirencoder_jax.inference import encoder as inference
  from mirencoder_jax.inference import lookup

  folder = pathlib.Path(out)
  folder.mkdir(parents=True, exist_ok=True)  # before the work
  teacher = inference.load(encoder)
  files = sorted(reader.find(paths))
  np.random.default_rng(0).shuffle(files)
  errors: dict[str, Any] = {}
  # By whether they judge the table, or are what it is fitted to.
  rows: dict[bool, list] = {False: [], True: []}
  vectors: dict[bool, list] = {False: [], True: []}
  with console.progress(len(files), 'files', reader.is_quiet) as advance:
    for modules in _read(reader, files, per_file, errors, advance):
      for judges, some in modules.items():
        vectors[judges].extend(teacher.encode(some).function_vectors())
        for function in (f for module in some for f in module.functions):
          rows[judges].append(lookup.function_rows(function, num_rows))
  console.tell_errors(errors, len(files))
  if min(map(len, rows.values())) < 2:
    raise console.UsageError(
        f'{console.count(sum(map(len, rows.values())), "function")} of '
        f'{console.count(len(files), "file")} are too few to fit a table and '
        f'to judge it; give more than {_HELD_OUT} files'
    )
  lookup.distil(
      rows[False],
      np.array(vectors[False]),
      num_rows=num_rows,
      num_counted=num_counted,
  ).save(folder / lookup.FILE)
  table = lookup.load(folder / lookup.FILE)
  wanted = np.array(vectors[True])
  mean = wanted.mean(axis=0)
  given, wanted = table.vectors_of(rows[True]) - mean, wanted - mean
  lengths = np.linalg.norm(given, axis=1) * np.linalg.norm(wanted, axis=1)
  cosines = (given * wanted).sum(axis=1) / np.maximum(lengths, 1e-12)
  document = {
      'functions': len(rows[False]),
      'held_out': len(rows[True]),
      'r2': 1 - float(((given - wanted) ** 2).sum() / (wanted**2).sum()),
      'cosine': float(cosines.mean()),
      'bytes': (folder / lookup.FILE).stat().st_size,
      'fingerprint': table.fingerprint,
  }
  said = (
      '{functions:,} functions fitted; of {held_out:,} in files held out the '
      'table explains R² {r2:.3f} of the vectors (cosine of what is over the '
      'mean {cosine:.3f}); {bytes:,} bytes'
  ).format(**document)
  (folder / 'MODEL_CARD.md').write_text(
      _CARD.format(name=folder.name, encoder=encoder, said=said, out=out)
      + f'Fingerprint `{table.fingerprint}`, of the encoder '
      f'`{teacher.fingerprint}`.\n'
  )
  if as_json:
    console.show_json(document)
  else:
    console.show(f'{folder}: {said}')
  return console.PARTLY if errors else console.OK


_CARD = """\
# {name}

A table of what instructions are, fitted to the vectors of `{encoder}` by
`mirencoder distil`: {said}.

```python
import mirencoder_jax as mir
vectors = mir.load({out!r}).embed('kernel.ll')
```

The format, for programs in other languages, is in
`mirencoder_jax/inference/lookup.py`. Its vectors do not compare with those of
the encoder: they have fingerprints of their own. It has the encoder's limits,
and those of the table: an instruction is what it is and what its operands are,
wherever it stands.

"""


def _read(
    reader, files, per_file, errors, advance
) -> Iterator[dict[bool, list[Any]]]:
  """Some modules at a time, with functions that were not seen before.

  Yields:
    Modules by whether they judge: those of every so many-th file.
  """
  seen: set[str] = set()
  for start in range(0, len(files), _AT_ONCE):
    some: dict[bool, list[Any]] = {}
    programs = reader.read_all(files[start : start + _AT_ONCE])
    for number, program in enumerate(programs, start):
      advance()
      if program.module is None:
        errors[program.path] = program.error
        continue
      new = {f.hash: f for f in program.module.functions if f.hash not in seen}
      program.module.functions[:] = list(new.values())[:per_file]
      seen |= {f.hash for f in program.module.functions}
      if program.module.functions:
        some.setdefault(number % _HELD_OUT == 0, []).append(program.module)
    yield some
