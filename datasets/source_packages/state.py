"""What a build leaves on disk beside the bitcode: its state and the manifest.

The state of a package has a record for each file, written as soon as it is
known, so that an interrupted build goes on from there; the manifest is what
readers of the bitcode want.
"""

import csv
import dataclasses
import io
import pathlib

from datasets.source_packages import compiling, packages, toolchain
from mirencoder_jax.storage import files, journal

COLUMNS = tuple(
    'path program package version licence language opt_level llvm compiler '
    'flags num_bytes sha256 source'.split()
)


class State:
  """What became of the units of one package, kept in one journal.

  Attributes:
    outcomes: by source.
  """

  def __init__(self, path: pathlib.Path, key: str):
    """Takes up the file if it was made under the same `key`.

    Raises:
      LockedError: if another build is at this package.
    """
    self._journal = journal.Journal(path)
    self.outcomes: dict[str, compiling.Outcome] = {}
    if self._journal.key != key:
      self._journal.begin(key)
    # What stands behind a damaged line is compiled again.
    self._journal.cut_damage()
    for fields in self._journal.records():
      fields['flags'] = tuple(fields['flags'])
      outcome = compiling.Outcome(**fields)
      self.outcomes[outcome.source] = outcome

  def add(self, outcome: compiling.Outcome) -> None:
    """Notes one outcome, at once on disk."""
    self.outcomes[outcome.source] = outcome
    self._journal.append(dataclasses.asdict(outcome))

  def close(self) -> None:
    """Lets go of the file."""
    self._journal.close()


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
