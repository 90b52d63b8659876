"""Objectives: closed forms, what must stay hidden, and devices."""

import dataclasses
import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax import objectives
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.ir.tokenizer import Tokenizer
from mirencoder_jax.models import mirencoder
from mirencoder_jax.objectives import (
    counts,
    evaluation,
    graph,
    matching,
    mlm,
    objective,
    profile,
    reactions,
)

VOCAB_SIZE = 128
CONFIG = objectives.ObjectivesConfig(view_weight=0.5, counts_weight=0.5)
LABELLED = ('reaction', 'profile')  # parameters that nothing moves here
GRAPH_LOSSES = frozenset({'edge', 'edge_position', 'node_text'})
MODEL = objectives.PretrainingModel(
    mirencoder.MIREncoderConfig(
        vocab_size=VOCAB_SIZE,
        width=16,
        token_layers=1,
        num_heads=2,
        graph_layers=1,
        code_width=8,
        max_position=4,
    )
)


@functools.cache
def init_params():
  batch = batch_lib.merge(testing.random_batch())
  return jax.jit(lambda rng: MODEL.init(rng, batch, deterministic=True))(
      jax.random.key(0)
  )['params']


def total_loss(params, batch, rng, config=CONFIG, axis_name=None):
  """As the training step takes it: a mean for each loss, then a sum."""
  losses, metrics = objectives.pretraining_losses(
      MODEL, params, batch, rng, config, axis_name=axis_name
  )

  def over_devices(x):
    return x if axis_name is None else jax.lax.psum(x, axis_name)

  total = sum(
      weight * losses[k][0] / jnp.maximum(over_devices(losses[k][1]), 1)
      for k, weight in objectives.loss_weights(config).items()
  )
  return total, losses | metrics


@functools.partial(jax.jit, static_argnums=3)
def value_and_grad(params, batch, rng, config=CONFIG):
  return jax.value_and_grad(total_loss, has_aux=True)(
      params, batch, rng, config
  )


def one_pack(batch, u=0):
  return jax.tree.map(lambda x: jnp.asarray(x[u]), batch)


@functools.partial(jax.jit, static_argnums=2)
def corrupt_tokens(key, pack, config):
  return mlm.corrupt_tokens(key, pack, VOCAB_SIZE, config)


@functools.partial(jax.jit, static_argnums=2)
def corrupt_graph(key, pack, config):
  return graph.corrupt_graph(key, pack, GRAPH_LOSSES, config)


class PretrainingLossesTest(parameterized.TestCase):

  @parameterized.parameters(0, 4)
  def test_values_and_gradients_are_finite(self, num_examples):
    batch = testing.random_batch(num_packs=4, num_examples=num_examples)
    batch.example_source[:, 1] = batch.example_source[:, 0]  # two views
    (total, sums), gradient = value_and_grad(
        init_params(), batch, jax.random.key(1)
    )
    self.assertTrue(np.isfinite(total))
    for leaf in jax.tree.leaves(gradient):
      self.assertTrue(np.isfinite(leaf).all())
      if not num_examples:  # nothing to learn from nothing
        np.testing.assert_array_equal(leaf, 0)
    for name, (_, weight) in sums.items():
      self.assertEqual(weight > 0, num_examples > 0, name)

  def test_every_parameter_learns(self):
    batch = testing.random_batch(num_packs=4)
    _, gradient = value_and_grad(init_params(), batch, jax.random.key(1))
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient):
      if not path[0].key.startswith(LABELLED):
        self.assertGreater(np.abs(leaf).max(), 0, path)

  def test_devices_are_one_batch(self):
    # tests/update_test.py does the same under pmap, over whole steps.
    batch = testing.random_batch(num_packs=4)
    batch.example_source[1, 0] = batch.example_source[3, 2]  # two views
    params, rng = init_params(), jax.random.key(1)
    expected = value_and_grad(params, batch, rng)

    def device_step(batch):
      return jax.lax.psum(
          jax.value_and_grad(total_loss, has_aux=True)(
              params, batch, rng, CONFIG, 'device'
          ),
          'device',
      )

    split = jax.tree.map(lambda x: x.reshape((2, 2) + x.shape[1:]), batch)
    actual = jax.jit(jax.vmap(device_step, axis_name='device'))(split)
    actual = jax.tree.map(lambda x: x[0], actual)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        actual,
        expected,
    )

  def test_weight_zero_is_not_computed(self):
    batch = testing.random_batch()
    names = (
        'mlm',
        'edge',
        'edge_position',
        'node_text',
        'matching',
        'view',
        'counts',
        'reactions',
        'profile',
        'frequency',
    )
    for name in names:
      only = {f'{k}_weight': float(k == name) for k in names}
      config = dataclasses.replace(CONFIG, **only)
      losses, _ = jax.eval_shape(
          lambda params, config=config: objectives.pretraining_losses(
              MODEL, params, batch, jax.random.key(0), config
          ),
          init_params(),
      )
      self.assertEqual(set(losses), {name})
      self.assertEqual(objectives.loss_weights(config), {name: 1.0})

  def test_config_is_checked(self):
    with self.assertRaisesRegex(ValueError, 'mask_unit'):
      objectives.ObjectivesConfig(mask_unit='word')
    with self.assertRaisesRegex(ValueError, 'edge_drop_rate 1.5'):
      objectives.ObjectivesConfig(edge_drop_rate=1.5)
    with self.assertRaisesRegex(ValueError, 'all objectives'):
      objectives.ObjectivesConfig(
          **{f'{name}_weight': 0.0 for name in objectives.loss_weights(CONFIG)}
      )


