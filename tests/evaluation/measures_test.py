"""Tests of metrics of values and probabilities, in closed form."""

import numpy as np
from absl.testing import absltest, parameterized
from sklearn import metrics as sklearn_metrics

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import bootstrap, measures


def make_target(values, kind='value', valid=None):
  values = np.asarray(values, float)
  return tasks.Target(
      name='it',
      choices=(),
      default=0,
      inputs=np.zeros((len(values), 0)),
      costs=None,
      labels=(values > 0.5).astype(int),
      valid=np.ones(len(values), bool) if valid is None else valid,
      kind=kind,
      values=values,
  )


def measure(target, answers, num_resamples=0, groups=None):
  names = measures.names_of(target.kind)
  num_rows = len(target.values)
  draws = bootstrap.draw(
      np.arange(num_rows) if groups is None else groups,
      target.judges,
      len(answers),
      num_resamples,
  )
  found = measures.samples(
      [target], [measures.Answers(np.asarray(answers, float))], names, draws
  )
  return dict(zip(names, found, strict=True))


class MeasuresTest(parameterized.TestCase):

  def test_values(self):
    rng = np.random.default_rng(0)
    truth = rng.normal(1e3, 1, 50)  # far from 0: no digits may be lost
    said = truth + rng.normal(0, 0.5, 50)
    found = measure(make_target(truth), [said])
    self.assertAlmostEqual(
        found['r2'][0], sklearn_metrics.r2_score(truth, said), places=9
    )
    self.assertAlmostEqual(found['mae'][0], np.abs(truth - said).mean())
    self.assertEqual(measure(make_target(truth), [truth])['r2'][0], 1)
    mean = np.full(50, truth.mean())
    self.assertAlmostEqual(measure(make_target(truth), [mean])['r2'][0], 0)
    constant = measure(make_target(np.ones(3)), [np.zeros(3)])
    self.assertTrue(np.isnan(constant['r2'][0]))

  @parameterized.parameters(0, 1, 2)
  def test_probabilities_of_facts(self, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 80)
    said = np.round(rng.random(80) * 0.5 + truth * 0.3, 1)  # some are equal
    said[said == 0.5] = 0.6
    found = measure(make_target(truth, 'probability'), [said])
    right = said > 0.5
    for name, value in (
        ('auc', sklearn_metrics.roc_auc_score(truth, said)),
        ('accuracy', (right == truth).mean()),
        ('direction', (right == truth).mean()),
        (
            'balanced_accuracy',
            sklearn_metrics.balanced_accuracy_score(truth, right),
        ),
        ('mae', np.abs(truth - said).mean()),
    ):
      self.assertAlmostEqual(found[name][0], value, msg=name)

  def test_shares(self):
    """Three quarters of a branch go where it was said; none says nothing."""
    target = make_target([0.75, 0.25], 'probability')
    found = measure(target, [[0.9, 0.8]])
    self.assertAlmostEqual(found['direction'][0], (0.75 + 0.25) / 2)
    self.assertAlmostEqual(found['accuracy'][0], 0.5)
    self.assertAlmostEqual(found['mae'][0], (0.15 + 0.55) / 2)
    self.assertAlmostEqual(found['rmse'][0], np.sqrt((0.15**2 + 0.55**2) / 2))
    best = measure(target, [target.values])
    self.assertAlmostEqual(best['direction'][0], 0.75)
    nothing = measure(target, [[0.5, 0.5]])
    for name in ('auc', 'direction', 'accuracy', 'balanced_accuracy'):
      self.assertAlmostEqual(nothing[name][0], 0.5, msg=name)
    self.assertAlmostEqual(nothing['cross_entropy'][0], np.log(2))

  def test_area_of_resamples_is_that_of_their_rows(self):
    rng = np.random.default_rng(0)
    groups = np.arange(60) // 4
    truth = rng.integers(0, 2, 60)
    valid = rng.random(60) < 0.9
    said = np.round(rng.random((2, 60)) + 0.2 * truth, 1)
    draws = bootstrap.draw(groups, valid, 2, 20)
    areas = bootstrap.ranks(said, truth > 0, draws)
    for resample in (0, 1, 7):
      rows = np.repeat(
          np.arange(60)[valid], draws.counts[resample][draws.group[valid]]
      )
      seeds = [0, 1]
      if resample:
        seeds = (draws.seeds[resample - 1] * 2).astype(int)
      expected = np.mean(
          [sklearn_metrics.roc_auc_score(truth[rows], said[s][rows])
           for s in seeds]
      )  # fmt: skip
      self.assertAlmostEqual(areas[resample], expected)

  def test_rows_that_do_not_judge_do_not_count(self):
    truth = np.array([0.0, 1, 0, 1, 1])
    valid = np.array([True, True, True, True, False])
    said = np.array([[0.2, 0.9, 0.6, 0.7, 0.0]])
    for kind in ('value', 'probability'):
      whole = measure(make_target(truth, kind, valid), said)
      part = measure(make_target(truth[:4], kind), said[:, :4])
      for name in whole:
        self.assertAlmostEqual(whole[name][0], part[name][0], msg=name)

  def test_metrics_of_choices(self):
    costs = np.exp(np.array([[0.0, -0.4, 0.2], [0, 0.1, -0.2], [0, -0.3, 0.1]]))
    target = make_target([0, 0, 0])._replace(
        kind='choice',
        choices=('a', 'b', 'c'),
        costs=costs,
        labels=costs.argmin(axis=1),
        values=None,
    )
    draws = bootstrap.draw(np.arange(3), target.judges, 1, 0)
    also = ('gain_share', 'ratio_r2', 'saved')
    names = measures.names_of('choice', also)

    def ask(choices, scores):
      answer = measures.Answers(
          np.array([choices]), np.array([scores]), np.array([[1, 1, 1]])
      )
      found = measures.samples([target], [answer], names, draws)
      return dict(zip(names, found[:, 0], strict=True))

    perfect = ask(target.labels, np.log(costs))
    self.assertAlmostEqual(perfect['gain_share'], 1)
    self.assertAlmostEqual(perfect['ratio_r2'], 1)
    # Logs of -0.4, -0.2 and -0.3 on the mean.
    self.assertAlmostEqual(perfect['saved'], 1 - np.exp(-0.3))
    constant = ask([1, 1, 1], np.full((3, 3), np.log(costs).mean()))
    self.assertAlmostEqual(constant['gain_share'], 0)
    self.assertAlmostEqual(constant['ratio_r2'], 0)
    # Back to the default in the only row where b is worse: 0.1 of 0.3.
    default = ask([1, 0, 1], np.zeros((3, 3)))
    self.assertAlmostEqual(default['gain_share'], 0.1 / 0.3)


if __name__ == '__main__':
  absltest.main()
