"""Client of the LLVM worker: bitcode or text in, LLVM's canonical text out.

LLVM is llvmlite's own; none needs to be installed. It runs in a child process
that is kept alive between calls, because LLVM may abort on a malformed module:
then the child is gone, the file gets its error, and the next call starts a new
child.
"""

import atexit
import os
import pathlib
import select
import struct
import subprocess
import sys
import threading
import time

_WORKER = pathlib.Path(__file__).with_name('llvm_worker.py')


class LlvmRefusal(Exception):
  """LLVM does not accept the input; the message is LLVM's."""


class LlvmAbort(Exception):
  """LLVM died of the input, or did not finish in time."""


def read_exactly(
    process: subprocess.Popen, size: int, deadline: float
) -> bytes:
  """Reads `size` bytes of what a child prints.

  Raises:
    TimeoutError: the clock (`time.monotonic`) passed `deadline`.
    EOFError: the child is gone.
  """
  chunks = []
  descriptor = process.stdout.fileno()
  while size:
    wait = deadline - time.monotonic()
    if wait <= 0 or not select.select([descriptor], [], [], wait)[0]:
      raise TimeoutError
    chunk = os.read(descriptor, min(size, 1 << 20))
    if not chunk:
      raise EOFError
    chunks.append(chunk)
    size -= len(chunk)
  return b''.join(chunks)


class LlvmWorker:
  """One child process with LLVM in it. Thread safe, one request at a time."""

  def __init__(self):
    self._process: subprocess.Popen | None = None
    self._owner = 0
    self._lock = threading.Lock()

  def canonical_text(
      self, data: bytes, timeout: float = 300.0, pipeline: str = ''
  ) -> str:
    """LLVM's own text of a module.

    Args:
      data: bitcode or UTF-8 text.
      timeout: seconds of wall time after which the file is given up.
      pipeline: what LLVM does to the module before, as `ir.views` names it.

    Raises:
      LlvmRefusal: LLVM parsed it and says what is wrong.
      LlvmAbort: LLVM aborted or did not finish.
    """
    with self._lock:
      process = self._start()
      deadline = time.monotonic() + timeout
      try:
        for field in (pipeline.encode(), data):
          process.stdin.write(struct.pack('<Q', len(field)))
          process.stdin.write(field)
        process.stdin.flush()
        head = read_exactly(process, 9, deadline)
        body = read_exactly(process, struct.unpack('<Q', head[1:])[0], deadline)
      except TimeoutError:
        self._kill()
        raise LlvmAbort(f'LLVM did not finish within {timeout:.0f} s') from None
      except (BrokenPipeError, EOFError):
        code = self._kill()
        raise LlvmAbort(
            f'LLVM aborted while reading it (exit {code}); the module is '
            'malformed'
            if not pipeline
            else f'LLVM aborted in the passes {pipeline} (exit {code})'
        ) from None
      except BaseException:
        # Interrupted: what the child still has to say is nobody's answer.
        self._kill()
        raise
    text = body.decode()
    if head[:1] == b'-':
      raise LlvmRefusal(text)
    return text

  def _start(self) -> subprocess.Popen:
    # A forked process must not talk through its parent's pipe.
    ours = self._process is not None and self._owner == os.getpid()
    if ours and self._process.poll() is not None:
      self._kill()
      ours = False
    if not ours:
      self._process = subprocess.Popen(
          [sys.executable, '-P', str(_WORKER)],
          stdin=subprocess.PIPE,
          stdout=subprocess.PIPE,
          stderr=subprocess.DEVNULL,
          start_new_session=True,  # Ctrl-C is for the parent only
      )
      self._owner = os.getpid()
    return self._process

  def _kill(self) -> int | None:
    process, self._process = self._process, None
    if process is None:
      return None
    # Dead already after an abort: then `kill` changes nothing.
    process.kill()
    code = process.wait()
    for pipe in (process.stdin, process.stdout):
      try:
        pipe.close()
      except OSError:
        pass
    return code

  @property
  def pid(self) -> int | None:
    """Number of the child process, where there is one."""
    return self._process.pid if self._process else None

  def close(self) -> None:
    """Ends the child process."""
    if self._owner == os.getpid():
      self._kill()
    self._process = None


worker = LlvmWorker()  # this process's own
atexit.register(worker.close)


def canonical_text(
    data: bytes, timeout: float = 300.0, pipeline: str = ''
) -> str:
  """As `LlvmWorker.canonical_text`, with `worker`."""
  return worker.canonical_text(data, timeout, pipeline)
