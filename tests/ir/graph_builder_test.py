"""Program graphs, compared with lists of nodes and edges written by hand.

The order of nodes is ours: root, instructions in text order, declarations,
variables in order of use, parameters, constants in order of first use. What
stands here was also compared with graphs that ProGraML 0.3.2 itself built.
"""

import collections

from absl.testing import absltest, parameterized

from mirencoder_jax import ir

KINDS = ('instruction', 'variable', 'constant')
FLOWS = ('control', 'data', 'call')


def graph_of(text, functions=None):
  module = ir.read_module(text)
  assert not module.unverified, module.refusal
  chosen = functions and [module.function(name) for name in functions]
  graph = ir.build_graph(module, chosen)
  ir.program_graph.validate(graph)
  return graph


def nodes_of(graph):
  """`0 instruction [external] 0`: number, kind, text, block."""
  return [
      f'{i} {KINDS[kind]} {text} {block}'
      for i, (kind, text, block) in enumerate(
          zip(graph.kind, graph.node_texts, graph.block, strict=True)
      )
  ]


def edges_of(graph, flow=None):
  """`data 1: 5 -> 3`, sorted."""
  edges = sorted(
      zip(
          graph.flow.tolist(),
          graph.position.tolist(),
          graph.senders.tolist(),
          graph.receivers.tolist(),
          strict=True,
      )
  )
  return [
      f'{FLOWS[f]} {p}: {s} -> {r}'
      for f, p, s, r in edges
      if flow is None or FLOWS[f] == flow
  ]


