"""The encoder of instructions: what its vectors are made of and hang on."""

import dataclasses

import jax
import numpy as np
import testing
import testing_encoder
from absl.testing import absltest, parameterized

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import packing
from mirencoder_jax.inference import states as states_lib
from mirencoder_jax.models import create, mirencoder, sum_pooling

CONFIG = mirencoder.MIREncoderConfig(
    reads='instructions',
    vocab_size=128,
    width=16,
    token_layers=2,
    num_heads=2,
    graph_width=8,
    graph_layers=2,
    code_width=8,
    max_position=4,
    words=(*range(10, 10 + len(sum_pooling.WORDS) - 1), -1),
)
BUDGET = dataclasses.replace(
    testing.BUDGET, num_rows=3, num_tokens=8, num_pieces=120
)
SOME = """
define i32 @some(ptr %p, i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %j, %loop ]
  %q = getelementptr i32, ptr %p, i32 %i
  %v = load i32, ptr %q
  %w = mul i32 %v, 7
  store i32 %w, ptr %q
  %j = add i32 %i, 1
  %c = icmp slt i32 %j, %n
  br i1 %c, label %loop, label %end
end:
  ret i32 %j
}
"""


def random_examples(count, seed=0):
  rng = np.random.default_rng(seed)
  return [
      testing.random_example(
          rng, 128, num_tokens=18 + 2 * i, num_nodes=7 + i, num_edges=10 + 3 * i
      )
      for i in range(count)
  ]


class InstructionEncoderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.model = create.create_encoder(CONFIG)
    batch = batch_lib.merge(batch_lib.empty_batch(BUDGET))
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

  def outputs(self, packed):
    outputs = self.apply(self.variables, packed)
    self.assertTrue(all(np.isfinite(x).all() for x in jax.tree.leaves(outputs)))
    return outputs

  def embed(self, packed):
    """Embeddings of the real examples, joined."""
    outputs = self.outputs(packed)
    embeddings = np.concatenate(
        [
            outputs.ir_embedding,
            outputs.graph_embedding,
            outputs.joint_embedding,
        ],
        axis=1,
    )
    mask = packed.example_mask.reshape(-1)
    np.testing.assert_array_equal(embeddings[~mask], 0)
    return embeddings[mask]

  def test_padding_order_and_neighbours_change_nothing(self):
    a, b, c, d = random_examples(4)
    first = self.embed(packing.pack([a, b, c, d], BUDGET))
    larger = {k: v + 9 for k, v in vars(BUDGET).items()}
    second = self.embed(
        packing.stack_packs(
            [
                packing.pack(chosen, batch_lib.Budget(**larger))
                for chosen in ([d, c], [b, a])
            ]
        )
    )
    np.testing.assert_allclose(first, second[[3, 2, 1, 0]], atol=1e-5)
    self.assertGreater(np.abs(first[0] - first[1]).max(), 0.05)
    empty = batch_lib.empty_batch(BUDGET)
    self.assertEmpty(self.embed(empty))

  def test_text_and_graph_do_not_see_each_other(self):
    # Else matching and filling in would be given away.
    packed = packing.pack(random_examples(3), BUDGET)
    expected = self.outputs(packed)
    tokens = np.where(packed.token_segment > 0, 7, packed.tokens)
    actual = self.outputs(packed._replace(tokens=tokens))
    np.testing.assert_array_equal(actual.node_states, expected.node_states)
    np.testing.assert_array_equal(
        actual.graph_embedding, expected.graph_embedding
    )
    graph = packed.graph._replace(
        nodes=packed.graph.nodes | {'text': packed.graph.nodes['text'] * 0}
    )
    actual = self.outputs(packed._replace(graph=graph))
    for name in ('token_states', 'unit_states', 'ir_embedding'):
      np.testing.assert_array_equal(
          getattr(actual, name), getattr(expected, name)
      )
    self.assertGreater(
        np.abs(actual.joint_embedding - expected.joint_embedding).max(), 1e-3
    )

  def test_place_of_a_piece_matters_and_windows_are_apart(self):
    example = random_examples(1)[0]
    packed = packing.pack([example], BUDGET)
    expected = self.outputs(packed)
    unit = packed.units.of_token.reshape(-1)
    first = np.flatnonzero(unit == unit[0])[:2]
    tokens = packed.tokens.copy()
    tokens.reshape(-1)[first] = tokens.reshape(-1)[first[::-1]]
    actual = self.outputs(packed._replace(tokens=tokens))
    changed = np.abs(actual.unit_states - expected.unit_states).max(-1) > 1e-6
    segment = packed.units.segment[0]
    where = np.unravel_index(unit[0], segment.shape)
    rows = np.arange(len(segment))[:, None]
    mine = (rows == where[0]) & (segment == segment[where])
    self.assertTrue(changed[mine].all())
    self.assertFalse(changed[~mine].any())

  def test_vectors_are_made_of_sums(self):
    packed = packing.pack(random_examples(3), BUDGET)
    outputs = self.outputs(packed)
    finished = self.model.apply(
        self.variables, outputs.sums[:3], method='finish'
    )
    np.testing.assert_allclose(
        finished[2], outputs.joint_embedding[:3], atol=1e-6
    )
    self.assertEqual(outputs.sums.shape[1], self.model.num_sums)
    counts = packed.tokens.reshape(-1)[packed.token_example.reshape(-1) == 1]
    np.testing.assert_array_equal(
        outputs.sums[1, -sum_pooling.NUM_COUNTS :][
            : 2 * len(sum_pooling.WORDS) - 2 : 2
        ],
        [(counts == word).sum() for word in CONFIG.words[:-1]],
    )

  def test_gradients_are_finite_and_reach_everything(self):
    packed = packing.pack(random_examples(3), BUDGET)

    def loss(variables):
      outputs = self.model.apply(
          variables, batch_lib.merge(packed), deterministic=True
      )
      return sum(
          (x.astype(np.float32) ** 2).sum()
          for x in (
              outputs.joint_embedding,
              outputs.token_states,
              outputs.node_codes,
          )
      )

    gradients = jax.jit(jax.grad(loss))(self.variables)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradients):
      name = jax.tree_util.keystr(path)
      self.assertTrue(np.isfinite(leaf).all(), name)
      if 'mask_text' not in name:
        self.assertGreater(np.abs(leaf).max(), 0, name)


class InferenceTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.encoder = testing_encoder.create_encoder(
        num_tokens=32, text=SOME, reads='instructions'
    )

  def test_the_vector_holds_a_histogram(self):
    vector = self.encoder.embed(SOME)[0]
    counts = vector[-sum_pooling.NUM_COUNTS : -sum_pooling.NUM_SIZES]
    plain, deep = np.expm1(4 * counts).reshape(-1, 2).T
    found = dict(zip(sum_pooling.WORDS, plain, strict=True))
    in_loop = dict(zip(sum_pooling.WORDS, deep, strict=True))
    # Types are those of signature, operands and results.
    for word, count in {
        'br': 2,
        'load': 1,
        'mul': 1,
        'ret': 1,
        'i1': 0,
    }.items():
      self.assertAlmostEqual(found[word], count, delta=1e-3, msg=word)
    self.assertAlmostEqual(in_loop['load'], 8, delta=1e-2)
    self.assertAlmostEqual(in_loop['ret'], 1, delta=1e-3)
    self.assertAlmostEqual(in_loop['br'], 9, delta=1e-2)

  def test_a_module_is_the_sum_of_its_functions(self):
    twice = SOME + SOME.replace('@some', '@other')
    encoding = self.encoder.encode([SOME, twice])
    np.testing.assert_allclose(
        encoding.module_vectors()[0], encoding.function_vectors()[0], atol=1e-5
    )
    counts = slice(-sum_pooling.NUM_COUNTS, None)
    one, two = np.expm1(4 * encoding.module_vectors()[:, counts])
    np.testing.assert_allclose(two, 2 * one, rtol=1e-3, atol=1e-3)
    self.assertEqual(
        {m: encoding.module_vectors(m).shape[1] for m in self.encoder.widths},
        self.encoder.widths,
    )

  def test_a_function_of_many_segments_is_counted_whole(self):
    lines = [f'  %x{i + 1} = mul i32 %x{i}, {i % 7}' for i in range(3000)]
    text = '\n'.join(
        ['define i32 @long(i32 %x0) {', *lines, '  ret i32 %x3000', '}']
    )
    encoding = self.encoder.encode(text)
    self.assertGreater(encoding.report['segments'], 1)
    vector = encoding.vectors['joint'][0]
    counts = vector[-sum_pooling.NUM_COUNTS : -sum_pooling.NUM_SIZES]
    plain = np.expm1(4 * counts).reshape(-1, 2)[:, 0]
    found = dict(zip(sum_pooling.WORDS, plain, strict=True))
    self.assertAlmostEqual(found['mul'], 3000, delta=1)
    self.assertTrue(np.isfinite(vector).all())

  def test_states_of_text_and_graph_side_by_side(self):
    states = states_lib.encode_states(self.encoder, SOME)[0]
    width = self.encoder.config.width
    self.assertEqual(states.instruction_states.shape, (10, 2 * width))
    self.assertEqual(states.token_states.shape[1], width)
    self.assertGreater(np.abs(states.instruction_states).min(axis=1).min(), 0)
    self.assertEqual(states.instruction_token_states().shape, (10, width))

  def test_unreadable_row_is_nan(self):
    vectors = self.encoder.embed([SOME, 'nonsense'], on_error='nan')
    self.assertTrue(np.isfinite(vectors[0]).all())
    self.assertTrue(np.isnan(vectors[1]).all())


if __name__ == '__main__':
  absltest.main()
