"""Finds a compiler and runs programs under limits of processor time.

Limits count processor time, and waiting counts in small steps: a machine that
is busy, or a job that is paused, never makes a program look as if it hung.
"""

import pathlib
import shutil
import signal
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

# A program that sleeps uses no processor time.
_STEP_SECONDS = 0.5
_MAX_STEPS_PER_CPU_SECOND = 20


class CompilerError(RuntimeError):
  """There is no usable compiler; says what to install."""


class RunError(RuntimeError):
  """A program failed, crashed or took too long; says which and how."""


class Compiler(NamedTuple):
  """A clang, and what links its objects.

  Attributes:
    name: `clang` or `ziglang`, as the report says.
    version: its first line about itself.
    compile: words that start it as a compiler of C.
    link: words that start it as a compiler with the C library, and linker.
  """

  name: str
  version: str
  compile: tuple[str, ...]
  link: tuple[str, ...]


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

  limited = ['sh', '-c', f'ulimit -c 0; ulimit -t {cpu_seconds}; exec "$0" "$@"']
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
    raise RunError(f'takes over {cpu_seconds} s of processor time')
  if code < 0:
    raise RunError(f'ended by {signal.Signals(-code).name}')
  if code:
    lines = [line for line in error.splitlines() if 'error' in line]
    reason = (lines or error.strip().splitlines() or ['no message'])[0]
    raise RunError(f'exit code {code}: {reason}')
  return output, error


def _version(command: Sequence[str]) -> str:
  return run([*command, '--version'], cpu_seconds=10)[0].splitlines()[0]


def find_clang(path: str | None = None) -> Compiler:
  """The clang at `path`, on the PATH, or inside the `ziglang` wheel.

  Raises:
    CompilerError: none of them is there.
  """
  found = path or shutil.which('clang')
  if found:
    try:
      return Compiler('clang', _version([found]), (found,), (found,))
    except (OSError, RunError) as error:
      raise CompilerError(f'{found}: {error}') from error
  try:
    import ziglang
  except ImportError:
    raise CompilerError(
        'no clang on the PATH and no ziglang package; install one of them, '
        'e.g. `pip install ziglang`'
    ) from None
  folder = pathlib.Path(ziglang.__file__).parent
  zig = str(folder / 'zig')
  return Compiler(
      'ziglang',
      _version([zig, 'clang']),
      (zig, 'clang', '-isystem', str(folder / 'lib' / 'include')),
      (zig, 'cc'),
  )
