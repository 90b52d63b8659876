"""Tests of evaluation: batches add up, guesses stand beside the figures."""

import math

import jax
import numpy as np
import testing
from absl.testing import absltest

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.ir import tokenizer
from mirencoder_jax.models import mirencoder
from mirencoder_jax.objectives import evaluation

CONFIG = objectives.ObjectivesConfig(
    mlm_weight=1.0,
    edge_weight=0.0,
    edge_position_weight=0.0,
    node_text_weight=0.0,
    matching_weight=2.0,
)


def stub_step(params, batch, rng):
  """Losses and metrics that depend on the number of the batch only."""
  del params, rng
  number = batch.example_source.max()
  num_graphs = batch.example_mask.size
  vectors = np.eye(num_graphs, dtype=np.float32)
  source = np.where(batch.example_mask, batch.example_source, -1).reshape(-1)
  return evaluation.Evaluated(
      losses={
          'mlm': (np.float32(10 * number), np.float32(number)),
          'matching': (np.float32(1), np.float32(4)),
      },
      metrics={'mlm_accuracy': (np.float32(number), np.float32(2 * number))},
      ir_vectors=vectors,
      graph_vectors=vectors,
      source=source,
      token_counts=np.array([0, 1, number]),
  )


class EvaluationTest(absltest.TestCase):

  def batches(self, num_batches):
    return [
        testing.random_batch(num_packs=2, vocab_size=32, rng=i)
        for i in range(num_batches)
    ]

  def test_sums_are_added_before_they_are_divided(self):
    batches = self.batches(3)
    values = evaluation.evaluate(stub_step, None, batches, CONFIG)
    self.assertAlmostEqual(values['loss/mlm'], 10.0)
    self.assertAlmostEqual(values['loss/matching'], 0.25)
    self.assertAlmostEqual(values['loss'], 10.0 + 2 * 0.25)
    self.assertAlmostEqual(values['mlm_accuracy'], 0.5)
    total = sum(batch.example_source.max() for batch in batches)
    self.assertAlmostEqual(
        values['mlm_unigram_accuracy'], total / (total + len(batches))
    )

  def test_nothing_to_evaluate(self):
    with self.assertRaisesRegex(ValueError, 'held-out split is empty'):
      evaluation.evaluate(stub_step, None, [], CONFIG)

  def test_line_for_a_person(self):
    line = evaluation.describe(
        {
            'loss': 2.5,
            'mlm_accuracy': 0.4,
            'mlm_unigram_accuracy': 0.1,
            'node_text_accuracy': 0.2,
            'edge_auc': 0.9,
            'retrieval_recall_at_1': 0.5,
        }
    )
    self.assertEqual(
        line,
        'loss 2.500; masked tokens predicted 40.0% (guess 10.0%); '
        'edges told from other pairs, AUC 0.900 (guess 0.500); '
        'text finds its graph among 64, recall@1 50.0% (guess 1.6%)',
    )

  def test_uniform_logits_cost_the_logarithm_of_the_vocabulary(self):
    """The whole step, on a model whose token scores are all equal."""
    model = objectives.PretrainingModel(
        mirencoder.MIREncoderConfig(
            vocab_size=32,
            width=12,
            token_layers=1,
            num_heads=1,
            graph_layers=1,
            code_width=4,
        )
    )
    (batch,) = self.batches(1)
    config = objectives.ObjectivesConfig(
        edge_weight=0.0, edge_position_weight=0.0, node_text_weight=0.0
    )

    def step(params, batch, rng):
      return evaluation.evaluation_step(
          params, batch, rng, model=model, config=config
      )

    shapes = jax.eval_shape(
        lambda: model.init(
            jax.random.key(0),
            batch_lib.merge(batch),
            deterministic=True,
        )
    )
    params = jax.tree.map(
        lambda x: np.zeros(x.shape, x.dtype), shapes['params']
    )
    values = evaluation.evaluate(jax.jit(step), params, [batch], config)
    self.assertAlmostEqual(values['loss/mlm'], math.log(32), places=5)
    # Neither padding nor special tokens are guessed.
    tokens = batch.tokens[batch.token_segment > 0]
    tokens = tokens[tokens >= tokenizer.Tokenizer.num_special]
    self.assertAlmostEqual(
        values['mlm_unigram_accuracy'], np.bincount(tokens).max() / len(tokens)
    )
    # All scores are equal, and ties count against the model.
    self.assertEqual(values['retrieval_recall_at_1'], 0.0)


if __name__ == '__main__':
  absltest.main()
