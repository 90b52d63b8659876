"""Client of `size_worker`: a function under many pipelines -> its sizes.

A pipeline that aborts LLVM, breaks the module or does not end has a reason in
place of a size; the child is started again and goes on with the next one.
"""

import json
import pathlib
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mirencoder_jax.ir import llvm
from mirencoder_jax.measure import elf

_WORKER = pathlib.Path(__file__).with_name('size_worker.py')
# A second of the processor may take so many on a busy machine's clock.
_PATIENCE = 30
# What LLVM may call in any program: every C library has them.
RUNTIME = frozenset(
    ('memcpy', 'memmove', 'memset', 'memcmp', 'bcmp')
    + ('_GLOBAL_OFFSET_TABLE_', '_Unwind_Resume')
)
# Of libgcc and compiler-rt: arithmetic that a target lacks.
_RUNTIME_NAME = re.compile(r'__(?:aeabi_\w+|[a-z]*(?:[hsdtx]f|[sdt]i)[2-4]?)')

# Whose objects `elf` reads and llvmlite makes.
ARCHITECTURES = (
    *('x86_64', 'i386', 'i686', 'aarch64', 'arm', 'thumb', 'riscv'),
)

# Gains beyond that are undefined behaviour of the source and no merit: a loop
# that never ends and writes nothing (a wrong counter) takes the whole function
# along, under those pipelines that see it.
_SUSPECT = 3


class SizeError(ValueError):
  """A module or function has no size; says why."""


class Target(NamedTuple):
  """What code is made for; '' for what the module says."""

  triple: str = ''
  cpu: str = ''
  features: str = ''


NATIVE = Target()


class Sized(NamedTuple):
  """A function under each pipeline.

  Attributes:
    sizes: bytes, None where the pipeline failed.
    reasons: why, by place of the pipeline.
  """

  sizes: tuple[int | None, ...]
  reasons: dict[int, str]


