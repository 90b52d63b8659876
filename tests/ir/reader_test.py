"""Reading: forms of one module give the same, what is not IR says so."""

import pathlib
import tempfile

import llvmlite.binding as llvm_binding
from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.ir import reader
from mirencoder_jax.ir.parsing import function_scan, layout

TYPED = """\
source_filename = "a.c"
target triple = "x86_64-unknown-linux-gnu"
%struct.node = type { i32, %struct.node* }
@table = internal global [16 x i32] zeroinitializer, align 16
declare i8* @malloc(i64) #1
; Function Attrs: nounwind
define %struct.node* @push(%struct.node* nocapture %top, i32 %value) #0 {
entry:
  %raw = call i8* @malloc(i64 16) #2, !tbaa !1
  %new = bitcast i8* %raw to %struct.node*
  %slot = getelementptr inbounds %struct.node, %struct.node* %new, i64 0, i32 1
  store %struct.node* %top, %struct.node** %slot, align 8, !tbaa !1
  %e = getelementptr inbounds [16 x i32], [16 x i32]* @table, i64 0, i64 3
  store i32 %value, i32* %e, align 4
  ret %struct.node* %new
}
attributes #0 = { nounwind "frame-pointer"="all" }
attributes #1 = { nounwind }
attributes #2 = { nounwind }
!llvm.ident = !{!0}
!0 = !{!"clang version 14.0.6"}
!1 = !{!2, !2, i64 0}
!2 = !{!"any pointer", !3, i64 0}
!3 = !{!"root"}
"""
RENAMED = """\
source_filename = "b.c"
%"struct.a b" = type { i32, %"struct.a b"* }
@"other table" = private global [16 x i32] zeroinitializer, align 16
define %"struct.a b"* @"a function"(%"struct.a b"*, i32) {
  %3 = call i8* @malloc(i64 16)
  %4 = bitcast i8* %3 to %"struct.a b"*
  %5 = getelementptr inbounds %"struct.a b", %"struct.a b"* %4, i64 0, i32 1
  store %"struct.a b"* %0, %"struct.a b"** %5, align 8
  %6 = getelementptr inbounds [16 x i32], [16 x i32]* @"other table", i64 0, i64 3
  store i32 %1, i32* %6, align 4
  ret %"struct.a b"* %4
}
declare i8* @malloc(i64)
"""  # noqa: E501
DEBUG = """\
define i32 @f(i32 %x) !dbg !3 {
  DECLARE
  %y = add i32 %x, 1, !dbg !6
  ret i32 %y, !dbg !6
}
declare void @llvm.dbg.value(metadata, metadata, metadata)
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, emissionKind: FullDebug)
!1 = !DIFile(filename: "x.c", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!4 = !DISubroutineType(types: !{})
!5 = !DILocalVariable(name: "x", scope: !3, file: !1, line: 1)
!6 = !DILocation(line: 1, scope: !3)
"""  # noqa: E501
OLD_CALL = (
    'call void @llvm.dbg.value(metadata i32 %x, metadata !5, '
    'metadata !DIExpression()), !dbg !6'
)
RECORD = '#dbg_value(i32 %x, !5, !DIExpression(), !6)'


def bitcode_of(text: str) -> bytes:
  return llvm_binding.parse_assembly(text).as_bitcode()


def content(module):
  """Everything that may reach an example."""
  return [
      (
          f.words, f.offsets, f.opcodes, f.types, f.texts, f.block_of,
          f.successors, f.parameters, f.use_users, f.use_positions, f.use_types,
          f.use_definitions, f.parameter_users, f.parameter_numbers,
          f.constant_users, f.constant_positions,
          [c.words for c in f.constants], [k for k, _ in f.calls],
      )
      for f in module.functions
  ]  # fmt: skip


