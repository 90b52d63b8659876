"""Maps: neighbours stay together, equal rows share a place, names of groups."""

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.inference import projection


def blobs(num_each: int = 30) -> tuple[np.ndarray, np.ndarray]:
  """Three directions, each with a little noise, and which one a row is of."""
  rng = np.random.default_rng(0)
  of = np.repeat(np.arange(3), num_each)
  centres = rng.normal(size=(3, 16)) * 5
  return centres[of] + 0.3 * rng.normal(size=(len(of), 16)), of


class ProjectionTest(parameterized.TestCase):

  @parameterized.parameters('tsne', 'pca')
  def test_groups_stay_apart(self, method):
    vectors, of = blobs()
    points = projection.place(vectors, method)
    centres = np.stack([points[of == k].mean(axis=0) for k in range(3)])
    distance = np.linalg.norm(points[:, None] - centres, axis=-1)
    np.testing.assert_array_equal(distance.argmin(axis=1), of)

  def test_equal_and_few_rows(self):
    vectors, _ = blobs(4)
    points = projection.place(np.concatenate([vectors, vectors * 2]))
    np.testing.assert_array_equal(points[:12], points[12:])
    for few in (vectors[:1], vectors[:3], np.ones((8, 4)), np.zeros((2, 4))):
      self.assertTrue(np.isfinite(projection.place(few)).all())

  def test_neighbours_are_those_of_all_products(self):
    vectors, _ = blobs()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit @ unit.T
    np.fill_diagonal(near, -2)
    expected = np.argsort(-near, axis=1)[:, :5]
    np.testing.assert_array_equal(projection.neighbours(vectors), expected)
    self.assertEqual(projection.neighbours(vectors[:3]).shape, (3, 2))
    self.assertEqual(projection.neighbours(vectors[:1]).shape, (1, 0))

  def test_clusters(self):
    vectors, of = blobs()
    found = projection.clusters(vectors[:50], 3)  # 30 and 20 rows
    self.assertEqual(set(found[:30].tolist()) & set(found[30:].tolist()), set())
    self.assertEqual(projection.clusters(np.ones((4, 2)), 3).tolist(), [0] * 4)
    sizes = np.bincount(projection.clusters(vectors[:50], 2))
    self.assertEqual(sizes.tolist(), [30, 20])

  def test_names_of_groups(self):
    files = ['w/O0/zlib/a/x.ll', 'w/O3/zlib/b.ll', 'w/O0/lua/c-O2.ll', 'w/d.ll']
    self.assertEqual(projection.packages(files), ['zlib', 'zlib', 'lua', '.'])
    self.assertEqual(projection.levels(files), ['O0', 'O3', 'O2', ''])
    self.assertEqual(projection.packages(['/abs/a.ll', 'b.ll']), ['/', '.'])
    self.assertEqual(projection.packages(['x/y/a.ll']), ['.'])
    self.assertEqual(projection.levels(['HO2.ll', 'O21/a.ll']), ['', ''])


if __name__ == '__main__':
  absltest.main()
