"""The generated loops: the same ones everywhere, of every family, and valid."""

import collections
import hashlib
import json
import lzma
import pathlib
import tempfile

from absl.testing import absltest

from datasets.loop_vectorization import generate
from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import compiler, loop_source

_HERE = pathlib.Path(__file__).parent


class GenerateTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.loops = generate.generate()

  def test_distinct_and_even(self):
    self.assertGreaterEqual(len(self.loops), 1500)
    texts = {loop.text for loop in self.loops}
    self.assertLen(texts, len(self.loops))
    families = collections.Counter(loop.family for loop in self.loops)
    self.assertGreaterEqual(len(families), 20)
    self.assertLen(set(families.values()), 1)

  def test_any_prefix_holds_all_families_evenly(self):
    families = collections.Counter(loop.family for loop in self.loops[:1000])
    self.assertLen(families, len(generate.FAMILIES))
    self.assertLessEqual(max(families.values()) - min(families.values()), 1)
    self.assertEqual(generate.generate(100), self.loops[:100])

  def test_names_sort_as_they_come(self):
    names = [loop.name for loop in self.loops]
    self.assertEqual(names, sorted(names))

  def test_every_loop_keeps_the_contract(self):
    for loop in self.loops:
      source = loop_source.parse_loop(loop.text).function
      self.assertEqual(source.name, 'loop')
      self.assertEqual(source.notes['family'], loop.family)

  def test_shipped_labels_are_of_these_loops(self):
    data = lzma.decompress((_HERE / 'labels.jsonl.xz').read_bytes())
    _, *records = [json.loads(line) for line in data.decode().splitlines()]
    texts = {loop.name: loop.text for loop in self.loops}
    for record in records:
      digest = hashlib.sha256(texts[record['name']].encode()).hexdigest()
      self.assertEqual(record['digest'], digest[:16], record['name'])

  def test_every_family_compiles(self):
    try:
      clang = compiler.find_clang()
    except IRError as error:
      self.skipTest(str(error))
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'loops.c')
      # One file of one loop of each family.
      path.write_text(
          '\n'.join(
              loop.text.replace(' loop(', f' loop_{number}(')
              .replace('struct point', f'struct point_{number}')
              .replace('struct body', f'struct body_{number}')
              for number, loop in enumerate(self.loops[: 2 * 64])
          )
      )
      bounded.run_checked(
          [
              *clang.compile,
              '-fsyntax-only',
              '-Wall',
              '-Werror',
              '-Wno-unused-variable',
              '-Wno-unused-but-set-variable',
              str(path),
          ],
          cpu_seconds=30,
      )


if __name__ == '__main__':
  absltest.main()
