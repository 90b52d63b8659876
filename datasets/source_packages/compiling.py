"""Compiles one unit to bitcode, within bounds of time and memory.

Station in the flow of `source_packages`: `units` in, one `Outcome` a unit out,
for `build`. Whatever a compiler does, it costs its one unit.
"""

import dataclasses
import errno
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from datasets.source_packages import fetch, toolchain, units

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
COMPILED, FAILED, REFUSED = 'compiled', 'failed', 'refused'
# Limits of a POSIX shell hold for the compiler it becomes; -v is in KiB.
_BOUNDED = 'ulimit -v "$0" 2>/dev/null; ulimit -t "$1"; shift; exec "$@"'
_ERROR = re.compile(
    r'^(?:(?P<file>[^\s:][^:]*):\d+:\d+: )?(?:fatal )?error(?:\[E\d+\])?: '
    r'(?P<text>.+)$',
    re.MULTILINE,
)


@dataclasses.dataclass(frozen=True)
class Bounds:
  """What one compilation may take.

  Attributes:
    seconds: of time, and of CPU time too.
    memory_mb: of address space.
  """

  seconds: int = 60
  memory_mb: int = 6144


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


class DiskFullError(OSError):
  """No room for bitcode: the one thing that ends a whole run."""


def compile_unit(
    unit: units.Unit,
    sources: units.Sources,
    tools: toolchain.Toolchain,
    output_dir: pathlib.Path,
    bounds: Bounds,
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
        error, spent = _run(command, unit.root, scratch, bounds)
        seconds += spent
        if not error and result.exists() and result.stat().st_size:
          os.replace(result, target)
          return dataclasses.replace(
              outcome,
              status=COMPILED,
              licence=licence,
              way=attempt.way,
              flags=attempt.flags,
              num_bytes=target.stat().st_size,
              sha256=fetch.file_hash(target),
              seconds=round(seconds, 3),
          )
        reason = reason or error or 'no bitcode came out'
  except OSError as error:
    if error.errno in DISK_FULL:
      raise DiskFullError(error.errno, error.strerror) from error
    reason = f'{type(error).__name__}: {error.strerror}'
  return dataclasses.replace(
      outcome, reason=reason, licence=licence, seconds=round(seconds, 3)
  )


def _run(
    command: list[str], folder: pathlib.Path, scratch: str, bounds: Bounds
) -> tuple[str, float]:
  """Runs a compiler: `(why it failed or '', seconds of CPU)`."""
  bounded = ['sh', '-c', _BOUNDED, str(bounds.memory_mb << 10)]
  bounded += [str(bounds.seconds), *command]
  environment = {
      **os.environ,
      'LC_ALL': 'C',
      'TMPDIR': scratch,
      'ZIG_GLOBAL_CACHE_DIR': scratch,
      'ZIG_LOCAL_CACHE_DIR': scratch,
  }
  with open(os.path.join(scratch, 'log'), 'w+b') as log:
    process = subprocess.Popen(
        bounded,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    status, spent = _wait(process, bounds.seconds + 5)
    log.seek(0)
    text = log.read(1 << 16).decode('utf-8', 'replace')
  return _reason(status, text, bounds), spent


def _wait(process: subprocess.Popen, timeout: float) -> tuple[int, float]:
  """Waits for a process, whose group is killed when it takes too long."""
  end = time.monotonic() + timeout
  pause = 0.002
  while True:
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid:
      process.returncode = os.waitstatus_to_exitcode(status)
      return process.returncode, usage.ru_utime + usage.ru_stime
    if time.monotonic() > end:
      os.killpg(process.pid, signal.SIGKILL)
      _, status, usage = os.wait4(process.pid, 0)
      process.returncode = os.waitstatus_to_exitcode(status)
      return -signal.SIGXCPU, usage.ru_utime + usage.ru_stime
    time.sleep(pause)
    pause = min(pause * 1.5, 0.1)


def _reason(status: int, text: str, bounds: Bounds) -> str:
  """Why a compiler gave no bitcode, in few words; '' if it did."""
  if os.strerror(errno.ENOSPC) in text:
    raise DiskFullError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  if status == 0:
    return ''
  # A shell says 128 + n where a program ended by signal n.
  number = -status if status < 0 else status - 128
  if number in (signal.SIGXCPU, signal.SIGKILL):
    return f'timeout: over {bounds.seconds} s'
  if re.search(r'out of memory|bad_alloc|cannot allocate memory', text, re.I):
    return f'memory: over {bounds.memory_mb} MB'
  if (found := _ERROR.search(text)) is not None:
    return re.sub(r'\s+', ' ', found['text'])[:160]
  if 0 < number < 65:
    return f'crash: signal {number}'
  lines = text.strip().splitlines() or ['no message']
  return f'exit {status}: {lines[0][:120]}'
