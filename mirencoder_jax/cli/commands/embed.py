"""`mirencoder embed`: vectors of files."""

import typing

import click

from mirencoder_jax.cli import console, embedding, options, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.inference import vectors as vectors_lib

_SHOWN = 20  # rows of the table


@options.command(
    examples=(
        'mirencoder embed kernel.ll',
        'mirencoder embed my_folder -o vectors.npz',
        'mirencoder embed kernel.c --opt-level O3 --level module --json',
    ),
    call='mir.embed_files(encoder, paths).save(path)',
)
@options.paths
@click.option(
    *('-o', '--output'),
    type=options.FILE,
    metavar='FILE',
    help='keep the vectors in a .npz or .parquet file',
)
@options.level
@options.modality
@options.checkpoint
@options.sources
def command(
    paths: tuple[str, ...],
    output: str | None,
    level: str,
    modality: str,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Embed IR or source files, or folders of them."""
  from mirencoder_jax.inference import loading
  from mirencoder_jax.inference import vectors as vectors_lib

  if output:
    vectors_lib.check_path(output)  # before the work
  files = reader.find(paths)
  encoder = loading.load(checkpoint)
  found = embedding.embed(encoder, files, reader, level, modality)
  if not len(found):
    raise console.UsageError('no file could be read: nothing to embed')
  if output:
    found.save(output)
    if not reader.is_quiet:
      console.say(_kept(found, output))
  if as_json:
    console.show_json(_document(found, with_vectors=not output))
  elif not output:
    _show(found)
  return console.PARTLY if found.errors else console.OK


def _kept(found: 'vectors_lib.Vectors', path: str) -> str:
  counts = {
      'segments': 'segments of functions that are too long for a pack',
      'unknown_tokens': 'unknown tokens',
  }
  notes = ''.join(
      f'; {found.report[key]:,} {what}'
      for key, what in counts.items()
      if found.report.get(key)
  )
  return (
      f'{len(found):,} vectors of {found.vectors.shape[1]} numbers, one for '
      f'each {found.level}, are in {path}{notes}'
  )


def _document(found: 'vectors_lib.Vectors', with_vectors: bool) -> dict:
  rows = [
      {
          'file': found.files[i],
          'function': found.functions[i] or None,
          'num_instructions': int(found.num_instructions[i]),
          'unverified': bool(found.unverified[i]),
          'cut_tokens': int(found.cut_tokens[i]),
      }
      for i in range(len(found))
  ]
  if with_vectors:
    for row, vector in zip(rows, found.vectors, strict=True):
      row['vector'] = [round(float(x), 6) for x in vector]
  return {
      'level': found.level,
      'modality': found.modality,
      'encoder': found.encoder,
      'rows': rows,
      'errors': console.failures(found.errors),
      'report': found.report,
  }


def _show(found: 'vectors_lib.Vectors') -> None:
  import numpy as np

  from mirencoder_jax.ir import names

  rows = [
      (
          found.files[i],
          names.readable(found.functions[i]) or '(all)',
          int(found.num_instructions[i]),
          ' '.join(f'{x:+.2f}' for x in found.vectors[i, :4]) + ' ...',
      )
      for i in range(min(len(found), _SHOWN))
  ]
  head = ['file', 'function', 'instructions', 'vector']
  if found.cut_tokens.any():  # beside the instructions
    head.insert(3, 'tokens cut')
    rows = [
        (*row[:3], int(found.cut_tokens[i]), *row[3:])
        for i, row in enumerate(rows)
    ]
  console.show_table(head, rows)
  if len(found) > _SHOWN:
    console.show(f'... and {len(found) - _SHOWN:,} more')
  length = float(np.linalg.norm(found.vectors, axis=1).mean())
  console.show(
      f'{console.count(len(found), "vector")} of {found.vectors.shape[1]} '
      f'numbers, mean length {length:.2f}; -o vectors.npz keeps them'
  )
