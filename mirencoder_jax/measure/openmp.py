"""Labels parallel regions: threads, schedule and chunk on this machine.

Station: the work of `measure openmp`. A file is as `function_source` says, with
one function that holds OpenMP pragmas; its loops say `schedule(runtime)`, which
is what is varied, and none says `num_threads`:

    // n = 1000000
    // x = float[1000000] uniform(-1, 1)
    // y = float[1000000] constant(0)

    void axpy(int n, const float *restrict x, float *restrict y) {
      #pragma omp parallel for schedule(runtime)
      for (int i = 0; i < n; ++i) y[i] += 2.0f * x[i];
    }

One program tries all choices in turn, so that no process is started between
two timings. What counts is time on the clock, as it must with threads: measure
on a machine that does nothing else. It takes a compiler that links OpenMP: gcc,
or clang with its libomp. The `ziglang` wheel has no libomp.
"""

import dataclasses
import pathlib
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Sequence
from typing import Any

from mirencoder_jax.frontend import bounded, compilers
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    batch,
    function_source,
    loop_program,
    passes,
)
from mirencoder_jax.measure.source_settings import SourceError
from mirencoder_jax.storage import machine

SCHEDULES = ('static', 'dynamic', 'guided')
# 0 leaves the chunk to the schedule.
CHUNKS = (0, 1, 8, 64, 512)
FLAGS = ('-O3', '-march=native', '-fopenmp')
_IR_FLAGS = ('-fopenmp', '-fno-vectorize', '-fno-slp-vectorize', '-fno-ident')
_COMPILERS = ('gcc', 'clang', 'cc')
_PROBE = """#include <omp.h>
int main(void) {
  int n = 0;
  #pragma omp parallel reduction(+:n)
  n += omp_get_num_threads() > 0;
  return n == 0;
}
"""
_PRAGMA = re.compile(r'#[ \t]*pragma[ \t]+omp\b(?:[^\n]*\\\n)*[^\n]*')


def default_threads() -> tuple[int, ...]:
  """1, 2, 4, ... and the number of CPUs that this process may use."""
  num_cpus = machine.num_cores()
  powers = {1 << k for k in range(num_cpus.bit_length()) if 1 << k < num_cpus}
  return (*sorted(powers), num_cpus)


@dataclasses.dataclass(frozen=True)
class OpenMPConfig(passes.PassesConfig):
  """What to vary, and how to compile and measure.

  Attributes:
    threads: numbers of threads; the default choice has the most.
    schedules: of `SCHEDULES`; the default choice has the first.
    chunks: sizes of a chunk; the default choice has the first.
    compile_seconds: cap on the processor time of one compilation.
    flags: of the compiler.
  """

  window: float = 2e-3
  min_rounds: int = 8
  max_rounds: int = 30
  run_seconds: int = 600
  threads: tuple[int, ...] = dataclasses.field(default_factory=default_threads)
  schedules: tuple[str, ...] = SCHEDULES
  chunks: tuple[int, ...] = CHUNKS
  compile_seconds: int = 60
  flags: tuple[str, ...] = FLAGS

  def __post_init__(self):
    unknown = set(self.schedules) - set(SCHEDULES)
    if unknown:
      raise ValueError(
          f'schedules {sorted(unknown)} are none of {", ".join(SCHEDULES)}'
      )
    if min(self.threads, default=0) < 1 or min(self.chunks, default=-1) < 0:
      raise ValueError(
          f'threads {self.threads} must be from 1 and chunks {self.chunks} '
          'from 0 on, at least one of each'
      )

  @property
  def choices(self) -> list[tuple[int, str, int]]:
    """(threads, schedule, chunk)."""
    return [
        (threads, schedule, chunk)
        for threads in self.threads
        for schedule in self.schedules
        for chunk in self.chunks
    ]

  @property
  def names(self) -> list[str]:
    """Such as `t4_dynamic_64`, and `t4_static` without a chunk."""
    return [
        f't{threads}_{schedule}' + (f'_{chunk}' if chunk else '')
        for threads, schedule, chunk in self.choices
    ]

  @property
  def default(self) -> str:
    """What runs without tuning."""
    best = max(self.threads), self.schedules[0], self.chunks[0]
    return self.names[self.choices.index(best)]


def find_compiler(name: str | None = None) -> tuple[str, str]:
  """Path and version of a compiler that compiles and links OpenMP.

  Raises:
    IRError: there is none; with what to install.
  """
  tried = []
  for candidate in (name,) if name else _COMPILERS:
    path = shutil.which(candidate)
    if not path:
      continue
    with tempfile.TemporaryDirectory() as folder:
      source, binary = (pathlib.Path(folder, n) for n in ('probe.c', 'probe'))
      source.write_text(_PROBE)
      try:
        bounded.run_checked(
            [path, '-fopenmp', str(source), '-o', str(binary)], cpu_seconds=30
        )
        bounded.run_checked([str(binary)], cpu_seconds=10)
        version = bounded.run_checked(
            [path, '--version'], cpu_seconds=10
        ).output
      except bounded.RunError as error:
        tried.append(f'{path}: {error}')
        continue
    return path, version.splitlines()[0]
  found = (
      '; '.join(tried) or f'no {name or " or ".join(_COMPILERS)} on the PATH'
  )
  raise IRError(
      f'no compiler links OpenMP ({found}): install gcc, or clang and its '
      'libomp (Debian: libomp-dev); the ziglang package has no libomp'
  )


