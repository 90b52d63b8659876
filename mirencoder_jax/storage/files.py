"""Files that are there whole or not at all, whatever happens to the disk."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

# Weights that ship with this installation, a folder each.
SHIPPED = pathlib.Path(__file__).resolve().parents[1] / 'shipped' / 'weights'


@contextlib.contextmanager
def writing(path: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Gives a path beside `path` to write to; it becomes `path` at the end.

  Raises:
    OSError: naming `path`, if that fails; a file of that name stays as it was.
  """
  path = pathlib.Path(path)
  aside = path.with_name(path.name + '.part')
  try:
    yield aside
    os.replace(aside, path)
  except OSError as error:
    # Not every writer says which file, pyarrow not even what happened.
    what = os.strerror(error.errno) if error.errno else str(error)
    raise OSError(error.errno, what, str(path)) from error
  finally:
    with contextlib.suppress(OSError):
      aside.unlink()


def first_line(error: Exception) -> str:
  """What a person needs of an error, which of Orbax can be pages long."""
  if 'No space left on device' in str(error):
    return 'no space left on device'
  text = str(error).strip() or type(error).__name__
  return text.splitlines()[0][:300]
