"""Flags by file, as builds take them."""

import json
import pathlib
from collections.abc import Sequence

from mirencoder_jax.tuning.size import Tuned


def as_cmake(found: Sequence[Tuned], root: pathlib.Path) -> str:
  """Lines for a CMakeLists.txt: what each source gets beside its flags.

  Args:
    found: of each unit.
    root: folder of the CMakeLists.txt, which paths are relative to.
  """
  lines = ['# Beside -Oz; made by `mirencoder tune`.']
  for tuned in found:
    if not tuned.choice:
      continue
    path = pathlib.Path(tuned.path)
    if path.is_relative_to(root):
      path = path.relative_to(root)
    lines += [
        f'set_source_files_properties({json.dumps(str(path))} PROPERTIES',
        f'    COMPILE_OPTIONS "{";".join(tuned.words)}")',
    ]
  return '\n'.join(lines) + '\n'
