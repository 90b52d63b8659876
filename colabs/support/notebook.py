"""What the notebooks share: pictures, reports, and a line of progress.

Everything works in a notebook and in a script, where pictures are named and
lines are printed.
"""

import os
import pathlib
import subprocess
import threading
import time
from collections.abc import Sequence

_EVERY = 5.0  # seconds between two lines of progress


def _display():
  try:
    from IPython import display, get_ipython
  except ImportError:
    return None
  return display if get_ipython() else None


def show(path: str | os.PathLike) -> None:
  """A picture, or a report in Markdown, in a notebook; its path elsewhere."""
  display = _display()
  path = pathlib.Path(path)
  if display is None:
    print(path)
  elif path.suffix == '.md':
    display.display(display.Markdown(path.read_text()))
  else:
    display.display(display.Image(filename=str(path)))


class Progress:
  """One line that changes in a notebook; a line now and then elsewhere."""

  def __init__(self):
    self._display = _display()
    self._handle = None
    self._start = time.monotonic()
    self._next = 0.0

  def __call__(self, text: str, last: bool = False) -> None:
    """Shows what is going on, unless it was shown just now."""
    seconds = time.monotonic() - self._start
    if seconds < self._next and not last:
      return
    self._next = seconds + _EVERY
    line = f'{seconds:.0f} s: {text}'
    if self._display is None:
      print(line, flush=True)
      return
    data = {'text/plain': line}
    if self._handle is None:
      self._handle = self._display.display(data, raw=True, display_id=True)
    else:
      self._handle.update(data, raw=True)


def run(command: Sequence[str | os.PathLike], shown: int | None = None) -> None:
  """Runs a command; its last message is the progress, its output comes last.

  Args:
    command: its words.
    shown: how many lines of the output; all by default.

  Raises:
    RuntimeError: it failed, with the end of what it said.
  """
  progress, output, messages = Progress(), [], ['started']
  process = subprocess.Popen(
      [str(word) for word in command],
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
      errors='replace',
  )

  def read(stream, lines):
    # Text streams end lines at \r, too, as bars of progress do.
    with stream:
      for line in stream:
        if line.strip():
          lines.append(line.rstrip())

  threads = [
      threading.Thread(target=read, args=pair, daemon=True)
      for pair in ((process.stdout, output), (process.stderr, messages))
  ]
  for thread in threads:
    thread.start()
  while process.poll() is None:
    progress((messages[-1:] or output[-1:])[0][-100:])
    time.sleep(0.2)
  for thread in threads:
    thread.join()
  if process.returncode:
    raise RuntimeError('\n'.join([*output, *messages][-12:]))
  progress('done', last=True)
  if shown != 0:
    print('\n'.join(output[-(shown or 0) :]))
