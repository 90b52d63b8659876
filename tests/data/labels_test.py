"""Labels: read, joined by hash, packed, and missing where not known."""

import json
import lzma
import pathlib
import tempfile

import numpy as np
import testing
from absl.testing import absltest

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import labels, packing, planning, segments

SIZES = [100, 50, *[100] * 13, 'no size']


def write_file(test, name, data):
  folder = tempfile.TemporaryDirectory()
  test.addCleanup(folder.cleanup)
  path = pathlib.Path(folder.name, name)
  path.write_bytes(data)
  return str(path)


def write_lines(test, name, *lines, end='\n'):
  text = '\n'.join(json.dumps(line) for line in lines) + end
  data = text.encode()
  return write_file(
      test, name, lzma.compress(data) if name.endswith('.xz') else data
  )


def size_file(test, *keys, name='sizes.jsonl', **kwargs):
  return write_lines(
      test,
      name,
      {'kind': 'function_sizes', 'choices': [f'p{i}' for i in range(16)]},
      {'name': 'a.bc', 'functions': [[key, 'f', SIZES, {}] for key in keys]},
      **kwargs,
  )


def guess_file(test, key, branches, frequencies):
  return write_lines(
      test,
      'guesses.jsonl',
      {'kind': 'guesses'},
      {'name': 'a.bc', 'functions': [[key, 'f', branches, frequencies]]},
  )


def example(seed=0, **kwargs):
  return testing.random_example(np.random.default_rng(seed), 128, **kwargs)


class LabelsTest(absltest.TestCase):

  def test_sizes_are_joined_by_hash(self):
    one, other = example(1), example(2)
    for name in ('sizes.jsonl', 'sizes.jsonl.xz'):
      found = labels.read_labels([size_file(self, one['hash'], name=name)])
      known = found.attach(one)['label_sizes']
      np.testing.assert_array_equal(known, [*SIZES[:-1], np.nan])
      self.assertTrue(np.isnan(found.attach(other)['label_sizes']).all())
      self.assertTrue(np.isnan(found.attach(one)['label_nodes']).all())

  def test_guesses_are_of_instruction_nodes(self):
    one = example(1)  # three instructions in a block
    one['node_block'][2:4] = 1
    path = guess_file(self, one['hash'], [[1, 0.9]], [0.0, 5.0])
    nodes = labels.read_labels([path]).attach(one)['label_nodes']
    expected = np.full((12, 2), np.nan, np.float32)
    expected[2, 0] = 0.9  # instruction 1 is node 2
    expected[1:4, 1] = [0, 5, 5]
    np.testing.assert_array_equal(nodes, expected)

  def test_what_does_not_fit_the_function_is_not_joined(self):
    one = example(1)
    one['node_block'][3] = 1
    for branches, frequencies in ([[3, 0.9]], [0.0, 1.0]), ([], [0.0]):
      path = guess_file(self, one['hash'], branches, frequencies)
      nodes = labels.read_labels([path]).attach(one)['label_nodes']
      self.assertTrue(np.isnan(nodes).all())

  def test_a_line_that_is_being_written_is_left_out(self):
    one = example(1)
    path = size_file(self, one['hash'], end='\n{"name": "b.bc", "fun')
    self.assertLen(labels.read_labels([path]).sizes, 1)

  def test_other_files_are_refused_by_name(self):
    bad = {
        'missing': '/nowhere/sizes.jsonl',
        'not JSON': write_file(self, 'table.csv', b'a,b\n1,2\n'),
        'empty': write_file(self, 'empty.jsonl', b''),
        'of something else': write_lines(self, 'loops.jsonl', {'kind': 'l'}),
        'of other pipelines': write_lines(
            self, 'few.jsonl', {'kind': 'function_sizes', 'choices': ['Oz']}
        ),
    }
    for what, path in bad.items():
      with (
          self.subTest(what),
          self.assertRaisesRegex(
              labels.LabelError, f'{path}.*mirencoder measure'
          ),
      ):
        labels.read_labels([path])

  def test_packs_and_merged_batches_have_them_in_place(self):
    some = [example(seed) for seed in range(4)]
    found = labels.read_labels(
        [
            size_file(self, some[1]['hash']),
            guess_file(self, some[3]['hash'], [[0, 0.25]], [2.0]),
        ]
    )
    attached = [found.attach(e) for e in some]
    packs = [
        packing.pack(part, testing.BUDGET, with_labels=True)
        for part in (attached[:2], [], attached[2:])
    ]
    merged = batch_lib.merge(packing.stack_packs(packs))
    num_graphs, num_nodes = testing.BUDGET.num_graphs, testing.BUDGET.num_nodes
    known = np.isfinite(merged.labels.sizes).any(1)
    np.testing.assert_array_equal(np.flatnonzero(known), [1])
    is_branch = np.isfinite(merged.labels.nodes[:, 0])
    # The second example of the third pack, behind the first's 12 nodes.
    place = 2 * num_nodes + 12 + 1
    np.testing.assert_array_equal(np.flatnonzero(is_branch), [place])
    self.assertEqual(merged.labels.sizes.shape[0], 3 * num_graphs)
    self.assertIsNone(packing.pack(some[:2], testing.BUDGET).labels)

  def test_a_segment_keeps_its_nodes_and_no_sizes(self):
    one = example(3, num_tokens=120, num_nodes=90, num_edges=120)
    num_instructions = len(one['instruction_offset']) - 1
    path = guess_file(
        self,
        one['hash'],
        [[i, i / 100] for i in range(num_instructions)],
        [0.0],
    )
    found = labels.read_labels([path, size_file(self, one['hash'])])
    parts, _ = segments.split_example(found.attach(one), testing.BUDGET)
    self.assertGreater(len(parts), 1)
    branches = np.concatenate([p['label_nodes'][:, 0] for p in parts])
    branches = branches[np.isfinite(branches)]
    np.testing.assert_allclose(branches, np.arange(num_instructions) / 100)
    for part in parts:
      self.assertTrue(np.isnan(part['label_sizes']).all())


class RepeatsTest(absltest.TestCase):

  def test_an_epoch_holds_examples_as_often_as_said(self):
    sizes = planning.measure((example(seed) for seed in range(40)), 32)
    # Views of one source, two by two.
    sizes = sizes._replace(source=np.arange(40, dtype=np.int32) // 2)
    repeats = np.where(np.arange(40) % 3 == 0, 4, 1)
    for pairs in (False, True):
      plan = planning.Plan(sizes, testing.BUDGET, 0, pairs, repeats)
      packs = [p for i in range(plan.num_blocks) for p in plan.block(i)]
      seen = np.bincount(
          [e for pack in packs for e in pack.examples], minlength=40
      )
      np.testing.assert_array_equal(seen, repeats)


if __name__ == '__main__':
  absltest.main()
