"""`featurize`: from a module to arrays."""

import numpy as np
from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.data import example

TEXT = """
@table = constant [256 x float] zeroinitializer
declare float @sqrtf(float)
define float @first(ptr %p, i64 %i) {
  %q = getelementptr float, ptr %p, i64 %i
  %x = load float, ptr %q
  %y = call float @sqrtf(float %x)
  ret float %y
}
define float @second(i64 %i) {
entry:
  %q = getelementptr [256 x float], ptr @table, i64 0, i64 %i
  %x = load float, ptr %q
  %c = fcmp olt float %x, 1.0
  br i1 %c, label %a, label %b
a:
  ret float %x
b:
  ret float 0.0
}
"""


class FeaturizeTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.module = ir.read_module(TEXT, name='two.ll')
    counts = {}
    for function in cls.module.functions:
      for word in function.words:
        counts[word] = counts.get(word, 0) + 1
    cls.tokenizer = ir.tokenizer.train(counts, 512)
    cls.examples = example.featurize(cls.module, cls.tokenizer)

  def test_schema(self):
    self.assertLen(self.examples, 2)
    for item in self.examples:
      self.assertEqual(set(item), {*example.ARRAYS, *example.STRINGS})
      for name, dtype in example.ARRAYS.items():
        self.assertEqual(item[name].dtype, np.dtype(dtype), name)
        self.assertEqual(item[name].ndim, 1, name)
      for name in example.STRINGS:
        self.assertIsInstance(item[name], str)

  def test_tokens_and_spans(self):
    item, function = self.examples[1], self.module.functions[1]
    offset = item['instruction_offset']
    self.assertLen(offset, function.num_instructions + 1)
    self.assertEqual(offset[-1], len(item['tokens']))
    self.assertTrue((np.diff(offset) > 0).all())
    spans = [
        self.tokenizer.decode(item['tokens'][a:b])
        for a, b in zip(offset[:-1], offset[1:], strict=True)
    ]
    self.assertEqual(
        spans,
        ['b0: %0 getelementptr [256xfloat] @g0 0 %a0',
         '%1 load float %0', '%2 fcmp olt float %1 1.0', 'br %2 b1 b2',
         'b1: ret float %1', 'b2: ret float 0.0'],
    )  # fmt: skip
    self.assertEqual(
        self.tokenizer.decode(item['tokens'][: offset[0]]),
        'define float ( i64 %a0 ) @g0 constant [256xfloat]',
    )

  def test_graph(self):
    item = self.examples[0]
    graph = ir.build_graph(self.module, self.module.functions[:1])
    for name, array in (
        ('node_kind', graph.kind),
        ('node_text', graph.description),
        ('node_block', graph.block),
        ('edge_flow', graph.flow),
        ('edge_position', graph.position),
        ('senders', graph.senders),
        ('receivers', graph.receivers),
    ):
      np.testing.assert_array_equal(item[name], array, err_msg=name)
    offset = item['text_offset']
    texts = [
        self.tokenizer.decode(item['text_tokens'][a:b])
        for a, b in zip(offset[:-1], offset[1:], strict=True)
    ]
    # Node k + 1 is instruction k; then the declaration.
    self.assertEqual(
        [texts[i] for i in item['node_text'][:6]],
        ['[external]', 'getelementptr float', 'load float',
         'call float @sqrt float', 'ret float', 'declare @sqrt'],
    )  # fmt: skip

  def test_depth(self):
    text = """
      declare void @g(i64)
      define void @f(i64 %n) {
      entry:
        br label %loop
      loop:
        %i = phi i64 [ 0, %entry ], [ %j, %loop ]
        call void @g(i64 %i)
        %j = add i64 %i, 1
        %c = icmp eq i64 %j, %n
        br i1 %c, label %end, label %loop
      end:
        ret void
      }"""
    (item,) = example.featurize(ir.read_module(text), self.tokenizer)
    # Root, br, five of the loop, ret, the declaration.
    self.assertEqual(
        item['node_depth'][:9].tolist(), [0, 0, 1, 1, 1, 1, 1, 0, 0]
    )
    # The uses of %i (two), %j (two) and %c; then %n and the constants.
    self.assertEqual(item['node_depth'][9:14].tolist(), [1] * 5)
    self.assertEqual(item['node_depth'][14:].sum(), 0)

  def test_provenance(self):
    item = self.examples[0]
    self.assertEqual(item['function'], 'first')
    self.assertEqual(item['module'], 'two.ll')
    self.assertEqual(item['source'], 'two.ll/first')
    self.assertEqual(item['hash'], self.module.functions[0].hash)
    (other,) = example.featurize(
        self.module,
        self.tokenizer,
        provenance={'program': 'p', 'language': 'c', 'opt_level': 'O2'},
        functions=self.module.functions[1:],
    )
    self.assertEqual(other['function'], 'second')
    self.assertEqual(other['source'], 'p/second')
    self.assertEqual(other['opt_level'], 'O2')
    with self.assertRaisesRegex(ValueError, r"unknown provenance \['colour'\]"):
      example.featurize(
          self.module, self.tokenizer, provenance={'colour': 'red'}
      )

  def test_an_example_does_not_hang_on_the_other_functions(self):
    alone = TEXT[: TEXT.index('define float @second')]
    (item,) = example.featurize(
        ir.read_module(alone, name='two.ll'), self.tokenizer
    )
    for name in (*example.ARRAYS, *example.STRINGS):
      np.testing.assert_array_equal(
          item[name], self.examples[0][name], err_msg=name
      )


if __name__ == '__main__':
  absltest.main()
