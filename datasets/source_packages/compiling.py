"""Compiles one unit to bitcode, within bounds of time and memory.

`units` in, one `Outcome` a unit out, for `build`. Whatever a compiler does, it
costs its one unit.
"""

import dataclasses
import os
import pathlib
import re
import tempfile

from datasets.source_packages import crates, toolchain, units
from mirencoder_jax.frontend import bounded
from mirencoder_jax.storage import sums

COMPILED, FAILED, REFUSED = 'compiled', 'failed', 'refused'
_ERROR = re.compile(
    r'^(?:(?P<file>[^\s:][^:]*):\d+:\d+: )?(?:fatal )?error(?:\[E\d+\])?: '
    r'(?P<text>.+)$',
    re.MULTILINE,
)


@dataclasses.dataclass(frozen=True)
class Outcome:
  """What became of a unit; a line of the state file.

  Attributes:
    source: path in the package.
    language: of the source.
    status: `compiled`, `failed` or `refused`.
    reason: of a failure or refusal.
    licence: of the file; '' if refused.
    way: which way found the flags.
    flags: of this file, beyond those of its language.
    num_bytes: size of the bitcode.
    sha256: of the bitcode.
    seconds: of CPU, over all attempts.
  """

  source: str
  language: str
  status: str
  reason: str = ''
  licence: str = ''
  way: str = ''
  flags: tuple[str, ...] = ()
  num_bytes: int = 0
  sha256: str = ''
  seconds: float = 0.0


def compile_unit(
    unit: units.Unit,
    sources: units.Sources,
    tools: toolchain.Toolchain,
    output_dir: pathlib.Path,
    bounds: bounded.Bounds,
) -> Outcome:
  """Tries the ways of compiling a unit until one works.

  Args:
    unit: to compile.
    sources: of its package.
    tools: the compilers.
    output_dir: the bitcode goes to `unit.path` in it, all or nothing.
    bounds: of each attempt.

  Returns:
    What became of it; the reason of a failure is the first attempt's.

  Raises:
    DiskFullError: if there is no room.
  """
  outcome = Outcome(unit.source, unit.language, FAILED)
  if tools.compiler(unit.language) is None:
    return dataclasses.replace(outcome, reason='no compiler of its language')
  closure = sources.closure(unit)
  try:
    licence = sources.licence(unit, closure.files)
  except units.Refused as refusal:
    return dataclasses.replace(outcome, status=REFUSED, reason=str(refusal))
  target = output_dir / unit.path
  reason = ''
  seconds = 0.0
  try:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output_dir, prefix='.') as scratch:
      result = pathlib.Path(scratch, 'unit.bc')
      for attempt in sources.attempts(unit, closure):
        command = tools.command(
            unit.language,
            unit.source,
            result,
            sources.real_flags(attempt.flags),
        )
        environment = sources.environment(unit) | {
            'TMPDIR': scratch,
            'ZIG_GLOBAL_CACHE_DIR': scratch,
            'ZIG_LOCAL_CACHE_DIR': scratch,
        }
        done = bounded.run(
            command, bounds, folder=unit.root, environment=environment
        )
        error = _reason(done)
        seconds += done.seconds
        if not error and result.exists() and result.stat().st_size:
          os.replace(result, target)
          return dataclasses.replace(
              outcome,
              status=COMPILED,
              licence=licence,
              way=attempt.way,
              flags=attempt.flags,
              num_bytes=target.stat().st_size,
              sha256=sums.content_of(target),
              seconds=round(seconds, 3),
          )
        reason = reason or error or 'no bitcode came out'
  except crates.CrateError as error:
    reason = str(error)
  except OSError as error:
    if error.errno in bounded.DISK_FULL:
      raise bounded.DiskFullError(error.errno, error.strerror) from error
    reason = f'{type(error).__name__}: {error.strerror}'
  return dataclasses.replace(
      outcome, reason=reason, licence=licence, seconds=round(seconds, 3)
  )


def _reason(done: bounded.Done) -> str:
  """Why a compiler gave no bitcode, in few words; '' if it did."""
  if not done.problem.startswith('exit'):
    return done.problem
  if (found := _ERROR.search(done.text)) is not None:
    return re.sub(r'\s+', ' ', found['text'])[:160]
  lines = done.text.strip().splitlines() or ['no message']
  return f'{done.problem}: {lines[0][:120]}'
