"""`mirencoder inspect`: what was read of a file."""

import argparse

from mirencoder_jax.cli import console, reading
from mirencoder_jax.ir import Tokenizer, graph_builder
from mirencoder_jax.pages import drawing, inspection
from mirencoder_jax.storage import files


def run(options: argparse.Namespace) -> int:
  """Shows what was read, and draws it if asked."""
  program = reading.read(options.path, options)
  module = program.module
  if options.function:
    try:
      chosen = [module.function(options.function)]
    except KeyError as error:
      raise console.UsageError(error.args[0]) from None
  else:
    chosen = module.functions
  tokenizer, num_tokens = _vocabulary(options)
  found = inspection.inspect_module(
      module, tokenizer, num_tokens=num_tokens, functions=chosen
  )
  if options.dot:
    graph = graph_builder.build_graph(module, chosen)
    _write(options.dot, drawing.to_dot(graph))
  if options.html:
    _write(options.html, drawing.to_html(module, chosen))
  for path in filter(None, (options.dot, options.html)):
    console.say(f'wrote {path}')
  if options.json:
    console.show_json(found.as_dict())
  else:
    _show(found, options.lines)
  return console.OK


def _write(path: str, text: str) -> None:
  with files.writing(path) as aside:
    aside.write_text(text, encoding='utf-8')


def _vocabulary(options: argparse.Namespace) -> tuple[Tokenizer | None, int]:
  """The checkpoint's; a file can be inspected without."""
  from mirencoder_jax.storage import (
      checkpoint,  # loads JAX
      weights,  # loads JAX
  )

  try:
    config, vocab = weights.read_config(options.checkpoint)
  except checkpoint.CheckpointError as error:
    console.say(f'without pieces and windows: {console.sentence(error)}')
    return None, inspection.ROW_TOKENS
  return Tokenizer(vocab['vocab']), config['data']['num_tokens']


def _show(found: inspection.Inspection, num_lines: int) -> None:
  origin = f', made by LLVM {found.llvm}' if found.llvm else ''
  state = (
      f'LLVM refused it and it was read as it is: {found.refusal}'
      if found.unverified
      else 'LLVM accepts it'
  )
  total = sum(f.num_instructions for f in found.functions)
  console.show(
      f'{found.name}{origin}; {state}\n'
      f'{console.count(len(found.functions), "function")}, '
      f'{console.count(total, "instruction")}; only declared: '
      f'{", ".join(found.declared[:8]) or "none"}'
      + (f' and {len(found.declared) - 8} more' * (len(found.declared) > 8))
  )
  left_out = ', '.join(
      f'{v:,} {k.replace("_", " ")}' for k, v in found.dropped.items() if v
  )
  console.show(f'left out: {left_out or "nothing"}\n')
  head = ['function', 'instructions', 'blocks', 'nodes', 'edges', 'of data']
  if found.has_pieces:
    head += ['tokens', 'unknown', 'windows']
  rows = []
  for f in found.functions:
    row = [f.name, f.num_instructions, f.num_blocks]
    row += [sum(f.nodes.values()), sum(f.edges.values()), f.edges['data']]
    if found.has_pieces:
      row += [f.num_tokens, f.num_unknown, f.num_windows]
    rows.append(row)
  console.show(console.table(head, rows))
  if num_lines:
    largest = max(found.functions, key=lambda f: f.num_instructions)
    _show_lines(largest, num_lines)


def _show_lines(function: inspection.FunctionView, num_lines: int) -> None:
  """Each line as words, and under it the pieces, where they differ."""
  console.show(f'\n{function.name}, as it is read:')
  for line in function.lines[: num_lines + 1]:
    console.show(f'  {line.text}')
    pieces = ' '.join(line.pieces)
    if line.pieces and pieces != line.text:
      console.show(f'      pieces: {pieces}')
  left = len(function.lines) - num_lines - 1
  if left > 0:
    console.show(f'  ... {left:,} more; --lines {len(function.lines)} has all')
