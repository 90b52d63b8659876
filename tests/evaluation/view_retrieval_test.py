"""Tests of retrieving other views of a function, in closed form."""

import numpy as np
from absl.testing import absltest

from mirencoder_jax.evaluation import view_retrieval
from mirencoder_jax.evaluation.view_retrieval import Pairs


def pairs_of(query, target):
  return Pairs(np.array(query), np.array(target))


class ViewRetrievalTest(absltest.TestCase):

  def test_pairs_are_views_of_other_levels(self):
    sources = ['a', 'a', 'a', 'b', 'c', 'c']
    levels = ['O0', 'O0', 'O2', 'O0', 'O1', 'O1']
    pairs = view_retrieval.choose_pairs(sources, levels, 10)
    self.assertLen(pairs.query, 2)  # b has one view
    for query, target in zip(*pairs, strict=True):
      self.assertNotEqual(query, target)
      self.assertEqual(sources[query], sources[target])
      if sources[query] == 'a':
        self.assertNotEqual(levels[query], levels[target])
    self.assertLen(view_retrieval.choose_pairs(sources, levels, 1).query, 1)

  def test_gathering_keeps_every_target(self):
    chosen, pairs = view_retrieval.gather(pairs_of([7, 2], [3, 9]), 12, 5)
    np.testing.assert_array_equal(chosen[pairs.query], [7, 2])
    np.testing.assert_array_equal(chosen[pairs.target], [3, 9])
    self.assertLen(set(chosen.tolist()), 2 + 5)

  def test_ranks(self):
    vectors = np.array(
        [[1, 0.1], [1, 0], [0, 1], [1, 0.05], [-1, -1]], np.float32
    )
    sources = ['a', 'a', 'b', 'c', 'd']
    candidates = np.array([1, 2, 3, 4])
    pairs = pairs_of([0], [1])
    ranks = view_retrieval.rank_targets(vectors, pairs, candidates, sources)
    np.testing.assert_array_equal(ranks, [1])  # c is nearer
    # c as a view of the same function is no mistake.
    sources[3] = 'a'
    ranks = view_retrieval.rank_targets(vectors, pairs, candidates, sources)
    np.testing.assert_array_equal(ranks, [0])

  def test_scale_and_offset_of_a_feature_do_not_matter(self):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((40, 5))
    sources = [str(i % 20) for i in range(40)]
    pairs = pairs_of(np.arange(10), np.arange(20, 30))
    candidates = np.arange(20, 40)
    moved = vectors * np.array([1, 5, 0.1, 30, 2]) + 7
    np.testing.assert_array_equal(
        *(
            view_retrieval.rank_targets(v, pairs, candidates, sources)
            for v in (vectors, moved)
        )
    )

  def test_equal_vectors_find_nothing(self):
    pairs, candidates = pairs_of([0], [1]), np.arange(1, 6)
    sources = [*'aabcde']
    vectors = np.ones((6, 3))
    ranks = view_retrieval.rank_targets(vectors, pairs, candidates, sources)
    np.testing.assert_array_equal(ranks, [4])

  def test_a_vector_that_is_missing_is_not_found(self):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((6, 3))
    vectors[1] = np.nan
    sources = [*'aabcde']
    ranks = view_retrieval.rank_targets(
        vectors, pairs_of([0], [1]), np.arange(1, 6), sources
    )
    np.testing.assert_array_equal(ranks, [4])

  def test_opcode_counts(self):
    example = {
        'instruction_offset': np.array([0, 2, 4, 6]),  # three instructions
        'node_text': np.array([0, 1, 2, 1, 3]),  # the root, then they
        'text_offset': np.array([0, 1, 3, 4, 5]),
        'text_tokens': np.array([9, 5, 7, 6, 8]),  # add is 5, ret is 6
    }
    counts = np.expm1(view_retrieval.count_opcodes([example], 10))
    np.testing.assert_allclose(counts[0, [5, 6]], [2, 1])
    self.assertAlmostEqual(counts.sum(), 3, places=5)


if __name__ == '__main__':
  absltest.main()