class CountsTest(parameterized.TestCase):

  def test_counts_and_loss(self):
    batch = testing.random_batch(num_packs=2)
    merged = batch_lib.merge(batch)
    actual = np.array(counts.token_counts(merged, VOCAB_SIZE))
    expected = np.zeros(actual.shape)
    depths = merged.graph.nodes['depth']
    for place in np.argwhere(merged.token_segment > 0):
      place = tuple(place)
      row = expected[merged.token_example[place], :, merged.tokens[place]]
      row += [1, 8.0 ** depths[merged.token_node[place]]]
    np.testing.assert_allclose(actual, np.log1p(expected), rtol=1e-5)
    self.assertGreater(actual[:, 1].max(), actual[:, 0].max())

    def loss_of(predicted):
      (error, weight), metrics = counts.counts_loss(
          lambda _: jnp.log(jnp.expm1(jnp.maximum(predicted, 1e-20))),
          mirencoder.Outputs(*[None] * len(mirencoder.Outputs._fields)),
          merged,
          VOCAB_SIZE,
      )
      share, total = metrics['counts_error']
      return error / weight, share / total

    loss, share = loss_of(actual)
    np.testing.assert_allclose([loss, share], 0, atol=1e-6)
    loss, share = loss_of(np.zeros_like(actual))
    np.testing.assert_allclose(share, 1, rtol=1e-4)
    there = actual[actual > 0]
    np.testing.assert_allclose(loss, np.mean(there**2), rtol=1e-4)
    # What is said about padding and special tokens does not matter.
    actual[~merged.example_mask] = 9
    actual[..., : Tokenizer.num_special] = 9
    np.testing.assert_allclose(loss_of(actual), 0, atol=1e-6)


