"""Compiles a program with counters, runs it, reads how its branches went.

Station: between the programs that `branches` finds and the labels that it
keeps. Each unit becomes IR after `sroa, early-cse, simplifycfg`; that IR is
what is instrumented, what `!prof` is written to, and what a reader gets, so
that every branch that is there was counted.
"""

import dataclasses
import os
import pathlib
import re
from typing import Any, NamedTuple

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.frontend import bounded
from mirencoder_jax.frontend.compile_database import Unit
from mirencoder_jax.ir import IRError, branches
from mirencoder_jax.measure import branch_counts, llvm_guess
from mirencoder_jax.measure.profile_tools import Tools

PASSES = 'function(sroa,early-cse,simplifycfg)'
# No -march of the machine: counts do not hang on it. -w: warnings are others'.
_FLAGS = (
    *('-O2', '-Xclang', '-disable-llvm-passes', '-g0', '-fno-ident', '-w'),
    *('-fno-lto', '-S', '-emit-llvm'),
)
# Of a temporary folder.
_MODULE_ID = re.compile(r'^; ModuleID = .*$', re.MULTILINE)
_SOURCE_NAME = re.compile(r'^source_filename = .*$', re.MULTILINE)
_INTERNAL = re.compile(
    r'^define [^@\n]*\b(?:internal|private)\b[^@\n]*@(\S+?)\(', re.MULTILINE
)
_CXX = ('.cc', '.cpp', '.cxx', '.C', '.c++')
# What LLVM may find wrong with one unit.
_ERRORS = (IRError, bounded.RunError)


@dataclasses.dataclass(frozen=True)
class Program:
  """What is linked to one executable and run.

  Attributes:
    name: of it; unique.
    family: what belongs together, '' for nothing.
    units: its sources.
    run: words that run it; `{program}` in them is the executable.
    folder: to run it in, '' for an empty one.
    flags: for its compilation, behind each unit's own.
    link: for its linking, such as `-lm`.
  """

  name: str
  family: str
  units: tuple[Unit, ...]
  run: tuple[str, ...] = ('{program}',)
  folder: str = ''
  flags: tuple[str, ...] = ()
  link: tuple[str, ...] = ('-lm',)


@dataclasses.dataclass(frozen=True)
class BranchesConfig:
  """Bounds of what may hang.

  Attributes:
    run_seconds: of processor time, for the run.
    compile_seconds: likewise, for each step of a unit.
    memory_mb: of the run.
    any_exit: whether a run that ends with another code than 0 counts.
  """

  run_seconds: int = 20
  compile_seconds: int = 60
  memory_mb: int = 4096
  any_exit: bool = False


class _Built(NamedTuple):
  name: str  # of the unit
  ir: pathlib.Path | None  # prepared; None where only the object was made
  object: pathlib.Path


def unit_names(program: Program) -> list[str]:
  """What each unit is called, whatever folder of a machine it is in.

  The program's name, and of several units the path below the folder that they
  share, without suffix.
  """
  if len(program.units) == 1:
    return [program.name]
  paths = [unit.path for unit in program.units]
  shared = pathlib.Path(*os.path.commonprefix([p.parent.parts for p in paths]))
  names = [str(p.relative_to(shared).with_suffix('')) for p in paths]
  if len(set(names)) < len(names):  # a.c and a.cpp
    names = [str(p.relative_to(shared)) for p in paths]
  return [f'{program.name}__{name.replace("/", "__")}' for name in names]


