"""What every instruction becomes: words, text of its node, operands."""

from absl.testing import absltest, parameterized

from mirencoder_jax import ir

PRELUDE = """
%struct.S = type { i32, double }
@g = global [8 x i32] zeroinitializer
@s = addrspace(3) global float 0.0
@alias = alias i32 (i32), ptr @user
declare i32 @user(i32)
declare void @vararg(ptr, ...)
declare double @sqrt(double)
declare double @llvm.fabs.f64(double)
declare i32 @__gxx_personality_v0(...)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""
HEADER = (
    'define void @test(i32 %i, i64 %l, float %x, ptr %p, i1 %c, <4 x i32> %v) '
    'personality ptr @__gxx_personality_v0 {\n'
)


def read(body, prelude=PRELUDE, header=HEADER):
  """The function with that body; its last line is `ret void`."""
  text = f'{prelude}\n{header}{body}\n  ret void\n}}\n'
  module = ir.read_module(text)
  assert not module.unverified, module.refusal
  return module.functions[-1], module


def words_of(function, k):
  ends = [*function.offsets[1:], len(function.words)]
  return ' '.join(function.words[function.offsets[k] : ends[k]])


def operands_of(function, k):
  """Position -> what stands there, of instruction k."""
  found = {}
  for user, position, type_text, definition in zip(
      function.use_users,
      function.use_positions,
      function.use_types,
      function.use_definitions,
      strict=True,
  ):
    if user == k:
      found[position] = f'{type_text} {function.opcodes[definition]}'
  for user, position, number in zip(
      function.parameter_users,
      function.parameter_positions,
      function.parameter_numbers,
      strict=True,
  ):
    if user == k:
      found[position] = f'{function.parameters[number][0]} a{number}'
  for user, position, constant in zip(
      function.constant_users,
      function.constant_positions,
      function.constants,
      strict=True,
  ):
    if user == k:
      found[position] = constant.words
  return found


class InstructionTest(parameterized.TestCase):

  # Last instruction of a body -> its words, the text of its node, the type of
  # its result, and its operands by position.
  @parameterized.named_parameters(
      ('add', '%r = add nsw i32 %i, 5',
       '%0 add nsw i32 %a0 5', 'add nsw i32', 'i32',
       {0: 'i32 a0', 1: 'i32 5'}),
      ('fadd', '%r = fadd fast float %x, 2.5',
       '%0 fadd fast float %a2 2.5', 'fadd fast float', 'float',
       {0: 'float a2', 1: 'float 2.5'}),
      ('fneg', '%r = fneg nnan float %x',
       '%0 fneg nnan float %a2', 'fneg nnan float', 'float', {0: 'float a2'}),
      ('icmp', '%r = icmp samesign ult i64 %l, 1000000',
       '%0 icmp samesign ult i64 %a1 1000000', 'icmp samesign ult i64', 'i1',
       {0: 'i64 a1', 1: 'i64 1000000'}),
      ('icmp_pointer', '%r = icmp eq ptr %p, null',
       '%0 icmp eq %a3 null', 'icmp eq', 'i1', {0: 'ptr a3', 1: 'ptr null'}),
      ('icmp_vector', '%r = icmp eq <4 x i32> %v, zeroinitializer',
       '%0 icmp eq <4xi32> %a5 zeroinitializer', 'icmp eq <4xi32>', '<4 x i1>',
       {0: '<4 x i32> a5', 1: '<4xi32> zeroinitializer'}),
      ('fcmp', '%r = fcmp olt float %x, 0x3FB99999A0000000',
       '%0 fcmp olt float %a2 1e-1', 'fcmp olt float', 'i1',
       {0: 'float a2', 1: 'float 1e-1'}),
      ('zext', '%r = zext nneg i32 %i to i64',
       '%0 zext nneg i32 %a0 i64', 'zext nneg i32 i64', 'i64', {0: 'i32 a0'}),
      ('addrspacecast', '%r = addrspacecast ptr %p to ptr addrspace(1)',
       '%0 addrspacecast %a3 ptr1', 'addrspacecast ptr1', 'ptr addrspace(1)',
       {0: 'ptr a3'}),
      ('alloca', '%r = alloca [10 x i8], align 16',
       '%0 alloca [10xi8]', 'alloca [10xi8]', 'ptr', {0: 'i32 1'}),
      ('alloca_counted', '%r = alloca i64, i64 %l, align 8, addrspace(5)',
       '%0 alloca i64 i64 %a1', 'alloca i64 i64', 'ptr addrspace(5)',
       {0: 'i64 a1'}),
      ('load', '%r = load volatile i32, ptr %p, align 4',
       '%0 load volatile i32 %a3', 'load volatile i32', 'i32', {0: 'ptr a3'}),
      ('load_atomic',
       '%r = load atomic i32, ptr %p syncscope("agent") acquire, align 4',
       '%0 load atomic i32 %a3 acquire', 'load atomic i32 acquire', 'i32',
       {0: 'ptr a3'}),
      ('load_vector', '%r = load <4 x i32>, ptr %p, align 16',
       '%0 load <4xi32> %a3 align 16', 'load <4xi32>', '<4 x i32>',
       {0: 'ptr a3'}),
      ('load_global', '%r = load i32, ptr @g, align 4',
       '%0 load i32 @g0', 'load i32', 'i32',
       {0: 'ptr @g global [8xi32]'}),
      ('load_shared', '%r = load float, ptr addrspace(3) @s',
       '%0 load float ptr3 @g0', 'load float ptr3', 'float',
       {0: 'ptr3 @g global float'}),
      ('store', 'store i32 %i, ptr %p, align 4',
       'store i32 %a0 %a3', 'store i32', 'void', {0: 'i32 a0', 1: 'ptr a3'}),
      ('store_constant', 'store i64 -3, ptr @g',
       'store i64 -3 @g0', 'store i64', 'void',
       {0: 'i64 -3', 1: 'ptr @g global [8xi32]'}),
      ('store_function', 'store ptr @user, ptr %p',
       'store ptr @f0 %a3', 'store ptr', 'void', {1: 'ptr a3'}),
      ('gep',
       '%r = getelementptr inbounds nuw %struct.S, ptr %p, i64 %l, i32 1',
       '%0 getelementptr inbounds nuw struct:16 %a3 %a1 1',
       'getelementptr inbounds nuw struct:16', 'ptr',
       {0: 'ptr a3', 1: 'i64 a1', 2: 'i32 1'}),
      ('gep_vector',
       '%r = getelementptr i8, ptr %p, <4 x i32> %v',
       '%0 getelementptr i8 %a3 <4xi32> %a5', 'getelementptr i8 <4xi32>',
       '<4 x ptr>', {0: 'ptr a3', 1: '<4 x i32> a5'}),
      ('select', '%r = select i1 %c, i32 %i, i32 0',
       '%0 select i1 %a4 i32 %a0 0', 'select i1 i32', 'i32',
       {0: 'i1 a4', 1: 'i32 a0', 2: 'i32 0'}),
      ('freeze', '%r = freeze i32 %i', '%0 freeze i32 %a0', 'freeze i32', 'i32',
       {0: 'i32 a0'}),
      ('extractelement', '%r = extractelement <4 x i32> %v, i64 2',
       '%0 extractelement <4xi32> %a5 i64 2', 'extractelement <4xi32> i64',
       'i32', {0: '<4 x i32> a5', 1: 'i64 2'}),
      ('insertelement', '%r = insertelement <4 x i32> %v, i32 %i, i64 0',
       '%0 insertelement <4xi32> %a5 i32 %a0 i64 0',
       'insertelement <4xi32> i32 i64', '<4 x i32>',
       {0: '<4 x i32> a5', 1: 'i32 a0', 2: 'i64 0'}),
      ('shufflevector', '%r = shufflevector <4 x i32> %v, <4 x i32> poison, '
       '<2 x i32> <i32 3, i32 0>',
       '%0 shufflevector <4xi32> %a5 poison <2xi32> i32 3 i32 0',
       'shufflevector <4xi32> <2xi32>', '<2 x i32>',
       {0: '<4 x i32> a5', 1: '<4xi32> poison'}),
      ('call', '%r = call i32 @user(i32 noundef %i)',
       '%0 call i32 @f0 ( i32 %a0 )', 'call i32 @f i32', 'i32', {0: 'i32 a0'}),
      ('call_known', '%r = tail call double @sqrt(double 1.0)',
       '%0 call double @sqrt ( double 1.0 )', 'call double @sqrt double',
       'double', {0: 'double 1.0'}),
      ('call_intrinsic', '%r = call fast double @llvm.fabs.f64(double 1.0)',
       '%0 call fast double @llvm.fabs ( double 1.0 )',
       'call fast double @llvm.fabs double', 'double', {0: 'double 1.0'}),
      ('call_variadic', 'call void (ptr, ...) @vararg(ptr %p, i32 1, float %x)',
       'call void @f0 ( %a3 i32 1 float %a2 )', 'call void @f i32 float',
       'void', {0: 'ptr a3', 1: 'i32 1', 2: 'float a2'}),
      ('call_indirect', '%r = call fastcc i32 %p(i32 %i) #7',
       '%0 call i32 %a3 ( i32 %a0 )', 'call i32 i32', 'i32',
       {0: 'i32 a0', 1: 'ptr a3'}),
      ('call_alias', '%r = call i32 @alias(i32 0)',
       '%0 call i32 @g0 ( i32 0 )', 'call i32 @g i32', 'i32',
       {0: 'i32 0', 1: 'ptr @g alias'}),
      ('call_asm', 'call void asm sideeffect "nop, $0 !x", "r,~{cc}"(i32 %i)',
       'call void asm ( i32 %a0 )', 'call void asm i32', 'void',
       {0: 'i32 a0'}),
      ('call_bundle',
       'call void @vararg(ptr %p) [ "deopt"(i32 %i, i64 7), "x"() ]',
       'call void @f0 ( %a3 ) deopt i32 %a0 i64 7 x',
       'call void @f deopt i32 i64 x', 'void',
       {0: 'ptr a3', 1: 'i32 a0', 2: 'i64 7'}),
      ('call_attributes',
       '%r = call zeroext range(i32 0, 9) i32 @user(i32 signext align(8) 3)',
       '%0 call i32 @f0 ( i32 3 )', 'call i32 @f i32', 'i32', {0: 'i32 3'}),
      ('insertvalue', '%r = insertvalue { i32, ptr } poison, i32 %i, 0',
       '%0 insertvalue {i32,ptr} poison i32 %a0 0', 'insertvalue {i32,ptr} i32',
       'struct', {0: '{i32,ptr} poison', 1: 'i32 a0'}),
      ('extractvalue', '%r = extractvalue { i32, ptr } undef, 1',
       '%0 extractvalue {i32,ptr} undef 1', 'extractvalue {i32,ptr}', 'ptr',
       {0: '{i32,ptr} undef'}),
      ('cmpxchg', '%r = cmpxchg weak ptr %p, i32 0, i32 %i acq_rel monotonic',
       '%0 cmpxchg weak %a3 i32 0 i32 %a0 acq_rel monotonic',
       'cmpxchg weak i32 i32 acq_rel monotonic', 'struct',
       {0: 'ptr a3', 1: 'i32 0', 2: 'i32 a0'}),
      ('atomicrmw', '%r = atomicrmw volatile add ptr %p, i32 1 seq_cst',
       '%0 atomicrmw add %a3 i32 1 seq_cst', 'atomicrmw add i32 seq_cst',
       'i32', {0: 'ptr a3', 1: 'i32 1'}),
      ('fence', 'fence syncscope("singlethread") release',
       'fence release', 'fence release', 'void', {}),
      ('va_arg', '%r = va_arg ptr %p, i64',
       '%0 va_arg %a3 i64', 'va_arg i64', 'i64', {0: 'ptr a3'}),
      ('constant_expression',
       'store ptr getelementptr inbounds (i8, ptr @g, i64 4), ptr %p',
       'store ptr getelementptr inbounds i8 @g0 i64 4 %a3', 'store ptr',
       'void', {0: 'ptr getelementptr inbounds i8 @g global [8xi32] i64 4',
                1: 'ptr a3'}),
      ('splat', '%r = add <4 x i32> %v, splat (i32 7)',
       '%0 add <4xi32> %a5 splat i32 7', 'add <4xi32>', '<4 x i32>',
       {0: '<4 x i32> a5', 1: '<4xi32> splat i32 7'}),
      ('scalable', '%r = add <vscale x 4 x i32> splat (i32 7), poison',
       '%0 add <vscalex4xi32> splat i32 7 poison', 'add <vscalex4xi32>',
       '<vscale x 4 x i32>', {0: '<vscalex4xi32> splat i32 7',
                              1: '<vscalex4xi32> poison'}),
      ('string', 'store [5 x i8] c"a, !b", ptr %p',
       'store [5xi8] c" %a3', 'store [5xi8]', 'void',
       {0: '[5xi8] c"', 1: 'ptr a3'}),
      ('metadata', 'call void @vararg(ptr null), !a !{i32 1, !{}}',
       'call void @f0 ( null )', 'call void @f', 'void', {0: 'ptr null'}),
      ('memcpy', 'call void @llvm.memcpy.p0.p0.i64(ptr align 8 %p, ptr @g, '
       'i64 1024, i1 false)',
       'call void @llvm.memcpy ( %a3 @g0 i64 1024 i1 false )',
       'call void @llvm.memcpy i64 i1', 'void',
       {0: 'ptr a3', 1: 'ptr @g global [8xi32]', 2: 'i64 1024',
        3: 'i1 false'}),
  )  # fmt: skip
  def test_instruction(self, line, words, text, result, operands):
    if '!a' in line:
      line = line.replace('!a !{i32 1, !{}}', '!a !0')
      prelude = PRELUDE + '!0 = !{i32 1}\n'
    else:
      prelude = PRELUDE
    if '#7' in line:
      prelude += 'attributes #7 = { nounwind "a"="b" }\n'
    function, _ = read('  ' + line, prelude)
    self.assertEqual(words_of(function, 0), 'b0: ' + words)
    self.assertEqual(function.texts[0], text)
    self.assertEqual(function.types[0], result)
    self.assertEqual(operands_of(function, 0), operands)

  def test_branches(self):
    function, _ = read("""
  br i1 %c, label %then, label %else
