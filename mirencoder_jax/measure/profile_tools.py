"""The LLVM that profiles programs: clang, opt, llvm-profdata, the runtime.

All of one version, 17 or newer: what `opt` instruments the runtime of clang
counts, and `llvm-profdata` reads.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import NamedTuple

from mirencoder_jax.frontend import bounded, compilers
from mirencoder_jax.ir import IRError

OLDEST = 17
_NEWEST = 30
_NAMES = ('clang', *(f'clang-{n}' for n in range(_NEWEST, OLDEST - 1, -1)))


class Tools(NamedTuple):
  """What `find_tools` found.

  Attributes:
    version: of LLVM, such as `22.1.8`.
    clang: path; compiles C.
    clangxx: path; compiles and links C++.
    opt: path.
    profdata: path of llvm-profdata.
  """

  version: str
  clang: str
  clangxx: str
  opt: str
  profdata: str


def find_tools(name: str | None = None) -> Tools:
  """The first clang that has an `opt` and `llvm-profdata` of its version.

  Args:
    name: of the clang to take, on the PATH or a path; by default `clang`, then
      the newest that is there.

  Raises:
    IRError: with what is missing and how to get it.
  """
  problems = []
  for candidate in (name,) if name else _NAMES:
    path = shutil.which(candidate)
    if path is None:
      continue
    try:
      tools = _complete(path)
      _check_runtime(tools)
      return tools
    except IRError as error:
      problems.append(str(error.message))
  if problems:
    raise IRError('; '.join(problems[:3]))
  raise IRError(
      f'{name or "clang"} is not on the PATH; profiles need clang, opt, '
      f'llvm-profdata and the profile runtime of one LLVM, {OLDEST} or newer '
      '(Debian: `apt install clang-19 llvm-19 libclang-rt-19-dev`)'
  )


def find_opt() -> str | None:
  """The newest `opt` of LLVM 17 or newer on the PATH; None if there is none."""
  for name in ('opt', *(f'opt-{n}' for n in range(_NEWEST, OLDEST - 1, -1))):
    path = shutil.which(name)
    if any(_has_major(path, n) for n in range(OLDEST, _NEWEST + 1)):
      return path
  return None


def name_opt(name: str | None = None) -> tuple[str, str]:
  """Path and version of an `opt` of LLVM 17 or newer.

  Args:
    name: on the PATH or a path; by default what `find_opt` finds.

  Raises:
    IRError: there is none, and how to get one.
  """
  path = shutil.which(name) if name else find_opt()
  if path is None:
    raise IRError(
        f'no {name or "opt"} of LLVM {OLDEST} or newer is on the PATH (Debian: '
        '`apt install llvm-19`, and then --opt=opt-19; bitcode of a newer '
        'clang or rustc needs the opt of its LLVM)'
    )
  done = subprocess.run(
      [path, '--version'], capture_output=True, text=True, check=False
  )
  version = re.search(r'version (\d+)[.\d]*', done.stdout)
  if version is None or int(version[1]) < OLDEST:
    raise IRError(f'{path} is no opt of LLVM {OLDEST} or newer')
  return path, version[0].removeprefix('version ')


def _complete(path: str) -> Tools:
  """The other tools of a clang."""
  try:
    found = compilers.find_compiler('c', path)
  except IRError as error:
    raise IRError(f'{path}: {error.message}') from None
  major = int(found.version.partition('.')[0])
  if found.kind != 'clang' or major < OLDEST:
    raise IRError(f'{path} is {found}; clang {OLDEST} or newer is needed')
  folder = pathlib.Path(os.path.realpath(path)).parent
  places = {}
  for tool in ('opt', 'llvm-profdata', 'clang++'):
    candidates = (str(folder / tool), f'{tool}-{major}', tool)
    places[tool] = next(
        (c for c in map(shutil.which, candidates) if _has_major(c, major)), None
    )
  missing = [tool for tool in ('opt', 'llvm-profdata') if not places[tool]]
  if missing:
    raise IRError(
        f'{path} is clang {major}, and there is no {" and no ".join(missing)} '
        f'of LLVM {major} (Debian: `apt install llvm-{major}`)'
    )
  return Tools(
      found.version,
      path,
      places['clang++'] or path,
      places['opt'] or '',
      places['llvm-profdata'] or '',
  )


def _has_major(path: str | None, major: int) -> bool:
  if path is None:
    return False
  try:
    done = subprocess.run(
        [path, '--version'], capture_output=True, text=True, check=False
    )
  except OSError:
    return False
  return bool(re.search(rf'version {major}\.', done.stdout))


def _check_runtime(tools: Tools) -> None:
  """Links a program with the profile runtime, which many machines lack."""
  with tempfile.TemporaryDirectory(prefix='profile-') as folder:
    source = pathlib.Path(folder, 'empty.c')
    source.write_text('int main(void) { return 0; }\n')
    try:
      bounded.run_checked(
          [
              *(tools.clang, '-fprofile-generate', str(source)),
              *('-o', str(source.with_suffix(''))),
          ],
          cpu_seconds=60,
      )
    except bounded.RunError as error:
      major = tools.version.partition('.')[0]
      raise IRError(
          f'clang {major} links no program with its profile runtime (Debian: '
          f'`apt install libclang-rt-{major}-dev`): {error}'
      ) from None
