"""Draws program graphs: Graphviz text, and a page that needs nothing else.

`to_dot` is the graph as it is, node by node. `to_html` is the same graph laid
out as code: a card for each block, a row for each instruction, variables and
constants as dots on the row that uses them, control flow between cards and data
flow beside them.
"""

import html

import numpy as np

from mirencoder_jax.ir import graph_builder, program_graph
from mirencoder_jax.ir.module import Function, Module
from mirencoder_jax.pages import drawing_layout, plot_style

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
  return _PAGE.format(
      title=html.escape(module.name),
      summary=f'{len(functions)} of {len(module.functions)} functions',
      sections='\n'.join(sections),
  )


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
  for card in layout.cards:
    parts.append(
        f'<rect class="card" x="{card.x:.0f}" y="{card.y:.0f}" rx="4" '
        f'width="{card.width:.0f}" height="{card.height:.0f}"/>'
        f'<text class="label" x="{card.x + 6:.0f}" y="{card.y + 12:.0f}">'
        f'{card.label}</text>'
    )
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


# One page for every drawing; braces of CSS and JavaScript are doubled.
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{
  color-scheme: light dark;
  --paper: #fbfbf8; --card: #ffffff; --ink: #24292f; --quiet: #6b7280;
  --line: #d4d4cc; --data: #2f6690; --constant: #b45f06; --call: #c2410c;
}}
@media (prefers-color-scheme: dark) {{ :root {{
  --paper: #16191d; --card: #1f242a; --ink: #e3e6ea; --quiet: #98a1ab;
  --line: #3a424b; --data: #8fb0ce; --constant: #e8a36b; --call: #f08a5d;
}} }}
body {{ font: 14px/1.5 system-ui, sans-serif; background: var(--paper);
  color: var(--ink); margin: 2rem; }}
h1, h2 {{ font-weight: 600; margin: 0; }}
h1 {{ font-size: 1.2rem; }} h2 {{ font-size: 1rem; font-family: monospace; }}
p {{ color: var(--quiet); margin: 0 0 .6rem; }}
section {{ margin: 2rem 0; overflow-x: auto; }}
.card {{ fill: var(--card); stroke: var(--line); }}
.label {{ font: 10px monospace; fill: var(--quiet); }}
.code {{ font: 11px monospace; fill: var(--ink); white-space: pre; }}
.code.call {{ fill: var(--call); }}
.hit {{ fill: transparent; }}
.control {{ fill: none; stroke: var(--quiet); stroke-width: 1.3; }}
.control.back {{ stroke-dasharray: 4 3; }}
.data {{ fill: none; stroke: var(--data); stroke-width: 1; opacity: .3; }}
.variable {{ fill: var(--data); }} .constant {{ fill: var(--constant); }}
.key {{ display: inline-block; width: .6em; height: .6em; border-radius: 50%;
  margin: 0 .3em 0 1em; }}
svg.on .data {{ opacity: .06; }}
svg.on .data.lit {{ opacity: 1; stroke-width: 1.6; }}
.row.lit .hit {{ fill: var(--data); fill-opacity: .14; }}
@media print {{ body {{ margin: 0; }} .data {{ opacity: .5; }} }}
</style>
<svg width="0" height="0" style="position:absolute"><defs><marker id="arrow"
  viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
  orient="auto"><path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs></svg>
<h1>{title}</h1>
<p>{summary}. A card is a basic block, a row an instruction.
<span class="key" style="background:var(--data)"></span>variable (one for each
use)<span class="key" style="background:var(--constant)"></span>constant. Grey
arrows: control flow, dashed where it goes back. Blue curves: from a result to
its uses; point at a row to see its own.</p>
{sections}
<script>
for (const svg of document.querySelectorAll('section svg')) {{
  const rows = new Map();
  for (const row of svg.querySelectorAll('.row')) rows.set(row.dataset.i, row);
  const edges = [...svg.querySelectorAll('.data')];
  const light = (i, on) => {{
    svg.classList.toggle('on', on);
    rows.get(i).classList.toggle('lit', on);
    for (const e of edges) if (e.dataset.a === i || e.dataset.b === i) {{
      e.classList.toggle('lit', on);
      for (const end of [e.dataset.a, e.dataset.b])
        rows.get(end)?.classList.toggle('lit', on);
    }}
  }};
  for (const [i, row] of rows) {{
    row.addEventListener('mouseenter', () => light(i, true));
    row.addEventListener('mouseleave', () => light(i, false));
  }}
}}
</script>
</html>
"""