class ReactionsTest(absltest.TestCase):

  def test_sizes_are_scaled(self):
    sizes = jnp.array([[300.0, *[150.0] * 15]])
    scaled = reactions.scaled_sizes(sizes)[0]
    np.testing.assert_allclose(scaled[0], 0, atol=1e-6)
    np.testing.assert_allclose(scaled[1:], -8 * np.log(2), rtol=1e-6)

  def test_closed_form(self):
    sizes = np.full((3, 16), 300.0)
    sizes[0, 1] = 300 * np.exp(1 / 8)  # scaled: 1
    sizes[1] = np.nan  # never measured
    sizes[2, 2:] = np.nan  # some failed

    def loss_of(predicted):
      return reactions.reactions_loss(predicted, jnp.array(sizes))

    (total, weight), metrics = loss_of(jnp.zeros((3, 16)))
    np.testing.assert_allclose([total, weight], [0.5, 16 + 2], rtol=1e-5)
    error, squares = metrics['reactions_error']
    np.testing.assert_allclose([error, squares], [1, 1], rtol=1e-5)
    # Far errors count as they are, not squared.
    (total, _), _ = loss_of(jnp.full((3, 16), 100.0))
    np.testing.assert_allclose(total, 17 * 99.5 + 98.5, rtol=1e-5)
    # What is not known has no gradient, and no NaN either.
    gradient = jax.grad(lambda x: loss_of(x)[0][0])(jnp.ones((3, 16)))
    known = np.isfinite(sizes)
    np.testing.assert_array_equal(np.asarray(gradient)[~known], 0)
    self.assertTrue((np.asarray(gradient)[known] >= 0).all())


class ProfileTest(absltest.TestCase):

  def test_closed_form(self):
    labels = np.full((5, 2), np.nan, np.float32)
    labels[0] = 0.5, 8  # even odds; runs 256 times
    labels[1] = 0.9, 0
    labels[2, 1] = -8
    labels[3, 0] = 0
    predicted = np.zeros((5, 2), np.float32)
    predicted[1, 0] = np.log(9)  # odds of 0.9

    def loss_of(predicted):
      return profile.profile_losses(predicted, jnp.array(labels))

    losses, metrics = loss_of(jnp.array(predicted))
    # Only the last branch is told wrongly: even odds cost log 2.
    np.testing.assert_allclose(losses['profile'], [np.log(2), 3], rtol=1e-5)
    np.testing.assert_allclose(losses['frequency'], [1, 3], rtol=1e-6)
    # 0.9 is told; nothing is said of the one that is never taken.
    np.testing.assert_allclose(metrics['profile_direction'], [2, 2])
    np.testing.assert_allclose(metrics['frequency_error'], [2, 2], rtol=1e-6)
    gradient = np.asarray(
        jax.grad(lambda x: sum(a for a, _ in loss_of(x)[0].values()))(
            jnp.array(predicted)
        )
    )
    np.testing.assert_allclose(gradient[4], 0)
    np.testing.assert_allclose(gradient[1, 0], 0, atol=1e-6)
    self.assertTrue(np.isfinite(gradient).all())

  def test_a_batch_without_labels_weighs_nothing(self):
    config = dataclasses.replace(
        CONFIG, reactions_weight=1.0, profile_weight=1.0, frequency_weight=1.0
    )
    losses, _ = objectives.pretraining_losses(
        MODEL, init_params(), testing.random_batch(), jax.random.key(0), config
    )
    for name in objectives.labelled_losses(config):
      self.assertEqual([float(x) for x in losses[name]], [0, 0])
    self.assertLen(objectives.labelled_losses(config), 3)


