"""Tests of errors in common and of the map."""

import numpy as np
from absl.testing import absltest

from mirencoder_jax.downstream.tasks import targets as targets_lib
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import errors, metrics
from mirencoder_jax.inference import projection


def make_target(name, costs):
  costs = np.asarray(costs, float)
  return targets_lib.Target(
      name=name,
      choices=tuple(f'c{i}' for i in range(costs.shape[1])),
      default=0,
      inputs=np.arange(len(costs))[:, None],
      costs=costs,
      labels=costs.argmin(axis=1),
      valid=np.ones(len(costs), bool),
  )


def make_task(*costs):
  n = len(costs[0])
  return tasks.Task(
      name='toy',
      rows=tuple(f'r{i}' for i in range(n)),
      modules=tuple(f'm{i}' for i in range(n)),
      ir=(b'x',) * n,
      module_index=np.arange(n),
      groups={'suite': np.arange(n) // 2},
      group_names={'suite': tuple(f's{i}' for i in range((n + 1) // 2))},
      targets=tuple(make_target(f't{i}', c) for i, c in enumerate(costs)),
      problems=(),
  )


def entry(choices, features='ours'):
  choices = np.asarray(choices)[None]  # [S, n] -> [T, S, n]
  return metrics.Entry('program', features, 'head', 'ours', choices)


class ErrorsTest(absltest.TestCase):

  def test_errors_in_common(self):
    task = make_task([[1, 2], [1, 2], [1, 2], [1, 1.01]])
    ours = entry([[1, 1, 0, 1]])  # the last costs 1 % more: not wrong
    theirs = entry([[1, 0, 1, 0], [1, 0, 0, 0]], 'theirs')
    (result,) = errors.compare(task, ours, theirs, ['suite'])
    self.assertEqual(result['both'], 0.25)
    self.assertEqual(result['only_ours'], 0.25)
    self.assertEqual(result['only_other'], 0.125)
    first, second = result['groups']['suite']  # where we lose most comes first
    self.assertEqual((first['name'], first['wrong']), ('s0', 1.0))
    self.assertAlmostEqual(first['lost'], 2 * np.log(2), places=4)
    self.assertAlmostEqual(first['speedup'], 0.5)
    self.assertAlmostEqual(first['speedup_other'], 2**-0.5, places=4)
    self.assertEqual(first['speedup_oracle'], 1)
    self.assertEqual((second['name'], second['wrong_other']), ('s1', 0.25))
    swaps = [{'taken': 'c1', 'best': 'c0', 'share': 1.0}]
    self.assertEqual(result['swaps'], swaps)

  def test_confusion(self):
    task = make_task([[1, 2], [1, 2], [2, 1]])
    matrix = errors.confusion(task.targets[0], np.array([[0, 1, 1], [0, 0, 0]]))
    self.assertEqual(matrix, [[1.5, 0.5], [0.5, 0.5]])


class MapTest(absltest.TestCase):

  def test_projection_of_a_plane_keeps_distances(self):
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((20, 2))
    plane = (plane - plane.mean(0)) / plane.std(0)
    vectors = np.concatenate([plane, plane], axis=1)
    points, share = projection.project(vectors)
    self.assertAlmostEqual(share, 1)

    def distances(x):
      return np.linalg.norm(x[:, None] - x, axis=-1)

    np.testing.assert_allclose(distances(points), distances(vectors), atol=1e-9)

  def test_degenerate(self):
    points, share = projection.project(np.ones((3, 4)))
    np.testing.assert_allclose(points, 0, atol=1e-9)
    self.assertEqual(share, 0)
    self.assertEqual(projection.project(np.ones((3, 1)))[0].shape, (3, 2))


if __name__ == '__main__':
  absltest.main()
