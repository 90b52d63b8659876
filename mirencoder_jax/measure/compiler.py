"""The clang whose loops are measured: its pragmas are what is tuned."""

import pathlib
from typing import NamedTuple

from mirencoder_jax.frontend import compilers, wheel
from mirencoder_jax.ir import IRError


class Compiler(NamedTuple):
  """A clang, and what links its objects.

  Attributes:
    name: `clang` or `ziglang`.
    version: such as `clang version 22.1.8`.
    compile: words that start it as a compiler of C.
    link: words that start it as a compiler with the C library, and linker.
    found: what `frontend.compilers` makes IR with.
  """

  name: str
  version: str
  compile: tuple[str, ...]
  link: tuple[str, ...]
  found: compilers.Compiler


def find_newer(name: str | None, oldest: int, why: str) -> Compiler:
  """The clang that is named, or the first that is new enough.

  Args:
    name: as for `find_clang`.
    oldest: version that will do.
    why: it is needed, for the message.

  Raises:
    IRError: there is none.
  """
  if name:
    return find_clang(name)
  newest = (f'clang-{n}' for n in range(oldest + 9, oldest - 1, -1))
  found = None
  for candidate in (None, *newest, 'ziglang'):
    try:
      found = find_clang(candidate)
    except IRError:
      continue
    if int(found.found.version.partition('.')[0]) >= oldest:
      return found
  seen = f'{found.version} is too old' if found else 'there is no clang'
  raise IRError(
      f'{seen}: {why} clang {oldest} or newer; install one, or `python -m pip '
      'install ziglang`, which carries one'
  )


def find_clang(name: str | None = None) -> Compiler:
  """The clang that `frontend.compilers` finds: on the PATH, or in `ziglang`.

  Args:
    name: one in particular: a name on the PATH, a path, or `ziglang`.

  Raises:
    IRError: there is none, or it is no clang.
  """
  found = compilers.find_compiler('c', name)
  version = f'clang version {found.version}'
  if found.kind == 'clang':
    return Compiler('clang', version, found.command, found.command, found)
  if found.kind != 'zig':
    raise IRError(f'{found} is no clang, whose pragmas are needed')
  # The machine's C library runs what is measured, so its headers are used.
  zig = found.command[0]
  headers = (
      '-isystem',
      str(wheel.libc_folders(pathlib.Path(zig).parent / 'lib')[0]),
  )
  return Compiler(
      'ziglang', version, (*found.command, *headers), (zig, 'cc'), found
  )
