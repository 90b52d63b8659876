"""Clones of a loop, and what is read from the compiler's output."""

from absl.testing import absltest

from mirencoder_jax.measure import loop_program, loop_source

_SOURCE = """// n = 8
// y = int[8] iota
void fill(int *y, int n) {
  for (int i = 0; i < n; i += 2) y[i] = i;
}
"""
_FIRST = """
.LCPI{k}_0:
        .long   0x{constant}
        .text
        .globl  {name}
{name}:
        vmulss  .LCPI{k}_0(%rip), %xmm0, %xmm1
        jmp     .LBB{k}_2
.LBB{k}_2:
        retq
.Lfunc_end{k}:
        .size {name}, .Lfunc_end{k}-{name}
"""


def _assembly(*constants: str) -> str:
  return ''.join(
      _FIRST.format(name=f'loop_clone_{k}', k=k, constant=constant)
      for k, constant in enumerate(constants)
  )


class LoopProgramTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.program = loop_program.build_program(loop_source.parse_loop(_SOURCE))

  def test_a_clone_for_each_configuration_and_one_for_the_compiler(self):
    text = self.program.text
    self.assertLen(loop_program.CONFIGURATIONS, 35)
    self.assertEqual(text.count('#pragma clang loop'), 35)
    for index in range(36):
      self.assertEqual(text.count(f'void loop_clone_{index}('), 1)
    lines = text.split('\n')
    for index, (width, count) in enumerate(loop_program.CONFIGURATIONS):
      clone = '\n'.join(lines[self.program.first_lines[index] - 1 :][:6])
      self.assertIn(
          f'vectorize_width({width}) interleave_count({count})\nfor (', clone
      )

  def test_without_the_widest(self):
    source = loop_source.parse_loop(_SOURCE)
    program = loop_program.build_program(source, loop_program.within(4))
    # 1 x 1, 2, 4; 2 x 1, 2; 4 x 1.
    self.assertEqual(program.text.count('#pragma clang loop'), 6)
    self.assertIn('void loop_clone_35(', program.text)
    made = loop_program.parse_remarks(
        f'c.c:{program.first_lines[-1] + 3}:3: remark: vectorized loop '
        '(vectorization width: 16, interleaved count: 4)\n',
        program,
    )
    self.assertEqual(made[:-1], [(1, 1)] * 35)
    self.assertEqual(made[-1], (16, 4))

  def test_counted_header(self):
    self.assertIn(
        'for (int i = 0; (++driver_evaluations, (i < n)); ++driver_iterations, '
        '(void)(i += 2))',
        self.program.text,
    )

  def test_remarks_belong_to_the_clone_of_their_line(self):
    third, last = self.program.first_lines[3], self.program.first_lines[-1]
    made = loop_program.parse_remarks(
        f'c.c:{third + 3}:3: remark: interleaved loop (interleaved count: 8) '
        '[-Rpass=loop-vectorize]\n'
        f'c.c:{last + 3}:3: remark: vectorized loop (vectorization width: 16, '
        'interleaved count: 4) [-Rpass=loop-vectorize]\n',
        self.program,
    )
    self.assertEqual(made[3], (1, 8))
    self.assertEqual(made[loop_program.COMPILER], (16, 4))
    self.assertEqual(made[0], (1, 1))

  def test_same_code(self):
    same = loop_program.find_same_code(_assembly('3f', '40', '3f'))
    self.assertEqual(same[:3], [0, 1, 0])
    self.assertEqual(same[3:], list(range(3, 36)))


if __name__ == '__main__':
  absltest.main()
