"""`WorkerPool`: a parallel map that no crash, abort or hang can stop.

LLVM may abort the whole process on a malformed module, so modules are read in
workers: a worker that dies or takes too long costs its one task, and the task
is named.

Workers are plain subprocesses that talk over pipes, not `multiprocessing` ones:
those import the caller's `__main__` again, which would load TFDS in each.
pebble's pool (5.2.3, tried) is of those. It too holds a crash, a hang and an
error to their task, but what a hung task had started lives on, a worker
outlives a parent that was killed, and the last words of a worker (LLVM's
reason) are lost.
"""

import collections
import itertools
import os
import pickle
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

# Grace before a worker whose parent is gone kills itself.
_ALARM_GRACE = 10


class Failure(NamedTuple):
  """Why a task gave no result."""

  reason: str  # the error's class, 'crash' or 'timeout'
  message: str
  line: int | None = None  # of the input, where the error names one


def failure_of(error: Exception) -> Failure:
  """What to say of a task that raised."""
  line = getattr(error, 'line', None)
  # Ours keep the text apart from the place.
  message = getattr(error, 'message', '') or str(error)
  return Failure(
      reason=type(error).__name__,
      message=str(message or 'no message'),
      line=line if isinstance(line, int) else None,
  )


class Outcome(NamedTuple):
  """What became of a task: a value, or the failure."""

  value: Any = None
  failure: Failure | None = None


class WorkerPool:
  """Processes that run picklable functions on tasks, one task at a time.

  Attributes:
    processes: number of workers.
    timeout: seconds that a task may take.
  """

  def __init__(self, processes: int, timeout: float = 300.0):
    if processes < 1:
      raise ValueError(f'processes {processes} is less than 1')
    self.processes = processes
    self.timeout = timeout
    self._workers: list[_Worker] = []

  def __enter__(self) -> 'WorkerPool':
    return self

  def __exit__(self, *unused) -> None:
    self.close()

  def close(self) -> None:
    """Ends the processes."""
    for worker in self._workers:
      worker.kill()
    self._workers.clear()

  def map(
      self, function: Callable[[Any], Any], tasks: Iterable[Any]
  ) -> Iterator[tuple[Any, Outcome]]:
    """Yields `(task, outcome)` in the order in which tasks end.

    Args:
      function: importable by name in another process, or a partial of one.
      tasks: picklable; taken one by one as workers become free.
    """
    tasks = iter(tasks)
    # A few tasks ahead, so that few tasks start few workers.
    queue, ended = collections.deque(), collections.deque()
    try:
      while True:
        queue.extend(itertools.islice(tasks, self.processes - len(queue)))
        if queue and self._hand_out(function, queue):
          continue
        # Workers first: they have something to do while the caller has a look.
        if ended:
          yield ended.popleft()
          continue
        if not queue and not any(w.task is not None for w in self._workers):
          return
        for worker in self._wait():
          task = worker.task
          outcome = worker.collect(self.timeout)
          if worker.dead:
            self._workers.remove(worker)
            worker.kill()
          if task is not None and outcome is not None:
            ended.append((task[0], outcome))
    finally:
      # An unfinished map leaves no stray answers to the next one.
      for worker in [w for w in self._workers if w.task is not None]:
        worker.kill()
        self._workers.remove(worker)

  def _hand_out(self, function, queue) -> bool:
    """Gives the first task of `queue` to a worker; False if all are busy."""
    for worker in self._workers:
      if worker.ready and worker.task is None:
        if not worker.send(function, queue[0], self.timeout):
          self._workers.remove(worker)
          worker.kill()
          return True  # died while idle: the task is for another worker
        queue.popleft()
        return True
    starting = sum(not worker.ready for worker in self._workers)
    if len(self._workers) < self.processes and starting < len(queue):
      self._workers.append(_Worker())
      return True
    return False

  def _wait(self) -> list['_Worker']:
    """Workers that have something to say or whose time is over."""
    deadlines = [w.deadline for w in self._workers if w.deadline is not None]
    seconds = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
    with selectors.DefaultSelector() as selector:
      for worker in self._workers:
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
      found = [key.data for key, _ in selector.select(seconds)]
    now = time.monotonic()
    late = [w for w in self._workers if w.deadline and w.deadline <= now]
    return found + [worker for worker in late if worker not in found]


