"""Tests of `pages.markdown`."""

from absl.testing import absltest

from mirencoder_jax.pages import markdown


class TableTest(absltest.TestCase):

  def test_numbers_are_separated_and_stand_to_the_right(self):
    self.assertEqual(
        markdown.table(('', 'number'), [('files', 12345), ('share', 0.5)]),
        [
            '|  | number |',
            '|---|---:|',
            '| files | 12,345 |',
            '| share | 0.5 |',
        ],
    )

  def test_what_a_cell_holds_does_not_end_it(self):
    *_, row = markdown.table(('a', 'b'), [('x|y\nz', 'p\\|q')])
    self.assertEqual(row, '| x\\|y z | p\\|q |')

  def test_no_rows_leave_the_header(self):
    self.assertLen(markdown.table(('a',), []), 2)


if __name__ == '__main__':
  absltest.main()
