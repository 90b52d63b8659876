"""`measure size --check`: do programs do what they should under the choices?

FOLDER holds programs, a C or C++ file each that has a `main` and reads nothing.
Each is built by `clang -Oz` and with each set of flags on top (or, with
`--pipelines`, with each pipeline of passes over its functions), and run: output
and exit code are compared, `.text` and processor time are kept. A choice under
which a program differs is no candidate for anybody.
"""

import dataclasses
import pathlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.frontend import bounded
from mirencoder_jax.measure import (
    compiler,
    elf,
    label_file,
    size_flags,
    size_passes,
)

_SUFFIXES = ('.c', '.cc', '.cpp')
_BUILD = bounded.Bounds(seconds=60, memory_mb=4096, wait_seconds=900)
# Old C, which test suites are written in, is compiled as it was.
_OLD_C = ('-w', '-Wno-implicit-int', '-Wno-implicit-function-declaration')
# Shorter runs say nothing of the time.
_MIN_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class CheckConfig:
  """How programs are built and run.

  Attributes:
    sets: names of sets of flags, or of `pipelines`.
    pipelines: name -> stages, as `size_worker` reads them.
    seconds: of the processor that a program may take.
    rounds: of runs that are timed, of which the least counts.
  """

  sets: Sequence[str]
  pipelines: Mapping[str, str] = dataclasses.field(default_factory=dict)
  seconds: int = 20
  rounds: int = 2


def check_programs(
    folder: pathlib.Path,
    output: pathlib.Path,
    config: CheckConfig,
    clang: compiler.Compiler,
    *,
    limit: int | None = None,
) -> dict[str, Any]:
  """Builds and runs each program; a second run adds what is missing.

  Args:
    folder: of the programs, at any depth.
    output: the label file.
    config: how they are built and run.
    clang: builds and links them.
    limit: stop behind so many programs that could be compared.

  Returns:
    Name -> record of each file.

  Raises:
    FileNotFoundError: there are no programs.
    LabelFileError: `output` is of another compiler or set of flags.
  """
  paths = sorted(p for p in folder.rglob('*') if p.suffix in _SUFFIXES)
  if not paths:
    raise FileNotFoundError(f'{folder}: no programs ({" ".join(_SUFFIXES)})')
  header = dict(
      kind='flag_check',
      compiler_version=clang.version,
      flags=dict(size_flags.FLAGS),
      pipelines=dict(config.pipelines),
  )
  with (
      label_file.open_labels(output, header) as labels,
      size_passes.SizeWorker() as worker,
      tempfile.TemporaryDirectory() as place,
  ):
    compared = 0
    for path in paths:
      if limit is not None and compared >= limit:
        break
      name = path.relative_to(folder).as_posix()
      record = labels.records.get(name) or dict(name=name, results={})
      missing = [s for s in config.sets if s not in record['results']]
      if missing and 'reason' not in record:
        program = _Program(path, clang, config, worker, pathlib.Path(place))
        record = program.compare(record, missing)
        labels.add(record)
      compared += 'reason' not in record
      wrong = [
          k for k, r in record['results'].items() if r['outcome'] != 'equal'
      ]
      print(
          f'{name}: {record.get("reason") or "; ".join(wrong) or "ok"}',
          file=sys.stderr,
          flush=True,
      )
    return dict(labels.records)


