"""What a build leaves on disk beside the bitcode: its state and the manifest.

Station in the flow of `source_packages`: under `build`. The state of a package
has a line for each file, written as soon as it is known, so that an interrupted
build goes on from there; the manifest is what readers of the bitcode want.
"""

import csv
import dataclasses
import io
import json
import pathlib

from datasets.source_packages import compiling, packages, toolchain
from mirencoder_jax.storage import files

COLUMNS = (
    'path',
    'program',
    'package',
    'version',
    'licence',
    'language',
    'opt_level',
    'llvm',
    'compiler',
    'flags',
    'num_bytes',
    'sha256',
    'source',
)


class State:
  """What became of the units of one package, kept in one file of lines.

  Attributes:
    outcomes: by source.
  """

  def __init__(self, path: pathlib.Path, key: str):
    """Takes up the file if it was made under the same `key`."""
    self._path = path
    self.outcomes: dict[str, compiling.Outcome] = {}
    lines = []
    if path.exists():
      lines = path.read_text(encoding='utf-8').splitlines()
    if lines and lines[0] == key:
      for line in lines[1:]:
        try:
          fields = json.loads(line)
        except json.JSONDecodeError:
          continue  # the line that a kill cut
        fields['flags'] = tuple(fields['flags'])
        outcome = compiling.Outcome(**fields)
        self.outcomes[outcome.source] = outcome
    self._write(key)

  def _write(self, key: str) -> None:
    """The file anew, so that no cut line stays in it."""
    self._path.parent.mkdir(parents=True, exist_ok=True)
    lines = [key, *(_line(outcome) for outcome in self.outcomes.values())]
    with files.writing(self._path) as scratch:
      scratch.write_text('\n'.join(lines) + '\n', encoding='utf-8')

  def add(self, outcome: compiling.Outcome) -> None:
    """Notes one outcome, at once on disk."""
    self.outcomes[outcome.source] = outcome
    with self._path.open('a', encoding='utf-8') as file:
      file.write(_line(outcome) + '\n')


def _line(outcome: compiling.Outcome) -> str:
  return json.dumps(dataclasses.asdict(outcome))


def manifest_row(
    package: packages.Package,
    outcome: compiling.Outcome,
    tools: toolchain.Toolchain,
) -> tuple[str, ...]:
  """The row of `manifest.csv` for a file that was compiled."""
  compiler, llvm = tools.compiler(outcome.language)
  return (
      f'bc/{package.name}/{outcome.source}.bc',
      package.name,
      package.name,
      package.version,
      outcome.licence,
      outcome.language,
      toolchain.opt_level(outcome.language),
      llvm,
      compiler,
      ' '.join(outcome.flags),
      str(outcome.num_bytes),
      outcome.sha256,
      outcome.source,
  )


def write_manifest(folder: pathlib.Path, rows: list[tuple[str, ...]]) -> None:
  """Writes `manifest.csv`, all or nothing, sorted by path."""
  text = io.StringIO(newline='')
  writer = csv.writer(text, lineterminator='\n')
  writer.writerows([COLUMNS, *sorted(rows)])
  with files.writing(folder / 'manifest.csv') as scratch:
    scratch.write_text(text.getvalue(), encoding='utf-8')
