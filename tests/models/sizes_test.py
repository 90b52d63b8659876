"""Golden parameter counts: a change of a named size shows here."""

import dataclasses

import jax
import testing
from absl.testing import absltest, parameterized

from configs import models
from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.models import mirencoder

# Counted on the architecture as it is; change these knowingly.
NUM_PARAMS = {
    'tiny': 1_558_466,
    'small': 4_578_242,
    'base': 22_363_867,
    'tiny_tokens': 1_509_359,
    'small_tokens': 5_552_399,
    'base_tokens': 25_880_821,
}


class SizesTest(parameterized.TestCase):

  def test_every_size_has_a_count(self):
    self.assertEqual(NUM_PARAMS.keys(), models.MODELS.keys())

  @parameterized.parameters(*NUM_PARAMS)
  def test_number_of_parameters(self, name):
    config = mirencoder.MIREncoderConfig(**models.MODELS[name])
    model = objectives.PretrainingModel(config)
    budget = dataclasses.replace(
        testing.BUDGET, num_pieces=64 * (config.reads == 'instructions')
    )
    batch = batch_lib.merge(batch_lib.empty_batch(budget))
    variables = jax.eval_shape(
        lambda rng: model.init(rng, batch, deterministic=True),
        jax.random.key(0),
    )
    self.assertEqual(variables.keys(), {'params'})
    leaves = jax.tree.leaves(variables)
    self.assertEqual(sum(x.size for x in leaves), NUM_PARAMS[name])
    self.assertEqual({x.dtype.name for x in leaves}, {'float32'})


if __name__ == '__main__':
  absltest.main()
