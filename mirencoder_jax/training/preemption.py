"""Notices that a run is to stop: SIGTERM, or Ctrl-C; asked after every step."""

import os
import signal
import socket
import sys
import threading
from typing import Any

import jax
from jax.experimental import multihost_utils

_NAMES = {signal.SIGTERM: 'SIGTERM', signal.SIGINT: 'Ctrl-C'}
_INTERRUPTED = 130  # as shells have it


class Preemption:
  """While entered, SIGTERM and Ctrl-C do not end the process but are noticed.

  A second Ctrl-C ends it at once. Python runs handlers between its own
  instructions only, so not while a step or a compilation takes minutes: a
  thread is woken by the signals themselves.

  With several processes JAX itself watches SIGTERM and finds a step that all of
  them reach; Ctrl-C is not looked at.

  Attributes:
    reason: what was noticed, for people.
  """

  def __init__(self):
    self.reason = _NAMES[signal.SIGTERM]
    self._noticed = False
    self._previous = {}

  def __enter__(self) -> 'Preemption':
    # Python allows handlers in the main thread only.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and jax.process_count() == 1:
      reader, self._writer = socket.socketpair()
      self._writer.setblocking(False)
      self._previous_fd = signal.set_wakeup_fd(self._writer.fileno())
      threading.Thread(target=self._watch, args=[reader], daemon=True).start()
      self._previous = {
          number: signal.signal(number, self._notice) for number in _NAMES
      }
    return self

  def __exit__(self, *_) -> None:
    if self._previous:
      for number, handler in self._previous.items():
        signal.signal(number, handler)
      signal.set_wakeup_fd(self._previous_fd)
      self._writer.close()  # ends the thread
      self._previous = {}

  def _watch(self, reader: socket.socket) -> None:
    """Answers Ctrl-C, whatever the main thread is doing."""
    is_again = False
    with reader:
      while received := reader.recv(1):
        if received[0] != signal.SIGINT:
          continue
        if is_again:
          _say('Ctrl-C: left without saving')
          os._exit(_INTERRUPTED)
        is_again = True
        _say(
            'Ctrl-C: saves after the step that is being computed; once more '
            'leaves at once'
        )

  def _notice(self, number: int, frame: Any) -> None:
    del frame
    self.reason, self._noticed = _NAMES[number], True

  def is_noticed(self, step: int) -> bool:
    """True if training should save and stop after this step."""
    if jax.process_count() > 1:
      return multihost_utils.reached_preemption_sync_point(step)
    return self._noticed


def _say(text: str) -> None:
  """A line in one write, for another thread may be writing too."""
  sys.stderr.write(f'{text}\n')
  sys.stderr.flush()
