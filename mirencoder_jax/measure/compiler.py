"""Finds a compiler and runs programs under limits of processor time.

Limits count processor time, and waiting counts in small steps: a machine that
is busy, or a job that is paused, never makes a program look as if it hung.
"""

import pathlib
import signal
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from mirencoder_jax.frontend import compilers
from mirencoder_jax.ir import IRError

# A program that sleeps uses no processor time.
_STEP_SECONDS = 0.5
_MAX_STEPS_PER_CPU_SECOND = 20


class RunError(RuntimeError):
  """A program failed, crashed or took too long; says which and how."""


class TooLongError(RunError):
  """A program took more processor time than it may."""


class Compiler(NamedTuple):
  """A clang, and what links its objects.

  Attributes:
    name: `clang` or `ziglang`.
    version: such as `clang version 22.1.8`.
    compile: words that start it as a compiler of C.
    link: words that start it as a compiler with the C library, and linker.
    found: what `ir.compilers` makes IR with.
  """

  name: str
  version: str
  compile: tuple[str, ...]
  link: tuple[str, ...]
  found: compilers.Compiler


def run(
    command: Sequence[str],
    *,
    cpu_seconds: int,
    cwd: pathlib.Path | None = None,
) -> tuple[str, str]:
  """Standard output and error of a command.

  Raises:
    RunError: it ended with another code than 0, by a signal, or did not end.
  """
  limited = [
      'sh',
      '-c',
      f'ulimit -c 0; ulimit -t {cpu_seconds}; exec "$0" "$@"',
  ]
  with subprocess.Popen(
      [*limited, *command],
      cwd=cwd,
      stdin=subprocess.DEVNULL,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
      errors='replace',
  ) as process:
    for _ in range(_MAX_STEPS_PER_CPU_SECOND * cpu_seconds):
      try:
        output, error = process.communicate(timeout=_STEP_SECONDS)
        break
      except subprocess.TimeoutExpired:
        continue
      except BaseException:
        process.kill()
        raise
    else:
      process.kill()
      raise RunError('does not end and uses no processor time')
  code = process.returncode
  if code in (-signal.SIGXCPU, -signal.SIGKILL):
    raise TooLongError(f'takes over {cpu_seconds} s of processor time')
  if code < 0:
    raise RunError(f'ended by {signal.Signals(-code).name}')
  if code:
    lines = [line for line in error.splitlines() if 'error' in line]
    reason = (lines or error.strip().splitlines() or ['no message'])[0]
    raise RunError(f'exit code {code}: {reason}')
  return output, error


def find_clang(name: str | None = None) -> Compiler:
  """The clang that `ir.compilers` finds: on the PATH, or in `ziglang`.

  Args:
    name: one in particular: a name on the PATH, a path, or `ziglang`.

  Raises:
    IRError: there is none, or it is no clang.
  """
  found = compilers.find_compiler('c', name)
  version = f'clang version {found.version}'
  if found.kind == 'clang':
    return Compiler('clang', version, found.command, found.command, found)
  if found.kind != 'zig':
    raise IRError(f'{found} is no clang, whose pragmas are needed')
  import ziglang

  # Its own program, and not through Python: it is started thrice a loop.
  folder = pathlib.Path(ziglang.__file__).parent
  zig = str(folder / 'zig')
  headers = ('-isystem', str(folder / 'lib' / 'include'))
  return Compiler(
      'ziglang', version, (zig, 'clang', *headers), (zig, 'cc'), found
  )
