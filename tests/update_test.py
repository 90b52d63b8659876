"""Tests of the step: the number of devices changes nothing."""

import functools

from absl.testing import absltest, parameterized
import jax
import numpy as np
import optax

from mirencoder_jax import objectives
from mirencoder_jax import testing
from mirencoder_jax import update
from mirencoder_jax.models import mirencoder

NUM_PACKS = 4
VOCAB_SIZE = 64


class UpdateTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = mirencoder.MIREncoder(
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
    cls.config = objectives.ObjectivesConfig(matching_weight=0.5)
    cls.batches = [
        testing.random_batch(num_packs=NUM_PACKS, vocab_size=VOCAB_SIZE, rng=i)
        for i in range(3)
    ]
    cls.state = jax.tree.map(
        np.asarray,
        jax.jit(
            functools.partial(
                update.create_state,
                model=cls.model,
                optimizer=cls.optimizer,
                budget=testing.BUDGET,
            )
        )(jax.random.key(0)),
    )
    cls.expected = cls.train(cls, 1, 1)

  def train(self, num_devices, num_parts, transform=None):
    """Losses and parameters of three steps."""
    step = functools.partial(
        update.train_step,
        model=self.model,
        optimizer=self.optimizer,
        config=self.config,
        axis_name='device',
    )
    transform = transform or functools.partial(
        jax.pmap, devices=jax.local_devices()[:num_devices]
    )
    step = transform(
        step, axis_name='device', in_axes=(None, 0, None), out_axes=None
    )
    state, losses = self.state, []
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

  @parameterized.named_parameters(('two', 2), ('four', 4))
  def test_devices_change_nothing(self, num_devices):
    self.assert_same(self.train(num_devices, 1), self.expected)

  def test_vmapped_is_the_same(self):
    # Of a mapped output that is equal everywhere vmap cannot know that it is.
    def vmap(step, *, axis_name, in_axes, out_axes):
      del out_axes
      mapped = jax.jit(jax.vmap(step, in_axes, 0, axis_name=axis_name))
      return lambda *args: jax.tree.map(lambda x: x[0], mapped(*args))

    self.assert_same(self.train(2, 1, vmap), self.expected)

  def test_parts_and_devices(self):
    self.assert_same(self.train(2, 2), self.train(1, 2))

  def test_parts_are_added_up(self):
    """One step over two parts against sums taken by hand."""
    rng = jax.random.fold_in(jax.random.key(1), 0)
    batch = self.batches[0]

    @jax.jit
    def by_hand(params):
      sums = [
          objectives.pretraining_losses(
              self.model,
              params,
              jax.tree.map(lambda x, i=i: x[2 * i : 2 * i + 2], batch),
              jax.random.fold_in(rng, i),
              self.config,
          )[0]
          for i in range(2)
      ]
      weights = objectives.loss_weights(self.config)
      return sum(
          weight
          * sum(s[name][0] for s in sums)
          / sum(s[name][1] for s in sums)
          for name, weight in weights.items()
      )

    loss, gradients = jax.value_and_grad(by_hand)(self.state.params)
    losses, _ = self.train(1, 2)
    np.testing.assert_allclose(losses[0]['loss'][0], loss, rtol=1e-4)
    np.testing.assert_allclose(
        losses[0]['gradient_norm'][0], optax.tree.norm(gradients), rtol=1e-4
    )

  def test_what_a_step_says(self):
    losses, state = self.expected
    self.assertEqual(state.step, 3)
    names = {f'loss/{name}' for name in objectives.loss_weights(self.config)}
    self.assertContainsSubset(
        names | {'loss', 'gradient_norm', 'mlm_accuracy', 'edge_auc'}, losses[0]
    )
    weights = objectives.loss_weights(self.config)
    total = sum(
        weight * losses[0][f'loss/{name}'][0] / losses[0][f'loss/{name}'][1]
        for name, weight in weights.items()
    )
    np.testing.assert_allclose(losses[0]['loss'][0], total, rtol=1e-5)

  def test_loss_falls(self):
    losses, _ = self.expected
    self.assertLess(losses[-1]['loss'][0], losses[0]['loss'][0])


if __name__ == '__main__':
  absltest.main()
