"""Ends a run that hangs, with a sentence, instead of letting it wait for ever.

Where a process of several is lost, the others wait in the middle of a step; so
does a run whose data do not come. What holds them is not Python, so nothing can
be raised there: a thread looks whether steps are still being done.
"""

import faulthandler
import os
import sys
import threading
import time

EXIT_CODE = 75  # a temporary failure, as `sysexits.h` has it
_WAY_OUT = 'start the same command again, on all: it goes on from the last'


class Watchdog:
  """While entered, ends the process if `beat` is not called for too long."""

  def __init__(self, minutes: float):
    """A watchdog.

    Args:
      minutes: without a beat that are too many; 0 for never.
    """
    self._limit = 60 * minutes
    self._last = time.monotonic()
    self._stopped = threading.Event()
    self._thread = threading.Thread(
        target=self._watch, name='watchdog', daemon=True
    )

  def beat(self) -> None:
    """Says that something was done."""
    self._last = time.monotonic()

  def _watch(self) -> None:
    while not self._stopped.wait(min(self._limit / 4, 10)):
      if time.monotonic() - self._last > self._limit:
        leave(
            f'nothing was done for {self._limit / 60:g} minutes: another '
            'process is lost, or the data do not come (the stacks above tell)',
            stacks=True,
        )

  def __enter__(self) -> 'Watchdog':
    self.beat()
    if self._limit:
      self._thread.start()
    return self

  def __exit__(self, *_) -> None:
    self._stopped.set()


def leave(why: str, stacks: bool = False) -> None:
  """Ends the process with a sentence.

  At once: a process that ends in good order waits for the others, which may be
  gone.
  """
  sys.stdout.flush()
  if stacks:
    faulthandler.dump_traceback()
  sys.stderr.write(f'train.py: {why}; {_WAY_OUT} checkpoint\n')
  sys.stderr.flush()
  os._exit(EXIT_CODE)
