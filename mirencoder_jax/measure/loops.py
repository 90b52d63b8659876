"""Labels one loop: the cost of every vectorisation on this machine.

Station: the work of `measure loops`, after `loop_source` and `loop_program`,
before `loop_labels` keeps what comes out. One program holds a clone for each
of the 35 configurations and one for the compiler's own choice. Clones take
turns in random order, a round after the other; the least processor time of a
call counts. That is done twice, in two processes: the passes. Passes that
disagree are repeated once, and a loop whose passes disagree again is dropped.
"""

import dataclasses
import hashlib
import pathlib
import tempfile
from typing import Any

import numpy as np

from mirencoder_jax.ir import compilers
from mirencoder_jax.measure import (
    agreement,
    compiler,
    loop_program,
    loop_source,
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
# How far apart results may be: -ffast-math reorders sums.
_TOLERANCE = 0.01
_FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class LoopsConfig:
  """How long to measure, and when to give up.

  Attributes:
    window: seconds that one timing of a clone lasts at least.
    min_rounds: timings of each clone in a pass.
    max_rounds: the same, if the minimum still falls.
    compile_seconds: cap on the processor time of one compilation.
    run_seconds: cap on the processor time of one pass.
    max_regret: passes agree up to this cost of choosing by the other one.
    max_difference: and up to this median difference of costs, as a share.
    flags: of the compiler.
  """

  window: float = 2e-4
  min_rounds: int = 12
  max_rounds: int = 40
  compile_seconds: int = 20
  run_seconds: int = 20
  max_regret: float = 1.05
  max_difference: float = 0.05
  flags: tuple[str, ...] = FLAGS


def prepare_driver(clang: compiler.Compiler, folder: pathlib.Path) -> None:
  """Compiles the driver once into `folder`."""
  compiler.run(
      [
          *clang.link,
          '-O2',
          '-c',
          str(_FOLDER / 'loop_driver.c'),
          '-o',
          str(folder / 'loop_driver.o'),
      ],
      cpu_seconds=60,
  )


def compile_ir(path: pathlib.Path, clang: compiler.Compiler) -> str:
  """Text of the file's IR, as an encoder reads it.

  Raises:
    IRError: it does not compile.
  """
  compiled = compilers.compile_source(
      path, compiler=clang.found, opt_level='O2', flags=IR_FLAGS, timeout=60
  )
  # Where the file is says nothing about the loop.
  return compiled.text.replace(str(path), path.name)


def _parse_pass(output: str) -> dict[str, Any]:
  results, costs, trips = {}, {}, (0, 0)
  for line in output.splitlines():
    words = line.split()
    if words[0] == 'trips':
      trips = (int(words[1]), int(words[2]))
    elif words[0] == 'clone':
      results[int(words[1])] = tuple(float(word) for word in words[2:5])
      costs[int(words[1])] = float(words[5])
  return dict(trips=trips, results=results, costs=costs)


def _is_same(reference, result) -> bool:
  """Whether two clones computed the same, up to reordering."""
  returned, total, absolute = zip(reference, result, strict=True)
  scale = max(abs(returned[0]), 1.0), max(absolute[0], 1e-30)
  differences = abs(returned[1] - returned[0]), abs(total[1] - total[0])
  return all(
      d <= _TOLERANCE * s for d, s in zip(differences, scale, strict=True)
  )


def _round(values) -> list[float]:
  return [float(f'{value:.5g}') for value in values]


def _measure(
    binary: pathlib.Path, clones: list[int], config: LoopsConfig, seed: int
) -> dict[str, Any]:
  output, _ = compiler.run(
      [
          str(binary),
          ','.join(map(str, clones)),
          str(seed),
          repr(config.window),
          str(config.min_rounds),
          str(config.max_rounds),
      ],
      cpu_seconds=config.run_seconds,
  )
  return _parse_pass(output)


def _build(
    path: pathlib.Path,
    source: loop_source.LoopSource,
    clang: compiler.Compiler,
    config: LoopsConfig,
    driver: pathlib.Path,
    folder: pathlib.Path,
) -> tuple[pathlib.Path, list[int], list[tuple[int, int]]]:
  """Binary, first clone of the same code, what the vectoriser made."""
  program = loop_program.build_program(source)
  text, assembly = folder / 'clones.c', folder / 'clones.s'
  binary = folder / 'loop'
  text.write_text(program.text)
  _, remarks = compiler.run(
      [
          *clang.compile,
          *config.flags,
          '-w',
          '-Rpass=loop-vectorize',
          f'-I{_FOLDER}',
          f'-I{path.parent.resolve()}',
          '-S',
          str(text),
          '-o',
          str(assembly),
      ],
      cpu_seconds=config.compile_seconds,
  )
  objects = [str(folder / 'clones.o'), str(driver / 'loop_driver.o')]
  compiler.run(
      [*clang.compile, '-c', str(assembly), '-o', objects[0]],
      cpu_seconds=config.compile_seconds,
  )
  compiler.run(
      [*clang.link, *objects, '-lm', '-o', str(binary)], cpu_seconds=60
  )
  same = loop_program.find_same_code(assembly.read_text())
  return binary, same, loop_program.parse_remarks(remarks, program)


def label_loop(
    path: pathlib.Path,
    clang: compiler.Compiler,
    driver: pathlib.Path,
    config: LoopsConfig,
) -> dict[str, Any]:
  """Compiles and measures one file.

  Args:
    path: the C file; `loop_source` says what is in it.
    clang: the compiler.
    driver: folder of `prepare_driver`.
    config: how long to measure.

  Returns:
    A record that JSON can hold: `status` is `ok` or `disagree`; `costs` are
    the seconds of a call in the order of `loop_program.NAMES`, None where a
    clone computed something else; `passes` are the two measurements.

  Raises:
    LoopError, RunError: the file cannot be labelled.
  """
  text = path.read_text(errors='replace')
  source = loop_source.parse_loop(text)
  with tempfile.TemporaryDirectory(prefix='loop-') as folder:
    binary, same, made = _build(
        path, source, clang, config, driver, pathlib.Path(folder)
    )
    clones = sorted(set(same))
    for attempt in (1, 2):
      passes = [
          _measure(binary, clones, config, seed=10 * attempt + i)
          for i in (1, 2)
      ]
      results = passes[0]['results']
      wrong = {
          clone for clone in clones if not _is_same(results[0], results[clone])
      }
      if same[loop_program.COMPILER] in wrong:
        raise loop_source.LoopError(
            "vf1_if1 and the compiler's own choice compute different results; "
            'does the loop read what it does not write, or depend on order?'
        )
      kept = [clone for clone in clones if clone not in wrong]
      costs = np.array([[p['costs'][c] for c in kept] for p in passes])
      regret = max(
          agreement.regret(costs[0], costs[1]),
          agreement.regret(costs[1], costs[0]),
      )
      difference = float(np.median(np.abs(np.log(costs[0] / costs[1]))))
      if regret <= config.max_regret and difference <= config.max_difference:
        status = 'ok'
        break
    else:
      status = 'disagree'
  evaluations, iterations = passes[0]['trips']
  least = dict(zip(kept, costs.min(axis=0), strict=True))
  return dict(
      name=path.stem,
      digest=hashlib.sha256(text.encode()).hexdigest()[:16],
      status=status,
      attempts=attempt,
      family=source.notes.get('family', ''),
      iterations=iterations,
      # Every entry into the loop evaluates its condition once more.
      entries=max(evaluations - iterations, 1),
      footprint=source.footprint,
      costs=[float(f'{least[c]:.5g}') if c in least else None for c in same],
      same=same,
      made=made,
      passes=[_round(row) for row in costs],
      clones=kept,
      wrong=sorted(wrong),
      correlation=round(agreement.rank_correlation(costs[0], costs[1]), 4),
      regret=round(regret, 5),
      difference=round(difference, 5),
  )
