"""Runs other programs within limits of time and memory.

The one runner of whatever may hang, crash or eat the machine: compilers, CMake,
programs that are measured. Processor time counts against a program, and waiting
counts in small steps: a machine that is busy, or a job that is paused, never
makes a program look as if it hung.
"""

import dataclasses
import errno
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# Limits of a POSIX shell hold for the program it becomes; -v is in KiB.
_SHELL = (
    'ulimit -c 0; ulimit -v "$0" 2>/dev/null; ulimit -t "$1"; shift; exec "$@"'
)
# A wait that took longer was the machine's sleep, not the program's work.
_MAX_STEP = 1.0
_STREAM_BYTES = 1 << 24


@dataclasses.dataclass(frozen=True)
class Bounds:
  """What one program may take.

  Attributes:
    seconds: of processor time.
    memory_mb: of address space; None for all there is.
    wait_seconds: on the clock; None for a little more than `seconds`.
  """

  seconds: int = 60
  memory_mb: int | None = 6144
  wait_seconds: int | None = None

  @property
  def patience(self) -> int:
    """Seconds on the clock."""
    return self.wait_seconds or self.seconds + 5


class DiskFullError(OSError):
  """No room on the disk: the one thing that ends a whole run."""


class RunError(RuntimeError):
  """A program failed, crashed or took too long; says which and how."""


class TooLongError(RunError):
  """A program took more processor time than it may."""


class Done(NamedTuple):
  """How a program ended.

  Attributes:
    problem: '' if it exited with 0, else in a few words what bounds it broke
      or how it ended.
    output: what it printed.
    error: what it printed to standard error.
    seconds: of CPU.
  """

  problem: str
  output: str
  error: str
  seconds: float

  @property
  def text(self) -> str:
    """Both streams."""
    return self.output + self.error

  def checked(self) -> 'Done':
    """Itself, if nothing went wrong.

    Raises:
      RunError: with the problem and the first error that was printed.
    """
    if not self.problem:
      return self
    if self.problem.startswith('timeout'):
      raise TooLongError(self.problem)
    if not self.problem.startswith('exit'):
      raise RunError(self.problem)
    lines = [line for line in self.error.splitlines() if 'error' in line]
    lines = lines or self.error.strip().splitlines() or ['no message']
    raise RunError(f'{self.problem}: {lines[0]}')


def run(
    command: Sequence[str],
    bounds: Bounds,
    *,
    folder: str | os.PathLike | None = None,
    environment: Mapping[str, str] | None = None,
) -> Done:
  """Runs a program to its end, with the processes that it starts.

  Args:
    command: its words.
    bounds: of it.
    folder: to run it in; by default this process's.
    environment: variables beside this process's own.

  Raises:
    DiskFullError: if it says that the disk is full.
  """
  memory = 'unlimited' if bounds.memory_mb is None else bounds.memory_mb << 10
  words = ['sh', '-c', _SHELL, str(memory), str(bounds.seconds), *command]
  with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, 'LC_ALL': 'C', **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=error,
        start_new_session=True,
    )
    status, seconds = _wait(process, bounds.patience)
    texts = []
    for stream in (output, error):
      stream.seek(0)
      texts.append(stream.read(_STREAM_BYTES).decode('utf-8', 'replace'))
  if status and os.strerror(errno.ENOSPC) in ''.join(texts):
    raise DiskFullError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  problem = _problem(status, ''.join(texts), bounds)
  return Done(problem, texts[0], texts[1], seconds)


def run_checked(command: Sequence[str], *, cpu_seconds: int) -> Done:
  """Runs a program that may wait for others, with any memory.

  Args:
    command: its words.
    cpu_seconds: of processor time; ten times that on the clock.

  Raises:
    RunError: it failed, crashed, or did not end.
  """
  bounds = Bounds(cpu_seconds, memory_mb=None, wait_seconds=10 * cpu_seconds)
  return run(command, bounds).checked()


def _wait(process: subprocess.Popen, timeout: float) -> tuple[int, float]:
  """Waits for a process, whose group is killed when it takes too long.

  Returns:
    Its exit code, below 0 for a signal (SIGALRM where it waited too long), and
    seconds of CPU.
  """
  waited = 0.0
  # Wakes at once where the system can (Linux); else looks ever less often.
  descriptor = os.pidfd_open(process.pid) if hasattr(os, 'pidfd_open') else None
  pause = _MAX_STEP if descriptor is not None else 0.002
  try:
    while True:
      pid, status, usage = os.wait4(process.pid, os.WNOHANG)
      if pid:
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_utime + usage.ru_stime
      if waited > timeout:
        os.killpg(process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return -signal.SIGALRM, usage.ru_utime + usage.ru_stime
      start = time.monotonic()
      if descriptor is not None:
        select.select([descriptor], [], [], pause)
      else:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
      waited += min(time.monotonic() - start, _MAX_STEP)
  finally:
    if descriptor is not None:
      os.close(descriptor)
    if process.returncode is None:  # this thread was interrupted
      os.killpg(process.pid, signal.SIGKILL)


def _problem(status: int, text: str, bounds: Bounds) -> str:
  if status == 0:
    return ''
  # A shell says 128 + n where a program ended by signal n.
  number = -status if status < 0 else status - 128
  if number in (signal.SIGXCPU, signal.SIGKILL):
    return f'timeout: over {bounds.seconds} s of processor time'
  if number == signal.SIGALRM:
    return f'hangs: not at its end after {bounds.patience} s'
  if re.search(r'out of memory|bad_alloc|cannot allocate memory', text, re.I):
    return f'memory: over {bounds.memory_mb} MB'
  if 0 < number < 65:
    named = number in list(signal.Signals)
    name = signal.Signals(number).name if named else f'signal {number}'
    return f'crash: {name}'
  return f'exit {status}'
