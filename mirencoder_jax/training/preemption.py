"""Notices that the machine is to be taken away (SIGTERM).

Station in the flow: asked by `pretrain` after every step.
"""

import signal
import threading

import jax
from jax.experimental import multihost_utils


class Preemption:
  """While entered, SIGTERM does not end the process but is remembered.

  With several processes JAX itself watches the signal and finds a step that all
  of them reach.
  """

  def __init__(self):
    self._noticed = False
    self._previous = None

  def _notice(self, signum, frame):
    del signum, frame
    self._noticed = True

  def __enter__(self) -> 'Preemption':
    # Python allows handlers in the main thread only.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and jax.process_count() == 1:
      self._previous = signal.signal(signal.SIGTERM, self._notice)
    return self

  def __exit__(self, *_) -> None:
    if self._previous is not None:
      signal.signal(signal.SIGTERM, self._previous)

  def is_noticed(self, step: int) -> bool:
    """True if training should save and stop after this step."""
    if jax.process_count() > 1:
      return multihost_utils.reached_preemption_sync_point(step)
    return self._noticed