class _Worker:
  """The parent's end of one worker process."""

  def __init__(self):
    self._log = tempfile.TemporaryFile()
    start = (
        f'import sys; sys.path[:] = {sys.path!r}; '
        f'from {__name__} import serve; serve()'
    )
    self.process = subprocess.Popen(
        [sys.executable, '-c', start],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=self._log,
        # A group of its own: what the worker has started ends with it, and
        # Ctrl-C comes to the parent alone.
        start_new_session=True,
    )
    self.ready = False
    self.dead = False
    self.task: tuple[Any] | None = None  # in a tuple, as a task may be None
    self.deadline: float | None = None
    self._log_start = 0

  def send(self, function, task, timeout: float) -> bool:
    """Starts a task; False if the worker is gone."""
    self._log_start = os.fstat(self._log.fileno()).st_size
    try:
      _write_frame(self.process.stdin, (function, task, timeout))
    except BrokenPipeError:
      return False
    self.task = (task,)
    self.deadline = time.monotonic() + timeout
    return True

  def collect(self, timeout: float) -> Outcome | None:
    """Takes what the worker says; None if that was only that it is ready."""
    late = self.deadline is not None and self.deadline <= time.monotonic()
    with selectors.DefaultSelector() as selector:
      selector.register(self.process.stdout, selectors.EVENT_READ)
      silent = not selector.select(0)
    if silent and late:
      self.dead = True
      return Outcome(
          failure=Failure('timeout', f'took more than {timeout:g} seconds')
      )
    answer = None if silent else _read_frame(self.process.stdout)
    if answer is None:
      self.dead = True
      message = self._last_words()
      if not self.ready:
        raise RuntimeError(f'a worker process did not start: {message}')
      return Outcome(failure=Failure('crash', message))
    self.task = self.deadline = None
    if not self.ready:
      self.ready = True
      return None
    return Outcome(*answer)

  def kill(self) -> None:
    try:
      os.killpg(self.process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
      self.process.kill()  # no groups here, or nobody left in it
    self.process.wait()
    self.process.stdin.close()
    self.process.stdout.close()
    self._log.close()

  def _last_words(self) -> str:
    """How the process ended and the end of what it wrote to stderr."""
    code = self.process.wait()
    how = f'exit code {code}'
    if code < 0:
      how = f'killed by {signal.Signals(-code).name}'
    self._log.seek(self._log_start)
    lines = self._log.read()[-4000:].decode('utf-8', 'replace').splitlines()
    # A stack dump follows the reason; the reason is what a person needs.
    said = [line.strip() for line in lines if line.strip()]
    reasons = [line for line in said if 'error' in line.lower()] or said[-1:]
    return ': '.join([f'the process was ended ({how})'] + reasons[:1])


def serve() -> None:
  """The worker's loop: a frame in, a frame out, until the parent is gone."""
  frames_in = os.fdopen(os.dup(0), 'rb')
  frames_out = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)  # what libraries print must not look like a frame
  _write_frame(frames_out, ())
  while (request := _read_frame(frames_in)) is not None:
    function, task, timeout = request
    if hasattr(signal, 'alarm'):
      signal.alarm(int(timeout) + _ALARM_GRACE)
    try:
      answer = pickle.dumps((function(task), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # pylint: disable=broad-exception-caught
      answer = pickle.dumps((None, failure_of(error)))
    if hasattr(signal, 'alarm'):
      signal.alarm(0)
    try:
      _write_bytes(frames_out, answer)
    except BrokenPipeError:
      return


def _write_frame(pipe: BinaryIO, value: Any) -> None:
  _write_bytes(pipe, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def _write_bytes(pipe: BinaryIO, data: bytes) -> None:
  pipe.write(struct.pack('<Q', len(data)))
  pipe.write(data)
  pipe.flush()


def _read_frame(pipe: BinaryIO) -> Any:
  """The next value, None at the end of the pipe."""
  header = pipe.read(8)
  if len(header) < 8:
    return None
  (size,) = struct.unpack('<Q', header)
  data = pipe.read(size)
  return pickle.loads(data) if len(data) == size else None
