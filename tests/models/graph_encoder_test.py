"""Messages: exact on a graph small enough to do by hand."""

import jax
import jax.numpy as jnp
import jraph
import numpy as np
import testing
from absl.testing import absltest

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.models import graph_encoder


def small_graph(senders, receivers, flow, position, n_node=(3, 1)):
  """One graph of three nodes and one of padding (node 3)."""
  return jraph.GraphsTuple(
      nodes={k: jnp.zeros(4, jnp.int32) for k in ('kind', 'text', 'depth')},
      edges={'flow': jnp.asarray(flow), 'position': jnp.asarray(position)},
      senders=jnp.asarray(senders),
      receivers=jnp.asarray(receivers),
      n_node=jnp.asarray(n_node),
      n_edge=jnp.asarray([len(senders), 0]),
      globals=None,
  )


NODE_MASK = jnp.asarray([True, True, True, False])


class GraphEncoderTest(absltest.TestCase):

  def test_messages_of_a_small_graph(self):
    graph = small_graph([0, 1, 0, 3], [2, 2, 1, 3], [1, 1, 0, 0], [0, 9, 0, 0])
    messages = graph_encoder.plan_messages(graph, NODE_MASK, max_position=4)
    expected = np.zeros((4, 6))
    expected[2, 1] = 2  # two data edges end at node 2
    expected[0, 3 + 1] = expected[1, 3 + 1] = 1  # and start at 0 and 1
    expected[1, 0] = expected[0, 3] = 1  # control
    np.testing.assert_array_equal(messages.degree, expected)
    np.testing.assert_array_equal(messages.weight, [0.5, 0.5, 1, 0, 1, 1, 1, 0])
    np.testing.assert_array_equal(
        messages.source * graph_encoder.NUM_RELATIONS + messages.relation,
        [1, 7, 0, 18, 16, 16, 9, 21],
    )
    np.testing.assert_array_equal(messages.target, [2, 2, 1, 3, 0, 1, 0, 3])
    # Positions past the last are the last.
    np.testing.assert_array_equal(messages.gate, [4, 7, 0, 0, 16, 19, 12, 12])

  def test_graph_index(self):
    batch = jax.tree.map(
        jnp.asarray,
        batch_lib.merge(testing.random_batch(num_packs=2, num_examples=3)),
    )
    np.testing.assert_array_equal(
        graph_encoder.graph_index(batch.graph),
        np.repeat(np.arange(len(batch.graph.n_node)), batch.graph.n_node),
    )

  def test_layer_is_the_formula(self):
    graph = small_graph([0, 1, 1], [2, 2, 0], [1, 1, 2], [0, 1, 0])
    messages = graph_encoder.plan_messages(graph, NODE_MASK, max_position=2)
    layer = graph_encoder.GraphLayer(2, 8, 1.0, 0.0, 'float32')
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(4, 4)).astype(np.float32))
    params = layer.init(jax.random.key(0), x, messages, deterministic=True)
    # Without the dense network only the messages are left.
    params['params']['dense_out']['kernel'] *= 0
    actual = layer.apply(params, x, messages, deterministic=True)

    y = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-6)
    kernel = params['params']['message']['kernel'].reshape(4, 6, 4)
    gate = params['params']['gate'].reshape(6, 2, 4)

    def message(node, relation, position):
      return y[node] @ kernel[:, relation] * gate[relation, position]

    expected = np.array(x)
    expected[2] += (message(0, 1, 0) + message(1, 1, 1)) / 2
    expected[0] += message(2, 4, 0) + message(1, 2, 0)
    expected[1] += message(2, 4, 1) + message(0, 5, 0)
    np.testing.assert_allclose(actual, expected, atol=1e-5)

  def test_edges_to_padding_do_nothing(self):
    model = graph_encoder.GraphEncoder(2, 4)
    x = jax.random.normal(jax.random.key(1), (4, 8))
    plain = small_graph([0, 1, 3], [2, 2, 3], [1, 1, 0], [0, 1, 0])
    stray = small_graph([0, 1, 0], [2, 2, 3], [1, 1, 1], [0, 1, 0])
    params = model.init(
        jax.random.key(0), x, plain, NODE_MASK, deterministic=True
    )
    outputs = [
        model.apply(params, x, graph, NODE_MASK, deterministic=True)
        for graph in (plain, stray)
    ]
    np.testing.assert_allclose(outputs[0][:3], outputs[1][:3], atol=1e-6)

  def test_flow_direction_and_position_count(self):
    model = graph_encoder.GraphEncoder(1, 4)
    x = jax.random.normal(jax.random.key(1), (4, 8))
    graphs = [
        small_graph([0, 1], [1, 2], [1, 1], [0, 0]),
        small_graph([0, 1], [1, 2], [1, 0], [0, 0]),
        small_graph([0, 2], [1, 1], [1, 1], [0, 0]),
        small_graph([0, 1], [1, 2], [1, 1], [0, 1]),
    ]
    params = model.init(
        jax.random.key(0), x, graphs[0], NODE_MASK, deterministic=True
    )
    outputs = [
        np.asarray(model.apply(params, x, graph, NODE_MASK, deterministic=True))
        for graph in graphs
    ]
    for i, first in enumerate(outputs):
      for second in outputs[:i]:
        self.assertGreater(np.abs(first - second)[:3].max(), 0.01)


if __name__ == '__main__':
  absltest.main()
