"""Provenance: when, where and with what results were made."""

import importlib.metadata
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence

from mirencoder_jax import version
from mirencoder_jax.storage import machine

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def collect(argv: Sequence[str] | None = None) -> dict[str, str]:
  """Date, command, commit, hardware and versions.

  Args:
    argv: the command; that of this process by default.
  """
  return {
      'date': time.strftime('%Y-%m-%d'),
      'command': format_command(sys.argv if argv is None else argv),
      'commit': find_commit(),
      'hardware': machine.describe_hardware(),
      'python': platform.python_version(),
      'jax': importlib.metadata.version('jax'),
  }


# What a figure may hang on, besides this repository's commit.
_PACKAGES = (
    *('jax', 'jaxlib', 'flax', 'optax', 'orbax-checkpoint', 'numpy'),
    *('llvmlite', 'tokenizers', 'array_record', 'tensorflow-datasets'),
)


def versions() -> dict[str, str]:
  """Versions of this package and of what it computes, reads and writes with."""
  found = {'mirencoder_jax': version.__version__}
  for name in _PACKAGES:
    try:
      found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      pass
  return found


def format_command(argv: Sequence[str]) -> str:
  """A command as another person would type it: no path of this machine.

  Paths inside the current folder become relative; of others the last part is
  kept.
  """
  words = []
  for word in argv:
    flag, equals, value = word.partition('=')
    if not equals:
      flag, value = '', word
    head, separator, path = value.rpartition('=')  # NAME=PATH
    words.append(flag + equals + head + separator + _shorten(path))
  name = pathlib.Path(words[0]).name if words else ''
  return ' '.join(['python', name, *map(_quote, words[1:])])


def _quote(word: str) -> str:
  if "'" in word and not set(word) & set('"$`\\!'):
    return f'"{word}"'
  return shlex.quote(word)


def _shorten(value: str) -> str:
  if not os.path.isabs(value):
    return value
  path = pathlib.Path(value)
  folder = pathlib.Path.cwd()
  if path.is_relative_to(folder):
    return str(path.relative_to(folder))
  return f'FOLDER/{path.name}'


def find_commit() -> str:
  """The commit of the code, '' outside a clone; `+` if files differ from it."""

  def git(*arguments):
    return subprocess.run(
        ['git', '-C', str(_ROOT), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

  try:
    commit = git('rev-parse', '--short=10', 'HEAD')
    changed = git('status', '--porcelain', '--untracked-files=no')
  except (OSError, subprocess.CalledProcessError):
    return ''
  return commit + ('+' if changed else '')
