"""Whatever a file holds: a module or an `IRError`, in linear time."""

import random
from unittest import mock

import llvmlite.binding as llvm_binding
from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.ir import reader
from mirencoder_jax.ir.parsing import layout

DEPTH = 1200  # Python itself stops at 1,000
TEXT = """
%struct.S = type { i32, %"a b"* }
%"a b" = type { [4 x i8], double }
@g = internal addrspace(1) constant [4 x i8] c"a;\\0A\\00", align 1
@t = thread_local(localdynamic) global i32 0, section "x", partition "y"
@al = alias i32, i32* @t
@if = ifunc void (), void ()* ()* @resolve
$c = comdat any
module asm ".globl x"
declare i32 @personality(...)
define internal void ()* @resolve() { ret void ()* null }
define <2 x float> @f(%struct.S* byval(%struct.S) align 8 %s, i32 %n, ...) #0 personality i32 (...)* @personality {
entry:
  %x = alloca i32, i32 %n, align 4
  switch i32 %n, label %d [
    i32 1, label %a
    i32 -2147483648, label %b
  ]
a:                                     ; preds = %entry
  %v = load atomic volatile i32, i32* %x syncscope("agent") seq_cst, align 4
  %p = getelementptr inbounds %struct.S, %struct.S* %s, i64 0, i32 1
  %q = call i32 (i32, ...) bitcast (i32 (...)* @personality to i32 (i32, ...)*)(i32 %v, float 0x7FF8000000000000) [ "deopt"(i32 1) ]
  br i1 xor (i1 ptrtoint (i32* @t to i1), i1 true), label %b, label %d, !prof !1
b:
  %r = invoke i32 asm sideeffect "x !y, $0", "=r,~{cc}"() to label %d unwind label %e
d:
  %w = phi i32 [ 0, %entry ], [ %q, %a ], [ %r, %b ]
  %z = insertelement <2 x float> <float 1.0, float undef>, float 0xBFB99999A0000000, i32 %w
  ret <2 x float> %z
e:
  %l = landingpad { i8*, i32 } cleanup catch i8* null
  resume { i8*, i32 } %l
}
attributes #0 = { nounwind "x"="y" }
!0 = !{!"clang version 9.0.0"}
!1 = !{!"branch_weights", i32 1, i32 2}
!llvm.ident = !{!0}
"""  # noqa: E501
PIECES = (
    '%x @f { } [ ] ( ) < > " ! !5 #0 , i32 ptr label = \n \n}\n define %" c" x '
    '4 -1 0x to asm ... * vscale target(" \xaa0 ; : align addrspace( @ % '
    '\x00 \u2603 nan blockaddress( call switch phi'
).split(' ')


def mutate(data: str, rng: random.Random) -> str:
  for _ in range(rng.choice((1, 1, 2, 6))):
    i = rng.randrange(len(data) + 1)
    kind = rng.randrange(6)
    if kind == 0:
      data = data[:i]
    elif kind == 1:
      data = data[:i] + data[i + rng.choice((1, 2, 9, 80)) :]
    elif kind == 2:
      data = data[:i] + rng.choice(PIECES) + data[i:]
    elif kind == 3:
      lines = data.split('\n')
      del lines[rng.randrange(len(lines))]
      data = '\n'.join(lines)
    else:
      parts = data.split(' ')
      parts[rng.randrange(len(parts))] = rng.choice(parts)
      data = ' '.join(parts)
  return data


