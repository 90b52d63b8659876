"""What a file must look like, and what is said where it does not."""

from absl.testing import absltest, parameterized

from mirencoder_jax.measure import loop_source, source_settings

_AXPY = """// family: axpy
// n = 8
// a = 2.5
// x = float[8] uniform(-1, 1)
// y = float[8] constant(0)

static __attribute__((noinline)) void axpy(
    int n, float a, const float *restrict x, float *y) {
  for (int i = 0; i < n; ++i) y[i] += a * x[i];  // for (;;) of a comment
}
"""
_NEST = """// n = 4
// table = double[16] iota
double table[4][4];
struct pair { int a, b; };
int half(int v) { return v / 2; }
double sum(int n) {
  double s = 0;
  for (int i = 0; i < n; ++i)
    if (i != 1)
      for (int j = 0; j < half(n); ++j) { s += table[i][j]; }
    else
      s -= 1;
  return s;
}
int main(void) { for (;;) sum(3); }
"""


_HEADS = """#define OPEN {
#define INLINE inline
// n = 4
// y = float[64] iota
// z = int[3] iota
int x[N] __attribute__((aligned(16))), *q[3]; // é {
static INLINE float *__attribute__((noinline)) f(
    float (*const y)[4], int *RESTRICT z, int n /* } */) {
  char c = '}';
  for (int i = 0, j = 1; i < n; ++i, j++) y[i][j] += x[i];
  return *y;
}
int main(void) { return 0; }
"""


class LoopSourceTest(parameterized.TestCase):

  def test_parts_of_a_function(self):
    source = loop_source.parse_loop(_AXPY)
    function = source.function
    self.assertEqual(function.name, 'axpy')
    self.assertEqual(function.returns, 'void')
    self.assertEqual(function.arguments, ('8', '2.5', 'x', 'y'))
    self.assertEqual(function.notes, {'family': 'axpy'})
    self.assertStartsWith(source.after, 'for (int i = 0;')
    first, second, closing = source.header
    self.assertEqual(source.after[first], ';')
    self.assertEqual(source.after[first + 1 : second], ' i < n')
    self.assertEqual(source.after[closing], ')')
    x, y = function.arrays
    self.assertEqual(
        x,
        source_settings.Array(
            name='x',
            kind='f',
            size=4,
            count=8,
            content='uniform',
            numbers=(-1.0, 1.0),
            writable=False,
            is_global=False,
        ),
    )
    self.assertTrue(y.writable)

  def test_innermost_loop_globals_and_main(self):
    source = loop_source.parse_loop(_NEST)
    function = source.function
    self.assertEqual(function.name, 'sum')
    self.assertStartsWith(source.after, 'for (int j = 0;')
    self.assertIn('struct pair', function.prelude)
    self.assertIn('int half', function.prelude)
    self.assertNotIn('main', function.prelude)
    (table,) = function.arrays
    self.assertTrue(table.is_global)
    self.assertEqual((table.kind, table.size, table.count), ('f', 8, 16))

  def test_heads_as_people_write_them(self):
    function = loop_source.parse_loop(_HEADS).function
    self.assertEqual(function.name, 'f')
    self.assertEqual(function.returns, 'INLINE float *')
    self.assertEqual(function.arguments, ('y', 'z', '4'))
    self.assertEqual([a.name for a in function.arrays], ['y', 'z', 'x'])
    self.assertEqual(function.first_line, 7)
    self.assertNotIn('main', function.prelude)
    self.assertIn('#define OPEN {', function.prelude)
    self.assertEqual(function.text[function.body], '{')

  def test_the_while_of_a_do_is_no_loop_of_its_own(self):
    source = loop_source.parse_loop(
        'void f(void) { do { for (;;) ; } while (1); }'
    )
    self.assertStartsWith(source.after, 'for (;;) ; }')

  @parameterized.named_parameters(
      ('semicolons', 'void f(void) { for (;;;) ; }', 'has 3 semicolons'),
      (
          'macro',
          'MACRO {\nvoid f(void { for (;;) ; }',
          'line . is no C without its macros|never closed',
      ),
      (
          'two_loops',
          'void f(void) { for (;;) ; for (;;) ; }',
          r'2 innermost loops, at lines \[1, 1\]; one is wanted',
      ),
      (
          'two_functions',
          'void f(void) { for (;;) ; } void g(void) { for (;;) ; }',
          'one function with a loop is wanted; found: f, g',
      ),
      ('no_loop', 'int f(void) { return 1; }', 'found: none'),
      ('while', 'void f(void) { while (1) ; }', 'is a while, not a for'),
      (
          'no_value',
          'void f(int n) { for (int i = 0; i < n; ++i) ; }',
          'parameter n of f has no value; add a line',
      ),
      (
          'no_number',
          '// n = many\nvoid f(int n) { for (;;) ; }',
          'n = many: a scalar takes a number',
      ),
      (
          'unknown_array',
          '// b = int[3] iota\nvoid f(void) { for (;;) ; }',
          'neither a parameter of f nor a global array',
      ),
      (
          'bad_type',
          '// b = half[3] iota\nvoid f(int *b) { for (;;) ; }',
          "type 'half' is none of char",
      ),
      (
          'bad_content',
          '// b = int[3] ones\nvoid f(int *b) { for (;;) ; }',
          r'the contents are uniform \(2 numbers\)',
      ),
      (
          'too_large',
          '// b = int[99999999999] iota\nvoid f(int *b) { for (;;) ; }',
          'at most',
      ),
      ('open_brace', 'void f(void) { for (;;) ;', 'line 1: .* never closed'),
  )
  def test_refused(self, text, message):
    with self.assertRaisesRegex(source_settings.SourceError, message):
      loop_source.parse_loop(text)


if __name__ == '__main__':
  absltest.main()
