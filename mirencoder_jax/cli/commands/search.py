"""`mirencoder search`: nearest functions of a corpus."""

import difflib
import os
import typing

import click

from mirencoder_jax.cli import console, embedding, options, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.inference import vectors as vectors_lib


@options.command(
    examples=(
        'mirencoder embed my_folder -o corpus.npz',
        'mirencoder search kernel.ll corpus.npz',
        'mirencoder search kernel.ll:saxpy corpus.npz --hits 5',
    ),
    call='mir.Index(mir.read_vectors(corpus)).search(queries)',
)
@click.argument('query', metavar='FILE[:FUNCTION]', type=options.FILE)
@click.argument('corpus', metavar='CORPUS', type=options.FILE)
@click.option(
    '--hits', type=int, default=10, metavar='N', help='of each (default: 10)'
)
@click.option(
    '--approximate',
    is_flag=True,
    help='with an index of faiss, for millions of functions',
)
@options.modality
@options.checkpoint
@options.sources
def command(
    query: str,
    corpus: str,
    hits: int,
    approximate: bool,
    modality: str,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Find the nearest functions of CORPUS, a folder or what `embed -o` wrote."""
  del is_quiet
  from mirencoder_jax.inference import encoder as inference
  from mirencoder_jax.inference import search as search_lib
  from mirencoder_jax.inference import vectors as vectors_lib
  from mirencoder_jax.ir import names

  if hits < 1:
    raise console.UsageError(f'--hits is {hits}; ask for at least 1')
  if approximate:
    search_lib.check_approximate()  # before the work
  path, function = _parts(query)
  files = reader.find([path])
  is_folder = os.path.isdir(corpus)
  known = None if is_folder else vectors_lib.read_vectors(corpus)
  encoder = inference.load(checkpoint)
  if known is None:
    folder = reader.find([corpus])
    known = embedding.embed(encoder, folder, reader, 'function', modality)
  queries = embedding.embed(encoder, files, reader, known.level, modality)
  if function:
    queries = _only(queries, function)
  if not len(queries):
    raise console.UsageError(f'nothing of {path} could be read')
  index = search_lib.Index(known, approximate or None)
  found = index.search(queries, hits)
  if as_json:
    console.show_json(_document(queries, known, found, index.is_exact))
  else:
    for row, nearest in enumerate(found):
      file, name = queries.files[row], queries.functions[row]
      console.show(':'.join(filter(None, (file, names.readable(name)))))
      console.show_table(
          ('similarity', 'function', 'file'),
          [
              (
                  hit.similarity,
                  names.readable(known.functions[hit.row]),
                  known.files[hit.row],
              )
              for hit in nearest
          ],
      )
  return console.PARTLY if queries.errors else console.OK


def _parts(query: str) -> tuple[str, str]:
  """`FILE:FUNCTION` as its parts; a file may have a colon in its name."""
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


def _document(queries, corpus, hits, is_exact) -> dict:
  return {
      'is_exact': is_exact,
      'queries': [
          {
              'file': queries.files[row],
              'function': queries.functions[row] or None,
              'hits': [
                  {
                      'file': corpus.files[hit.row],
                      'function': corpus.functions[hit.row] or None,
                      'similarity': console.finite(hit.similarity),
                  }
                  for hit in found
              ],
          }
          for row, found in enumerate(hits)
      ],
  }