class MlmTest(parameterized.TestCase):

  def corrupt(self, config=CONFIG, seed=0):
    pack = one_pack(testing.random_batch(rng=seed))
    tokens, masked = corrupt_tokens(jax.random.key(seed), pack, config)
    return pack, np.asarray(tokens), jax.tree.map(np.asarray, masked)

  def test_uniform_scores_cost_log_v(self):
    mask = np.arange(6) < 4
    (loss, weight), _ = mlm.masked_cross_entropy(
        jnp.zeros((6, 50)), jnp.arange(6), mask
    )
    self.assertEqual(weight, 4)
    np.testing.assert_allclose(loss / weight, np.log(50), rtol=1e-6)

  def test_mask_is_selection(self):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(8, 5)).astype(np.float32)
    targets, mask = rng.integers(0, 5, 8), rng.random(8) < 0.5
    every = np.ones(mask.sum(), bool)
    np.testing.assert_allclose(
        mlm.masked_cross_entropy(logits, targets, mask),
        mlm.masked_cross_entropy(logits[mask], targets[mask], every),
        rtol=1e-6,
    )
    gradient = jax.grad(
        lambda x: mlm.masked_cross_entropy(x, targets, mask)[0][0]
    )(logits)
    np.testing.assert_array_equal((gradient != 0).any(1), mask)

  def test_only_chosen_tokens_change(self):
    pack, tokens, masked = self.corrupt()
    original = np.asarray(pack.tokens).reshape(-1)
    chosen = masked.places[masked.mask]
    real = np.asarray(pack.token_segment).reshape(-1) > 0
    self.assertLen(set(chosen), round(0.15 * real.sum()))
    self.assertTrue(real[chosen].all())
    np.testing.assert_array_equal(masked.targets[masked.mask], original[chosen])
    changed = np.flatnonzero(tokens.reshape(-1) != original)
    self.assertContainsSubset(changed, chosen)

  def test_shares_of_mask_random_and_same(self):
    config = dataclasses.replace(CONFIG, token_mask_rate=0.9)
    shown = []
    for seed in range(40):
      _, tokens, masked = self.corrupt(config, seed)
      places = masked.places[masked.mask]
      shown.append((tokens.reshape(-1)[places], masked.targets[masked.mask]))
    shown, targets = (np.concatenate(x) for x in zip(*shown, strict=True))
    self.assertGreater(len(shown), 1000)
    self.assertAlmostEqual((shown == Tokenizer.mask_id).mean(), 0.8, delta=0.04)
    self.assertAlmostEqual((shown == targets).mean(), 0.1, delta=0.03)
    special = shown < Tokenizer.num_special
    np.testing.assert_array_equal(shown[special], Tokenizer.mask_id)

  def test_special_tokens_are_not_chosen(self):
    pack = one_pack(testing.random_batch())
    pack = pack._replace(tokens=jnp.where(pack.tokens % 2, 2, pack.tokens))
    _, masked = corrupt_tokens(jax.random.key(0), pack, CONFIG)
    targets = masked.targets[masked.mask]
    self.assertNotEmpty(targets)
    self.assertTrue((targets >= Tokenizer.num_special).all())

  def test_whole_instructions(self):
    config = dataclasses.replace(
        CONFIG, mask_unit='instruction', token_mask_rate=0.4
    )
    num_chosen = 0
    for seed in range(10):
      pack, _, masked = self.corrupt(config, seed)
      node = np.asarray(pack.token_node).reshape(-1)
      chosen = np.zeros(node.shape, bool)
      chosen[masked.places[masked.mask]] = True
      inside = node < testing.BUDGET.num_nodes - 1
      for instruction in set(node[inside & chosen]):
        self.assertTrue(chosen[node == instruction].all())
        num_chosen += 1
    self.assertGreater(num_chosen, 10)


