"""Tests of relations: shared things and equal code, also through others."""

from absl.testing import absltest

from mirencoder_jax.downstream.tasks import related


def _function(name, operation, value='%x'):
  return (
      f'define i32 @{name}(i32 {value}) {{\n'
      f'  %y = {operation} i32 {value}, {value}\n'
      '  ret i32 %y\n}\n'
  )


class RelatedTest(absltest.TestCase):

  def test_connected_through_others(self):
    groups = related.connect(
        ['d', 'c', 'b', 'a', 'e'], [[1], [1, 2], [2], [], [3]]
    )
    self.assertEqual(groups, ['b', 'b', 'b', 'a', 'e'])

  def test_equal_names_are_together(self):
    groups = related.connect(['x', 'y', 'x'], [[1], [2], [2]])
    self.assertEqual(groups, ['x', 'x', 'x'])

  def test_what_is_shared_is_no_name(self):
    self.assertEqual(related.connect(['a', 'b'], [['b'], []]), ['a', 'b'])

  def test_names_in_code_do_not_count(self):
    texts = {
        'one': _function('f', 'add'),
        'copy': _function('g', 'add', '%other').encode(),
        'two': _function('f', 'mul'),
        'both': _function('f', 'mul') + _function('g', 'add'),
        'broken': 'define nothing',
        'empty': '',
    }
    code = related.code_of(texts)
    self.assertEqual(set(code), {'one', 'copy', 'two', 'both'})
    self.assertEqual(code['one'], code['copy'])
    self.assertLen(set(code.values()), 3)
    names = [*texts, 'not there']
    self.assertEqual(
        related.connect_code(names, names, texts),
        ['copy', 'copy', 'two', 'both', 'broken', 'empty', 'not there'],
    )


if __name__ == '__main__':
  absltest.main()
