"""`mirencoder index`: the vectors of a code base, for `search`."""

import os
from collections.abc import Iterator

import click

from mirencoder_jax.cli import console, embedding, options, reading

# Files between two looks at Ctrl-C, which keeps what was done until then.
_FILES_AT_ONCE = 1000


@options.command(
    examples=(
        'mirencoder index my_folder --out my_index',
        'mirencoder search kernel.ll my_index',
    ),
    call='mir.DiskIndex.create(out, ...).add(vectors)',
)
@options.paths
@click.option(
    '--out',
    required=True,
    type=options.FILE,
    metavar='FOLDER',
    help='the index: made if it is new, else appended to',
)
@options.level
@options.modality
@options.checkpoint
@options.sources
def command(
    paths: tuple[str, ...],
    out: str,
    level: str,
    modality: str,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Index programs, folders or vectors.npz on disk; only what is new costs."""
  from mirencoder_jax.frontend import program_files
  from mirencoder_jax.inference import disk_index, loading
  from mirencoder_jax.inference import vectors as vectors_lib
  from mirencoder_jax.ir import source

  disk_index.check_extra()  # before the work
  saved = [p for p in paths if p.endswith(vectors_lib.SUFFIXES)]
  parts = [vectors_lib.read_vectors(path) for path in saved]
  files = reader.find([path for path in paths if path not in saved])
  encoder = loading.load(checkpoint) if files else None
  if encoder:
    kinds = encoder.fingerprint, modality, level
  else:
    kinds = parts[0].encoder, parts[0].modality, parts[0].level
  index = disk_index.DiskIndex.create(out, *kinds)
  for part in parts:
    index.check_comparable(part.encoder, part.modality, part.level)
  contents = {
      source.shown(file): disk_index.content_of(file)
      for file in files
      # A source's IR depends on more than its text.
      if file.endswith(program_files.IR_SUFFIXES) and os.path.isfile(file)
  }
  new = [
      file
      for file in files
      if not index.is_known(shown := source.shown(file), contents.get(shown))
  ]
  errors: dict[str, Exception] = {}
  code = console.OK

  def embedded() -> Iterator[vectors_lib.Vectors]:
    nonlocal code
    yield from parts
    try:
      for start in range(0, len(new), _FILES_AT_ONCE):
        some = new[start : start + _FILES_AT_ONCE]
        found = embedding.embed(encoder, some, reader, level, modality)
        errors.update(found.errors)
        yield found
    except KeyboardInterrupt:
      code = console.INTERRUPTED

  added = index.add(embedded(), contents)
  document = added._asdict() | {
      'unchanged': added.unchanged + len(files) - len(new),
      'vectors': len(index),
      'bytes': index.num_bytes,
  }
  if as_json:
    document['errors'] = console.failures(errors)
    console.show_json(document)
  else:
    console.show(
        '{new:,} files are new, {changed:,} changed, {unchanged:,} were known; '
        '{vectors:,} vectors, {bytes:,} bytes, are in '.format(**document) + out
    )
  return code or (console.PARTLY if errors else console.OK)
