"""`mirencoder embed`: vectors of files."""

import argparse

import numpy as np

from mirencoder_jax.cli import console, reading
from mirencoder_jax.frontend import program_files
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.inference import vectors as vectors_lib

_SHOWN = 20  # rows of the table


def run(options: argparse.Namespace) -> int:
  """Embeds files; prints a table or JSON, and keeps vectors if asked."""
  if options.output:
    vectors_lib.check_path(options.output)  # before the work
  files = program_files.find(options.paths)
  encoder = inference.load(options.checkpoint)
  found = embed(encoder, files, options)
  if len(files) == 1 and found.errors:
    raise found.errors[files[0]]
  console.tell_errors(found.errors, len(files))
  if not len(found):
    raise console.UsageError('no file could be read: nothing to embed')
  if options.output:
    found.save(options.output)
    if not options.quiet:
      console.say(_kept(found, options.output))
  if options.json:
    console.show_json(_document(found, with_vectors=not options.output))
  elif not options.output:
    _show(found)
  return console.PARTLY if found.errors else console.OK


def embed(
    encoder: inference.Encoder, files: list[str], options: argparse.Namespace
) -> vectors_lib.Vectors:
  """Embeds files with a bar of progress."""
  with console.progress(len(files), 'file', options.quiet) as bar:

    def on_program(program):
      reading.tell_compiled(program, options)
      reading.tell_unverified(program)
      bar.update()

    return vectors_lib.embed_files(
        encoder,
        files,
        level=getattr(options, 'level', 'function'),
        modality=options.modality,
        options=reading.compile_options(options),
        on_program=on_program,
    )


def _kept(found: vectors_lib.Vectors, path: str) -> str:
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


def _document(found: vectors_lib.Vectors, with_vectors: bool) -> dict:
  rows = [
      {
          'file': found.files[i],
          'function': found.functions[i] or None,
          'num_instructions': int(found.num_instructions[i]),
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
      'errors': [
          {'file': path, 'message': console.sentence(error)}
          for path, error in found.errors.items()
      ],
      'report': found.report,
  }


def _show(found: vectors_lib.Vectors) -> None:
  rows = [
      (
          found.files[i],
          found.functions[i] or '(all)',
          int(found.num_instructions[i]),
          ' '.join(f'{x:+.2f}' for x in found.vectors[i, :4]) + ' ...',
      )
      for i in range(min(len(found), _SHOWN))
  ]
  console.show(
      console.table(('file', 'function', 'instructions', 'vector'), rows)
  )
  if len(found) > _SHOWN:
    console.show(f'... and {len(found) - _SHOWN:,} more')
  length = float(np.linalg.norm(found.vectors, axis=1).mean())
  console.show(
      f'{console.count(len(found), "vector")} of {found.vectors.shape[1]} '
      f'numbers, mean length {length:.2f}; -o vectors.npz keeps them'
  )
