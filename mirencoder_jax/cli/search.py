"""`mirencoder search`: nearest functions of a corpus."""

import argparse
import dataclasses
import difflib
import pathlib

from mirencoder_jax.cli import console
from mirencoder_jax.cli import embed as embed_command
from mirencoder_jax.frontend import program_files
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.inference import search as search_lib
from mirencoder_jax.inference import vectors as vectors_lib


def run(options: argparse.Namespace) -> int:
  """Finds what is nearest to each function of the query."""
  if options.hits < 1:
    raise console.UsageError(f'--hits is {options.hits}; ask for at least 1')
  path, function = _parts(options.query)
  files = program_files.find([path])
  is_folder = pathlib.Path(options.corpus).is_dir()
  corpus = None if is_folder else vectors_lib.read_vectors(options.corpus)
  encoder = inference.load(options.checkpoint)
  if corpus is None:
    folder = program_files.find([options.corpus])
    corpus = embed_command.embed(encoder, folder, options)
    console.tell_errors(corpus.errors, len(folder))
  options.level = corpus.level
  queries = embed_command.embed(encoder, files, options)
  if len(files) == 1 and queries.errors:
    raise queries.errors[files[0]]
  console.tell_errors(queries.errors, len(files))
  if function:
    queries = _only(queries, function)
  if not len(queries):
    raise console.UsageError(f'nothing of {path} could be read')
  index = search_lib.Index(corpus, options.approximate or None)
  hits = index.search(queries, options.hits)
  if options.json:
    console.show_json(_document(queries, corpus, hits, index.is_exact))
  else:
    for row, found in enumerate(hits):
      console.show(f'{queries.label(row)}')
      lines = [
          (hit.similarity, corpus.functions[hit.row], corpus.files[hit.row])
          for hit in found
      ]
      shown = console.table(('similarity', 'function', 'file'), lines)
      console.show('  ' + shown.replace('\n', '\n  '))
  return console.PARTLY if queries.errors else console.OK


def _parts(query: str) -> tuple[str, str]:
  """`FILE:FUNCTION` as its parts; a file may have a colon in its name."""
  path, colon, function = query.rpartition(':')
  if colon and not pathlib.Path(query).exists():
    return path, function
  return query, ''


def _only(queries: vectors_lib.Vectors, function: str) -> vectors_lib.Vectors:
  rows = [i for i, name in enumerate(queries.functions) if name == function]
  if not rows:
    near = difflib.get_close_matches(function, queries.functions, 3, 0.5)
    names = ', '.join(near or queries.functions[:8])
    raise console.UsageError(
        f'no function of the query is called {function!r}; there are {names}'
    )
  return dataclasses.replace(
      queries,
      vectors=queries.vectors[rows],
      files=[queries.files[i] for i in rows],
      functions=[queries.functions[i] for i in rows],
      num_instructions=queries.num_instructions[rows],
  )


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
