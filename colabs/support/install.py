"""Installs what a notebook needs and nothing that is there already.

What pyproject.toml asks for (and the extras named) is compared with what this
Python has. Only what is missing, or too old or new, is installed; everything
else is held at its version, so that a runtime keeps its own JAX, NumPy and
CUDA plug-in, and with them its accelerator. It needs nothing but `packaging`.
"""

import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile
import tomllib

from packaging import requirements, utils, version

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What is built on another package's insides follows it to a new version.
FOLLOWS = {'llvmlite': ('numba',)}
# Of newer ones of the first, code that older ones of the second refuse; the
# first does not say so.
_AT_MOST = (('tensorflow-metadata', '1.18', 'protobuf', '6.31.1'),)
# Held where not everything can be.
_HELD = ('jax', 'numpy', 'nvidia', 'protobuf', 'torch', 'tensorflow')


def wanted(extras: list[str]) -> list[requirements.Requirement]:
  """What the project and some of its extras ask for."""
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  optional = project['optional-dependencies']
  lines, queue = list(project['dependencies']), list(extras)
  for extra in queue:
    for line in optional[extra]:
      requirement = requirements.Requirement(line)
      if requirement.name == 'mirencoder_jax':
        queue += requirement.extras - set(queue)
      else:
        lines.append(line)
  parsed = map(requirements.Requirement, dict.fromkeys(lines))
  return [r for r in parsed if r.marker is None or r.marker.evaluate()]


def unmet(
    asked: list[requirements.Requirement], here: dict[str, str]
) -> list[str]:
  """What of it this Python has not, and what follows that.

  Args:
    asked: of `wanted`.
    here: version of each package that is installed, by its plain name.
  """
  found = []
  for requirement in asked:
    name = utils.canonicalize_name(requirement.name)
    if name not in here or not requirement.specifier.contains(
        here[name], prereleases=True
    ):
      found.append(str(requirement))
      found += [n for n in FOLLOWS.get(name, ()) if n in here]
  return found


def installed() -> dict[str, str]:
  return {
      utils.canonicalize_name(d.metadata['Name']): d.version
      for d in importlib.metadata.distributions()
      if d.metadata['Name']
  }


def constraints(held: dict[str, str]) -> list[str]:
  """Lines for pip: what is held, and what would not go with that."""
  lines = [f'{name}=={number}' for name, number in held.items()]
  for name, below, other, needed in _AT_MOST:
    is_old = other in held and (
        version.parse(held[other]) < version.parse(needed)
    )
    if is_old and name not in held:
      lines.append(f'{name}<{below}')
  return lines


def main(extras: list[str]) -> None:
  here = installed()
  missing = unmet(wanted(extras), here)
  if not missing:
    print('everything is installed')
    return
  print('installing', ', '.join(missing), flush=True)
  moving = {
      utils.canonicalize_name(requirements.Requirement(m).name) for m in missing
  }
  held = {n: v for n, v in here.items() if n not in moving}
  few = {n: v for n, v in held.items() if n.startswith(_HELD)}
  pip = [sys.executable, '-m', 'pip', 'install', '--quiet', *missing]
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'held.txt')
    for versions in (held, few):
      path.write_text('\n'.join(constraints(versions)))
      done = subprocess.run(
          [*pip, '--constraint', str(path)], capture_output=True, text=True
      )
      if done.returncode == 0:
        return
  lines = done.stderr.splitlines()
  said = [line for line in lines if not line.startswith('WARNING')]
  if len(said) < len(lines) and 'connection broken' in done.stderr:
    said.append('No package index answers: is there a network?')
  sys.exit('\n'.join(said))


if __name__ == '__main__':
  main(sys.argv[1:])
