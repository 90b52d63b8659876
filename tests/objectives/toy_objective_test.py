"""An objective that the library does not know, made of its public parts only.

How many nodes a program has, read from its joint embedding: a decoder, a
setting, a loss, a metric, and nothing of the library is changed.
"""

import dataclasses
import functools
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import testing
import testing_encoder
from absl.testing import absltest
from flax import linen as nn

from configs import models
from mirencoder_jax import objectives
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.models import mirencoder
from mirencoder_jax.objectives import evaluation, objective
from mirencoder_jax.storage import weights
from mirencoder_jax.training import optimizer as optimizer_lib
from mirencoder_jax.training import update


@dataclasses.dataclass(frozen=True)
class Settings(objective.Settings):
  size_weight: float = objective.weight(1.0, 'how large a program is')
  size_noise_rate: float = 0.5


class Decoder(nn.Module):
  sizes: mirencoder.MIREncoderConfig
  attend: object

  def setup(self):
    self.size_out = nn.Dense(1)

  def __call__(self, outputs):
    return self.size_out(outputs.joint_embedding)[:, 0]


def corrupt(asked, key, pack):
  """What is to be said is a little off, so that the key is seen to count."""
  noise = jax.random.uniform(key, pack.graph.n_node.shape)
  return pack, 1 + asked.config.size_noise_rate * noise


def loss(asked, decoder, outputs, batch, targets, keys):
  del asked, keys
  mask = batch.example_mask.reshape(-1)
  sizes = jnp.log1p(targets.reshape(-1) * batch.graph.n_node.reshape(-1))
  error = jnp.square(decoder(outputs) - sizes)
  pair = jnp.sum(error, where=mask), mask.sum(dtype=jnp.float32)
  return {'size': pair}, {'size_error': pair}


TOY = objective.Objective(
    name='size',
    settings=Settings,
    decoder=Decoder,
    corrupt=corrupt,
    loss=loss,
    metrics=(
        objective.Metric('size_error', 'error of the size', digits=2, guess=9),
    ),
)


@dataclasses.dataclass(frozen=True)
class Config(Settings, objectives.ObjectivesConfig):
  """All that the library has, and the toy."""


TINY = mirencoder.MIREncoderConfig(
    **models.MODELS['tiny_tokens'] | {'vocab_size': 128, 'token_layers': 1}
)


class ToyObjectiveTest(absltest.TestCase):

  def test_it_is_trained_evaluated_and_titled(self):
    """Takes 30 s: compiles a step and an evaluation of `tiny`."""
    # The others but one have no weight: they compile long and are tested.
    config = Config(
        edge_weight=0.0,
        edge_position_weight=0.0,
        node_text_weight=0.0,
        matching_weight=0.0,
        size_weight=2.0,
    )
    self.assertEqual(objectives.loss_weights(config), {'mlm': 1.0, 'size': 2.0})
    model = objectives.PretrainingModel(
        TINY,
        (*objectives.OBJECTIVES, TOY),
    )
    optimizer = optimizer_lib.create_optimizer(
        optimizer_lib.OptimizerConfig(learning_rate=1e-3, num_warmup_steps=1),
        12,
    )
    state = jax.jit(
        lambda: update.create_state(
            jax.random.key(0), model, optimizer, testing.BUDGET
        )
    )()
    step = jax.jit(
        functools.partial(
            update.train_step, model=model, optimizer=optimizer, config=config
        )
    )
    batch = testing.random_batch(num_packs=2)
    part = jax.tree.map(lambda x: np.asarray(x)[None], batch)
    errors = []
    for _ in range(12):
      state, sums = step(state, part, jax.random.key(1))
      total, weight = sums['size_error']
      errors.append(float(total / weight))
    self.assertLess(errors[-1], errors[0] / 2)

    values = evaluation.evaluate(
        jax.jit(
            functools.partial(
                evaluation.evaluation_step, model=model, config=config
            )
        ),
        state.params,
        [batch],
        config,
    )
    self.assertAlmostEqual(
        values['loss'], values['loss/mlm'] + 2 * values['size_error'], places=4
    )
    metrics = objectives.metrics(model.objectives)
    self.assertIn(
        f'; error of the size {values["size_error"]:.2f} (guess 9.00)',
        evaluation.describe(values, metrics.values()),
    )
    self.assertEqual(
        objective.loss_titles(Config)['size'], 'how large a program is'
    )

  def test_others_do_not_notice_it(self):
    """Their parameters and random numbers are as without it."""
    config = TINY
    alone = inference.create_params(objectives.PretrainingModel(config), 0)
    more = inference.create_params(
        objectives.PretrainingModel(config, (*objectives.OBJECTIVES, TOY)), 0
    )
    self.assertEqual(more.keys() - alone.keys(), {'size_out'})
    for name, tree in alone.items():
      jax.tree.map(np.testing.assert_array_equal, tree, more[name])
    rng, packs = jax.random.key(2), jnp.arange(3)
    few, many = (
        jax.random.key_data(objectives.pack_keys(rng, packs, n)) for n in (4, 5)
    )
    np.testing.assert_array_equal(few, many[:, :4])

  def test_a_weight_without_its_objective_is_refused(self):
    model = objectives.PretrainingModel(TINY)
    with self.assertRaisesRegex(ValueError, r"losses \['size'\]; give"):
      objectives.pretraining_losses(
          model, {}, testing.random_batch(), jax.random.key(0), Config()
      )
    with self.assertRaisesRegex(ValueError, 'size_noise_rate 2 is not in'):
      Config(size_noise_rate=2)

  def test_who_does_not_know_it_can_embed_with_what_it_left(self):
    encoder = testing_encoder.create_encoder()
    toy = {'size_out': {'kernel': np.ones((16, 1), np.float32)}}
    checkpoint = testing_encoder.create_checkpoint(encoder)
    checkpoint = checkpoint._replace(params=encoder.params | toy)
    with tempfile.TemporaryDirectory() as folder:
      weights.export(checkpoint, f'{folder}/toy', '# card')
      loaded = inference.load(f'{folder}/toy')
    self.assertIn('size_out', loaded.params)
    np.testing.assert_allclose(
        loaded.embed(testing_encoder.SQUARE),
        encoder.embed(testing_encoder.SQUARE),
        atol=0.05,
    )

  def test_old_settings_of_special_tokens_are_read(self):
    saved = dict(mlm_weight=1.0, mask_id=4, num_special=5)
    self.assertEqual(
        objectives.saved_config(saved), objectives.ObjectivesConfig()
    )
    with self.assertRaisesRegex(ValueError, r"\['size_weight'\].*no objective"):
      objectives.saved_config(saved | {'size_weight': 1.0})


if __name__ == '__main__':
  absltest.main()
