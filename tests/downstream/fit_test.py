"""Tests of the fit over folds, seeds and grids."""

import dataclasses

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.tasks import splits, tasks

GRIDS = {
    'kernel': dict(penalty=(0.01, 1.0), group_variance=(0.1,)),
    'ridge': dict(penalty=(0.01, 1.0), group_variance=(0.1,)),
    'neighbour': dict(neighbours=(1, 5)),
    'mlp': dict(weight_decay=(0.1,), learning_rate=(0.02,)),
}
HEADS = tuple(GRIDS)
CONFIG = fit.FitConfig(
    heads=HEADS,
    grids=GRIDS,
    averaged=('neighbour',),
    max_log_ratio=1.0,
)


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


def accuracy(task, answer):
  return float((answer.choices[0] == task.targets[0].labels).mean())


def take_run(protocol, run):
  """A protocol of one run."""
  names = ('train', 'test', 'inner', 'seed', 'fold')
  return protocol._replace(**{k: getattr(protocol, k)[[run]] for k in names})


class FitTest(parameterized.TestCase):

  @parameterized.parameters(
      ('kernel', 2), ('kernel', 3), ('ridge', 2), ('neighbour', 2), ('mlp', 2)
  )
  def test_learns_what_vectors_say(self, head, num_choices):
    task, vectors = make_task(60, num_choices)
    fits = fit.fit_protocol(head, vectors, task, make_protocol(task), CONFIG)
    self.assertCountEqual(fits, ['cost', 'class'])
    for answer in fits.values():
      self.assertGreater(accuracy(task, answer), 0.35 + 0.6 / num_choices)
      self.assertEqual(answer.scores.shape, (1, 1, 60, num_choices))
      if head != 'mlp':
        self.assertEqual(answer.chosen, ({'points averaged': 2},))
      else:
        self.assertIn(answer.chosen[0], fit.make_grid(head, GRIDS[head])[0])

  @parameterized.product(head=('forest', 'network'), labels_only=(False, True))
  def test_regressions_of_choices(self, head, labels_only):
    """One run after the other, from all costs at once, or from labels."""
    task, vectors = make_task(90, 3, labels_only=labels_only)
    config = dataclasses.replace(
        CONFIG,
        grids={
            'forest': dict(num_trees=(20,), min_rows=(2,), max_features=(1.0,)),
            'network': dict(
                width=(16,), learning_rate=(0.01,), weight_decay=(0.1,)
            ),
        },
    )
    fits = fit.fit_protocol(head, vectors, task, make_protocol(task), config)
    self.assertEqual(list(fits), ['class' if labels_only else 'cost'])
    (answer,) = fits.values()
    self.assertGreater(accuracy(task, answer), 0.6)
    self.assertEqual(answer.scores.shape, (1, 1, 90, 3))

  def test_heads_that_have_too_many_rows(self):
    task, _ = make_task(60)
    protocol = make_protocol(task)  # trains on 45 rows
    for limit, kept in ((44, ['ridge']), (45, ['kernel', 'ridge'])):
      config = dataclasses.replace(CONFIG, max_rows={'kernel': limit})
      self.assertEqual(
          fit.allowed(('kernel', 'ridge'), task, protocol, config), kept
      )

  @parameterized.parameters(*HEADS)
  def test_canary(self, head):
    # A feature that is the label on test rows and silent on training rows.
    task, _ = make_task(60)
    protocol = make_protocol(task)
    labels = task.targets[0].labels
    noise = np.random.default_rng(1).standard_normal((60, 4))
    for run in range(2):
      test = protocol.test[run]
      canary = np.where(test, 100.0 * (2 * labels - 1), 0)[:, None]
      one = take_run(protocol, run)
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

  def test_a_label_space_is_found_in_each_training_fold(self):
    task, vectors = make_task(60, num_choices=5)
    config = dataclasses.replace(CONFIG, max_choices=2, min_oracle_share=0.9)
    protocol = make_protocol(task)
    (target,) = task.targets
    for run in range(2):
      one = take_run(protocol, run)
      test = one.test[0]
      answer = fit.fit_protocol('kernel', vectors, task, one, config)['cost']
      space = np.isfinite(answer.scores[0, 0, test]).all(axis=0)
      self.assertBetween(space.sum(), 1, 4)
      self.assertTrue(space[answer.choices[0, 0, test]].all())
      # A choice that is best by far, on test rows only, is not in it.
      never = np.flatnonzero(~space)[0]
      costs = target.costs.copy()
      costs[test, never] = 1e-6
      changed = target._replace(costs=costs, labels=costs.argmin(axis=1))
      again = fit.fit_protocol(
          'kernel', vectors, task._replace(targets=(changed,)), one, config
      )['cost']
      np.testing.assert_array_equal(
          answer.scores[0, 0, test], again.scores[0, 0, test]
      )

  def test_reducing_to_everything_changes_nothing(self):
    task, vectors = make_task(60, num_choices=4)
    protocol = make_protocol(task)
    answers = [
        fit.fit_protocol(
            'kernel',
            vectors,
            task,
            protocol,
            dataclasses.replace(CONFIG, max_choices=n, min_oracle_share=1.0),
        )
        for n in (2, 4)
    ]
    for score in ('cost', 'class'):
      np.testing.assert_allclose(
          *(a[score].scores for a in answers), rtol=1e-4, atol=1e-4
      )

  @parameterized.parameters(*HEADS)
  def test_a_fold_with_one_class_and_a_label_with_one_member(self, head):
    task, vectors = make_task(24)
    (target,) = task.targets
    costs = np.tile([1.0, 2.0], (24, 1))
    costs[5] = [2.0, 1.0]
    target = target._replace(costs=costs, labels=costs.argmin(axis=1))
    task = task._replace(targets=(target,))
    protocol = make_protocol(task)
    fits = fit.fit_protocol(head, vectors, task, protocol, CONFIG)
    (alone,) = np.flatnonzero(protocol.test[:, 5])  # one class to fit on
    for answer in fits.values():
      self.assertTrue(np.isfinite(answer.scores).all())
      np.testing.assert_array_equal(
          answer.choices[0, 0, protocol.test[alone]], 0
      )

  @parameterized.parameters('kernel', 'neighbour')
  def test_seeds_of_leaving_one_out_are_fitted_once(self, head):
    task, vectors = make_task(15)
    one, three = (
        fit.fit_protocol(
            head, vectors, task, make_protocol(task, 'program', 0, n), CONFIG
        )['cost']
        for n in (1, 3)
    )
    for seed in range(3):
      np.testing.assert_array_equal(three.scores[:, seed], one.scores[:, 0])

  def test_grid_needs_the_settings_of_its_head(self):
    with self.assertRaisesRegex(ValueError, 'it needs .* penalty'):
      fit.make_grid('kernel', dict(penalty=(1.0,), bandwidth=(1.0,)))

  def test_unknown_head(self):
    task, vectors = make_task(20)
    with self.assertRaisesRegex(ValueError, "unknown head 'oracle'"):
      fit.fit_protocol('oracle', vectors, task, make_protocol(task), CONFIG)


if __name__ == '__main__':
  absltest.main()