class FormsTest(parameterized.TestCase):

  def test_text_bitcode_and_path(self):
    folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    (folder / 'a.ll').write_text(TYPED)
    (folder / 'a.bc').write_bytes(bitcode_of(TYPED))
    modules = [
        ir.read_module(TYPED),
        ir.read_module(TYPED.encode()),
        ir.read_module(bitcode_of(TYPED)),
        ir.read_module(folder / 'a.ll'),
        ir.read_module(str(folder / 'a.bc')),
    ]
    for module in modules:
      self.assertEqual(content(module), content(modules[0]))
      self.assertFalse(module.unverified)
      self.assertEqual(module.producer_llvm, '14.0.6')
    self.assertEqual(modules[3].name, str(folder / 'a.ll'))

  def test_typed_and_opaque_pointers(self):
    # What casts pointers to pointers is there in both.
    opaque = str(llvm_binding.parse_assembly(TYPED))
    self.assertNotIn('*', opaque.split('define')[1])
    self.assertEqual(
        content(ir.read_module(TYPED)), content(ir.read_module(opaque))
    )

  def test_names_metadata_and_attributes_do_not_matter(self):
    self.assertEqual(
        content(ir.read_module(TYPED)), content(ir.read_module(RENAMED))
    )

  @parameterized.named_parameters(
      ('line_ends', lambda text: text.replace('\n', '\r\n')),
      ('tabs', lambda text: text.replace('  ', '\t')),
      ('comments', lambda text: text.replace('\n', ' ; "c" } x\n')),
      ('blank_lines', lambda text: text.replace('\n', '\n\n')),
      ('byte_order_mark', lambda text: '\ufeff' + text),
      (
          'split_lines',
          lambda text: text.replace('(i64 16)', '(\n   i64 16\n  )').replace(
              '%value) #0', '\n  %value) #0'
          ),
      ),
      ('no_end_of_line', lambda text: text.rstrip('\n')),
  )
  def test_layout_does_not_matter(self, change):
    expected = content(ir.read_module(TYPED))
    self.assertEqual(content(ir.read_module(change(TYPED))), expected)
    direct = reader.parse_text(
        layout.tidy(change(TYPED).lstrip('\ufeff')), 'direct'
    )
    self.assertEqual(content(direct), expected)

  def test_utf_16_as_some_shells_write_it(self):
    expected = content(ir.read_module(TYPED))
    for code in ('utf-16', 'utf-16-le', 'utf-16-be'):
      self.assertEqual(content(ir.read_module(TYPED.encode(code))), expected)

  def test_debug_info_does_not_matter(self):
    plain = ir.read_module(
        'define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n'
    )
    for what in (OLD_CALL, RECORD):
      module = ir.read_module(DEBUG.replace('DECLARE', what))
      self.assertFalse(module.unverified)
      self.assertEqual(content(module), content(plain))
      self.assertEqual(module.counts['debug_records'], 1)
      self.assertGreater(module.counts['metadata_lines'], 5)
      direct = reader.parse_text(
          layout.tidy(DEBUG.replace('DECLARE', what)), 'direct'
      )
      self.assertEqual(content(direct), content(plain))

  def test_order_of_functions_does_not_matter_to_one(self):
    f = 'define i32 @f(i32 %x) {\n  %r = call i32 @g(i32 %x)\n  ret i32 %r\n}\n'
    g = 'define i32 @g(i32 %x) {\n  ret i32 %x\n}\n'
    one = ir.read_module(f + g)
    other = ir.read_module(g + f)
    self.assertEqual(content(one), content(other)[::-1])
    self.assertEqual(one.function('f').hash, other.function('f').hash)
    with self.assertRaisesRegex(KeyError, 'does not define.*it defines f, g'):
      one.function('h')

  def test_order_of_metadata_does_not_matter(self):
    lines = TYPED.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith('!0'))
    turned = '\n'.join(lines[:first] + lines[first:][::-1] + [''])
    self.assertEqual(
        content(ir.read_module(turned)), content(ir.read_module(TYPED))
    )

  def test_numbers_of_values_begin_again_in_a_large_function(self):
    size = function_scan.NUM_NUMBERS
    lines = ['define i32 @f(i32 %x) {', '  %v0 = add i32 %x, 1']
    lines += [f'  %v{i} = add i32 %v{i - 1}, %v0' for i in range(1, size + 2)]
    lines += [f'  ret i32 %v{size + 1}', '}']
    function = ir.read_module('\n'.join(lines)).functions[0]
    last = function.words[function.offsets[-2] :]
    self.assertEqual(' '.join(last), '%1 add i32 %0 %0 ret i32 %1')
    # Words repeat, what is defined where does not.
    self.assertEqual(function.use_definitions[-3:], [size, 0, size + 1])

  def test_recursive_calls_and_symbols(self):
    module = ir.read_module("""
declare double @sqrt(double)
declare void @llvm.assume(i1)
declare void @mine()
define void @"quoted name"() {
  call void @"quoted name"()
  ret void
}
""")
    self.assertEqual(
        module.symbols,
        {'sqrt': '@sqrt', 'llvm.assume': '@llvm.assume', 'mine': '@f',
         '"quoted name"': '@f'},
    )  # fmt: skip
    function = module.functions[0]
    self.assertEqual(function.symbol, '"quoted name"')
    self.assertEqual(function.name, 'quoted name')
    self.assertEqual(function.calls, [(0, '"quoted name"')])
    self.assertIs(module.function('quoted name'), function)

  def test_a_built_in_with_a_body_is_a_users_function(self):
    module = ir.read_module(
        'define double @sqrt(double %x) {\n'
        '  %r = call double @sqrt(double %x)\n  ret double %r\n}\n'
    )
    self.assertIn('@f0', module.functions[0].words)


