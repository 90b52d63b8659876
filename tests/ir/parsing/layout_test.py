"""Text that LLVM did not print, laid out as it would."""

from absl.testing import absltest

from mirencoder_jax.ir.parsing import layout

MESSY = """\
; a comment
declare void @g(i32,
   i32)   ; here
define void @f(i32 %x,\ti32 %y)
{
entry:   ; c
\t%a = add i32\t%x, 1  ; "x
  call void @g(
      i32 %a,
      i32 %y
    )
    switch i32 %x, label %b [
      i32 1, label %b
    ]
; <label>:5:                 ; preds = %entry
b:
ret void
}
define void @h() { ret void }
@s = constant [4 x i8] c"a;}\\0A"
"""
NUMBERS = [2, 4, 6, 7, 8, 12, 15, 16, 17, 18, 19, 19, 19, 20]
TIDY = """\
declare void @g(i32, i32)
define void @f(i32 %x, i32 %y) {
entry:
  %a = add i32 %x, 1
  call void @g( i32 %a, i32 %y )
  switch i32 %x, label %b [ i32 1, label %b ]
5:
b:
  ret void
}
define void @h() {
  ret void
}
@s = constant [4 x i8] c"a;}\\0A"\
"""


class TidyTest(absltest.TestCase):

  def test_lines(self):
    laid = layout.lay_out(MESSY)
    self.assertEqual(laid.text, TIDY)
    self.assertEqual(laid.numbers, NUMBERS)

  def test_statements_over_lines_and_on_one(self):
    for text in (
        'define i32 @f(i1 %c)\n{ entry: br i1 %c,\n label %a, label %a\n'
        'a: %x =\n add i32\n 1,\n 2 store i32 %x, ptr null ret i32 %x }\n',
        'define i32\n@f(i1 %c) {\nentry:\n  br\n    i1 %c, label %a,\n'
        '  label %a\n\na: %x = add i32 1,\n  2\n  store\n  i32 %x, ptr\n'
        '  null\n  ret\n    i32 %x\n}\n',
    ):
      self.assertEqual(
          layout.tidy(text).split('\n'),
          [
              'define i32 @f(i1 %c) {', 'entry:',
              '  br i1 %c, label %a, label %a', 'a:',
              '  %x = add i32 1, 2',
              '  store i32 %x, ptr null', '  ret i32 %x', '}',
          ],
      )  # fmt: skip

  def test_constant_expressions_begin_no_statement(self):
    for line in (
        '  br i1 icmp ne (ptr @f, ptr null), label %a, label %b',
        '  ret i64 mul nuw nsw (i64 ptrtoint (ptr @x to i64), i64 91)',
        '  %x = atomicrmw volatile add ptr %p, i32 1 seq_cst',
        '  %x = tail call i32 @f()',
    ):
      text = f'define void @g() {{\n{line}\n}}'
      self.assertEqual(layout.tidy(text), text)

  def test_line_ends(self):
    self.assertEqual(layout.tidy(MESSY.replace('\n', '\r\n')), TIDY)

  def test_tidy_text_stays(self):
    self.assertEqual(layout.tidy(TIDY), TIDY)

  def test_comments(self):
    for line, expected in (
        ('a ; b', 'a '),
        ('"a;b" ; c', '"a;b" '),
        ('"a;b', '"a;b'),
        ('no', 'no'),
        ('"x" "y;" z ; "', '"x" "y;" z '),
    ):
      self.assertEqual(layout.without_comment(line), expected)


if __name__ == '__main__':
  absltest.main()