then:
  br label %join
else:
  switch i32 %i, label %join [
    i32 7, label %then2
    i32 -1, label %join
  ]
then2:
  indirectbr ptr %p, [label %join, label %then2]
join:
  %r = phi i32 [ 1, %then ], [ %i, %else ], [ %i, %else ], [ 2, %then2 ]""")
    self.assertEqual(
        [words_of(function, k) for k in range(5)],
        ['b0: br %a4 b1 b2', 'b1: br b4', 'b2: switch i32 %a0 b4 7 b3 -1 b4',
         'b3: indirectbr %a3 b4 b3', 'b4: %0 phi i32 1 b1 %a0 b2 %a0 b2 2 b3'],
    )  # fmt: skip
    self.assertEqual(function.successors, [[1, 2], [4], [4, 3, 4], [4, 3], []])
    self.assertEqual(operands_of(function, 0), {0: 'i1 a4'})
    self.assertEqual(
        operands_of(function, 2), {0: 'i32 a0', 2: 'i32 7', 4: 'i32 -1'}
    )
    self.assertEqual(
        operands_of(function, 4),
        {0: 'i32 1', 1: 'i32 a0', 2: 'i32 a0', 3: 'i32 2'},
    )

  def test_exceptions(self):
    function, _ = read("""
  %r = invoke i32 @user(i32 1)
          to label %fine unwind label %caught