class GraphTest(parameterized.TestCase):

  def test_straight_line(self):
    graph = graph_of("""
define i32 @f(i32 %a, i32 %b, i32 %unused) {
  %c = add i32 %a, %b
  %d = mul i32 %c, %c
  %unused2 = sub i32 %a, 1
  ret i32 %d
}
""")
    self.assertEqual(
        nodes_of(graph),
        [
            '0 instruction [external] 0',
            '1 instruction add 0',
            '2 instruction mul 0',
            '3 instruction sub 0',
            '4 instruction ret 0',
            # One variable for each use of a result.
            '5 variable i32 0',
            '6 variable i32 0',
            '7 variable i32 0',
            # One for each used parameter, in the block behind the last.
            '8 variable i32 1',
            '9 variable i32 1',
            '10 constant i32 1',
        ],
    )
    self.assertEqual(
        edges_of(graph),
        [
            'control 0: 1 -> 2',
            'control 0: 2 -> 3',
            'control 0: 3 -> 4',
            'data 0: 1 -> 5',
            'data 0: 1 -> 6',
            'data 0: 2 -> 7',
            'data 0: 5 -> 2',
            'data 0: 7 -> 4',
            'data 0: 8 -> 1',
            'data 0: 8 -> 3',
            'data 1: 6 -> 2',
            'data 1: 9 -> 1',
            'data 1: 10 -> 3',
            'call 0: 0 -> 1',
            'call 0: 4 -> 0',
        ],
    )

  def test_switch_with_repeated_successors_and_an_unreachable_block(self):
    graph = graph_of("""
define i32 @f(i32 %x) {
entry:
  switch i32 %x, label %d [
    i32 1, label %a
    i32 2, label %a
  ]
a:
  br label %d
d:
  %q = phi i32 [ 0, %entry ], [ 5, %a ]
  ret i32 %q
dead:
  br label %end
end:
  unreachable
}
""")
    # 1 switch, 2 br, 3 phi, 4 ret, 5 br, 6 unreachable, 7 %q, 8 %x.
    self.assertEqual(
        edges_of(graph, 'control'),
        # The dead block keeps its nodes, its terminator has no edges.
        ['control 0: 1 -> 3', 'control 0: 2 -> 3', 'control 0: 3 -> 4',
         'control 1: 1 -> 2', 'control 2: 1 -> 2'],
    )  # fmt: skip
    self.assertEqual(
        edges_of(graph, 'call'), ['call 0: 0 -> 1', 'call 0: 4 -> 0']
    )
    self.assertEqual(graph.block.tolist()[1:7], [0, 1, 2, 2, 3, 4])
    self.assertEqual(
        edges_of(graph, 'data'),
        ['data 0: 3 -> 7', 'data 0: 7 -> 4', 'data 0: 8 -> 1',
         'data 0: 11 -> 3', 'data 1: 12 -> 3', 'data 2: 9 -> 1',
         'data 4: 10 -> 1'],
    )  # fmt: skip
    constants = nodes_of(graph)[9:]
    self.assertEqual(constants, [f'{i} constant i32 5' for i in range(9, 13)])

  def test_positions(self):
    graph = graph_of("""
@g = global i64 7
define void @f(ptr %p, i1 %c, i64 %n) {
  %a = alloca i32
  %e = getelementptr [4 x i64], ptr %p, i64 %n, i64 2
  store i64 5, ptr %e
  %s = select i1 %c, i64 3, i64 %n
  store i64 %s, ptr @g
  br i1 %c, label %x, label %x
x:
  ret void
}
""")
    names = [text for text in graph.node_texts]
    found = collections.Counter(
        (names[s], KINDS[graph.kind[s]], p, names[r])
        for f, p, s, r in zip(
            graph.flow.tolist(),
            graph.position.tolist(),
            graph.senders.tolist(),
            graph.receivers.tolist(),
            strict=True,
        )
        if f == 1 and graph.kind[r] == 0
    )
    self.assertEqual(
        found,
        collections.Counter(
            [
                ('i32', 'constant', 0, 'alloca'),
                ('ptr', 'variable', 0, 'getelementptr'),
                ('i64', 'variable', 1, 'getelementptr'),
                ('i64', 'constant', 2, 'getelementptr'),
                ('i64', 'constant', 0, 'store'),
                ('ptr', 'variable', 1, 'store'),
                ('i1', 'variable', 0, 'select'),
                ('i64', 'constant', 1, 'select'),
                ('i64', 'variable', 2, 'select'),
                ('i64', 'variable', 0, 'store'),
                ('ptr', 'constant', 1, 'store'),
                ('i1', 'variable', 0, 'br'),
            ]
        ),
    )
    # alloca 1, gep 2, store 3, select 4, store 5, br 6, ret 7.
    self.assertEqual(
        edges_of(graph, 'control')[-2:],
        ['control 0: 6 -> 7', 'control 1: 6 -> 7'],
    )

  def test_calls(self):
    text = """
declare i32 @ext(i32)
declare void @llvm.assume(i1)
define i32 @leaf(i32 %x) {
  %c = icmp eq i32 %x, 0
  br i1 %c, label %a, label %b
a:
  ret i32 0
b:
  unreachable
}
define i32 @top(ptr %f) {
  %r = call i32 @leaf(i32 1)
  %s = call i32 %f(i32 1)
  %t = call i32 @ext(i32 %r)
  %u = call i32 @top(ptr @leaf)
  ret i32 %u
}
"""
    graph = graph_of(text)
    self.assertEqual(
        graph.node_texts[:12],
        ['[external]', 'icmp', 'br', 'ret', 'unreachable', 'call', 'call',
         'call', 'call', 'ret', '; undefined function', '; undefined function'],
    )  # fmt: skip
    self.assertEqual(graph.functions, ['ext', 'llvm.assume', 'leaf', 'top'])
    self.assertEqual(
        edges_of(graph, 'call'),
        sorted(
            # The root to every entry, every exit to the root.
            ['call 0: 0 -> 1', 'call 0: 3 -> 0', 'call 0: 4 -> 0']
            + ['call 0: 0 -> 5', 'call 0: 9 -> 0']
            + ['call 0: 0 -> 10', 'call 0: 10 -> 0']
            + ['call 0: 0 -> 11', 'call 0: 11 -> 0']
            # leaf, ext, and the recursion; not the call through a pointer.
            + ['call 0: 5 -> 1', 'call 0: 3 -> 5', 'call 0: 4 -> 5']
            + ['call 0: 7 -> 10', 'call 0: 10 -> 7']
            + ['call 0: 8 -> 5', 'call 0: 9 -> 8'],
            key=lambda e: [int(n) for n in e[8:].split(' -> ')],
        ),
    )
    # The callee of the call through a pointer is its operand behind the
    # arguments; a function as an argument makes no node.
    parameter = graph.node_texts.index('ptr')
    self.assertIn(f'data 1: {parameter} -> 6', edges_of(graph))
    self.assertNotIn('constant ptr', ' '.join(nodes_of(graph)))
    # Both functions use the one constant `i32 1`.
    self.assertEqual(
        [n.split()[2] for n in nodes_of(graph) if 'constant' in n],
        ['i32', 'i32'],
    )

  def test_one_function_of_a_module(self):
    text = """
declare i32 @unrelated()
define i32 @other(i32 %x) {
  ret i32 %x
}
define i32 @f() {
  %r = call i32 @other(i32 1)
  ret i32 %r
}
"""
    graph = graph_of(text, ['f'])
    self.assertEqual(graph.functions, ['f', 'other'])
    self.assertEqual(
        nodes_of(graph),
        ['0 instruction [external] 0', '1 instruction call 0',
         '2 instruction ret 0', '3 instruction ; undefined function 0',
         '4 variable i32 0', '5 constant i32 1'],
    )  # fmt: skip
    self.assertEqual(
        edges_of(graph, 'call'),
        ['call 0: 0 -> 1', 'call 0: 0 -> 3', 'call 0: 1 -> 3',
         'call 0: 2 -> 0', 'call 0: 3 -> 0', 'call 0: 3 -> 1'],
    )  # fmt: skip

  def test_a_function_does_not_hang_on_the_rest_of_its_module(self):
    body = (
        'define i32 @f() {\n  %r = call i32 @b()\n  %s = call i32 @a()\n'
        '  %t = add i32 %r, %s\n  ret i32 %t\n}\n'
    )
    declared = 'declare i32 @a()\ndeclare i32 @b()\n'
    turned = 'declare i32 @b()\ndeclare i32 @a()\ndeclare i32 @c()\n'
    one = graph_of(declared + body, ['f'])
    other = graph_of(body + turned, ['f'])
    self.assertEqual(nodes_of(one), nodes_of(other))
    self.assertEqual(edges_of(one), edges_of(other))
    self.assertEqual(one.functions, other.functions)

  def test_loops_of_one_block_and_recursion_join_a_node_to_itself(self):
    graph = graph_of("""
define void @f() {
  br label %l
l:
  br label %l
}
define i32 @g(i32 %x) {
  %r = call i32 @g(i32 %x)
  ret i32 %r
}
""")
    self.assertIn('control 0: 2 -> 2', edges_of(graph))
    self.assertIn('call 0: 3 -> 3', edges_of(graph))
    # The loop has no exit.
    self.assertNotIn('call 0: 2 -> 0', edges_of(graph))

  def test_blocks_and_constants_run_over_the_module(self):
    graph = graph_of("""
define i32 @f(i32 %x) {
  br label %a
a:
  %y = add i32 %x, 9
  ret i32 %y
}
define i32 @g(i32 %x) {
  %y = add i32 %x, 9
  ret i32 %y
}
""")
    self.assertEqual(
        nodes_of(graph)[1:],
        ['1 instruction br 0', '2 instruction add 1', '3 instruction ret 1',
         '4 instruction add 2', '5 instruction ret 2',
         '6 variable i32 1', '7 variable i32 2',
         '8 variable i32 2', '9 variable i32 3', '10 constant i32 3'],
    )  # fmt: skip
    self.assertEqual(graph.function.tolist(), [0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0])

  def test_exceptions(self):
    graph = graph_of("""
declare void @may_throw(i32)
declare i32 @personality(...)
define void @f() personality ptr @personality {
  invoke void @may_throw(i32 1) to label %fine unwind label %bad
fine:
  ret void
bad:
  %e = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %e
}
""")
    # 1 invoke, 2 ret, 3 landingpad, 4 resume; then the two declarations.
    self.assertEqual(
        edges_of(graph),
        ['control 0: 1 -> 2', 'control 0: 3 -> 4', 'control 1: 1 -> 3',
         'data 0: 3 -> 7', 'data 0: 7 -> 4', 'data 0: 8 -> 1',
         # An invoke makes no call edges.
         'call 0: 0 -> 1', 'call 0: 0 -> 5', 'call 0: 0 -> 6',
         'call 0: 2 -> 0', 'call 0: 4 -> 0', 'call 0: 5 -> 0',
         'call 0: 6 -> 0'],
    )  # fmt: skip
    self.assertEqual(graph.node_texts[7], 'struct')

  def test_debug_intrinsics_make_no_node(self):
    graph = graph_of("""
declare void @llvm.dbg.value(metadata, metadata, metadata)
define void @f(i32 %x) !dbg !3 {
  call void @llvm.dbg.value(metadata i32 %x, metadata !5, metadata !DIExpression()), !dbg !6
  ret void, !dbg !6
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C99, file: !1, emissionKind: FullDebug)
!1 = !DIFile(filename: "x.c", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!4 = !DISubroutineType(types: !{})
!5 = !DILocalVariable(name: "x", scope: !3, file: !1, line: 1)
!6 = !DILocation(line: 1, scope: !3)
""")  # noqa: E501
    self.assertEqual(graph.node_texts, ['[external]', 'ret'])
    self.assertEqual(graph.functions, ['f'])


if __name__ == '__main__':
  absltest.main()
