"""The token encoder keeps windows apart and knows distances only."""

import jax
import jax.numpy as jnp
import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax.models import attention, token_encoder

SEGMENT = jnp.array(
    [[1] * 5 + [2] * 6 + [0] * 5, [1] * 16, [0] * 16, [1] + [2] * 15], jnp.int32
)


def plain_attention(query, key, value, segment):
  """Softmax over the equal segments, in float64, one row and head a time."""
  result = np.zeros(query.shape)
  for row, head in np.ndindex(query.shape[0], query.shape[2]):
    q, k, v = (np.float64(x[row, :, head]) for x in (query, key, value))
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[segment[row][:, None] != segment[row]] = -np.inf
    weights = np.exp(scores - scores.max(1, keepdims=True))
    result[row, :, head] = weights / weights.sum(1, keepdims=True) @ v
  return result


class TokenEncoderTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    rng = np.random.default_rng(0)
    cls.embeddings = jnp.asarray(rng.normal(size=(4, 16, 16)), jnp.float32)
    cls.position = jnp.tile(jnp.arange(16, dtype=jnp.int32), (4, 1))
    cls.model = token_encoder.TokenEncoder(num_layers=2, num_heads=2)
    cls.apply = staticmethod(
        jax.jit(
            lambda params, x, segment, position: cls.model.apply(
                params, x, segment, position, deterministic=True
            )
        )
    )
    cls.params = jax.jit(
        lambda rng: cls.model.init(
            rng, cls.embeddings, SEGMENT, cls.position, deterministic=True
        )
    )(jax.random.key(0))

  @parameterized.parameters(8, 16)
  def test_attention_is_softmax_inside_segments(self, num_features):
    rng = np.random.default_rng(1)
    query, key, value, out = (
        jnp.asarray(rng.normal(size=(4, 16, 2, num_features)), jnp.float32)
        for _ in range(4)
    )
    actual = attention.segment_attention(query, key, value, SEGMENT)
    np.testing.assert_allclose(
        actual, plain_attention(query, key, value, SEGMENT), atol=1e-5
    )

    # Gradients against a plain formula.
    def plain(query, key, value):
      scores = jnp.einsum('bqhk,bshk->bhqs', query, key)
      same = SEGMENT[:, None, :, None] == SEGMENT[:, None, None, :]
      scores = jnp.where(same, scores / np.sqrt(num_features), -1e30)
      return jnp.einsum('bhqs,bshk->bqhk', jax.nn.softmax(scores), value)

    def gradients(function):
      return jax.grad(
          lambda *x: jnp.sum(function(*x) * out), argnums=(0, 1, 2)
      )(query, key, value)

    for actual, expected in zip(
        gradients(lambda *x: attention.segment_attention(*x, SEGMENT)),
        gradients(plain),
        strict=True,
    ):
      np.testing.assert_allclose(actual, expected, atol=1e-5)

  def test_large_scores_do_not_overflow(self):
    query = 100 * jnp.ones((1, 16, 1, 4))
    value = jnp.ones_like(query)
    for sign in (1, -1):
      actual = attention.segment_attention(
          query, sign * query, value, SEGMENT[:1]
      )
      np.testing.assert_allclose(actual, value, rtol=1e-6)

  def test_no_gradient_between_windows(self):
    weights = np.random.default_rng(2).normal(size=self.embeddings.shape)
    window = (SEGMENT == 2)[..., None]
    gradient = jax.grad(
        lambda x: jnp.sum(
            self.apply(self.params, x, SEGMENT, self.position) * weights,
            where=window,
        )
    )(self.embeddings)
    self.assertTrue(np.isfinite(gradient).all())
    np.testing.assert_array_equal(
        (np.abs(gradient) > 0).any(-1), window[..., 0]
    )

  def test_only_distances_count(self):
    expected = self.apply(self.params, self.embeddings, SEGMENT, self.position)
    actual = self.apply(
        self.params, self.embeddings, SEGMENT, self.position + 1000
    )
    np.testing.assert_allclose(actual, expected, atol=1e-3)
    shuffled = self.apply(
        self.params, self.embeddings, SEGMENT, self.position[:, ::-1]
    )
    self.assertGreater(np.abs(shuffled - expected).max(), 0.05)


if __name__ == '__main__':
  absltest.main()
