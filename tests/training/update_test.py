"""Tests of the step: the number of devices changes nothing."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import testing
from absl.testing import absltest

from mirencoder_jax import objectives
from mirencoder_jax.models import mirencoder
from mirencoder_jax.training import update

NUM_PACKS = 8
VOCAB_SIZE = 64


class UpdateTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = objectives.PretrainingModel(
        mirencoder.MIREncoderConfig(
            vocab_size=VOCAB_SIZE,
            width=12,
            token_layers=1,
            num_heads=1,
            graph_layers=1,
            code_width=4,
            max_position=4,
        )
    )
    # Plain steps: Adam divides by what may be all but zero.
    cls.optimizer = optax.sgd(0.1)
    cls.config = objectives.ObjectivesConfig(
        edge_weight=0.0,
        edge_position_weight=0.0,
        node_text_weight=0.0,
        matching_weight=0.5,
    )
    cls.batches = [
        testing.random_batch(num_packs=NUM_PACKS, vocab_size=VOCAB_SIZE, rng=i)
        for i in range(3)
    ]
    cls.state = jax.jit(
        functools.partial(
            update.create_state,
            model=cls.model,
            optimizer=cls.optimizer,
            budget=testing.BUDGET,
        )
    )(jax.random.key(0))
    cls.expected = cls.train(cls, 1, 1)

  def train(self, num_devices, num_parts):
    """Losses of three steps, and the state after them."""
    step = jax.pmap(
        functools.partial(
            update.train_step,
            model=self.model,
            optimizer=self.optimizer,
            config=self.config,
            axis_name='device',
        ),
        axis_name='device',
        in_axes=(None, 0, None),
        out_axes=None,
        devices=jax.local_devices()[:num_devices],
    )
    mesh = jax.sharding.Mesh(
        np.array(jax.local_devices()[:num_devices]), ('device',)
    )
    # Laid out as what the step returns, or the second call compiles again.
    state = jax.device_put(
        self.state, jax.sharding.NamedSharding(mesh, jax.P())
    )
    losses = []
    for batch in self.batches:
      # Parts are runs of packs of the global batch, devices runs within them.
      batch = jax.tree.map(
          lambda x: x.reshape(
              (num_parts, num_devices, -1) + x.shape[1:]
          ).swapaxes(0, 1),
          batch,
      )
      state, sums = step(state, batch, jax.random.key(1))
      losses.append(jax.device_get(sums))
    return losses, jax.device_get(state)

  def assert_same(self, actual, expected):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5),
        actual,
        expected,
    )

  def test_devices_change_nothing(self):
    self.assert_same(self.train(8, 1), self.expected)

  def test_parts(self):
    """Two parts on two devices against sums taken by hand."""
    rng = jax.random.fold_in(jax.random.key(1), 0)
    parts = jax.tree.map(
        lambda x: jnp.asarray(x).reshape((2, -1) + x.shape[1:]),
        self.batches[0],
    )

    def by_hand(params):
      def losses_of(number):
        return objectives.pretraining_losses(
            self.model,
            params,
            jax.tree.map(lambda x: x[number], parts),
            jax.random.fold_in(rng, number),
            self.config,
        )[0]

      sums = jax.lax.map(losses_of, jnp.arange(2))
      weights = objectives.loss_weights(self.config)
      return sum(
          weight * sums[name][0].sum() / sums[name][1].sum()
          for name, weight in weights.items()
      )

    loss, gradients = jax.jit(jax.value_and_grad(by_hand))(self.state.params)
    sums = self.train(2, 2)[0][0]
    np.testing.assert_allclose(sums['loss'][0], loss, rtol=1e-4)
    np.testing.assert_allclose(
        sums['gradient_norm'][0], optax.tree.norm(gradients), rtol=1e-4
    )

  def test_what_a_step_says(self):
    losses, state = self.expected
    self.assertEqual(state.step, 3)
    names = {f'loss/{name}' for name in objectives.loss_weights(self.config)}
    self.assertContainsSubset(
        names | {'loss', 'gradient_norm', 'mlm_accuracy'}, losses[0]
    )
    weights = objectives.loss_weights(self.config)
    total = sum(
        weight * losses[0][f'loss/{name}'][0] / losses[0][f'loss/{name}'][1]
        for name, weight in weights.items()
    )
    np.testing.assert_allclose(losses[0]['loss'][0], total, rtol=1e-5)


if __name__ == '__main__':
  absltest.main()
