"""Tests of the schedule, the mask and clipping."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from absl.testing import absltest

from mirencoder_jax.training import optimizer

CONFIG = optimizer.OptimizerConfig(
    learning_rate=0.1,
    num_warmup_steps=10,
    final_learning_rate_ratio=0.2,
    weight_decay=0.5,
    max_gradient_norm=1.0,
)


class OptimizerTest(absltest.TestCase):

  def test_schedule(self):
    schedule = optimizer.create_schedule(CONFIG, 110)
    for step, expected in (
        (0, 0.0),
        (5, 0.05),
        (10, 0.1),
        (60, 0.06),  # Half way of the cosine from 0.1 to 0.02.
        (110, 0.02),
        (500, 0.02),
    ):
      np.testing.assert_allclose(schedule(step), expected, atol=1e-6)

  def test_trapezoid(self):
    config = dataclasses.replace(CONFIG, schedule='trapezoid', decay_rate=0.5)
    schedule = optimizer.create_schedule(config, 100)
    for step, expected in (
        (5, 0.05),
        (10, 0.1),
        (50, 0.1),
        (75, 0.06),  # Half way from 0.1 to 0.02.
        (100, 0.02),
        (500, 0.02),
    ):
      np.testing.assert_allclose(schedule(step), expected, atol=1e-6)
    longer = optimizer.create_schedule(config, 1000)
    for step in range(50):  # A longer run begins in the same way.
      self.assertEqual(longer(step), schedule(step))
    at_once = dataclasses.replace(config, num_warmup_steps=0)
    self.assertAlmostEqual(optimizer.create_schedule(at_once, 9)(0), 0.1)
    with self.assertRaisesRegex(ValueError, "schedule 'linear' is neither"):
      dataclasses.replace(CONFIG, schedule='linear')

  def test_warmup_longer_than_the_run(self):
    with self.assertRaisesRegex(ValueError, 'num_warmup_steps 10 .* 8'):
      optimizer.create_schedule(CONFIG, 8)

  def test_only_matrices_decay(self):
    params = {
        'dense': {'kernel': jnp.ones((2, 2)), 'bias': jnp.ones(2)},
        'scale': jnp.ones(()),
    }
    self.assertEqual(
        optimizer.decay_mask(params),
        {'dense': {'kernel': True, 'bias': False}, 'scale': False},
    )
    transformation = optimizer.create_optimizer(
        optimizer.OptimizerConfig(
            learning_rate=0.1, num_warmup_steps=0, weight_decay=0.5
        ),
        100,
    )
    zeros = {
        'dense': {'kernel': jnp.zeros((2, 2)), 'bias': jnp.zeros(2)},
        'scale': jnp.zeros(()),
    }
    updates, _ = transformation.update(
        zeros, transformation.init(params), params
    )
    np.testing.assert_allclose(updates['dense']['kernel'], -0.05, rtol=1e-5)
    self.assertEqual(updates['dense']['bias'].tolist(), [0, 0])
    self.assertEqual(updates['scale'], 0)

  def test_only_the_direction_of_large_gradients_counts(self):
    params = {'w': jnp.zeros((2, 2))}
    transformation = optimizer.create_optimizer(
        optimizer.OptimizerConfig(num_warmup_steps=0), 100
    )
    gradients = {'w': jnp.array([[3.0, 4.0], [0.0, 0.0]])}
    results = []
    for factor in (1.0, 1000.0):
      state = transformation.init(params)
      scaled = {'w': factor * gradients['w']}
      _, state = transformation.update(scaled, state, params)
      updates, _ = transformation.update(gradients, state, params)
      results.append(updates['w'])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


if __name__ == '__main__':
  absltest.main()
