"""States of tokens, instructions and nodes, and their source lines."""

import numpy as np
import testing_encoder
from absl.testing import absltest

import mirencoder_jax as mir
from mirencoder_jax.ir import debug_lines

# As clang -O1 -gline-tables-only prints it, cut to what matters; the multiply
# was inlined from line 2 into line 7.
DEBUG = """
define i32 @f(i32 %x) !dbg !4 {
entry:
  %y = mul i32 %x, %x, !dbg !6
  #dbg_value(i32 %y, !9, !DIExpression(), !7)
  %c = icmp sgt i32 %y, 9, !dbg !7
  br i1 %c, label %a, label %b, !dbg !7
a:
  switch i32 %y, label %b [
    i32 1, label %b
    i32 2, label %b
  ], !dbg !8
b:
  ret i32 %y
}

define i32 @g(i32 %x) {
  ret i32 %x
}

!llvm.module.flags = !{!0}
!llvm.dbg.cu = !{!1}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!1 = distinct !DICompileUnit(language: DW_LANG_C11, file: !2, emissionKind: LineTablesOnly)
!2 = !DIFile(filename: "f.c", directory: "/")
!3 = !DISubroutineType(types: !{})
!4 = distinct !DISubprogram(name: "f", scope: !2, file: !2, line: 5, type: !3, unit: !1, spFlags: DISPFlagDefinition)
!5 = distinct !DISubprogram(name: "square", scope: !2, file: !2, line: 1, type: !3, unit: !1, spFlags: DISPFlagDefinition)
!6 = !DILocation(line: 2, column: 3, scope: !5, inlinedAt: !10)
!7 = !DILocation(line: 8, column: 3, scope: !4)
!8 = !DILocation(line: 9, scope: !4)
!9 = !DILocalVariable(name: "y", scope: !4, file: !2, line: 7, type: !11)
!10 = distinct !DILocation(line: 7, column: 9, scope: !4)
!11 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)
"""  # noqa: E501
LINES = [7, 8, 8, 9, 0]  # mul, icmp, br, switch, ret


class DebugLinesTest(absltest.TestCase):

  def test_lines_of_the_outermost_function(self):
    f, g = debug_lines.read_source_lines(DEBUG)
    self.assertEqual(f.tolist(), LINES)
    self.assertEqual(g.tolist(), [0])

  def test_as_many_lines_as_instructions(self):
    for text in (DEBUG, testing_encoder.AXPY + testing_encoder.SQUARE):
      module = mir.read_module(text)
      found = debug_lines.read_source_lines(text)
      self.assertEqual(
          [len(lines) for lines in found],
          [f.num_instructions for f in module.functions],
      )

  def test_text_that_llvm_refuses(self):
    refused = DEBUG.replace('define i32 @g', 'define nosuchattribute i32 @g')
    self.assertEqual(debug_lines.read_source_lines(refused)[0].tolist(), LINES)


class StatesTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.encoder = testing_encoder.create_encoder(num_tokens=32)
    cls.states = mir.encode_states(cls.encoder, DEBUG)[0]

  def test_shapes_and_alignment(self):
    states, width = self.states, self.encoder.width
    self.assertEqual(states.function, 'f')
    self.assertEqual(states.token_states.shape, (len(states.pieces), width))
    self.assertEqual(states.instruction_states.shape, (5, width))
    self.assertEqual(states.node_states.shape, (len(states.node_texts), width))
    self.assertEqual(states.instruction_line.tolist(), LINES)
    self.assertStartsWith(states.instructions[0], 'b0: %0 mul i32')
    np.testing.assert_array_equal(
        states.instruction_states, states.node_states[1:6]
    )
    counts = np.bincount(states.token_instruction + 1)
    self.assertEqual(counts.sum(), len(states.pieces))
    self.assertTrue((counts > 0).all())

  def test_tokens_are_in_order_over_the_windows(self):
    words = ''.join(p.removeprefix('##') for p in self.states.pieces)
    module = mir.read_module(DEBUG)
    self.assertEqual(words, ''.join(module.functions[0].words))
    self.assertGreater(len(self.states.pieces), 30)  # more than one window

  def test_means_over_tokens_and_lines(self):
    states = self.states
    mine = states.token_states[states.token_instruction == 1]
    np.testing.assert_allclose(
        states.instruction_token_states()[1], mine.mean(0), atol=1e-6
    )
    by_line = states.line_states()
    self.assertEqual(list(by_line), [7, 8, 9])
    np.testing.assert_allclose(
        by_line[8], states.instruction_states[1:3].mean(0), atol=1e-6
    )

  def test_another_function_beside_changes_nothing(self):
    alone = mir.encode_states(self.encoder, testing_encoder.SQUARE)
    both = mir.encode_states(
        self.encoder, testing_encoder.SQUARE + testing_encoder.AXPY
    )
    np.testing.assert_allclose(
        alone[0].token_states, both[0].token_states, atol=1e-5
    )


if __name__ == '__main__':
  absltest.main()
