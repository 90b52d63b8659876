"""Tests of reading manifests, and of the one that is shipped."""

import collections
import pathlib
import re
import tempfile

from absl.testing import absltest, parameterized

from datasets.source_packages import licences, packages

_ONE = """
licences = ['MIT']
exclude = ['*bench*']
max_units = { default = { c = 5 } }
[[package]]
name = 'one'
version = '1.0'
origin = 'folder'
sha256 = 'aa'
licence = 'MIT'
languages = ['c', 'c++']
exclude = ['two/*']
max_units = { 'c++' = 2 }
"""


class ManifestTest(parameterized.TestCase):

  def load(self, text: str) -> packages.Manifest:
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    path = pathlib.Path(folder.name, 'some.toml')
    path.write_text(text)
    return packages.load_manifest(path)

  def test_tiers_set_limits_that_a_package_may_change(self):
    manifest = self.load(_ONE)
    self.assertEmpty(manifest.select('musl'))
    (package,) = manifest.select('default')
    self.assertEqual(package.max_units, {'c': 5, 'c++': 2})
    self.assertEqual(package.exclude, ('*bench*', 'two/*'))
    (package,) = manifest.select('full')
    self.assertEqual(package.max_units, {})

  @parameterized.named_parameters(
      ('not_toml', 'x =', 'Invalid value'),
      ('no_package', "licences = ['MIT']", "has no 'package'"),
      ('unknown_field', _ONE + "colour = 'red'", "unknown fields .'colour'"),
      ('missing', _ONE.replace("sha256 = 'aa'", ''), 'fields missing: sha256'),
      ('origin', _ONE.replace("'folder'", "'ftp'"), "origin 'ftp' is none"),
      ('language', _ONE.replace("'c++']", "'d']"), r"one: no language .'d'"),
      ('twice', _ONE + _ONE[_ONE.index('[[') :], "'one'. are there twice"),
  )
  def test_error_names_file_package_and_field(self, text, expected):
    with self.assertRaisesRegex(packages.ManifestError, expected) as caught:
      self.load(text)
    self.assertIn('some.toml: ', str(caught.exception))

  def test_no_such_tier(self):
    with self.assertRaisesRegex(packages.ManifestError, "tier 'huge' is none"):
      self.load(_ONE).select('huge')

  def test_no_such_file(self):
    with self.assertRaisesRegex(packages.ManifestError, 'gone.toml: No such'):
      packages.load_manifest('gone.toml')


class ShippedManifestTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.manifest = packages.load_manifest()
    cls.packages = cls.manifest.select('full')

  def test_all_are_pinned(self):
    for package in self.packages:
      self.assertRegex(package.sha256, r'^[0-9a-f]{64}$', package.name)
      self.assertTrue(package.version, package.name)
      self.assertRegex(package.name, r'^[a-z0-9][\w.+-]*$')

  def test_licences_are_allowed_or_left_to_each_file(self):
    for package in self.packages:
      if package.licence != 'LicenseRef-mixed':
        self.assertTrue(
            licences.is_allowed(package.licence, self.manifest.licences),
            f'{package.name}: {package.licence}',
        )
    allowed = ' '.join(self.manifest.licences - {'GPL WITH Bison-exception'})
    self.assertNotRegex(allowed, r'GPL|MPL|EPL|CC-BY|mixed|proprietary')

  def test_there_are_enough_of_enough_languages(self):
    default = self.manifest.select('default')
    self.assertGreaterEqual(len(default), 60)
    counts = collections.Counter(
        language for package in default for language in package.languages
    )
    self.assertCountEqual(counts, packages.LANGUAGES)

  def test_musl_needs_no_download(self):
    (musl,) = self.manifest.select('musl')
    self.assertEqual((musl.name, musl.origin), ('musl', 'ziglang'))

  def test_no_benchmark_of_the_tasks_is_among_them(self):
    benchmarks = re.compile(
        r'polybench|rodinia|^npb|shoc|parboil|lulesh|clomp|sdk', re.IGNORECASE
    )
    for package in self.packages:
      self.assertNotRegex(f'{package.name} {package.project}', benchmarks)


if __name__ == '__main__':
  absltest.main()
