"""What pip installs: ranges that hold the tested pins, nothing left out."""

import ast
import pathlib
import subprocess
import sys
import tomllib

from absl.testing import absltest
from packaging import requirements as requirements_lib
from packaging import utils

import mirencoder_jax

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
# Imported under another name than the one it is installed by.
INSTALLED_AS = {
    'absl': 'absl-py',
    'mlflow': 'mlflow-skinny',
    'orbax': 'orbax-checkpoint',
    'sklearn': 'scikit-learn',
    'tensorflow_datasets': 'tensorflow-datasets',
    'xgboost': 'xgboost-cpu',
}
# Come with what is named: jaxlib with jax, scipy with scikit-learn, fastavro
# with apache-beam, google.protobuf with tensorflow-datasets, fsspec with
# huggingface_hub.
COME_ALONG = {'fastavro', 'fsspec', 'google', 'jaxlib', 'scipy', 'packaging'}
# Used where the user has them, and never needed.
OPTIONAL = {'networkx', 'torch'}


def pins() -> dict[str, requirements_lib.Requirement]:
  found = {}
  for name in (
      'requirements.txt',
      'tests/requirements.txt',
      'tests/requirements-beam.txt',
  ):
    for line in (ROOT / name).read_text().splitlines():
      line = line.partition('#')[0].strip()
      if line:
        requirement = requirements_lib.Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
          found[utils.canonicalize_name(requirement.name)] = requirement
  return found


def declared() -> dict[str, requirements_lib.Requirement]:
  lines = list(PROJECT['dependencies'])
  for extra in PROJECT['optional-dependencies'].values():
    lines += extra
  parsed = map(requirements_lib.Requirement, lines)
  return {
      utils.canonicalize_name(r.name): r
      for r in parsed
      # An accelerator's extra names JAX again, without a version.
      if r.name != 'mirencoder_jax' and r.specifier or r.name == 'gcsfs'
  }


class PackagingTest(absltest.TestCase):

  def test_pins_are_within_the_ranges(self):
    ranges = declared()
    for name, pin in pins().items():
      if name in ranges and not ranges[name].extras:
        (version,) = (s.version for s in pin.specifier)
        self.assertTrue(
            ranges[name].specifier.contains(version, prereleases=True),
            f'{pin} is not within {ranges[name]}',
        )

  def test_the_oldest_pins_are_the_lower_bounds(self):
    ranges = declared()
    oldest = ROOT / 'tests/requirements-oldest.txt'
    for line in oldest.read_text().splitlines():
      if not line or line.startswith('#'):
        continue
      pin = requirements_lib.Requirement(line)
      name = utils.canonicalize_name(pin.name)
      if name not in ranges:  # comes along
        continue
      (version,) = (s.version for s in pin.specifier)
      (lowest,) = (
          s.version for s in ranges[name].specifier if s.operator == '>='
      )
      self.assertTrue(
          f'{version}.'.startswith(f'{lowest}.'), f'{pin}, {ranges[name]}'
      )

  def test_every_import_is_declared(self):
    names = set(declared())
    for path in (ROOT / 'mirencoder_jax').rglob('*.py'):
      for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
          modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
          modules = [node.module]
        else:
          continue
        for module in modules:
          root = module.partition('.')[0]
          if root in sys.stdlib_module_names or root in COME_ALONG | OPTIONAL:
            continue
          if root in ('mirencoder_jax', 'configs'):
            continue
          name = utils.canonicalize_name(INSTALLED_AS.get(root, root))
          self.assertIn(name, names, f'{path} imports {root}')

  def test_what_is_not_python_is_installed(self):
    settings = tomllib.loads((ROOT / 'pyproject.toml').read_text())
    data = settings['tool']['setuptools']['package-data']
    patterns = data['mirencoder_jax']
    package = ROOT / 'mirencoder_jax'
    covered = {p for pattern in patterns for p in package.glob(pattern)}
    others = {
        p
        for p in package.rglob('*')
        if p.is_file() and p.suffix not in ('.py', '.pyc')
    }
    self.assertEmpty(others - covered)

  def test_version_is_semantic_and_in_the_changelog(self):
    version = mirencoder_jax.__version__
    self.assertRegex(version, r'^\d+\.\d+\.\d+$')
    changelog = (ROOT / 'CHANGELOG.md').read_text()
    self.assertIn(f'## {version}', changelog)

  def test_public_names_are_completed(self):
    done = subprocess.run(  # before any of them was used
        [
            sys.executable,
            '-c',
            'import mirencoder_jax as mir\n'
            'assert mir.__all__ and not set(mir.__all__) - set(dir(mir))',
        ],
        check=False,
        cwd=ROOT,
    )
    self.assertEqual(done.returncode, 0)

  def test_what_predicts_needs_no_extra(self):
    extras = PROJECT['optional-dependencies']
    extra = {
        utils.canonicalize_name(requirements_lib.Requirement(line).name)
        for lines in extras.values()
        for line in lines
    }
    core = map(requirements_lib.Requirement, PROJECT['dependencies'])
    extra -= {utils.canonicalize_name(r.name) for r in core}
    imported = {v: k for k, v in INSTALLED_AS.items()}
    roots = {imported.get(name, name.replace('-', '_')) for name in extra}
    # Optax comes with Flax.
    script = (
        'import sys\n'
        f'blocked = {sorted(roots - {"optax", "mirencoder_jax"})}\n'
        'sys.modules.update(dict.fromkeys(blocked))\n'  # no import of them
        'from mirencoder_jax import cli\n'
        'sys.exit(cli.main(["tasks"]))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertIn('loop_vectorization', done.stdout)

  def test_public_names_are_there(self):
    for name in mirencoder_jax.__all__:
      self.assertTrue(hasattr(mirencoder_jax, name), name)


if __name__ == '__main__':
  absltest.main()
