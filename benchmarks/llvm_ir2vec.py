"""LLVM's `llvm-ir2vec`: where it is, and a vocabulary as it reads it."""

import json
import pathlib
import shutil
import subprocess
from collections.abc import Callable


def write_vocabulary(
    tool: str, row_of: Callable[[str], list[float]], folder: str
) -> pathlib.Path:
  """Writes a vocabulary as LLVM reads it, of a row for each of its entities."""
  path = pathlib.Path(folder, 'empty.ll')
  path.write_text('define void @f() {\n  ret void\n}\n')
  listed = subprocess.run(
      [tool, 'entities', str(path)], capture_output=True, text=True, check=True
  )
  sections: dict[str, dict[str, list[float]]] = {}
  for line in listed.stdout.splitlines()[1:]:
    entity, _, _ = line.partition('\t')
    section = 'Opcodes'
    if entity.endswith('Ty'):
      section = 'Types'
    elif entity in ('Function', 'Pointer', 'Constant', 'Variable'):
      section = 'Arguments'
    elif entity.startswith(('FCMP_', 'ICMP_')):
      section = 'Predicates'
    sections.setdefault(section, {})[entity] = row_of(entity)
  file = pathlib.Path(folder, 'vocabulary.json')
  file.write_text(json.dumps(sections))
  return file


def find_tool() -> str | None:
  return shutil.which('llvm-ir2vec') or shutil.which('llvm-ir2vec-22')
