"""`embed_files`: from files and folders to `Vectors`."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mirencoder_jax.frontend import program_files
from mirencoder_jax.inference import vectors as vectors_lib
from mirencoder_jax.ir import IRError, source

if TYPE_CHECKING:
  from mirencoder_jax.inference import encoder as inference
  from mirencoder_jax.inference import lookup

# Files that are embedded together: enough to fill packs, few enough that a
# person sees progress.
_FILES_AT_ONCE = 32


def embed_files(
    encoder: 'inference.Encoder | lookup.Lookup',
    paths: Iterable[str | os.PathLike],
    *,
    level: str = 'function',
    modality: str = 'joint',
    options: program_files.CompileOptions | None = None,
    on_program=None,
) -> vectors_lib.Vectors:
  """Embeds IR and source files, and folders of them.

  Args:
    encoder: of `load`.
    paths: files and folders, see `ir.program_files.find`.
    level: `function` or `module`, what gets a row each.
    modality: of `Encoding.function_vectors`.
    options: how to compile sources.
    on_program: is handed each `ir.program_files.Program` when it was read.

  Returns:
    The vectors of all that could be read; `errors` names the rest.
  """
  if level not in vectors_lib.LEVELS:
    raise vectors_lib.VectorsError(
        f'level {level!r} is neither function nor module'
    )
  files = program_files.find(paths)
  parts: list[vectors_lib.Vectors] = []
  waiting: list[program_files.Program] = []
  errors: dict[str, IRError] = {}
  last = len(files) - 1
  for number, program in enumerate(program_files.read_all(files, options)):
    if program.error:
      errors[source.shown(program.path)] = program.error
    else:
      waiting.append(program)
    if waiting and (len(waiting) == _FILES_AT_ONCE or number == last):
      parts.append(_embed(encoder, waiting, level, modality))
      waiting = []
    if on_program:
      on_program(program)
  if waiting:  # the last file could not be read
    parts.append(_embed(encoder, waiting, level, modality))
  width = encoder.widths.get(modality, 0)
  report: dict[str, int] = {}
  for part in parts:
    for key, value in part.report.items():
      report[key] = report.get(key, 0) + value
  return vectors_lib.Vectors(
      vectors=np.concatenate(
          [np.zeros((0, width), np.float32), *(p.vectors for p in parts)]
      ),
      files=[f for p in parts for f in p.files],
      functions=[f for p in parts for f in p.functions],
      num_instructions=np.concatenate(
          [np.zeros(0, np.int32), *(p.num_instructions for p in parts)]
      ),
      level=level,
      modality=modality,
      encoder=encoder.fingerprint,
      errors=errors,
      report=report,
      **{
          name: np.concatenate(
              [np.zeros(0, kind), *(getattr(p, name) for p in parts)]
          )
          for name, kind in vectors_lib.ROW_FLAGS.items()
      },
  )


def _embed(
    encoder: 'inference.Encoder | lookup.Lookup',
    programs: Sequence[program_files.Program],
    level: str,
    modality: str,
) -> vectors_lib.Vectors:
  encoding = encoder.encode([p.module for p in programs if p.module])
  # What files and tables hold is UTF-8.
  paths = [source.shown(program.path) for program in programs]
  if level == 'function':
    vectors = encoding.function_vectors(modality)
    files = [paths[i] for i in encoding.modules]
    functions, sizes = encoding.functions, encoding.num_instructions
    unverified = encoding.unverified[encoding.modules]
    cut_tokens = encoding.cut_tokens
  else:
    vectors = encoding.module_vectors(modality)
    files, functions = paths, [''] * len(paths)
    unverified = encoding.unverified
    sizes, cut_tokens = (
        np.bincount(encoding.modules, counts, len(paths)).astype(np.int32)
        for counts in (encoding.num_instructions, encoding.cut_tokens)
    )
  return vectors_lib.Vectors(
      *(vectors, files, functions, sizes, level, modality, ''),
      report=encoding.report,
      unverified=unverified,
      cut_tokens=cut_tokens,
  )