fine:
  invoke void %p(i32 %i) to label %done unwind label %caught
caught:
  %e = landingpad { ptr, i32 }
          cleanup
          catch ptr @g
          filter [1 x ptr] [ptr null]
  resume { ptr, i32 } %e
done:""")
    self.assertEqual(
        [words_of(function, k) for k in range(4)],
        ['b0: %0 invoke i32 @f0 ( i32 1 ) b1 b2',
         'b1: invoke void %a3 ( i32 %a0 ) b3 b2',
         'b2: %1 landingpad {ptr,i32} cleanup catch @g0 filter [1xptr] '
         'zeroinitializer',
         'resume {ptr,i32} %1'],
    )  # fmt: skip
    self.assertEqual(function.successors, [[1, 2], [3, 2], [], []])
    # Of an invoke, two blocks stand between arguments and callee.
    self.assertEqual(operands_of(function, 0), {0: 'i32 1'})
    self.assertEqual(operands_of(function, 1), {0: 'i32 a0', 3: 'ptr a3'})
    self.assertEqual(
        operands_of(function, 2),
        {0: 'ptr @g global [8xi32]', 1: '[1xptr] zeroinitializer'},
    )
    self.assertEqual(function.calls, [])

  def test_funclets(self):
    function, _ = read("""
  invoke void @vararg(ptr null) to label %fine unwind label %switch
