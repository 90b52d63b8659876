"""Tests of heads and of the fit over folds, seeds and grids."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.downstream import fit, heads, splits, tasks

GRIDS = {
    'kernel': dict(
        penalty=(0.01, 1.0), bandwidth=(0.3, 1.0), input_weight=(1.0,)
    ),
    'mlp': dict(weight_decay=(0.1,), learning_rate=(0.02,)),
}
CONFIG = fit.FitConfig(heads=('kernel', 'mlp'), grids=GRIDS)


def make_task(num_rows=60, num_choices=2, seed=0, labels_only=False):
  """Rows whose best choice is the sign of what their module's vector says."""
  rng = np.random.default_rng(seed)
  vectors = rng.standard_normal((num_rows, 5)).astype(np.float32)
  costs = np.exp(vectors[:, :num_choices])
  target = tasks.Target(
      name='box',
      choices=tuple(f'c{i}' for i in range(num_choices)),
      default=0,
      inputs=rng.uniform(1, 100, (num_rows, 1)),
      costs=None if labels_only else costs,
      labels=costs.argmin(axis=1),
      valid=np.ones(num_rows, bool),
  )
  groups = np.arange(num_rows) // 3
  task = tasks.Task(
      name='toy',
      rows=tuple(f'row {i}' for i in range(num_rows)),
      modules=tuple(f'm{i}' for i in range(num_rows)),
      ir=(b'',) * num_rows,
      module_index=np.arange(num_rows),
      groups={'program': groups},
      group_names={'program': tuple(f'p{i}' for i in range(num_rows // 3))},
      targets=(target,),
      problems=(),
  )
  return task, vectors


def make_protocol(task, group='program', num_folds=4, num_seeds=1):
  return splits.build_protocol(
      splits.SplitConfig('split', group, num_folds),
      task.strata,
      task.groups,
      num_seeds=num_seeds,
      num_inner_folds=2,
  )


def make_grid(head):
  return jax.tree.map(jnp.asarray, fit.make_grid(GRIDS[head])[1])


def accuracy(task, answer):
  return float((answer.choices[0] == task.targets[0].labels).mean())


class HeadsTest(parameterized.TestCase):

  def test_rows_are_those_of_the_mask(self):
    mask = jnp.array([0.0, 1, 0, 1, 1])
    rows = heads.select_rows(mask, 4)
    np.testing.assert_array_equal(rows.index[:3], [1, 3, 4])
    np.testing.assert_array_equal(rows.weight, [1, 1, 1, 0])

  def test_standardise_reads_selected_rows_only(self):
    x = np.array([[1.0, 5], [3, 5], [1000, 7]], np.float32)
    rows = heads.select_rows(jnp.array([1.0, 1, 0]), 3)
    actual = heads.standardise(jnp.asarray(x), rows)
    np.testing.assert_allclose(
        actual, [[-1, 0], [1, 0], [4, 0]], rtol=1e-5, atol=1e-5
    )

  def test_kernel_head_is_the_closed_form(self):
    task, vectors = make_task(20)
    data = jax.tree.map(
        jnp.asarray, fit.make_data(task.targets[0], vectors, 1.0)
    )
    mask = (jnp.arange(20) < 14).astype(jnp.float32)
    grid = make_grid('kernel')
    actual = jax.jit(heads.fit_kernel)(
        data, heads.select_rows(mask, 16), grid, jax.random.key(0)
    )
    self.assertEqual(actual.costs.shape, (2, 2, 20, 2))

    train = np.asarray(mask) > 0

    def scale(x):
      x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
      return np.clip(x, -4, 4)

    z, u = scale(np.asarray(data.vectors)), scale(np.asarray(data.inputs))
    distance = np.square(z[:, None] - z[None]).mean(axis=-1)
    distance += np.square(u[:, None] - u[None]).sum(axis=-1)
    targets = np.asarray(data.costs)
    mean = targets[train].mean(axis=0)
    for a, bandwidth in enumerate((0.3, 1.0)):
      for q, penalty in enumerate((0.01, 1.0)):
        kernel = np.exp(-bandwidth * distance)
        system = kernel[train][:, train] + penalty * np.eye(14)
        weights = np.linalg.solve(system, targets[train] - mean)
        expected = kernel[:, train] @ weights + mean
        np.testing.assert_allclose(
            actual.costs[a, q], expected, rtol=2e-3, atol=2e-3
        )

  @parameterized.parameters('kernel', 'mlp')
  def test_padding_and_other_rows_do_not_matter(self, head):
    task, vectors = make_task(20)
    data = jax.tree.map(
        jnp.asarray, fit.make_data(task.targets[0], vectors, 1.0)
    )
    mask = (jnp.arange(20) < 14).astype(jnp.float32)
    grid = make_grid(head)
    fit_head = heads.HEADS[head]
    if head == 'mlp':
      fit_head = functools.partial(fit_head, num_steps=5, width=4)
    fit_head = jax.jit(fit_head)
    key = jax.random.key(0)
    tight = fit_head(data, heads.select_rows(mask, 14), grid, key)
    loose = fit_head(data, heads.select_rows(mask, 19), grid, key)
    np.testing.assert_allclose(tight.costs, loose.costs, atol=2e-3)
    other = data._replace(
        costs=data.costs.at[14:].set(9), classes=data.classes.at[14:].set(0.5)
    )
    changed = fit_head(other, heads.select_rows(mask, 14), grid, key)
    np.testing.assert_array_equal(tight.costs, changed.costs)
    np.testing.assert_array_equal(tight.classes, changed.classes)

  def test_components_of_low_rank_data(self):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 12))
    x = jnp.asarray(x, dtype=np.float32)
    rows = heads.select_rows(jnp.ones(30), 30)
    y = heads.principal_components(x, rows, 3, jax.random.key(0))
    self.assertEqual(y.shape, (30, 3))
    # Nothing is lost: distances are those of the data.
    np.testing.assert_allclose(y @ y.T, x @ x.T, rtol=1e-3, atol=1e-3)


class FitTest(parameterized.TestCase):

  @parameterized.parameters(('kernel', 2), ('kernel', 3), ('mlp', 2))
  def test_learns_what_vectors_say(self, head, num_choices):
    task, vectors = make_task(60, num_choices)
    fits = fit.fit_protocol(head, vectors, task, make_protocol(task), CONFIG)
    self.assertCountEqual(fits, ['cost', 'class'])
    for answer in fits.values():
      self.assertGreater(accuracy(task, answer), 0.45 + 0.6 / num_choices)
      self.assertEqual(answer.scores.shape, (1, 1, 60, num_choices))
      self.assertIn(answer.chosen[0], fit.make_grid(GRIDS[head])[0])

  @parameterized.parameters('kernel', 'mlp')
  def test_canary(self, head):
    # A feature that is the label on test rows and silent on training rows.
    task, _ = make_task(60)
    protocol = make_protocol(task)
    labels = task.targets[0].labels
    noise = np.random.default_rng(1).standard_normal((60, 4))
    for run in range(2):
      test = protocol.test[run]
      canary = np.where(test, 100.0 * (2 * labels - 1), 0)[:, None]
      one = protocol._replace(
          **{
              name: getattr(protocol, name)[[run]]
              for name in ('train', 'test', 'inner', 'seed', 'fold')
          }
      )
      choices = [
          fit.fit_protocol(
              head, np.concatenate([noise, extra], axis=1), task, one, CONFIG
          )['class'].choices[0, 0, test]
          for extra in (canary, np.zeros_like(canary))
      ]
      np.testing.assert_array_equal(*choices)

  def test_test_labels_do_not_matter(self):
    task, vectors = make_task(60)
    protocol = make_protocol(task)
    test = protocol.test[0]
    (target,) = task.targets
    costs = target.costs.copy()
    costs[test] = costs[test][:, ::-1]
    other = task._replace(
        targets=(target._replace(costs=costs, labels=costs.argmin(axis=1)),)
    )
    answers = [
        fit.fit_protocol('kernel', vectors, t, protocol, CONFIG)['cost']
        for t in (task, other)
    ]
    np.testing.assert_array_equal(*(a.scores[0, 0, test] for a in answers))

  def test_invalid_rows_are_not_fitted_on(self):
    task, vectors = make_task(60)
    (target,) = task.targets
    valid = np.arange(60) % 5 > 0
    answers = []
    for fill in (0.1, 50.0):
      costs = np.where(valid[:, None], target.costs, [1.0, fill])
      labels = costs.argmin(axis=1)
      marked = target._replace(costs=costs, labels=labels, valid=valid)
      answer = fit.fit_protocol(
          'kernel',
          vectors,
          task._replace(targets=(marked,)),
          make_protocol(task),
          CONFIG,
      )
      answers.append(answer['cost'].scores)
    np.testing.assert_array_equal(*answers)

  def test_labels_only_and_no_vectors(self):
    task, vectors = make_task(60, labels_only=True)
    fits = fit.fit_protocol(
        'kernel', vectors[:, :0], task, make_protocol(task), CONFIG
    )
    self.assertCountEqual(fits, ['class'])

  def test_unknown_head(self):
    task, vectors = make_task(20)
    with self.assertRaisesRegex(ValueError, "unknown head 'oracle'"):
      fit.fit_protocol('oracle', vectors, task, make_protocol(task), CONFIG)


if __name__ == '__main__':
  absltest.main()