class SizeWorker:
  """One child process with LLVM in it, started when it is needed.

  Whatever is asked of it raises SizeError where LLVM refuses the module, or
  aborts on it, or a pipeline fails.
  """

  def __init__(self, seconds: int = 10):
    """With a limit of processor seconds for one pipeline and function."""
    self._seconds = seconds
    self._process: subprocess.Popen | None = None

  def __enter__(self) -> 'SizeWorker':
    return self

  def __exit__(self, *unused) -> None:
    self.close()

  def close(self) -> int | None:
    """Ends the child; its exit code."""
    process, self._process = self._process, None
    if process is None:
      return None
    try:
      code = process.wait(timeout=0.2)  # it may be dying on its own
    except subprocess.TimeoutExpired:
      process.kill()
      code = process.wait()
    for pipe in (process.stdin, process.stdout):
      try:
        pipe.close()
      except OSError:
        pass
    return code

  def resolve(self, data: bytes) -> str:
    """LLVM's text of a module, always-inline calls made.

    The attribute is gone then: a pipeline without an inliner must not look
    small by leaving out what the source demands.
    """
    return self._answer('resolve', data).decode('utf-8', 'replace')

  def mark(self, data: bytes) -> bytes:
    """Bitcode of a module whose functions are to be small, as at -Oz."""
    return self._answer('mark', data)

  def compile(self, text: str, pipeline: str) -> bytes:
    """The object of a module whose functions went through a pipeline."""
    request = dict(NATIVE._asdict(), pipelines=[pipeline])
    return self._answer('compile', _encoded(text), self._seconds, **request)

  def run(self, text: str, pipeline: str) -> str:
    """Text of a module, as it is, behind a pipeline."""
    request = dict(NATIVE._asdict(), pipeline=pipeline)
    found = self._answer('run', _encoded(text), **request)
    return found.decode('utf-8', 'replace')

  def emit(self, text: str) -> bytes:
    """The object of a module; no pass is run."""
    return self._answer('emit', _encoded(text), **NATIVE._asdict())

  def _answer(self, op: str, data: bytes, seconds: int = 60, **more) -> bytes:
    ok, body = next(self._ask(dict(more, op=op, seconds=seconds), data))
    if not ok:
      raise SizeError(' '.join(body.decode('utf-8', 'replace').split())[:200])
    return body

  def size(
      self,
      text: str,
      pipelines: Sequence[str],
      target: Target = NATIVE,
      *,
      at_least: int = 0,
  ) -> Sized | None:
    """Sizes of the one function of a module of `frontend.isolation`.

    Its size is that of all functions that the object defines: what a pipeline
    moves into another function counts.

    Args:
      text: of the module.
      pipelines: as `size_worker` reads them; the first is the default, whose
        symbols the others must keep, and add none that the text does not name.
      target: what code is made for.
      at_least: bytes under the default below which the others are not run.

    Returns:
      The sizes, None for a function below `at_least`.

    Raises:
      SizeError: the default fails.
    """
    if at_least:
      (size,) = self.size(text, pipelines[:1], target).sizes
      if size < at_least:
        return None
    data = _encoded(text)
    sizes: list[int | None] = []
    reasons: dict[int, str] = {}
    allowed = kept = frozenset()
    while len(sizes) < len(pipelines):
      left = pipelines[len(sizes) :]
      request = dict(
          target._asdict(), op='compile', pipelines=left, seconds=self._seconds
      )
      for ok, body in self._ask(request, data):
        place, size, reason = len(sizes), None, ''
        if not ok:
          reason = ' '.join(body.decode('utf-8', 'replace').split())[:200]
        else:
          found = elf.read_sizes(body)
          if not place:
            kept = found.defined
            allowed = found.undefined | RUNTIME | named(text)
          if lost := kept - found.defined:
            reason = f'lost {min(lost)}'
          elif new := unknown(found.undefined, allowed):
            reason = f'calls {min(new)}, which the source does not'
          else:
            size = sum(found.functions.values())
          if place and size is not None and size * _SUSPECT < (sizes[0] or 0):
            size, reason = None, 'below a third of -Oz'
        if not place and reason:
          raise SizeError(reason)
        sizes.append(size)
        if reason:
          reasons[place] = reason
        if not ok or len(sizes) == len(pipelines):
          break
    return Sized(tuple(sizes), reasons)

  def _ask(
      self, request: dict[str, Any], data: bytes
  ) -> Iterator[tuple[bool, bytes]]:
    """Yields answers, of which the caller knows how many he wants.

    Whoever stops before them has had the last one, or one that is not ok.
    """
    process = self._start()
    patience = _PATIENCE * request['seconds']
    try:
      head = json.dumps(dict(request, size=len(data)))
      process.stdin.write(head.encode() + b'\n' + data)
      process.stdin.flush()
      while True:
        deadline = time.monotonic() + patience
        mark, size = struct.unpack(
            '<cQ', llvm.read_exactly(process, 9, deadline)
        )
        yield mark == b'+', llvm.read_exactly(process, size, deadline)
    except TimeoutError:
      self.close()
      yield False, b'no end in sight'
    except (BrokenPipeError, EOFError):
      code = self.close()
      if code == -signal.SIGXCPU:
        yield False, f'over {request["seconds"]} s of processor time'.encode()
      else:
        yield False, f'LLVM aborts (exit {code})'.encode()
    except KeyboardInterrupt:
      self.close()  # what the child still has to say is nobody's answer
      raise

  def _start(self) -> subprocess.Popen:
    if self._process is None:
      self._process = subprocess.Popen(
          [sys.executable, '-P', str(_WORKER)],
          stdin=subprocess.PIPE,
          stdout=subprocess.PIPE,
          stderr=subprocess.DEVNULL,
          start_new_session=True,  # Ctrl-C is for the parent only
      )
    return self._process


def _encoded(text: str) -> bytes:
  return text.encode('utf-8', 'replace')


def unknown(symbols: frozenset[str], allowed: frozenset[str]) -> frozenset[str]:
  """Symbols that are neither allowed nor the compiler's own runtime."""
  return frozenset(
      s for s in symbols - allowed if not _RUNTIME_NAME.fullmatch(s)
  )


def named(text: str) -> frozenset[str]:
  """Symbols that a module's text names, whether -Oz keeps them or not."""
  found = re.findall(r'@(?:"([^"]*)"|([-\w.$]+))', text)
  return frozenset(quoted or plain for quoted, plain in found)