class GraphTest(parameterized.TestCase):

  def corrupt(self, seed=0, config=CONFIG, batch=None):
    batch = batch or testing.random_batch(rng=seed)
    pack = one_pack(batch)
    corrupted, target = corrupt_graph(jax.random.key(seed), pack, config)
    return pack, corrupted, jax.tree.map(np.asarray, target)

  def test_negatives_are_never_edges(self):
    found = 0
    for seed in range(30):
      pack, _, target = self.corrupt(seed)
      senders = np.asarray(pack.graph.senders)
      receivers = np.asarray(pack.graph.receivers)
      n_node = np.asarray(pack.graph.n_node)
      owner = np.repeat(np.arange(len(n_node)), n_node)
      real = owner[senders] < len(n_node) - 1
      np.testing.assert_array_equal(target.edge_mask, real)
      self.assertFalse(target.negative_mask[~real].any())
      pairs = set(zip(senders, receivers, strict=True))
      for edge in np.flatnonzero(target.negative_mask):
        drawn = target.negatives[edge]
        self.assertNotIn((senders[edge], drawn), pairs)
        self.assertEqual(owner[drawn], owner[senders[edge]])
        found += 1
    self.assertGreater(found, 1000)

  def test_full_graph_has_no_negatives(self):
    example = testing.random_example(np.random.default_rng(0), VOCAB_SIZE)
    senders, receivers = np.divmod(np.arange(144, dtype=np.int32), 12)
    example |= {
        'senders': senders,
        'receivers': receivers,
        'edge_flow': senders % 3,
        'edge_position': senders % 2,
    }
    batch = testing.naive_pack([[example]], testing.BUDGET)
    _, _, target = self.corrupt(batch=batch)
    self.assertEqual(target.edge_mask.sum(), 144)
    self.assertFalse(target.negative_mask.any())

  def test_pairs_fit_in_int32(self):
    self.assertLess(graph.MAX_NODES**2, 2**31)
    budget = dataclasses.replace(testing.BUDGET, num_nodes=graph.MAX_NODES + 1)
    pack = one_pack(batch_lib.empty_batch(budget))
    with self.assertRaisesRegex(ValueError, 'at most 46340'):
      graph.corrupt_graph(jax.random.key(0), pack, frozenset(), CONFIG)

  def test_dropped_edges_and_masked_texts(self):
    config = dataclasses.replace(CONFIG, edge_drop_rate=0.5)
    pack, corrupted, target = self.corrupt(config=config)
    padding_node = testing.BUDGET.num_nodes - 1
    kept = np.asarray(corrupted.senders) != padding_node
    real = target.edge_mask
    self.assertAlmostEqual(kept[real].mean(), 0.5, delta=0.15)
    for name in ('senders', 'receivers'):
      old, new = getattr(pack.graph, name), getattr(corrupted, name)
      np.testing.assert_array_equal(new[kept], old[kept])
      np.testing.assert_array_equal(new[~kept], padding_node)
    nodes = target.nodes[target.text_mask]
    self.assertLen(set(nodes), round(0.15 * (pack.graph.n_node[:-1].sum())))
    changed = np.asarray(pack.graph.nodes['text']).copy()
    np.testing.assert_array_equal(
        changed[nodes], target.texts[target.text_mask]
    )
    changed[nodes] = testing.BUDGET.num_texts - 1
    np.testing.assert_array_equal(corrupted.nodes['text'], changed)

  def test_area_under_curve(self):
    rng = np.random.default_rng(0)
    positive, negative = rng.integers(0, 9, 20), rng.integers(0, 7, 30)
    positive_mask, negative_mask = rng.random(20) < 0.6, rng.random(30) < 0.6
    actual = graph.area_under_curve(
        positive * 1.0, positive_mask, negative * 1.0, negative_mask
    )
    one = positive[positive_mask][:, None]
    other = negative[negative_mask]
    expected = np.mean((one > other) + 0.5 * (one == other))
    self.assertEqual(actual[1], positive_mask.sum())
    np.testing.assert_allclose(actual[0] / actual[1], expected, rtol=1e-6)

  @parameterized.parameters((0.0, 1.0, 1.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.5))
  def test_area_of_order_reversed_and_ties(self, negative, positive, expected):
    every = np.ones(4, bool)
    total, weight = graph.area_under_curve(
        np.full(4, positive), every, np.full(4, negative), every
    )
    self.assertEqual((total / weight, weight), (expected, 4))
    self.assertEqual(
        graph.area_under_curve(np.ones(4), every, np.ones(4), ~every), (0, 0)
    )

  def test_closed_forms_of_the_losses(self):
    batch = jax.tree.map(jnp.asarray, testing.random_batch(num_packs=2))
    targets = [
        corrupt_graph(jax.random.key(0), one_pack(batch, u), CONFIG)[1]
        for u in (0, 1)
    ]
    target = jax.tree.map(lambda *x: jnp.stack(x), *targets)
    outputs = mirencoder.Outputs(
        *[jnp.zeros(1)] * 2,
        node_codes=jnp.zeros((2 * testing.BUDGET.num_nodes, 8)),
        text_embeddings=jnp.ones((2 * testing.BUDGET.num_texts, 4)),
        ir_embedding=None,
        graph_embedding=None,
        joint_embedding=jnp.zeros((2 * testing.BUDGET.num_graphs, 4)),
    )
    decoder = types.SimpleNamespace(
        score_edges=lambda codes, s, r, f: jnp.zeros(s.shape),
        decode_positions=lambda codes, s, r, f: jnp.zeros(s.shape + (4,)),
        decode_texts=lambda codes, joint: jnp.zeros(joint.shape),
    )
    asked = objective.Asked(GRAPH_LOSSES, CONFIG, MODEL.config)
    losses, metrics = jax.jit(
        lambda target: graph.loss(asked, decoder, outputs, batch, target, None)
    )(target)
    mean = {k: a / b for k, (a, b) in (losses | metrics).items()}
    np.testing.assert_allclose(mean['edge'], np.log(2), rtol=1e-5)
    np.testing.assert_allclose(mean['edge_auc'], 0.5, rtol=1e-5)
    np.testing.assert_allclose(mean['edge_position'], np.log(4), rtol=1e-5)
    # Log of the number of real texts of the pack, weighted by its nodes.
    num_nodes = target.text_mask.sum(1)
    num_texts = batch.text_mask.sum(1)
    np.testing.assert_allclose(
        mean['node_text'],
        (num_nodes * jnp.log(num_texts)).sum() / num_nodes.sum(),
        rtol=1e-5,
    )

  def test_what_is_masked_cannot_be_read(self):
    # Another text at a masked node, another end of a dropped edge: the same.
    batch = jax.tree.map(jnp.asarray, testing.random_batch())
    pack, corrupted, target = self.corrupt()
    nodes = target.nodes[target.text_mask]
    dropped = target.edge_mask & (
        np.asarray(corrupted.senders) == testing.BUDGET.num_nodes - 1
    )
    texts = pack.graph.nodes['text'].at[nodes].set(0)
    changed = batch._replace(
        graph=batch.graph._replace(
            nodes=batch.graph.nodes | {'text': texts[None]},
            receivers=jnp.where(
                dropped, batch.graph.senders, batch.graph.receivers
            ),
        )
    )
    _, again, _ = self.corrupt(batch=changed)
    jax.tree.map(np.testing.assert_array_equal, again, corrupted)


