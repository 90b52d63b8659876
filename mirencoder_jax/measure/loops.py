"""Labels one loop: the cost of every vectorisation on this machine.

Station: the work of `measure loops`, after `loop_source` and `loop_program`,
with `passes`, before `batch` keeps what comes out. One program holds a clone
for each of the 35 configurations and one for the compiler's own choice; what
counts is the processor time of a call.
"""

import dataclasses
import functools
import pathlib
import tempfile
from collections.abc import Collection, Sequence
from typing import Any

from mirencoder_jax.frontend import bounded, compilers
from mirencoder_jax.measure import (
    batch,
    compiler,
    loop_program,
    loop_source,
    passes,
)

FLAGS = (
    '-O3',
    '-march=native',
    '-ffast-math',
    '-falign-functions=64',
    '-fno-asynchronous-unwind-tables',
)
# What the vectoriser sees: loops simplified, nothing widened or unrolled. No
# -march: the text says what the loop computes, not on which machine.
IR_FLAGS = (
    '-ffast-math',
    '-fno-vectorize',
    '-fno-slp-vectorize',
    '-fno-unroll-loops',
    '-fno-ident',
)
# Of width times count, where all 1,024 take too long to compile.
_FEWER_LANES = 64


@dataclasses.dataclass(frozen=True)
class LoopsConfig(passes.PassesConfig):
  """How to compile and to measure.

  Attributes:
    compile_seconds: cap on the processor time of one compilation. A loop that
      reaches it is compiled without the configurations of over 64 lanes.
    flags: of the compiler.
  """

  compile_seconds: int = 20
  flags: tuple[str, ...] = FLAGS


def compile_ir(path: pathlib.Path, clang: compiler.Compiler) -> str:
  """Text of the file's IR, as an encoder reads it.

  Raises:
    IRError: it does not compile.
  """
  compiled = compilers.compile_source(
      path, compiler=clang.found, opt_level='O2', flags=IR_FLAGS, timeout=60
  )
  # What the file is called says nothing about the loop, or too much.
  return compiled.text.replace(str(path), 'loop.c')


def _build(
    path: pathlib.Path,
    source: loop_source.LoopSource,
    clang: compiler.Compiler,
    config: LoopsConfig,
    driver: pathlib.Path,
    folder: pathlib.Path,
    built: Collection[int],
) -> tuple[pathlib.Path, list[int | None], list[tuple[int, int]]]:
  """Binary, first clone of the same code, what the vectoriser made."""
  program = loop_program.build_program(source, built)
  text, assembly = folder / 'clones.c', folder / 'clones.s'
  binary = folder / 'loop'
  text.write_text(program.text)
  done = bounded.run_checked(
      [
          *clang.compile,
          *config.flags,
          '-w',
          '-Rpass=loop-vectorize',
          '-fno-verbose-asm',
          f'-I{passes.FOLDER}',
          f'-I{path.parent.resolve()}',
          '-S',
          str(text),
          '-o',
          str(assembly),
      ],
      cpu_seconds=config.compile_seconds,
  )
  objects = [str(folder / 'clones.o'), str(driver)]
  bounded.run_checked(
      [*clang.compile, '-c', str(assembly), '-o', objects[0]],
      cpu_seconds=config.compile_seconds,
  )
  bounded.run_checked(
      [*clang.link, *objects, '-lm', '-o', str(binary)], cpu_seconds=60
  )
  same = [
      first if index in built else None
      for index, first in enumerate(
          loop_program.find_same_code(assembly.read_text())
      )
  ]
  return binary, same, loop_program.parse_remarks(done.error, program)


def label_loop(
    path: pathlib.Path,
    clang: compiler.Compiler,
    driver: pathlib.Path,
    config: LoopsConfig,
    only: Collection[int] = loop_program.EVERY,
    num_confirming: int = 0,
) -> dict[str, Any]:
  """Compiles and measures one file.

  Args:
    path: the C file; `loop_source` says what is in it.
    clang: the compiler.
    driver: the object of `passes.compile_driver`.
    config: how long to measure.
    only: choices that are measured, beside the first and the compiler's own.
    num_confirming: passes of the best choice and the compiler's own alone.

  Returns:
    The record, which JSON can hold, of `passes.measure` and more: `costs`, the
    seconds of a call in the order of `loop_program.NAMES`, None where a clone
    computed something else or would take too long to compile; `same`, the clone
    that was timed for each, None likewise; `made`, what LLVM made of it;
    `iterations` and `entries` of the loop; `confirmed` of `passes.confirm`.

  Raises:
    SourceError, RunError: the file cannot be labelled.
  """
  source = loop_source.parse_loop(path.read_text(errors='replace'))
  with tempfile.TemporaryDirectory(prefix='loop-') as folder:
    build = functools.partial(
        _build, path, source, clang, config, driver, pathlib.Path(folder)
    )
    only = frozenset(only) | {0, loop_program.COMPILER}
    try:
      binary, same, made = build(only)
    except bounded.TooLongError:
      # The widest clones are by far the longest.
      binary, same, made = build(only & loop_program.within(_FEWER_LANES))
    measured = passes.measure(
        binary,
        sorted({clone for clone in same if clone is not None}),
        config,
        default=same[loop_program.COMPILER],
    )
    costs = passes.least_costs(measured, same)
    measured |= passes.confirm(
        binary, costs, same, loop_program.COMPILER, config, num_confirming
    )
  evaluations, iterations = measured.pop('trips')
  return measured | dict(
      family=source.function.notes.get('family', ''),
      iterations=iterations,
      # Every entry into the loop evaluates its condition once more.
      entries=max(evaluations - iterations, 1),
      costs=costs,
      same=same,
      made=made,
      **(dict(only=sorted(only)) if only != loop_program.EVERY else {}),
  )


def label_files(
    paths: Sequence[pathlib.Path],
    output: pathlib.Path,
    config: LoopsConfig,
    clang: compiler.Compiler,
    only: Collection[int] = loop_program.EVERY,
    num_confirming: int = 0,
    **options,
) -> dict[str, Any]:
  """Labels files, see `label_loop`, with options of `batch.label_files`."""
  header = dict(
      kind='loops',
      compiler=clang.name,
      compiler_version=clang.version,
      choices=loop_program.NAMES,
      **dataclasses.asdict(config),
  )
  with tempfile.TemporaryDirectory(prefix='driver-') as work:
    driver = passes.compile_driver(clang.link, pathlib.Path(work))

    def label(path):
      # First, because what it complains of has the file's own lines.
      text = compile_ir(path, clang)
      record = label_loop(path, clang, driver, config, only, num_confirming)
      return record, text

    return batch.label_files(paths, output, header, label, **options)
