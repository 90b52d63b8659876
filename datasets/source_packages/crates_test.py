"""Tests of the flags of Rust's crates."""

import tomllib

from absl.testing import absltest

from datasets.source_packages import crates

_CARGO = tomllib.loads("""
[package]
name = "my-crate"
edition = "2018"

[dependencies]
always = "1"
small-one = { version = "1", optional = true }
renamed = { package = "real-name", optional = true }
absent = { version = "2", optional = true }
unused = { version = "2", optional = true }

[features]
default = ["std", "fast", "with-absent"]
std = ["alloc", "small-one/std"]
alloc = []
fast = ["dep:renamed"]
with-absent = ["absent", "weak?/x"]
off = ["unused"]
""")


class ResolveTest(absltest.TestCase):

  def test_name_is_one_of_rust(self):
    self.assertEqual(crates.crate_name(_CARGO), 'my_crate')

  def test_defaults_and_what_they_turn_on(self):
    known = ('always', 'small_one', 'real_name', 'unused')
    features, needed = crates.resolve(_CARGO, known)
    self.assertCountEqual(features, ['std', 'alloc', 'fast', 'with-absent'])
    self.assertEqual(
        needed,
        {
            'always': 'always',
            'small_one': 'small_one',
            'renamed': 'real_name',
        },
    )

  def test_a_crate_that_all_need_is_needed_though_unknown(self):
    _, needed = crates.resolve(_CARGO, ())
    self.assertEqual(needed, {'always': 'always'})

  def test_no_cargo_file(self):
    self.assertEqual(crates.resolve({}, ()), ([], {}))


if __name__ == '__main__':
  absltest.main()
