"""Spellings of types, and sizes of structs."""

from absl.testing import absltest, parameterized

from mirencoder_jax.ir.parsing import type_text


def spell(text, bodies=None):
  words = type_text.StructWords(bodies or {})
  return type_text.spell(text, words.__getitem__)


class SpellTest(parameterized.TestCase):

  @parameterized.parameters(
      ('i32', 'i32', 'i32'),
      ('i8*', 'ptr', 'ptr'),
      ('ptr', 'ptr', 'ptr'),
      ('i8 addrspace(3)*', 'ptr addrspace(3)', 'ptr3'),
      ('ptr addrspace(3)', 'ptr addrspace(3)', 'ptr3'),
      ('ptr addrspace(0)', 'ptr', 'ptr'),
      ('float addrspace(1)**', 'ptr', 'ptr'),
      ('[10 x i8*]', '[10 x ptr]', '[10xptr]'),
      ('[3 x [4 x double]]', '[3 x [4 x double]]', '[3x[4xdouble]]'),
      ('<4 x float>', '<4 x float>', '<4xfloat>'),
      ('<vscale x 4 x i32>', '<vscale x 4 x i32>', '<vscalex4xi32>'),
      ('{ i8, i64 }', 'struct', '{i8,i64}'),
      ('<{ i8, i64 }>', 'struct', '<{i8,i64}>'),
      ('{ i8, [2 x { i32, ptr }] }*', 'ptr', 'ptr'),
      ('void (i32, ...)*', 'ptr', 'ptr'),
      ('i32 (i8*)', 'i32(ptr)', 'i32(ptr)'),
      ('[1000 x i8]', '[1000 x i8]', '[1000xi8]'),
      ('[123456 x i8]', '[123456 x i8]', '[~2^16.3xi8]'),
      ('target("spirv.Image", void, 1)', 'target("spirv.Image", void, 1)',
       'target("spirv.Image", void, 1)'),
  )  # fmt: skip
  def test_spelling(self, text, node_text, word):
    self.assertEqual(spell(text), (node_text, word))

  def test_structs_by_their_size(self):
    bodies = {'%S': '{ i8, double, [3 x i16] }', '%T': 'opaque'}
    self.assertEqual(spell('%S', bodies), ('struct', 'struct:24'))
    self.assertEqual(spell('%S*', bodies), ('ptr', 'ptr'))
    self.assertEqual(spell('[2 x %S]', bodies),
                     ('[2 x struct]', '[2xstruct:24]'))  # fmt: skip
    self.assertEqual(spell('%T', bodies), ('struct', 'struct:opaque'))

  @parameterized.parameters('[4 x i8', ']', '*', '', '[4 x i8>', '(')
  def test_what_is_no_type(self, text):
    with self.assertRaises(ValueError):
      spell(text)

  def test_nesting_may_be_deep(self):
    depth = 20_000
    text, word = spell('[1 x ' * depth + 'i8' + ']' * depth)
    self.assertLen(text, 6 * depth + 2)
    self.assertLen(word, 4 * depth + 2)


class StructWordsTest(parameterized.TestCase):

  @parameterized.parameters(
      ('{ i8, i32 }', 8),
      ('<{ i8, i32 }>', 5),
      ('{ i32, i8 }', 8),
      ('{ i1, i1, i16 }', 4),
      ('{ ptr, i8 }', 16),
      ('{ i8*, i8 }', 16),
      ('{ [7 x i8], <4 x float> }', 32),
      ('{}', 0),
      ('{ x86_fp80 }', 16),
      ('{ void (i32)*, { i8, i8 } }', 16),
  )
  def test_sizes(self, body, size):
    words = type_text.StructWords({'%S': body})
    self.assertEqual(words['%S'], f'struct:{size}')

  def test_members_by_value_and_behind_pointers(self):
    words = type_text.StructWords(
        {
            '%list': '{ i64, %list* }',
            '%pair': '{ %list, %list }',
            '%a': '{ %b* }',
            '%b': '{ %a, i64 }',
        }
    )
    self.assertEqual(words['%pair'], 'struct:32')
    self.assertEqual(words['%a'], 'struct:8')
    self.assertEqual(words['%b'], 'struct:16')

  def test_what_holds_itself_is_opaque(self):
    words = type_text.StructWords({'%a': '{ %b }', '%b': '{ %a }'})
    self.assertEqual(words['%a'], 'struct:opaque')

  def test_a_long_chain(self):
    count = 20_000
    bodies = {f'%s{i}': f'{{ %s{i + 1}, i8 }}' for i in range(count)}
    bodies[f'%s{count}'] = '{ i8 }'
    self.assertEqual(type_text.StructWords(bodies)['%s0'], 'struct:~2^14.0')

  @parameterized.parameters('{ i' + '9' * 9000 + ' }', '{ i32 x i32 }',
                            '[' + '9' * 9000 + ' x i8]',
                            '[i8 x i8]')  # fmt: skip
  def test_nonsense_has_a_word(self, body):
    words = type_text.StructWords({'%S': body})
    self.assertStartsWith(words['%S'], 'struct:')


if __name__ == '__main__':
  absltest.main()