class MatchingTest(parameterized.TestCase):

  def test_indifference_costs_one_bit_a_decision(self):
    own = np.eye(5, dtype=bool)
    loss, weight = matching.pair_loss(
        jnp.zeros((5, 5)), own, ~own, 1 + np.arange(25.0).reshape(5, 5)
    )
    self.assertEqual(weight, 10)
    np.testing.assert_allclose(loss / weight, np.log(2), rtol=1e-6)

  def test_hard_negatives_count_more(self):
    own = np.eye(3, dtype=bool)
    hardness = np.array([[1.0, 3, 1], [1, 1, 1], [1, 1, 1]])
    gradient = jax.grad(
        lambda x: matching.pair_loss(x, own, ~own, hardness)[0]
    )(jnp.zeros((3, 3)))
    np.testing.assert_allclose(gradient[0, 1] / gradient[0, 2], 3, rtol=1e-5)
    np.testing.assert_allclose(np.diag(gradient), -0.5, rtol=1e-5)

  def test_pairs_that_are_neither_have_no_gradient(self):
    positive = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]], bool)
    negative = np.array([[0, 1, 0], [0, 0, 0], [0, 0, 0]], bool)
    loss, gradient = jax.value_and_grad(
        lambda x: matching.pair_loss(x, positive, negative, np.ones((3, 3)))[0]
    )(np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32))
    self.assertTrue(np.isfinite(loss))
    np.testing.assert_array_equal(gradient != 0, positive | negative)

  def matching(self, first, second, source, config=CONFIG):
    """Loss and metrics for given vectors of the slots of one pack."""
    num_examples = len(source)
    budget = dataclasses.replace(testing.BUDGET, num_graphs=num_examples + 1)
    batch = batch_lib.empty_batch(budget)
    batch.example_mask[0, :-1] = True
    batch.example_source[0, :-1] = source
    batch.example_package[0, :-1] = 0
    pad = ((0, 1), (0, 0))

    def scores(a, b):
      return 20 * a @ b.T - 10

    decoder = types.SimpleNamespace(
        matching_vectors=lambda _: (
            jnp.pad(first, pad),
            jnp.pad(second, pad),
        ),
        matching_scores=scores,
        view_vectors=lambda _: jnp.pad(first, pad),
        view_scores=scores,
    )
    outputs = mirencoder.Outputs(*[None] * len(mirencoder.Outputs._fields))
    pairs = matching.find_pairs(jax.tree.map(jnp.asarray, batch), config, None)
    keys = jax.random.split(jax.random.key(0), 1)
    loss, metrics = matching.matching_loss(
        decoder, outputs, pairs, keys, config, axis_name=None
    )
    view_loss, view_metrics = matching.view_loss(
        decoder, outputs, pairs, axis_name=None
    )
    sums = metrics | view_metrics | {'loss': loss, 'view_loss': view_loss}
    return {k: a / b for k, (a, b) in sums.items() if b > 0}

  def test_perfect_and_swapped_vectors(self):
    vectors = jnp.eye(4)
    perfect = self.matching(vectors, vectors, np.arange(4))
    self.assertEqual(perfect['matching_accuracy'], 1)
    self.assertEqual(perfect['matching_recall_at_1'], 1)
    self.assertLess(perfect['loss'], 1e-3)
    swapped = self.matching(vectors, vectors[::-1], np.arange(4))
    self.assertEqual(swapped['matching_recall_at_1'], 0)
    self.assertLess(swapped['matching_accuracy'], 0.6)
    self.assertGreater(swapped['loss'], 5)

  def test_views_are_not_negatives(self):
    # Slots 0 and 1 look the same: fine if they are views of one source.
    vectors = jnp.eye(4)[jnp.array([0, 0, 1, 2])]
    for views_are_positive in (True, False):
      config = dataclasses.replace(
          CONFIG, views_are_positive=views_are_positive
      )
      views = self.matching(vectors, vectors, np.array([7, 7, 8, 9]), config)
      self.assertEqual(views['matching_recall_at_1'], 1)
      self.assertEqual(views['matching_accuracy'], 1)
      self.assertLess(views['loss'], 1e-3)
    others = self.matching(vectors, vectors, np.arange(4))
    self.assertEqual(others['matching_recall_at_1'], 0.5)
    self.assertGreater(others['loss'], 1)

  def test_views_are_told_from_others(self):
    # Slots 0 and 1 are alike, 2 and 3 are, 4 is like none.
    vectors = jnp.eye(5)[jnp.array([0, 0, 1, 1, 2])]
    right = self.matching(vectors, vectors, np.array([7, 7, 8, 8, 9]))
    self.assertEqual(right['view_recall_at_1'], 1)
    self.assertLess(right['view_loss'], 1e-3)
    wrong = self.matching(vectors, vectors, np.array([7, 8, 7, 8, 9]))
    self.assertEqual(wrong['view_recall_at_1'], 0)
    self.assertGreater(wrong['view_loss'], 5)
    alone = self.matching(vectors, vectors, np.arange(5))
    self.assertNotIn('view_recall_at_1', alone)  # nobody has another view
    self.assertTrue(np.isfinite(alone['view_loss']))

  def test_retrieval_recall(self):
    rng = np.random.default_rng(0)
    vectors = np.eye(128)
    sources = np.arange(128)
    recall = functools.partial(evaluation.retrieval_recall, vectors)
    self.assertEqual(recall(vectors, sources), 1)
    self.assertEqual(recall(np.roll(vectors, 1, 0), sources), 0)
    # All the same is no retrieval, unless all are views of one source.
    self.assertEqual(recall(np.ones((128, 128)), sources), 0)
    self.assertEqual(recall(np.ones((128, 128)), 0 * sources), 1)
    random = rng.normal(size=(2, 1280, 32))
    chance = evaluation.retrieval_recall(*random, np.arange(1280), k=16)
    self.assertAlmostEqual(chance, 16 / 64, delta=0.05)
    self.assertEqual(
        evaluation.retrieval_recall(vectors[:5], vectors[:5], sources[:5]), 1
    )
    with self.assertRaisesRegex(ValueError, 'no vectors'):
      evaluation.retrieval_recall(vectors[:0], vectors[:0], sources[:0])


if __name__ == '__main__':
  absltest.main()
