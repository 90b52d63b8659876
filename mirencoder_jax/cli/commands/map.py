"""`mirencoder map`: vectors as a page that one can walk through."""

import click

from mirencoder_jax.cli import console, options


@options.command(
    examples=(
        'mirencoder embed my_folder -o vectors.npz',
        'mirencoder map vectors.npz --html map.html',
    ),
    call='mirencoder_jax.pages.map_page.to_html(...)',
)
@click.argument('vectors', metavar='VECTORS', type=options.FILE)
@click.option(
    '--html',
    required=True,
    type=options.FILE,
    metavar='FILE',
    help='the page: one file, no network',
)
@click.option(
    '--method',
    type=options.Choice(('tsne', 'pca')),
    help='how points are placed (default: tsne up to 5,000 of them, then pca)',
)
@click.option(
    '--lines',
    is_flag=True,
    help="read the files of IR again, for lines of their source ('-g')",
)
def command(
    vectors: str,
    html: str,
    method: str | None,
    lines: bool,
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Draw a map of VECTORS: functions by package, level and cluster."""
  import pathlib

  import numpy as np

  from mirencoder_jax.inference import projection
  from mirencoder_jax.inference import vectors as vectors_lib
  from mirencoder_jax.ir import names
  from mirencoder_jax.pages import map_page
  from mirencoder_jax.storage import files

  known = vectors_lib.read_vectors(vectors)
  rows = np.flatnonzero(np.isfinite(known.vectors).all(axis=1))
  if not len(rows):
    raise console.UsageError(f'{vectors} has no vectors to draw')
  known = known.select(rows.tolist())
  if num_cut := int(np.count_nonzero(known.cut_tokens)):
    cut = f', {num_cut:,} of them without tokens that were cut'
  else:
    cut = ''
  cluster = projection.clusters(known.vectors)
  page = map_page.to_html(
      pathlib.Path(vectors).name,
      projection.place(known.vectors, method),
      known.files,
      [names.readable(name) for name in known.functions],
      projection.neighbours(known.vectors),
      {
          'package': projection.packages(known.files),
          'level': projection.levels(known.files),
          'cluster': [f'{number + 1}' for number in cluster.tolist()],
      },
      lines=_lines(known) if lines else None,
      about=f'{len(known):,} {known.level}s, {known.vectors.shape[1]} numbers '
      f'each, {known.modality}{cut}',
  )
  with files.writing(html) as aside:
    aside.write_text(page, encoding='utf-8')
  if as_json:
    console.show_json({'html': html, 'points': len(known)})
  elif not is_quiet:
    console.say(f'wrote {html}: {console.count(len(known), "point")}{cut}')
  return console.OK


def _lines(vectors) -> list[int]:
  """The first line of each function; 0 where its file does not say."""
  from mirencoder_jax.frontend import program_files
  from mirencoder_jax.ir import IRError, debug_lines

  found = [0] * len(vectors)
  for file, mine in vectors.rows_by_file().items():
    if not file.endswith(program_files.IR_SUFFIXES):
      continue
    try:
      known = debug_lines.read_source_lines(file)
    except (IRError, OSError):
      continue
    if len(known) == len(mine):  # else it is not what was embedded
      for row, lines in zip(mine, known, strict=True):
        found[row] = int(lines[lines > 0].min(initial=2**31 - 1))
  return [0 if line == 2**31 - 1 else line for line in found]
