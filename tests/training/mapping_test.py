"""Tests of both ways to map a step over devices: the same, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import testing
from absl.testing import absltest, parameterized
from jax import lax

from mirencoder_jax.training import pretrain


def step(params, batch, rng):
  """As the training step: a gradient through what devices gather, added up.

  A batch as any tree; the type of a real one is checked elsewhere.
  """
  rng = jax.random.fold_in(rng, lax.axis_index(pretrain.AXIS))

  def loss_of(params):
    vectors = jnp.tanh(batch['x'] @ params)  # [A, U, D]
    vectors += 0.1 * jax.random.normal(rng, vectors.shape)
    others = lax.all_gather(vectors, pretrain.AXIS, tiled=True)
    scores = jnp.einsum('aud,bvd->aubv', vectors, others)
    weight = lax.psum(jnp.float32(scores.size), pretrain.AXIS)
    return jnp.sum(jax.nn.softplus(scores)) / weight

  loss, gradient = lax.psum(jax.value_and_grad(loss_of)(params), pretrain.AXIS)
  return params - 0.1 * gradient, loss


class MappingTest(parameterized.TestCase):

  def run_steps(self, mapping, num_devices, num_steps=3):
    mapped = pretrain.map_over_devices(
        step, mapping, jax.local_devices()[:num_devices]
    )
    x = np.random.default_rng(0).normal(size=(8, 3, 4)).astype(np.float32)
    batch = {'x': x.reshape(num_devices, 1, -1, 4)}
    params, losses = np.eye(4, dtype=np.float32), []
    for number in range(num_steps):
      params, loss = mapped(params, batch, jax.random.key(number))
      losses.append(float(loss))
    return np.asarray(params), losses

  @parameterized.parameters(1, 2, 4, 8)
  def test_both_are_the_same(self, num_devices):
    (old, old_losses), (new, new_losses) = (
        self.run_steps(mapping, num_devices)
        for mapping in ('pmap', 'shard_map')
    )
    np.testing.assert_array_equal(new, old)
    self.assertEqual(new_losses, old_losses)
    self.assertLess(new_losses[-1], new_losses[0])

  def test_packs_are_shared_out_alike(self):
    batch = testing.random_batch(num_packs=16)
    old, new = (
        pretrain.Sharding(16, 2, mapping).shard(batch).tokens
        for mapping in ('pmap', 'shard_map')
    )
    self.assertEqual(old.shape, (8, 2, 1, *batch.tokens.shape[1:]))
    np.testing.assert_array_equal(np.asarray(new), old)
    for device, shard in enumerate(new.addressable_shards):
      np.testing.assert_array_equal(np.asarray(shard.data)[0], old[device])


if __name__ == '__main__':
  absltest.main()