class RobustnessTest(parameterized.TestCase):

  def check(self, read):
    """Reads; only an IRError with the file's name may come out."""
    try:
      module = read()
    except ir.IRError as error:
      self.assertEqual(error.file, 'x.ll')
      return 0
    for function in module.functions:
      ir.program_graph.validate(ir.build_graph(module, [function]))
    ir.program_graph.validate(ir.build_graph(module))
    return 1

  def test_text_itself(self):
    self.assertEqual(self.check(lambda: ir.read_module(TEXT, 'x.ll')), 1)
    direct = reader.parse_text(layout.tidy(TEXT), 'x.ll')
    module = ir.read_module(TEXT, 'x.ll')
    self.assertEqual(
        [f.opcodes for f in direct.functions],
        [f.opcodes for f in module.functions],
    )

  @parameterized.parameters(range(4))
  def test_mutated_text(self, seed):
    rng = random.Random(seed)
    num_read = 0
    for _ in range(40):
      text = mutate(TEXT, rng)
      num_read += self.check(
          lambda text=text: reader.parse_text(layout.tidy(text), 'x.ll')
      )
    self.assertGreater(num_read, 0)
    for _ in range(10):
      text = mutate(TEXT, rng) + '\n'
      self.check(lambda text=text: ir.read_module(text, 'x.ll'))

  def test_mutated_bitcode(self):
    rng = random.Random(5)
    bitcode = llvm_binding.parse_assembly(TEXT).as_bitcode()
    for _ in range(25):
      data = bytearray(bitcode)
      for _ in range(rng.choice((1, 3, 20))):
        data[rng.randrange(4, len(data))] = rng.randrange(256)
      size = rng.choice((len(data), rng.randrange(4, len(data))))
      self.check(lambda data=bytes(data[:size]): ir.read_module(data, 'x.ll'))

  @parameterized.named_parameters(
      ('type', '%x = alloca {0}i8{1}', '[1 x ', ']'),
      ('struct', '%x = alloca {0}i8{1}', '{ ', ' }'),
      ('pointer', '%x = alloca i8{0}{1}', '*', ''),
      ('constant', 'store i64 {0}1{1}, ptr %p', 'add (i64 1, i64 ', ')'),
      ('open', 'store i64 {0}1{1}, ptr %p', '(', ''),
      ('closed', 'store i64 {0}1{1}, ptr %p', '', ')'),
      ('metadata', 'call void @g(metadata {0}{1})', '!{', '}'),
      ('attribute', 'call void @g(ptr x{0}{1} %p)', '(', ')'),
      ('quotes', 'call void asm "{0}", ""()', ', !', ''),
      ('attachments', 'fence seq_cst{0}{1}', ', !a !1', ''),
      ('commas', 'fence seq_cst{0}{1}', ',', ''),
      ('number', 'store i64 1{0}{1}, ptr %p', '0', ''),
      ('extent', '%x = alloca [1{0} x i8{1}]', '0', ''),
      ('name', '%x{0} = alloca i8{1}', 'x', ''),
      ('cases', 'switch i32 0, label %e [ {0} ]{1}', 'i32 1, label %e ', ''),
  )
  def test_depth_and_length(self, line, left, right):
    line = line.replace('{0}', left * DEPTH).replace('{1}', right * DEPTH)
    end = '\ne:' if 'label' in line else ''
    text = f'define void @f(ptr %p) {{\n  {line}{end}\n  ret void\n}}\n'
    self.check(lambda: reader.parse_text(layout.tidy(text), 'x.ll'))

  @parameterized.parameters(
      'tail', 'tail void @g()', 'musttail invoke', 'notail %x', 'call', 'invoke'
  )
  def test_a_call_that_breaks_off_is_not_looked_for_for_ever(self, line):
    text = (
        'declare void @g()\ndefine void @f(ptr %p) {\n'
        f'  {line}\n  call void @g()\n  ret void\n}}\n'
    )
    self.check(lambda: ir.read_module(text, 'x.ll'))

  @parameterized.parameters(
      'select i1 icmp eq (ptr @g, ptr null), i32 1',
      'select i1 icmp eq (ptr @g, ptr null), i32 1, i32 2, i32 3',
      'phi select [ icmp eq (ptr @g, ptr null), %e ]',
      'add i1 icmp eq (ptr @g, ptr null)',
  )
  def test_an_old_constant_in_too_few_operands(self, instruction):
    text = (
        f'@g = global i8 0\ndefine void @f() {{\ne:\n  %x = {instruction}\n'
        '  store i1 icmp eq (ptr @g, ptr null)\n  ret void\n}\n'
    )
    self.check(lambda: ir.read_module(text, 'x.ll'))

  @parameterized.parameters(
      'add i64 0x7FF8000000000000, -0x1',
      'add i32 u0xZZ, s0x',
      f'add i1 icmp eq (ptr @g, ptr null), {"9" * 5000}',
      f'call i32 @h(i32 %{"9" * 5000})',
  )
  def test_numbers_that_are_none(self, instruction):
    name = '9' * 5000
    text = (
        f'@g = global i8 0\ndefine void @f() {{\n{name}:\n  %x = {instruction}'
        f'\n  call i32 @h()\n  %{name} = call i32 @h()\n  ret void\n}}\n'
    )
    self.check(lambda: ir.read_module(text, 'x.ll'))

  def test_a_mistake_of_ours_costs_its_file(self):
    with mock.patch.object(reader.mending, 'mend', side_effect=IndexError('i')):
      with self.assertRaisesRegex(
          ir.IRError, 'LLVM refuses it .*without LLVM failed: IndexError: i'
      ):
        ir.read_module('define void @f() {\n  foo\n}\n', 'x.ll')

  def test_a_first_line_in_a_body_is_no_instruction(self):
    line = 'define void @f(ptr noundef captures(none) %0) {'
    good = f'{line}\n  ret void\n}}\n'
    # What is remembered of the one must not be taken for the other.
    for text in (good, f'{good[:-2]}{line}\n}}\n', good):
      self.check(lambda text=text: ir.read_module(text, 'x.ll'))
    self.assertEqual(ir.read_module(good, 'x.ll').functions[0].name, 'f')

  def test_many_of_everything(self):
    count = 500
    text = ''.join(
        f'declare void @d{i}()\n@g{i} = global i32 0\n%s{i} = type {{ i8 }}\n'
        f'define void @f{i}() {{\n  call void @d{i}()\n'
        f'  store %s{i} zeroinitializer, ptr @g{i}\n  ret void\n}}\n'
        for i in range(count)
    )
    module = reader.parse_text(text, 'x.ll')
    self.assertLen(module.functions, count)
    self.assertEqual(module.functions[0].words, module.functions[-1].words)
    graph = ir.build_graph(module)
    self.assertLen(graph.functions, 2 * count)


if __name__ == '__main__':
  absltest.main()
