"""Files without settings are called as their `main` calls them."""

from absl.testing import absltest

from mirencoder_jax.measure import loop_source
from mirencoder_jax.measure.source_settings import SourceError

_FILE = """#include "header.h"
#define ROWS 4
unsigned int ua[16], ub[16] ALIGNED;
static short table[ROWS][8] = {{1}};
float unused[3];
__attribute__((noinline))
void add(short table[][8], int step, unsigned *total) {
  /* for (;;) in a comment */
  unsigned sum = 0;
  for (int i = 0; i < 16; i += step) sum += ua[i] + ub[i] + table[1][i % 8];
  *total = sum;
}
int main(void) {
  unsigned dummy = 0;
  for (int i = 0; i < 9; ++i) MEASURE("add", add(table, 2, &dummy), 9);
  return 0;
}
"""


class SourceDefaultsTest(absltest.TestCase):

  def test_arguments_of_the_call(self):
    function = loop_source.parse_loop(_FILE).function
    self.assertEqual(function.arguments, ('table', '2', 'total'))
    arrays = {array.name: array for array in function.arrays}
    self.assertEqual(set(arrays), {'ua', 'ub', 'table', 'total'})
    self.assertEqual((arrays['ua'].kind, arrays['ua'].size), ('u', 4))
    self.assertEqual((arrays['table'].kind, arrays['table'].size), ('i', 2))
    # The compiler counts what is in a global.
    self.assertTrue(arrays['table'].is_global)
    self.assertEqual(arrays['table'].count, 0)
    self.assertFalse(arrays['total'].is_global)
    self.assertEqual(arrays['total'].count, 64)
    self.assertNotIn('main', function.prelude)

  def test_a_line_comes_first(self):
    text = '// step = 3\n// ua = unsigned[16] iota\n' + _FILE
    function = loop_source.parse_loop(text).function
    self.assertEqual(function.arguments, ('table', '3', 'total'))
    arrays = {array.name: array for array in function.arrays}
    self.assertEqual(arrays['ua'].content, 'iota')
    self.assertEqual(arrays['ub'].content, 'uniform')

  def test_no_call(self):
    text = _FILE.replace('add(table, 2, &dummy)', '0')
    with self.assertRaisesRegex(SourceError, 'parameter table .* has no value'):
      loop_source.parse_loop(text)

  def test_argument_of_unknown_value(self):
    text = _FILE.replace('add(table, 2,', 'add(table, dummy,')
    with self.assertRaisesRegex(SourceError, 'parameter step .* has no value'):
      loop_source.parse_loop(text)


if __name__ == '__main__':
  absltest.main()
