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
@s = constant [4 x i8] c"a;}\\0A"
"""


class TidyTest(absltest.TestCase):

  def test_lines(self):
    self.assertEqual(layout.tidy(MESSY), TIDY)

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
