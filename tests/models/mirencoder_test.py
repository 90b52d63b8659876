"""What an embedding must not depend on, and what it must."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.models import mirencoder

CONFIG = mirencoder.MIREncoderConfig(
    vocab_size=128,
    width=16,
    token_layers=2,
    num_heads=2,
    graph_layers=2,
    code_width=8,
    max_position=4,
)
EMBEDDINGS = ('ir_embedding', 'graph_embedding', 'joint_embedding')


def random_examples(count, seed=0):
  rng = np.random.default_rng(seed)
  return [
      testing.random_example(
          rng, 128, num_tokens=18 + 2 * i, num_nodes=7 + i, num_edges=10 + 3 * i
      )
      for i in range(count)
  ]


class MIREncoderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = mirencoder.MIREncoder(CONFIG)
    batch = batch_lib.merge(testing.random_batch())
    cls.variables = jax.jit(
        lambda rng: cls.model.init(rng, batch, deterministic=True)
    )(jax.random.key(0))
    cls.apply = staticmethod(
        jax.jit(
            lambda variables, packed: cls.model.apply(
                variables, batch_lib.merge(packed), deterministic=True
            )
        )
    )

  def embed(self, packed):
    """Embeddings of the real examples, joined: [examples, 3 * D]."""
    outputs = self.apply(self.variables, packed)
    self.assertTrue(all(np.isfinite(x).all() for x in jax.tree.leaves(outputs)))
    embeddings = np.concatenate(
        [getattr(outputs, name) for name in EMBEDDINGS], axis=1
    )
    mask = packed.example_mask.reshape(-1)
    np.testing.assert_array_equal(embeddings[~mask], 0)
    return embeddings[mask]

  @parameterized.named_parameters(
      ('rows_and_tokens', dict(spare_rows=2, spare_tokens=7)),
      ('nodes_and_edges', dict(spare_nodes=1, spare_edges=64)),
      (
          'graphs_and_texts',
          dict(spare_graphs=3, spare_texts=2, spare_text_tokens=5),
      ),
  )
  def test_padding_does_not_change_embeddings(self, spare):
    actual = self.embed(testing.random_batch(num_packs=2, **spare))
    expected = self.embed(testing.random_batch(num_packs=2))
    np.testing.assert_allclose(actual, expected, atol=1e-5)

  def test_neighbours_and_order_do_not_change_embeddings(self):
    a, b, c, d = random_examples(4)
    first = self.embed(testing.naive_pack([[a, b, c], [d]], testing.BUDGET))
    second = self.embed(testing.naive_pack([[d, c], [b, a]], testing.BUDGET))
    np.testing.assert_allclose(first, second[[3, 2, 1, 0]], atol=1e-5)
    self.assertGreater(np.abs(first[0] - first[1]).max(), 0.05)

  def test_numbering_of_nodes_edges_and_texts_does_not_matter(self):
    example, other = random_examples(2)
    rng = np.random.default_rng(1)
    num_nodes = len(example['node_kind'])
    # The old number of each new one. Instructions stay: tokens name them.
    first = len(example['instruction_offset'])
    nodes = np.append(
        np.arange(first), first + rng.permutation(num_nodes - first)
    )
    edges = rng.permutation(len(example['senders']))
    texts = rng.permutation(len(example['text_offset']) - 1)
    pieces = np.split(example['text_tokens'], example['text_offset'][1:-1])
    renumbered = example | {
        'node_kind': example['node_kind'][nodes],
        'node_depth': example['node_depth'][nodes],
        'node_text': np.argsort(texts)[example['node_text'][nodes]],
        'senders': np.argsort(nodes)[example['senders'][edges]],
        'receivers': np.argsort(nodes)[example['receivers'][edges]],
        'edge_flow': example['edge_flow'][edges],
        'edge_position': example['edge_position'][edges],
        'text_tokens': np.concatenate([pieces[i] for i in texts]),
        'text_offset': np.append(0, np.cumsum([len(pieces[i]) for i in texts])),
    }
    np.testing.assert_allclose(
        self.embed(testing.naive_pack([[renumbered, other]], testing.BUDGET)),
        self.embed(testing.naive_pack([[example, other]], testing.BUDGET)),
        atol=1e-5,
    )

  def test_size_counts(self):
    # Twice the same thing has the same means; the vector tells them apart.
    example = random_examples(1)[0]
    num_nodes = len(example['node_kind'])
    twice = example | {
        name: np.tile(example[name], 2)
        for name in (
            'node_kind',
            'node_text',
            'node_depth',
            'edge_flow',
            'edge_position',
        )
    }
    for name in ('senders', 'receivers'):
      twice[name] = np.concatenate([example[name], example[name] + num_nodes])
    actual = self.embed(testing.naive_pack([[twice]], testing.BUDGET))
    expected = self.embed(testing.naive_pack([[example]], testing.BUDGET))
    graph = slice(CONFIG.width, 2 * CONFIG.width)
    difference = np.abs(actual - expected)[:, graph].max()
    self.assertGreater(difference, 0.01)

  def test_masked_text_is_hidden(self):
    # Whatever the pieces of the padding text are, masked nodes are the same.
    packed = testing.random_batch()
    packed.graph.nodes['text'][0, :5] = testing.BUDGET.num_texts - 1
    expected = self.embed(packed)
    tokens = packed.text_tokens.copy()
    tokens[packed.text_index == testing.BUDGET.num_texts - 1] = 77
    np.testing.assert_array_equal(
        self.embed(packed._replace(text_tokens=tokens)), expected
    )

  def test_empty_pack_is_finite(self):
    packed = batch_lib.empty_batch(testing.BUDGET, 1)
    self.assertEqual(self.embed(packed).shape, (0, 3 * CONFIG.width))

  def test_bfloat16_is_close(self):
    packed = testing.random_batch()
    model = mirencoder.MIREncoder(dataclasses.replace(CONFIG, dtype='bfloat16'))
    outputs = jax.jit(
        lambda variables: model.apply(
            variables, batch_lib.merge(packed), deterministic=True
        )
    )(self.variables)
    self.assertEqual(outputs.token_states.dtype, jnp.bfloat16)
    self.assertEqual(outputs.joint_embedding.dtype, jnp.float32)
    expected = self.apply(self.variables, packed)
    for name in EMBEDDINGS:
      np.testing.assert_allclose(
          getattr(outputs, name), getattr(expected, name), atol=0.1
      )

  def test_one_compilation_for_all_contents(self):
    function = jax.jit(
        lambda variables, packed: self.model.apply(
            variables, batch_lib.merge(packed), deterministic=True
        ).joint_embedding
    )
    for count in (0, 1, 4):
      function(self.variables, testing.random_batch(num_examples=count))
    self.assertEqual(function._cache_size(), 1)

  def test_width_must_suit_the_heads(self):
    with self.assertRaisesRegex(ValueError, 'width 18'):
      dataclasses.replace(CONFIG, width=18)


if __name__ == '__main__':
  absltest.main()