switch:
  %cs = catchswitch within none [label %handler] unwind label %clean
handler:
  %cp = catchpad within %cs [ptr null, i32 64]
  catchret from %cp to label %fine
clean:
  %cl = cleanuppad within none []
  cleanupret from %cl unwind to caller
fine:""")
    self.assertEqual(
        [words_of(function, k) for k in range(1, 6)],
        ['b1: %0 catchswitch none b2 b3', 'b2: %1 catchpad null i32 64 %0',
         'catchret %1 b4', 'b3: %2 cleanuppad none', 'cleanupret %2'],
    )  # fmt: skip
    # Where a catchswitch unwinds to is its first successor.
    self.assertEqual(function.successors, [[4, 1], [3, 2], [4], [], []])
    self.assertEqual(
        operands_of(function, 2),
        {0: 'ptr null', 1: 'i32 64', 2: 'token catchswitch'},
    )

  def test_callbr(self):
    function, _ = read("""
  %r = callbr i32 asm "x", "=r,r,!i,!i"(i32 %i)
          to label %direct [label %a, label %b]
direct:
  br label %a
a:
  br label %b
b:""")
    self.assertEqual(
        words_of(function, 0), 'b0: %0 callbr i32 asm ( i32 %a0 ) b1 b2 b3'
    )
    self.assertEqual(function.successors[0], [1, 2, 3])

  def test_plans_do_not_hang_on_what_was_read_before(self):
    # Lines of one shape that mean different things.
    function, _ = read("""
  %a = extractvalue { i32, ptr } undef, 0
  %b = extractvalue { i32, ptr } undef, 1
  %c1 = load <vscale x 4 x i32>, ptr %p
  %c2 = load <vscale x 2 x i32>, ptr %p
  %d1 = alloca %struct.S
  %d2 = add i32 %i, 3
  %d3 = add i32 3, %i""")
    self.assertEqual(
        function.types[:5],
        ['i32', 'ptr', '<vscale x 4 x i32>', '<vscale x 2 x i32>', 'ptr'],
    )
    self.assertEqual(operands_of(function, 5), {0: 'i32 a0', 1: 'i32 3'})
    self.assertEqual(operands_of(function, 6), {0: 'i32 3', 1: 'i32 a0'})
    other, _ = read('  %d1 = alloca %struct.S', '%struct.S = type { i8 }',
                    'define void @test(ptr %p) {\n')  # fmt: skip
    self.assertEqual(words_of(other, 0), 'b0: %0 alloca struct:1')

  def test_constants_of_different_structs_are_different(self):
    function, module = read("""
  store { i32, i32 } zeroinitializer, ptr %p
  store { i64 } zeroinitializer, ptr %p
  store %struct.S zeroinitializer, ptr %p
  store { i32, i32 } zeroinitializer, ptr %p""")
    a, b, c, d = function.constants
    self.assertIs(a, d)
    self.assertLen({a, b, c}, 3)
    self.assertLen(module.constants, 3)

  def test_nested_extractvalue_takes_its_type_from_its_use(self):
    function, _ = read("""
  %a = extractvalue { { i64, i8 }, i32 } undef, 0, 1
  %b = add i8 %a, 1
  %c2 = extractvalue %struct.S undef, 1""")
    self.assertEqual(function.types, ['i8', 'i8', 'struct', 'void'])


class HeadTest(absltest.TestCase):

  def head(self, text):
    function = ir.read_module(text).functions[-1]
    return ' '.join(function.words[: function.offsets[0]])

  def test_signature_and_globals(self):
    self.assertEqual(
        self.head("""
@n = constant i32 5
@a = internal addrspace(3) global [1024 x float] undef, align 4
declare void @f()
define spir_kernel void @k(ptr addrspace(1) noundef align 4 %x, i64 %n) {
  %y = load i32, ptr @n
  store [1024 x float] zeroinitializer, ptr addrspace(3) @a
  call void @f()
  ret void
}
"""),
        'define kernel void ( ptr1 %a0 i64 %a1 ) @g0 constant i32 '
        '@g1 global [1024xfloat]',
    )

  def test_variadic_and_unnamed(self):
    self.assertEqual(
        self.head('define i32 @f(i32, ptr, ...) {\n  ret i32 %0\n}\n'),
        'define i32 ( i32 %a0 ptr %a1 ... )',
    )

  def test_result_that_is_a_function_pointer(self):
    self.assertEqual(
        self.head('define void (i32)* @f() {\n  ret void (i32)* null\n}\n'),
        'define ptr ( )',
    )


if __name__ == '__main__':
  absltest.main()
