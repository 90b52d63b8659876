"""Tests of counts, by hand on a loop."""

from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.downstream.tasks import counts

LOOP = """
define i32 @sum(ptr %x, i32 %n) {
entry:
  %any = icmp sgt i32 %n, 0
  br i1 %any, label %loop, label %end
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi i32 [ 0, %entry ], [ %t, %loop ]
  %p = getelementptr i32, ptr %x, i32 %i
  %v = load i32, ptr %p
  %t = add i32 %s, %v
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %loop, label %end
end:
  %r = phi i32 [ 0, %entry ], [ %t, %loop ]
  ret i32 %r
}
"""


def words_of(kind):
  (function,) = ir.read_module(LOOP).functions
  words = list(counts.COUNTS[kind](function))
  return {word: words.count(word) for word in words}


class CountsTest(absltest.TestCase):

  def test_by_loop_depth(self):
    found = words_of('opcodes by loop depth')
    self.assertEqual((found['add'], found['add 1']), (2, 2))
    self.assertEqual((found['icmp 0'], found['icmp 1']), (1, 1))
    self.assertEqual((found['phi 0'], found['phi 1']), (1, 2))
    self.assertNotIn('load 0', found)

  def test_autophase(self):
    found = words_of('autophase')
    for word, number in {
        'blocks': 3,
        'edges': 4,
        # Both ways out of the entry and of the loop meet others.
        'critical edges': 4,
        'branches': 2,
        'instructions': 12,
        'blocks, few phis': 2,
        'blocks, no phis': 1,
        'blocks, 2 before and 2 after': 1,
        'blocks, 0 before and 2 after': 1,
        'blocks, 2 before and 0 after': 1,
        'blocks, few': 3,
        'add': 2,
        'instructions of memory': 2,
        'instructions, binary': 2,
        'binary with a constant': 1,
        'phi arguments': 3,  # that are results, and no constants
    }.items():
      self.assertEqual(found[word], number, word)
    self.assertNotIn('branches, unconditional', found)

  def test_nothing(self):
    vectors = counts.count([ir.read_module(LOOP), None], 'autophase')
    self.assertTrue(vectors[0].all())
    self.assertFalse(vectors[1].any())


if __name__ == '__main__':
  absltest.main()
