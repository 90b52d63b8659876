"""Draws program graphs: Graphviz text, and a page that needs nothing else.

`to_dot` is the graph as it is, node by node. `to_html` is the same graph laid
out as code: a card for each block, a row for each instruction, variables and
constants as dots on the row that uses them, control flow between cards and data
flow beside them.
"""

import html
import pathlib
import re

import numpy as np

from mirencoder_jax.ir import graph_builder, program_graph
from mirencoder_jax.ir.module import Function, Module
from mirencoder_jax.pages import drawing_layout, plot_style

_TEMPLATE = pathlib.Path(__file__).with_name('drawing.html')
# Instructions of a function that are drawn; more are beyond reading.
MAX_ROWS = 1_000

_FILLS = {
    program_graph.INSTRUCTION: ('box', '#ffffff'),
    program_graph.VARIABLE: ('ellipse', '#cfdde8'),
    program_graph.CONSTANT: ('ellipse', '#f6dcc2'),
}
_FLOWS = {
    program_graph.CONTROL: ('control', plot_style.INK),
    program_graph.DATA: ('data', plot_style.COLORS['baseline']),
    program_graph.CALL: ('call', plot_style.COLORS['ours']),
}


def to_dot(graph: program_graph.ProgramGraph) -> str:
  """The graph in Graphviz' language; `dot -Tsvg` draws it."""
  lines = [
      'digraph program {',
      '  node [fontname="monospace", fontsize=10, style=filled];',
      '  edge [fontname="monospace", fontsize=8];',
  ]
  members: dict[int, list[int]] = {}
  for node, function in enumerate(graph.function.tolist()):
    is_shared = node == 0 or graph.kind[node] == program_graph.CONSTANT
    members.setdefault(-1 if is_shared else function, []).append(node)
  for function, nodes in sorted(members.items()):
    if function >= 0:
      name = _quoted(graph.functions[function])
      lines += [f'  subgraph cluster_{function} {{', f'    label={name};']
    for node in nodes:
      shape, fill = _FILLS[int(graph.kind[node])]
      label = graph.descriptions[graph.description[node]]
      lines.append(
          f'    n{node} [label={_quoted(label)}, shape={shape}, '
          f'fillcolor="{fill}"];'
      )
    if function >= 0:
      lines.append('  }')
  for sender, receiver, flow, position in zip(
      graph.senders.tolist(),
      graph.receivers.tolist(),
      graph.flow.tolist(),
      graph.position.tolist(),
      strict=True,
  ):
    name, color = _FLOWS[flow]
    label = f', label="{position}"' if position else ''
    lines.append(
        f'  n{sender} -> n{receiver} [color="{color}", class="{name}"{label}];'
    )
  return '\n'.join([*lines, '}', ''])


def to_html(module: Module, functions: list[Function] | None = None) -> str:
  """A page with a drawing of every function, readable in light and dark.

  Args:
    module: of `ir.read_module`.
    functions: those to draw; by default all of the module.
  """
  functions = module.functions if functions is None else functions
  sections = [_section(module, function) for function in functions]
  fields = {
      'TITLE': html.escape(module.name),
      'SUMMARY': f'{len(functions)} of {len(module.functions)} functions',
      'SECTIONS': '\n'.join(sections),
  }
  page = _TEMPLATE.read_text(encoding='utf-8')
  return re.sub('|'.join(fields), lambda field: fields[field[0]], page)


def _quoted(text: str) -> str:
  escaped = text.replace('\\', '\\\\').replace('"', '\\"')
  return f'"{escaped}"'


def _section(module: Module, function: Function) -> str:
  graph = graph_builder.build_graph(module, [function])
  kinds = np.bincount(graph.kind, minlength=3)
  flows = np.bincount(graph.flow, minlength=3)
  counts = (
      f'{function.num_instructions:,} instructions, {kinds[1]:,} variables, '
      f'{kinds[2]:,} constants; {flows[0]:,} control, {flows[1]:,} data, '
      f'{flows[2]:,} call edges'
  )
  name = html.escape(function.name)
  if function.num_instructions > MAX_ROWS:
    drawing = (
        f'<p>Too long to draw: more than {MAX_ROWS:,} instructions. '
        '<code>--dot</code> has the whole graph.</p>'
    )
  else:
    drawing = _svg(function, drawing_layout.lay_out(function))
  return f'<section><h2>{name}</h2><p>{counts}</p>{drawing}</section>'


def _svg(function: Function, layout: drawing_layout.Layout) -> str:
  parts = [
      f'<svg viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
      f'width="{layout.width:.0f}" height="{layout.height:.0f}">'
  ]
  for edge in layout.control:
    back = ' back' if edge.is_back else ''
    parts.append(
        f'<path class="control{back}" d="{edge.path}" '
        'marker-end="url(#arrow)"/>'
    )
  for edge in layout.data:
    parts.append(
        f'<path class="data" data-a="{edge.sender}" data-b="{edge.receiver}" '
        f'd="{edge.path}"/>'
    )
  # Over the edges, so that these pass behind what is to be read.
  for card in layout.cards:
    parts.append(
        f'<rect class="card" x="{card.x:.0f}" y="{card.y:.0f}" rx="4" '
        f'width="{card.width:.0f}" height="{card.height:.0f}"/>'
        f'<text class="label" x="{card.x + 6:.0f}" y="{card.y + 12:.0f}">'
        f'{card.label}</text>'
    )
  for row in layout.rows:
    text = html.escape(row.text)
    full = html.escape(row.full_text)
    dots = ''.join(
        f'<circle class="{dot.kind}" cx="{dot.x:.0f}" cy="{dot.y:.0f}" r="3">'
        f'<title>{html.escape(dot.text)}</title></circle>'
        for dot in row.dots
    )
    called = ' call' if row.is_call else ''
    parts.append(
        f'<g class="row" data-i="{row.number}">'
        f'<rect class="hit" x="{row.x:.0f}" y="{row.y - 12:.0f}" '
        f'width="{row.width:.0f}" height="16"/>'
        f'<text class="code{called}" x="{row.x + 6:.0f}" y="{row.y:.0f}">'
        f'{text}<title>{full}</title></text>{dots}</g>'
    )
  return ''.join([*parts, '</svg>'])