class UnverifiedTest(parameterized.TestCase):
  """Text that LLVM 22 refuses is read as it is."""

  @parameterized.named_parameters(
      ('unknown_attribute', 'define void @f(ptr made_up(8) %p) made_up_too {\n'
       '  ret void\n}\n'),
      ('unknown_flag', 'define i32 @f(i32 %x) {\n'
       '  %y = add brandnew i32 %x, 1\n  ret i32 %y\n}\n'),
      ('unknown_metadata', 'define void @f() {\n  ret void, !new !new(1)\n}\n'),
      ('float_of_the_future', 'define float @f() {\n'
       '  ret float f0x3F800000\n}\n'),
      ('one_line', 'define void @f() brandnew { ret void }\n'),
      ('old_block_numbers', 'define void @f(i1) brandnew {\n'
       '  br i1 %0, label %2, label %3\n'
       '\n; <label>:2:                 ; preds = %1\n  br label %3\n'
       '\n; <label>:3:                 ; preds = %2, %1\n  ret void\n}\n'),
      ('blocks_without_labels', 'define void @f(i1) brandnew {\n'
       '  br i1 %0, label %2, label %3\n'
       '  br label %3\n  ret void\n}\n'),
  )  # fmt: skip
  def test_is_read(self, text):
    module = ir.read_module(text)
    self.assertTrue(module.unverified)
    self.assertNotEmpty(module.refusal)
    ir.program_graph.validate(ir.build_graph(module))
    self.assertIn('ret', module.functions[0].opcodes)

  def test_both_ways_of_reading_agree(self):
    texts = [
        TYPED, RENAMED,
        """
@x = global i32 1
define i32 @f(i32, i8** %q) {
  %2 = load i8*, i8** %q
  switch i32 %0, label %5 [ i32 1, label %3
    i32 -2, label %4 ]
3:
  br label %5
4:
  %z = call i32 (i32, ...) @v(i32 1, i8* %2)
  br label %5
5:
  %6 = phi i32 [0, %1], [ 1, %3 ], [%z, %4]
  ret i32 %6
}
declare i32 @v(i32, ...)
""",
    ]  # fmt: skip
    for text in texts:
      module = ir.read_module(text)
      self.assertFalse(module.unverified)
      direct = reader.parse_text(layout.tidy(text), 'direct')
      self.assertEqual(content(direct), content(module))

  def test_lines_that_differ_in_a_type_only(self):
    text = """\
define void @f() {
  %1 = alloca TYPE, align 8
  %2 = load TYPE, ptr %1, align 8
  ret void
}
"""
    types = [
        'target("spirv.Image", void, 1, 0, 0, 0, 0, 0, 0)',
        'target("spirv.Image", void, 2, 0, 0, 0, 0, 0, 0)',
        '[4 x <2 x float>]',
        '[8 x <2 x float>]',
        '<vscale x 4 x i32>',
        '<vscale x 8 x i32>',
        'ptr addrspace(1)',
        'ptr addrspace(2)',
    ]
    for verified in (True, False):
      found = []
      for type_text in types:
        data = text.replace('TYPE', type_text).encode()
        if verified:
          module = ir.read_module(data)
        else:
          module = reader.parse_text(data.decode(), '')
        (function,) = module.functions
        found.append((function.hash, function.types[1]))
        if type_text.startswith('target'):
          word = type_text.replace(', ', ',')
          self.assertEqual(function.words.count(word), 2, function.words)
      self.assertLen(set(found), len(types), found)

  def test_old_block_numbers_are_names(self):
    text = self.old_text('; <label>:2:\n', '; <label>:3:\n')
    with_labels = self.old_text('2:\n', '3:\n')
    without = self.old_text('', '')
    expected = content(ir.read_module(with_labels))
    for other in (text, without):
      direct = reader.parse_text(layout.tidy(other), 'direct')
      self.assertEqual(content(direct), expected)

  def old_text(self, two, three):
    return (
        'define i32 @f(i1) {\n  br i1 %0, label %2, label %3\n'
        f'{two}  br label %3\n{three}  %4 = phi i32 [ 0, %1 ], [ 1, %2 ]\n'
        '  ret i32 %4\n}\n'
    )


class BadInputTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('empty', b'', 'the file is empty'),
      ('blank', b' \n\n', 'the file is empty'),
      ('c_source', b'#include <stdio.h>\nint main(void) { return 0; }\n',
       'neither LLVM bitcode nor LLVM IR text; compile'),
      ('object', b'\x7fELF\x02\x01\x01', 'an ELF object'),
      ('archive', b'!<arch>\nx', 'unpack it with `ar x`'),
      ('gzip', b'\x1f\x8b\x08\x00', 'compressed with gzip'),
      ('mlir', b'module {\n  func.func @f() {\n  }\n}\n', 'this is MLIR'),
      ('declarations', b'declare void @f()\n', 'it only declares some'),
      ('nothing', b'source_filename = "x"\n', 'defines no function'),
      ('not_utf8', b'define void @caf\xe9() {\n  ret void\n}\n',
       'x.ll:1: byte 0xe9 is not UTF-8'),
      ('cut_text', b'define void @f() {\n  ret void\n',
       'x.ll:1: .*no closing `}`; the file is cut off'),
      ('bad_bitcode', b'BC\xc0\xde1234', 'LLVM cannot read this bitcode'),
      ('typo', b'define i32 @f(i32 %x) {\n\n  %y = Add i32 %x, 1\n'
       b'  ret i32 %y\n}\n', "x.ll:3: unknown instruction 'Add'"),
      ('no_instruction', b'define i32 @f(i32 %x) {\n\n  banana split\n'
       b'  ret i32 %x\n}\n', "x.ll:3: unknown instruction 'banana'"),
      ('typo_in_name', b'define i32 @f(i32 %x) {\n  ret i32 %z\n}\n',
       "x.ll:2: '%z' is used but not defined"),
      ('quoted', b'define i32 @f(i32 %x) {\n  ret i32 %"a b"\n}\n',
       'x.ll:2: .%"a b". is used but not defined'),
      ('twice', b'define i32 @f(i32 %x) {\n  %x = add i32 1, 1\n'
       b'  ret i32 %x\n}\n', "x.ll:2: '%x' is defined twice"),
      ('no_end', b'define void @f(i32 %x) {\n  %y = add i32 %x, 1\n}\n',
       'x.ll:2: a block ends here without br'),
      ('no_end_of_block', b'define void @f() {\na:\nb:\n  ret void\n}\n',
       'x.ll:4: a block ends here without br'),
      ('behind_end', b'define i32 @f() {\n  br label %a\na:\n  ret i32 0\n'
       b'  %x = add i32 1, 1\n}\n', 'x.ll:5'),
      ('top_level', b'define void @f() {\n  ret void\n}\nint x;\n',
       "x.ll:4: 'int x' is not LLVM IR at the top level"),
      ('no_head', b'  %1 = add i32 %a, %b\n  ret i32 %1\n',
       'x.ll:.* is an instruction outside a function; give all of it'),
      ('beside_a_function', b'define void @f() {\n  ret void\n}\n'
       b'%1 = add i32 1, 1\n', 'x.ll:4: .* an instruction outside a function'),
      ('no_body', b'define void @f() {\n}\n', 'has no instructions'),
      ('zeros', bytes(4096), '4,096 bytes that are all zero'),
  )  # fmt: skip
  def test_message(self, data, message):
    with self.assertRaisesRegex(ir.IRError, message) as caught:
      ir.read_module(data, name='x.ll')
    self.assertStartsWith(str(caught.exception), 'x.ll')
    self.assertEqual(caught.exception.file, 'x.ll')
    self.assertNotIn('\n', str(caught.exception))
    self.assertLess(len(str(caught.exception)), 600)

  def test_paths(self):
    folder = self.enterContext(tempfile.TemporaryDirectory())
    with self.assertRaisesRegex(ir.IRError, 'is a folder'):
      ir.read_module(folder)
    with self.assertRaisesRegex(ir.IRError, 'missing.ll: there is no such'):
      ir.read_module(f'{folder}/missing.ll')
    with self.assertRaises(ir.IRError):
      ir.read_module('define void @f() { ret void }\0')

  def test_cut_bitcode(self):
    data = bitcode_of(TYPED)
    for size in (4, 100, len(data) // 2, len(data) - 8):
      with self.assertRaisesRegex(ir.IRError, 'x.bc: .*cut off'):
        ir.read_module(data[:size], name='x.bc')

  def test_comments_may_hold_any_bytes(self):
    data = b'; caf\xe9\ndefine void @f() { ; \xff\n  ret void\n}\n'
    self.assertLen(ir.read_module(data).functions, 1)


if __name__ == '__main__':
  absltest.main()
