"""Tests of heads: closed forms, and that fits see their rows only."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import kernel_heads, mlp_head
from mirencoder_jax.downstream.heads import rows as rows_lib

GRIDS = {
    'kernel': dict(
        penalty=jnp.array([0.1, 1.0]), group_variance=jnp.array([0.1, 2.0])
    ),
    'ridge': dict(
        penalty=jnp.array([0.1, 1.0]), group_variance=jnp.array([0.1, 2.0])
    ),
    'neighbour': dict(neighbours=jnp.array([1.0, 3.0])),
    'mlp': dict(weight_decay=jnp.array([0.1]), learning_rate=jnp.array([0.02])),
}
CLOSED = tuple(GRIDS)  # heads that are fitted all runs at once
NUM_ROWS, NUM_SEEN = 20, 14
MASK = (jnp.arange(NUM_ROWS) < NUM_SEEN).astype(jnp.float32)


def make_data(seed=0, unmeasured=0.0):
  rng = np.random.default_rng(seed)
  costs = rng.standard_normal((NUM_ROWS, 3))
  costs[:, 0] = 0
  known = rng.uniform(size=costs.shape) >= unmeasured
  known[:, 0] = True
  arrays = dict(
      vectors=rng.standard_normal((NUM_ROWS, 5)),
      inputs=rng.uniform(1, 5, (NUM_ROWS, 2)),
      costs=costs,
      known=known,
      classes=np.eye(3)[costs.argmin(axis=1)],
      defaults=np.eye(3)[np.zeros(NUM_ROWS, int)],
      offered=np.ones(costs.shape),
  )
  return rows_lib.Data(
      **{k: jnp.asarray(v, jnp.float32) for k, v in arrays.items()},
      groups=jnp.asarray(np.arange(NUM_ROWS) // 3),
  )


def run(name, data, max_rows=NUM_SEEN, max_partial=0):
  """Scores of all rows by a head that was fitted on the first."""
  head = heads.get_head(name)
  fit_head = head.fit
  if name == 'mlp':
    fit_head = functools.partial(fit_head, num_steps=5)

  @jax.jit
  def fit_and_apply(data):
    rows = rows_lib.select_rows(MASK, max_rows)
    params, scores = fit_head(
        data, rows, GRIDS[name], jax.random.key(0), max_partial=max_partial
    )
    return scores, head.apply(params, data.vectors, data.inputs)

  scores, applied = fit_and_apply(data)
  # What a fit says of all rows is what its parameters say later.
  jax.tree.map(
      functools.partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-4),
      scores,
      applied,
  )
  return jax.tree.map(np.asarray, applied)


def standardise(x):
  x = np.asarray(x, np.float64)
  seen = x[:NUM_SEEN]
  return np.clip((x - seen.mean(axis=0)) / seen.std(axis=0), -4, 4)


def distances(data):
  """Of all rows to those of the fit, by vectors and by inputs."""
  z, u = standardise(data.vectors), standardise(data.inputs)
  by_vector = np.abs(z[:, None] - z[None, :NUM_SEEN]).mean(axis=-1)
  return by_vector, np.abs(u[:, None] - u[None, :NUM_SEEN]).sum(axis=-1)


def kernel_matrix(name, data):
  if name == 'ridge':
    z, u = standardise(data.vectors), standardise(data.inputs)
    return z @ z[:NUM_SEEN].T / 5 + u @ u[:NUM_SEEN].T
  by_vector, by_input = distances(data)
  v = np.mean([np.exp(-w * by_vector) for w in (0.1, 0.3, 1, 3)], axis=0)
  u = np.mean([np.exp(-w * by_input) for w in (0.03, 0.1, 0.3, 1)], axis=0)
  return u + v + u * v


def mixed_model(kernel, groups, answers, presumed, grid, rows):
  """Posterior mean of all rows [n] of a Gaussian process, by the book.

  answers = presumed + common offset + centred function + offset of the group +
  noise; averaged over the grid by marginal likelihood.
  """
  same = (groups[:, None] == groups[None, :NUM_SEEN]).astype(float)
  sizes = same[:NUM_SEEN].sum(axis=1)
  centre = 1 / sizes / len(np.unique(groups[:NUM_SEEN]))
  level = kernel @ centre
  of_seen = level[:NUM_SEEN]
  kernel = kernel - level[:, None] - of_seen + centre @ of_seen
  means, evidence = [], []
  for penalty, variance in zip(
      np.asarray(grid['penalty'], np.float64),
      np.asarray(grid['group_variance'], np.float64),
      strict=True,
  ):
    prior = kernel + variance / 10
    system = prior[:NUM_SEEN] + variance * same[:NUM_SEEN]
    system = system[np.ix_(rows, rows)] + penalty * np.eye(len(rows))
    residual = answers[rows] - presumed
    dual = np.linalg.solve(system, residual)
    means.append(presumed + prior[:, rows] @ dual)
    # The scale of everything is the likeliest one.
    evidence.append(
        -0.5 * len(rows) * np.log(residual @ dual / len(rows))
        - 0.5 * np.linalg.slogdet(system)[1]
    )
  weights = np.exp(np.array(evidence) - max(evidence))
  return weights / weights.sum() @ np.array(means)


class RowsTest(parameterized.TestCase):

  def test_rows_are_those_of_the_mask(self):
    mask = jnp.array([0.0, 1, 0, 1, 1])
    rows = rows_lib.select_rows(mask, 4)
    np.testing.assert_array_equal(rows.index[:3], [1, 3, 4])
    np.testing.assert_array_equal(rows.weight, [1, 1, 1, 0])

  def test_scale(self):
    x = jnp.array([[1.0, 5], [3, 5], [1000, 7]])
    scale = rows_lib.fit_scale(x, jnp.array([1.0, 1, 0]))
    np.testing.assert_allclose(
        rows_lib.apply_scale(scale, x),
        [[-1, 0], [1, 0], [4, 0]],
        rtol=1e-5,
        atol=1e-5,
    )


class HeadsTest(parameterized.TestCase):

  @parameterized.parameters(
      ('kernel', 0.0), ('ridge', 0.0), ('kernel', 0.4), ('ridge', 0.4)
  )
  def test_ridge_is_a_mixed_model_by_the_book(self, name, unmeasured):
    data = make_data(unmeasured=unmeasured)
    actual = run(name, data, max_partial=NUM_SEEN * (unmeasured > 0))
    self.assertEqual(actual.costs.shape, (1, NUM_ROWS, 3))
    kernel = kernel_matrix(name, data)
    known = np.asarray(data.known)[:NUM_SEEN] > 0
    everything = np.ones_like(known)
    # The default costs nothing beyond itself; others are presumed to cost 0.3.
    for scores, answers, presumed, has in (
        (actual.costs, data.costs, (0, 0.3, 0.3), known),
        (actual.classes, data.classes, (2 / 3, 1 / 6, 1 / 6), everything),
    ):
      for choice in range(3):
        answer = np.asarray(answers, np.float64)[:NUM_SEEN, choice]
        if not answer.any():  # costs of the default: any prediction is 0
          np.testing.assert_allclose(scores[0, :, choice], 0, atol=1e-5)
          continue
        expected = mixed_model(
            kernel,
            np.asarray(data.groups),
            answer,
            presumed[choice],
            GRIDS[name],
            np.flatnonzero(has[:, choice]),
        )
        np.testing.assert_allclose(
            scores[0, :, choice], expected, rtol=5e-3, atol=5e-3
        )

  def test_a_large_group_does_not_outvote_small_ones(self):
    # Without features: 10 rows of one group say 1, three groups of one say -1.
    says = np.array([1.0] * 10 + [-1.0] * 3 + [0] * 7)
    data = make_data()
    data = data._replace(
        vectors=data.vectors[:, :0],
        inputs=data.inputs[:, :0],
        costs=jnp.stack([0 * says, says, says], axis=1).astype(jnp.float32),
        groups=jnp.array([0] * 10 + list(range(1, 11))),
    )
    predicted = run('kernel', data, max_rows=13).costs[0, -1]
    # Four groups of a mean of -0.5 against a presumption of 10 times 0.3.
    self.assertBetween(predicted[1], -0.5, 0.3)
    self.assertAlmostEqual(predicted[0], 0, places=5)

  def test_leaving_no_row_out_changes_nothing(self):
    data = make_data()
    one, many = run('kernel', data), run('kernel', data, max_partial=NUM_SEEN)
    np.testing.assert_allclose(one.costs, many.costs, rtol=2e-3, atol=2e-3)

  def test_a_choice_of_the_padding_changes_nothing(self):
    data = make_data()
    names = ('costs', 'known', 'classes', 'defaults', 'offered')
    padded = data._replace(
        **{k: jnp.pad(getattr(data, k), ((0, 0), (0, 2))) for k in names}
    )
    for partial in (0, 3):
      one = run('kernel', data, max_partial=partial)
      many = run('kernel', padded, max_partial=partial)
      for actual, expected in zip(many, one, strict=True):
        np.testing.assert_allclose(actual[..., :3], expected, atol=1e-4)

  def test_neighbours(self):
    data = make_data(unmeasured=0.4)
    actual = run('neighbour', data, max_rows=NUM_SEEN + 3)
    near = np.argsort(sum(distances(data)), axis=1)
    costs, known = np.asarray(data.costs), np.asarray(data.known)
    for point, count in enumerate((1, 3)):
      for row in range(NUM_ROWS):
        of_row = near[row, :count]
        for choice in range(3):
          has = of_row[known[of_row, choice] > 0]
          if not len(has):  # what all rows of the fit say
            has = np.flatnonzero(known[:NUM_SEEN, choice])
          self.assertAlmostEqual(
              actual.costs[point, row, choice],
              costs[has, choice].mean(),
              places=4,
          )

  @parameterized.parameters(*CLOSED)
  def test_padding_and_other_rows_do_not_matter(self, name):
    data = make_data()
    tight, loose = run(name, data), run(name, data, max_rows=19)
    np.testing.assert_allclose(tight.costs, loose.costs, atol=2e-3)
    np.testing.assert_allclose(tight.classes, loose.classes, atol=2e-3)
    other = data._replace(
        costs=data.costs.at[NUM_SEEN:].set(9),
        classes=data.classes.at[NUM_SEEN:].set(0.5),
        vectors=data.vectors.at[NUM_SEEN:].set(7),
    )
    changed = run(name, other)
    np.testing.assert_array_equal(
        tight.costs[:, :NUM_SEEN], changed.costs[:, :NUM_SEEN]
    )

  @parameterized.parameters(*CLOSED)
  def test_no_features(self, name):
    data = make_data()
    data = data._replace(vectors=data.vectors[:, :0], inputs=data.inputs[:, :0])
    for scores in run(name, data):
      self.assertTrue(np.isfinite(scores).all())

  def test_unknown_head(self):
    with self.assertRaisesRegex(ValueError, "unknown head 'oracle'"):
      heads.get_head('oracle')

  def test_directions_of_low_rank_rows(self):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 12))
    x = jnp.asarray(x, dtype=np.float32)
    y = x @ mlp_head.principal_directions(x, 3, jax.random.key(0))
    self.assertEqual(y.shape, (30, 3))
    # Nothing is lost: distances are those of the data.
    np.testing.assert_allclose(y @ y.T, x @ x.T, rtol=1e-3, atol=1e-3)

  def test_distances_of_equal_rows_are_zero(self):
    x = jnp.ones((2, 3)) * 1e3
    np.testing.assert_allclose(
        kernel_heads.vector_distances(x, x), np.zeros((2, 2))
    )


if __name__ == '__main__':
  absltest.main()
