"""Reading programs for a command: compilers are named, progress is shown."""

import argparse

from mirencoder_jax.cli import console
from mirencoder_jax.frontend import program_files


def compile_options(
    options: argparse.Namespace,
) -> program_files.CompileOptions:
  """How a person wants sources to be compiled."""
  return program_files.CompileOptions(
      compiler=options.compiler,
      opt_level=options.opt_level,
      flags=tuple(options.flag),
      cuda_toolkit=options.cuda_toolkit,
  )


def read(path: str, options: argparse.Namespace) -> program_files.Program:
  """Reads a file, and says with what it was compiled."""
  program = program_files.read(path, compile_options(options))
  tell_compiled(program, options)
  tell_unverified(program)
  return program


def tell_compiled(
    program: program_files.Program, options: argparse.Namespace
) -> None:
  """Says which compiler made IR of a source, with which flags."""
  if program.compiled is None or options.quiet:
    return
  # Of many sources, each compiler and its flags once.
  told = vars(options).setdefault('told', set())
  command = program.compiled.command[:-1]  # without the file
  if command not in told:
    told.add(command)
    console.say(f'compiled {program.compiled}')
  if program.compiled.warnings:
    console.say(program.compiled.warnings)


def tell_unverified(program: program_files.Program) -> None:
  """Says that LLVM refused a text that was read all the same."""
  if program.module is not None and program.module.unverified:
    console.say(
        f'warning: {program.path} was read as it is, because LLVM refused it: '
        f'{program.module.refusal}; its bitcode would be read better'
    )
