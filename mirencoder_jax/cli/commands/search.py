"""`mirencoder search`: nearest functions of a corpus."""

import difflib
import os
import typing

import click

from mirencoder_jax.cli import console, embedding, options, program, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.inference import vectors as vectors_lib


@options.command(
    examples=(
        'mirencoder embed my_folder -o corpus.npz',
        'mirencoder search kernel.ll corpus.npz',
        'mirencoder search kernel.ll:saxpy corpus.npz --hits 5',
        'mirencoder index my_folder --out my_index',
        'mirencoder search kernel.ll my_index',
    ),
    call='mir.Index(mir.read_vectors(corpus)).search(queries), or '
    'mir.DiskIndex(corpus)',
)
@click.argument('query', metavar='FILE[:FUNCTION]', type=options.FILE)
@click.argument('corpus', metavar='CORPUS', type=options.FILE)
@click.option(
    '--hits', type=int, default=10, metavar='N', help='of each (default: 10)'
)
@click.option(
    '--exact',
    is_flag=True,
    help='look at every row of an index, not along its graph',
)
@options.modality
@options.checkpoint
@options.sources
def command(
    query: str,
    corpus: str,
    hits: int,
    exact: bool,
    modality: str,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Find nearest functions of CORPUS: a folder, vectors.npz, or an index."""
  from mirencoder_jax.inference import disk_index, loading
  from mirencoder_jax.inference import search as search_lib
  from mirencoder_jax.inference import vectors as vectors_lib
  from mirencoder_jax.ir import names

  if hits < 1:
    raise console.UsageError(f'--hits is {hits}; ask for at least 1')
  path, function = _parts(query)
  files = reader.find([path])
  known, level = None, 'function'
  if is_index := disk_index.is_index(corpus):
    known = disk_index.DiskIndex(corpus)
  elif not os.path.isdir(corpus):
    known = search_lib.Index(vectors_lib.read_vectors(corpus))
  encoder = loading.load(checkpoint)
  if known is None:
    folder = reader.find([corpus])
    known = search_lib.Index(
        embedding.embed(encoder, folder, reader, level, modality)
    )
  queries = embedding.embed(encoder, files, reader, known.level, modality)
  if function:
    queries = _only(queries, function)
  if not len(queries):
    raise console.UsageError(f'nothing of {path} could be read')
  if isinstance(known, disk_index.DiskIndex):
    found = known.search(queries, hits, exact=exact)
  else:
    found = known.search(queries, hits)
  if as_json:
    console.show_json(_document(queries, found, exact or not is_index))
  else:
    for row, nearest in enumerate(found):
      file, name = queries.files[row], queries.functions[row]
      console.show(':'.join(filter(None, (file, names.readable(name)))))
      table = [
          (hit.similarity, names.readable(hit.function), hit.file)
          for hit in nearest
      ]
      head = ('similarity', 'function', 'file')
      if any(hit.cut_tokens for hit in nearest):
        head += ('tokens cut',)
        table = [
            (*line, hit.cut_tokens)
            for line, hit in zip(table, nearest, strict=True)
        ]
      console.show_table(head, table)
  return console.PARTLY if queries.errors else console.OK


def _parts(query: str) -> tuple[str, str]:
  """`FILE:FUNCTION` as its parts; a file may have a colon in its name."""
  if query.startswith(f'{program.STDIN}:'):
    return '-', query.partition(':')[2]
  if os.path.exists(query):
    return query, ''
  # A function may have colons too: of C++ and Rust, `a.ll:std::sort`.
  for place in (i for i, letter in enumerate(query) if letter == ':'):
    path, function = query[:place], query[place + 1 :]
    if path == '-' or os.path.exists(path):
      return path, function
  path, colon, function = query.rpartition(':')
  return (path, function) if colon else (query, '')


def _only(
    queries: 'vectors_lib.Vectors', function: str
) -> 'vectors_lib.Vectors':
  from mirencoder_jax.ir import names

  wanted = names.find(function, queries.functions)
  rows = [i for i, name in enumerate(queries.functions) if name in wanted]
  if not rows:
    there = [names.readable(name) for name in queries.functions]
    near = difflib.get_close_matches(function, there, 3, 0.5)
    raise console.UsageError(
        f'no function of the query is called {function!r}; there are '
        f'{", ".join(near or there[:8])}'
    )
  return queries.select(rows)


def _document(queries, hits, is_exact) -> dict:
  return {
      'is_exact': is_exact,
      'queries': [
          {
              'file': queries.files[row],
              'function': queries.functions[row] or None,
              'hits': [
                  {
                      'file': hit.file,
                      'function': hit.function or None,
                      'similarity': console.finite(hit.similarity),
                      'cut_tokens': hit.cut_tokens,
                  }
                  for hit in found
              ],
          }
          for row, found in enumerate(hits)
      ],
  }
