"""Embedding files for a command: progress, and what went wrong, are said."""

import typing

from mirencoder_jax.cli import console, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.inference import encoder as inference
  from mirencoder_jax.inference import vectors as vectors_lib


def embed(
    encoder: 'inference.Encoder',
    files: list[str],
    reader: reading.Reader,
    level: str,
    modality: str,
) -> 'vectors_lib.Vectors':
  """Embeds files, with a bar of progress.

  Raises:
    IRError: if there is one file, and it cannot be read.
  """
  from mirencoder_jax.inference import embedding

  with console.progress(len(files), 'files', reader.is_quiet) as advance:

    def on_program(program):
      reader.tell(program)
      advance()

    found = embedding.embed_files(
        encoder,
        files,
        level=level,
        modality=modality,
        options=reader.compile_options,
        on_program=on_program,
    )
  console.tell_errors(found.errors, len(files))
  console.tell_cut(found.report)
  return found