class _Builder:
  """One program on its way to labels."""

  def __init__(self, program, tools: Tools, config, folder: pathlib.Path):
    self._program = program
    self._tools = tools
    self._config = config
    self._folder = folder
    self.failed: dict[str, str] = {}

  def _call(self, words, folder=None) -> str:
    bounds = bounded.Bounds(
        self._config.compile_seconds,
        memory_mb=None,
        wait_seconds=10 * self._config.compile_seconds,
    )
    return bounded.run(list(map(str, words)), bounds, folder=folder).checked()

  def build(self) -> list[_Built]:
    built = []
    names = unit_names(self._program)
    for number, (unit, name) in enumerate(
        zip(self._program.units, names, strict=True)
    ):
      made = self._build_unit(unit, name, self._folder / f'{number}.ll')
      if made is not None:
        built.append(made)
    return built

  def _build_unit(self, unit: Unit, name: str, out: pathlib.Path):
    """Prepares and instruments a unit; the object of one that LLVM refuses."""
    flags = (*unit.flags, *self._program.flags)
    base = [self._tools.clang, *flags]
    instrumented, made = out.with_suffix('.instr.ll'), out.with_suffix('.o')
    try:
      self._call([*base, *_FLAGS, unit.file, '-o', out], unit.directory)
      # Where it stood on this machine is nobody's to know.
      text = out.read_text(errors='surrogateescape')
      text = _SOURCE_NAME.sub(
          lambda _: f'source_filename = "{name}"', text, count=1
      )
      out.write_text(text, errors='surrogateescape')
      opt = self._tools.opt
      self._call([opt, f'-passes={PASSES}', '-S', out, '-o', out])
      self._call(
          [opt, '-passes=pgo-instr-gen,instrprof', '-S', out]
          + ['-o', instrumented]
      )
      self._call(
          [self._tools.clang, '-w', '-O1', '-c', instrumented, '-o', made]
      )
      return _Built(name, out, made)
    except _ERRORS as error:
      self.failed[name] = _first_line(error)
    try:  # the others can still be counted if the program links
      self._call(
          [*base, '-O1', '-w', '-c', unit.file, '-o', made], unit.directory
      )
      return _Built(name, None, made)
    except _ERRORS:
      return None

  def run(self, built: list[_Built]) -> pathlib.Path:
    """Links and runs; the merged profile."""
    program, profile = self._folder / 'program', self._folder / 'merged'
    is_cxx = any(u.file.endswith(_CXX) for u in self._program.units)
    linker = self._tools.clangxx if is_cxx else self._tools.clang
    try:
      self._call(
          [linker, '-fprofile-generate', *(b.object for b in built)]
          + [*self._program.link, '-o', program]
      )
    except bounded.RunError as error:
      raise bounded.RunError(f'does not link: {_first_line(error)}') from None
    empty = self._folder / 'run'
    empty.mkdir()
    raw = self._folder / 'raw'
    raw.mkdir()
    done = bounded.run(
        [word.replace('{program}', str(program)) for word in self._program.run],
        bounded.Bounds(
            self._config.run_seconds,
            self._config.memory_mb,
            10 * self._config.run_seconds,
        ),
        folder=self._program.folder or empty,
        environment={'LLVM_PROFILE_FILE': f'{raw}/%p.profraw'},
    )
    if not (self._config.any_exit and done.problem.startswith('exit')):
      try:
        done.checked()
      except bounded.RunError as error:
        raise bounded.RunError(f'run: {error}') from None
    found = sorted(raw.iterdir())
    if not found:
      raise bounded.RunError(
          'run: no profile was written; the program has to end by `exit` or a '
          'return from `main`'
      )
    self._call([self._tools.profdata, 'merge', *found, '-o', profile])
    return profile

  def read(self, built: _Built, profile: pathlib.Path):
    """Functions of a unit with counts and guesses, and its IR."""
    opt, counted = self._tools.opt, built.ir.with_suffix('.use.ll')
    self._call(
        [opt, '-passes=pgo-instr-use', f'-pgo-test-profile-file={profile}']
        + ['-S', built.ir, '-o', counted]
    )
    text = built.ir.read_text(errors='surrogateescape')
    text = _MODULE_ID.sub(f"; ModuleID = '{built.name}'", text, count=1)
    module = ir_lib.read_module(built.ir, built.name)
    counts = branch_counts.read_counts(counted.read_text(errors='replace'))
    guesses = llvm_guess.guess(opt, built.ir, module.functions)
    internal = {symbol.strip('"') for symbol in _INTERNAL.findall(text)}
    functions = []
    for function in module.functions:
      found = counts[function.name]
      number = len(branches.conditional_branches(function))
      if len(found.branches) != number:
        raise IRError(
            f'{function.name}: {len(found.branches)} branches after the run '
            f'was read, {number} before'
        )
      functions.append(
          dict(
              symbol=function.name,
              unit=built.name,
              hash=function.hash,
              internal=function.name in internal,
              entries=found.entries,
              branches=[list(pair) for pair in found.branches],
              guesses=[list(guess) for guess in guesses[function.name]],
          )
      )
    return functions, text


def _first_line(error: Exception) -> str:
  text = getattr(error, 'message', None) or str(error)
  return text.strip().splitlines()[0][:300] if text.strip() else repr(error)


def merge_functions(functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
  """One entry for each distinct code of a program that was entered.

  Copies under one symbol in several units (inline functions) share counters;
  functions of equal code under other symbols, or internal ones, do not and are
  added up.
  """
  merged: dict[str, dict[str, Any]] = {}
  seen = set()
  for function in functions:
    unit = function['unit'] if function['internal'] else ''
    key = (function['symbol'], unit)
    if key in seen or not function['entries']:
      continue
    seen.add(key)
    entry = {k: v for k, v in function.items() if k != 'internal'}
    before = merged.setdefault(function['hash'], entry)
    if before is not entry:
      before['entries'] += entry['entries']
      before['branches'] = [
          [a + c, b + d]
          for (a, b), (c, d) in zip(
              before['branches'], entry['branches'], strict=True
          )
      ]
  return list(merged.values())


def label_program(
    program: Program, tools: Tools, config: BranchesConfig, folder: pathlib.Path
) -> tuple[dict[str, Any], dict[str, str]]:
  """Compiles, runs and counts one program.

  Args:
    program: what to run.
    tools: of `find_tools`.
    config: its bounds.
    folder: an empty one, for what is made on the way.

  Returns:
    The record: `family`; `num_units`; `failed_units`, name -> why; `functions`,
    those that were entered, each with `symbol`, `unit`, `hash`, `entries`,
    `branches` (times true, times false) and `guesses` (LLVM's probability of
    true, LLVM's frequency of the block); numbers of functions and branches, and
    of those not reached. And the IR of each unit.

  Raises:
    RunError: it does not link, run or end.
  """
  builder = _Builder(program, tools, config, folder)
  built = builder.build()
  if not any(unit.ir for unit in built):
    name, reason = next(iter(builder.failed.items()))
    raise bounded.RunError(f'no unit could be read; {name}: {reason}')
  profile = builder.run(built)
  functions: list[dict[str, Any]] = []
  texts = {}
  for unit in built:
    if unit.ir is None:
      continue
    try:
      found, texts[unit.name] = builder.read(unit, profile)
      functions += found
    except _ERRORS as error:
      builder.failed[unit.name] = _first_line(error)
  kept = merge_functions(functions)
  branches = [pair for f in kept for pair in f['branches']]
  return (
      dict(
          family=program.family,
          num_units=len(program.units),
          failed_units=builder.failed,
          num_functions=len({f['hash'] for f in functions}),
          num_branches=len(branches),
          num_reached=sum(sum(pair) > 0 for pair in branches),
          functions=kept,
      ),
      texts,
  )
