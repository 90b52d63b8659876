"""Runs other programs within bounds of time and memory.

Station in the flow of `source_packages`: under everything that starts a
compiler or CMake.
"""

import dataclasses
import errno
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# Limits of a POSIX shell hold for the program it becomes; -v is in KiB.
_SHELL = 'ulimit -v "$0" 2>/dev/null; ulimit -t "$1"; shift; exec "$@"'
# A wait that took longer was the machine's sleep, not the program's work.
_MAX_STEP = 1.0
_LOG_BYTES = 1 << 16


@dataclasses.dataclass(frozen=True)
class Bounds:
  """What one program may take.

  Attributes:
    seconds: of time, and of CPU time too.
    memory_mb: of address space.
  """

  seconds: int = 60
  memory_mb: int = 6144


class DiskFullError(OSError):
  """No room on the disk: the one thing that ends a whole run."""


class Done(NamedTuple):
  """How a program ended.

  Attributes:
    problem: '' if it exited with 0, else in a few words what bounds it broke
      or how it ended.
    text: what it printed, both streams.
    seconds: of CPU.
  """

  problem: str
  text: str
  seconds: float


def run(
    command: list[str],
    folder: pathlib.Path,
    environment: Mapping[str, str],
    bounds: Bounds,
) -> Done:
  """Runs a program to its end, with the processes that it starts.

  Args:
    command: its words.
    folder: to run it in.
    environment: variables beside this process's own.
    bounds: of it.

  Raises:
    DiskFullError: if it says that the disk is full.
  """
  words = ['sh', '-c', _SHELL, str(bounds.memory_mb << 10)]
  words += [str(bounds.seconds), *command]
  with tempfile.TemporaryFile() as log:
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, 'LC_ALL': 'C', **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    status, seconds = _wait(process, bounds.seconds + 5)
    log.seek(0)
    text = log.read(_LOG_BYTES).decode('utf-8', 'replace')
  if status and os.strerror(errno.ENOSPC) in text:
    raise DiskFullError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  return Done(_problem(status, text, bounds), text, seconds)


def _wait(process: subprocess.Popen, timeout: float) -> tuple[int, float]:
  """Waits for a process, whose group is killed when it takes too long."""
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
        return -signal.SIGXCPU, usage.ru_utime + usage.ru_stime
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
    return f'timeout: over {bounds.seconds} s'
  if re.search(r'out of memory|bad_alloc|cannot allocate memory', text, re.I):
    return f'memory: over {bounds.memory_mb} MB'
  if 0 < number < 65:
    return f'crash: signal {number}'
  return f'exit {status}'
