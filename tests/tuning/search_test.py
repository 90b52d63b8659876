"""The search ends at what no neighbour is better than, and never above none."""

import math

from absl.testing import absltest, parameterized

from mirencoder_jax.tuning import search

FLAGS = ('a', 'b', 'c', 'd')


def joined(names) -> str:
  return '+'.join(flag for flag in FLAGS if flag in set(names))


class ClimbTest(parameterized.TestCase):

  def climb(self, cost, sets=(), trials=1000, **kwargs):
    """Best set, and what was asked for in this order."""
    asked = []

    def ask(name):
      self.assertNotIn(name, asked)
      asked.append(name)
      return cost(set(filter(None, name.split('+'))))

    best = search.climb(
        ask, sets, FLAGS, joined, lambda: len(asked) > trials, **kwargs
    )
    return best, asked

  def test_independent_flags_are_all_found(self):
    worth = dict(a=3, b=-2, c=1, d=0)
    best, asked = self.climb(lambda s: 100 - sum(worth[x] for x in s))
    # d is worth nothing, and less is more.
    self.assertEqual(best, 'a+c')
    self.assertLess(len(asked), 2 ** len(FLAGS))

  def test_a_flag_of_a_known_set_is_taken_out_again(self):
    worth = dict(a=3, b=-2, c=1, d=-1)
    best, asked = self.climb(
        lambda s: 100 - sum(worth[x] for x in s), ('a+b+c', 'd')
    )
    self.assertEqual(best, 'a+c')
    self.assertEqual(asked[:3], ['', 'a+b+c', 'd'])

  def test_nothing_helps(self):
    best, asked = self.climb(lambda s: 100 + len(s), ('a+b', 'c'))
    self.assertEqual(best, '')
    self.assertCountEqual(asked, ['', 'a+b', 'c', 'a', 'b', 'd'])

  def test_what_fails_is_never_chosen(self):
    best, _ = self.climb(lambda s: math.inf if 'a' in s else 9 - len(s))
    self.assertEqual(best, 'b+c+d')

  @parameterized.parameters(0, 1, 2, 5)
  def test_budget(self, trials):
    _, asked = self.climb(lambda s: 9 - len(s), ('b', 'c', 'd'), trials)
    self.assertLen(asked, 1 + trials)
    self.assertEqual(asked[:4], ['', 'b', 'c', 'd'][: 1 + trials])

  def test_known_sets_behind_the_neighbours(self):
    best, asked = self.climb(
        lambda s: 0 if s == {'a', 'b', 'c', 'd'} else 9 + len(s),
        ('a', 'a+b+c+d'),
        num_known=1,
    )
    self.assertEqual(best, 'a+b+c+d')
    self.assertEqual(asked[-1], 'a+b+c+d')


if __name__ == '__main__':
  absltest.main()