def parse_region(text: str) -> function_source.FunctionSource:
  """The function with the parallel region.

  Raises:
    SourceError: the file does not keep the contract; the message says how.
  """
  function = function_source.parse_function(
      text, lambda _, code: bool(_PRAGMA.search(code)), 'an OpenMP pragma'
  )
  varied = False
  for pragma in _PRAGMA.finditer(function.code):
    line = function.line_of(pragma.start())
    schedule = re.search(r'\bschedule\s*\(([^)]*)\)', pragma[0])
    if schedule and schedule[1].strip() != 'runtime':
      raise SourceError(
          f'line {line}: schedule({schedule[1]}) cannot be varied; write '
          'schedule(runtime)'
      )
    if re.search(r'\bnum_threads\b', pragma[0]):
      raise SourceError(
          f'line {line}: num_threads cannot be varied; leave it out'
      )
    varied |= schedule is not None
  if not varied:
    raise SourceError(f'no pragma of {function.name} has schedule(runtime)')
  return function


def build_program(
    function: function_source.FunctionSource, config: OpenMPConfig
) -> str:
  """C text of the function, its choices and its tables."""
  tables, arguments = loop_program.driver_tables(function)
  choices = ', '.join(
      f'{{{threads}, omp_sched_{schedule}, {chunk}}}'
      for threads, schedule, chunk in config.choices
  )
  result = '' if function.returns == 'void' else 'result = '
  lines = [
      '#include <omp.h>',
      '#include "driver.h"',
      function.prelude,
      function.text,
      *tables,
      'const int driver_wall_clock = 1;',
      'long long driver_evaluations, driver_iterations;',
      'static const struct { int threads; omp_sched_t schedule; int chunk; }',
      f'choices[] = {{{choices}}};',
      'double driver_call(int choice, long repetitions) {',
      '  double result = 0;',
      '  omp_set_num_threads(choices[choice].threads);',
      '  omp_set_schedule(choices[choice].schedule, choices[choice].chunk);',
      '  for (long i = 0; i < repetitions; ++i) {',
      f'    {result}{function.name}({arguments});',
      '  }',
      '  return result;',
      '}',
      'void driver_count(void) {}',
  ]
  return '\n'.join(lines) + '\n'


def label_region(
    path: pathlib.Path,
    cc: str,
    driver: pathlib.Path,
    config: OpenMPConfig,
    only: Collection[int] | None = None,
    num_confirming: int = 0,
) -> dict[str, Any]:
  """Compiles and measures one file; the record, see `loops.label_loop`.

  `only` are choices that are measured, beside the first and the default.

  Raises:
    SourceError, RunError: the file cannot be labelled.
  """
  function = parse_region(path.read_text(errors='replace'))
  with tempfile.TemporaryDirectory(prefix='region-') as folder:
    text = pathlib.Path(folder, 'region.c')
    binary = pathlib.Path(folder, 'region')
    text.write_text(build_program(function, config))
    includes = f'-I{passes.FOLDER}', f'-I{path.parent.resolve()}'
    bounded.run_checked(
        [cc, *config.flags, '-w', *includes, str(text), str(driver)]
        + ['-lm', '-o', str(binary)],
        cpu_seconds=config.compile_seconds,
    )
    default = config.names.index(config.default)
    every = range(len(config.choices))
    choices = sorted({0, default, *(every if only is None else only)})
    same = [choice if choice in choices else None for choice in every]
    measured = passes.measure(binary, choices, config, default=default)
    costs = passes.least_costs(measured, same)
    measured |= passes.confirm(
        binary, costs, same, default, config, num_confirming
    )
  del measured['trips']  # not counted
  return measured | dict(
      family=function.notes.get('family', ''),
      costs=costs,
      same=same,
      **(dict(only=choices) if len(choices) < len(every) else {}),
  )


def label_files(
    paths: Sequence[pathlib.Path],
    output: pathlib.Path,
    config: OpenMPConfig,
    name: str | None = None,
    only: Collection[int] | None = None,
    num_confirming: int = 0,
    **options,
) -> dict[str, Any]:
  """Labels files, see `label_region`, with options of `batch.label_files`.

  Raises:
    IRError: the compiler `name`, or any, does not link OpenMP.
  """
  cc, version = find_compiler(name)
  header = dict(
      kind='openmp',
      compiler=pathlib.Path(cc).name,
      compiler_version=version,
      choices=config.names,
      default=config.default,
      **dataclasses.asdict(config),
  )
  try:
    clang = compilers.find_compiler('c')
  except IRError as error:
    print(f'no IR is made: {error}', file=sys.stderr)
    clang = None
  with tempfile.TemporaryDirectory(prefix='driver-') as work:
    driver = passes.compile_driver([cc], pathlib.Path(work))

    def label(path):
      # First, because what it complains of has the file's own lines.
      bounded.run_checked(
          [cc, *config.flags, '-w', '-fsyntax-only', str(path)],
          cpu_seconds=config.compile_seconds,
      )
      text = _compile_ir(path, clang) if clang else ''
      record = label_region(path, cc, driver, config, only, num_confirming)
      return record, text

    return batch.label_files(paths, output, header, label, **options)


def _compile_ir(path: pathlib.Path, clang: compilers.Compiler) -> str:
  compiled = compilers.compile_source(
      path, compiler=clang, opt_level='O2', flags=_IR_FLAGS
  )
  return compiled.text.replace(str(path), 'region.c')


def parse_numbers(text: str) -> Sequence[int]:
  """`1,2,4` -> (1, 2, 4)."""
  return tuple(int(word) for word in text.split(','))