class _Program:
  """One source file; what it prints at -Oz is what it should."""

  def __init__(self, path, clang, config, worker, folder):
    self._path, self._clang, self._config = path, clang, config
    self._worker, self._bitcode = worker, folder / 'program.bc'
    self._binary, self._object = folder / 'program', folder / 'program.o'

  def compare(self, record: dict, sets: Sequence[str]) -> dict:
    """The record, with the results of more sets, or a reason."""
    problem, text = self._build('')
    if problem:
      return record | dict(reason=f'does not build: {problem}')
    code = self._binary.read_bytes()
    first, second = self._run(), self._run()
    if first.problem and not first.problem.startswith('exit'):
      return record | dict(reason=f'does not end well: {first.problem}')
    if self._said(first) != self._said(second):
      return record | dict(reason='says something else every time')
    seconds = self._time([first, second])
    results = dict(record['results'])
    for names in sets:
      problem, size = self._build(names)
      if problem:
        results[names] = dict(outcome=f'build: {problem}')
        continue
      if self._binary.read_bytes() == code:
        results[names] = dict(outcome='equal', text=text, is_same_code=True)
        continue
      done = self._run()
      outcome = 'equal'
      if self._said(done) != self._said(first):
        outcome = f'differs: {done.problem or "output"}'
      results[names] = dict(
          outcome=outcome, text=size, seconds=self._time([done])
      )
    return record | dict(text=text, seconds=seconds, results=results)

  def _build(self, names: str) -> tuple[str, int]:
    """What is wrong, '' if nothing; and bytes of .text."""
    pipeline = self._config.pipelines.get(names)
    flags = ['-Oz', *_OLD_C, '-c', str(self._path)]
    if pipeline is None:
      flags += [*size_flags.words_of(names), '-o', str(self._object)]
    else:
      flags += ['-Xclang', '-disable-llvm-passes', '-emit-llvm']
      flags += ['-o', str(self._bitcode)]
    if problem := _run_step([*self._clang.compile, *flags]):
      return problem, 0
    if pipeline is not None:
      try:
        text = self._worker.resolve(self._bitcode.read_bytes())
        self._object.write_bytes(self._worker.compile(text, pipeline))
      except size_passes.SizeError as error:
        return str(error), 0
    libraries = ['-lm'] if self._path.suffix == '.c' else ['-lm', '-lstdc++']
    words = [*self._clang.link, str(self._object), *libraries]
    if problem := _run_step([*words, '-o', str(self._binary)]):
      return problem, 0
    return '', elf.read_sizes(self._object.read_bytes()).text

  def _run(self) -> bounded.Done:
    seconds = self._config.seconds
    bounds = bounded.Bounds(seconds, memory_mb=4096, wait_seconds=20 * seconds)
    return bounded.run([str(self._binary)], bounds, folder=self._binary.parent)

  def _said(self, done: bounded.Done) -> tuple[str, str, str]:
    return done.problem, done.output, done.error

  def _time(self, runs: list[bounded.Done]) -> float:
    if runs[0].seconds >= _MIN_SECONDS:
      while len(runs) < self._config.rounds:
        runs = [*runs, self._run()]
    return round(min(run.seconds for run in runs), 4)


def _run_step(words: list[str]) -> str:
  """What is wrong with a step of the build; '' if nothing."""
  done = bounded.run(words, _BUILD)
  if not done.problem:
    return ''
  lines = [x for x in done.error.splitlines() if 'rror' in x]
  return f'{done.problem} {"".join(lines[:1])}'.strip()[:160]


def summarize(
    records: Mapping[str, Mapping[str, Any]], sets: Sequence[str]
) -> dict[str, Any]:
  """Of each set: programs that are equal, what differs, size and time."""
  kept = [r for r in records.values() if 'reason' not in r]
  found = {}
  for names in sets:
    rows = [(r, r['results'][names]) for r in kept if names in r['results']]
    equal = [(r, x) for r, x in rows if x['outcome'] == 'equal']
    sizes = [np.log(x['text'] / r['text']) for r, x in equal]
    times = [
        np.log(x['seconds'] / r['seconds'])
        for r, x in equal
        if r['seconds'] >= _MIN_SECONDS and x.get('seconds')
    ]
    found[names] = dict(
        num_programs=len(rows),
        num_equal=len(equal),
        num_same_code=sum(bool(x.get('is_same_code')) for _, x in equal),
        text=round(float(np.exp(np.mean(sizes))), 4) if sizes else None,
        num_timed=len(times),
        time=round(float(np.exp(np.mean(times))), 4) if times else None,
        time_90=round(float(np.exp(np.quantile(times, 0.9))), 4)
        if times
        else None,
        wrong={
            r['name']: x['outcome'] for r, x in rows if x['outcome'] != 'equal'
        },
    )
  return dict(
      num_programs=len(kept),
      skipped={
          r['name']: r['reason'] for r in records.values() if 'reason' in r
      },
      sets=found,
  )
