"""Pieces, holes and shapes of lines; names and strings in quotes."""

from absl.testing import absltest, parameterized

from mirencoder_jax.ir.parsing import line_shape


def shape_and_holes(line):
  lexicon = line_shape.Lexicon()
  pieces = lexicon.learn(line.split(' '))
  holes = [lexicon.holes[piece] for piece in pieces]
  return lexicon.shape(pieces), [hole for hole in holes if hole]


class ShapeTest(parameterized.TestCase):

  @parameterized.parameters(
      ('add nsw i32 %x, 5', 'add nsw i32 %, 0', ['%x', '5']),
      ('load ptr, ptr %3', 'load ptr, ptr %', ['%3']),
      ('call void @f(i32 -1, float 1.0e+00) #5',
       'call void @(i32 0, float 0) #', ['@f', '-1', '1.0e+00']),
      ('alloca [4 x i8], align 16', 'alloca [4 x i8], align 0', ['16']),
      ('load float, ptr addrspace(3) @g', 'load float, ptr addrspace(3) @',
       ['@g']),
      ('store i64 0x1F, ptr %a.b-c', 'store i64 0, ptr %', ['0x1F', '%a.b-c']),
      ('fadd x86_fp80 %x, 0xK4000', 'fadd x86_fp80 %, 0', ['%x', '0xK4000']),
      ('call void @f(metadata !15)', 'call void @(metadata !)', ['@f']),
      # Several holes in one piece are taken apart.
      ('call void @f(%s*%p)', 'call void @ ( % * % )', ['@f', '%s', '%p']),
  )  # fmt: skip
  def test_shape(self, line, shape, holes):
    self.assertEqual(shape_and_holes(line), (shape, holes))

  def test_a_bare_sigil_is_no_hole(self):
    self.assertNotEqual(
        shape_and_holes('ret i32 %')[0], shape_and_holes('ret i32 %x')[0]
    )
    self.assertNotEqual(
        shape_and_holes('call void @()')[0],
        shape_and_holes('call void @f()')[0],
    )

  def test_a_full_lexicon_is_replaced(self):
    first = line_shape.lexicon()
    self.addCleanup(setattr, line_shape, '_MAX_PIECES', line_shape._MAX_PIECES)
    line_shape._MAX_PIECES = 10
    first.learn([f'piece{i}' for i in range(20)])
    second = line_shape.lexicon()
    self.assertIsNot(second, first)
    # Who still has the first one can go on with it.
    self.assertEqual(first.shape(['piece3']), 'piece3')

  def test_plain_pieces_are_forgotten_and_known_again(self):
    self.addCleanup(setattr, line_shape, '_MAX_PLAIN', line_shape._MAX_PLAIN)
    line_shape._MAX_PLAIN = 10
    lexicon = line_shape.Lexicon()
    pieces = [f'%{i},' for i in range(100)]
    self.assertEqual(lexicon.shape(pieces), ' '.join(['%,'] * 100))
    self.assertLess(len(lexicon.literals), 20)
    self.assertEqual([lexicon.holes[p] for p in pieces][:2], ['%0', '%1'])


class QuotesTest(parameterized.TestCase):

  def test_names_become_plain_and_come_back(self):
    quotes = line_shape.Quotes()
    line = quotes.replace('  %"a b" = call %"class.x<y>" @"f, !g"(ptr %"a b")')
    self.assertNotIn('"', line)
    self.assertLen(line.split(), 6)
    name = line.split()[0][1:]
    self.assertEqual(quotes.restore(name), '"a b"')
    self.assertEqual(line.count(name), 2)
    self.assertEqual(
        quotes.restore_all(f"'%{name}' is not defined"),
        """'%"a b"' is not defined""",
    )

  def test_plain_names_lose_their_quotes(self):
    quotes = line_shape.Quotes()
    self.assertEqual(quotes.replace('@"main" %"a.b" "x":'), '@main %a.b x:')

  def test_strings(self):
    quotes = line_shape.Quotes()
    self.assertEqual(quotes.replace('"plain"="true"'), '"plain"="true"')
    one = quotes.replace('c"100%", %"x y", c"a, !b"')
    self.assertLen(one.split(' '), 3)
    self.assertEqual(one, quotes.replace('c"100%", %"x y", c"a, !b"'))
    self.assertNotIn(', !', one)


if __name__ == '__main__':
  absltest.main()
