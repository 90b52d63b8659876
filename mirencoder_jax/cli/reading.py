"""Reading programs for a command: compilers are named, doubts are said."""

import typing
from collections.abc import Iterable
from typing import Any

from mirencoder_jax.cli import console

if typing.TYPE_CHECKING:
  from mirencoder_jax.frontend import program_files


class Reader:
  """Reads programs as a person wants them compiled, and says what it did.

  Attributes:
    is_quiet: whether compilers are not named.
  """

  def __init__(self, options: dict[str, Any], is_quiet: bool):
    """`options` are fields of `program_files.CompileOptions`."""
    self.is_quiet = is_quiet
    self._options = options
    self._told: set[tuple[str, ...]] = set()

  @property
  def compile_options(self) -> 'program_files.CompileOptions':
    from mirencoder_jax.frontend import program_files

    return program_files.CompileOptions(**self._options)

  def find(self, paths: Iterable[str]) -> list[str]:
    """The files that paths mean; says what was left in folders."""
    from mirencoder_jax.frontend import program_files

    for left in program_files.left_in(paths):
      if left.sources:
        console.say(
            f'{left.folder}: took its IR and left '
            f'{console.count(len(left.sources), "source")} '
            f'({_some(left.sources)}); name them to have them compiled'
        )
      if left.special:
        console.say(
            f'{left.folder}: left what is no file: {_some(left.special)}'
        )
    return program_files.find(paths)

  def read(self, path: str) -> 'program_files.Program':
    """Reads a file, and says with what it was compiled."""
    from mirencoder_jax.frontend import program_files

    program = program_files.read(path, self.compile_options)
    self.tell(program)
    return program

  def read_all(self, paths: list[str]) -> list['program_files.Program']:
    """Reads files; those that cannot be read have an `error`."""
    from mirencoder_jax.frontend import program_files

    programs = []
    for program in program_files.read_all(paths, self.compile_options):
      self.tell(program)
      programs.append(program)
    return programs

  def tell(self, program: 'program_files.Program') -> None:
    """Says how a program was compiled, and that LLVM refused its text."""
    self._tell_compiled(program)
    if program.module is not None and program.module.unverified:
      console.say(
          f'warning: {program.path} was read as it is, because LLVM refused '
          f'it: {program.module.refusal}; its bitcode would be read better'
      )

  def _tell_compiled(self, program: 'program_files.Program') -> None:
    if program.compiled is None or self.is_quiet:
      return
    # Of many sources, each compiler and its flags once.
    command = program.compiled.command[:-1]  # without the file
    if command not in self._told:
      self._told.add(command)
      console.say(f'compiled {program.compiled}')
    if program.compiled.warnings:
      console.say(program.compiled.warnings)


def _some(paths: list[str]) -> str:
  more = f', and {len(paths) - 3} more' if len(paths) > 3 else ''
  return ', '.join(paths[:3]) + more
