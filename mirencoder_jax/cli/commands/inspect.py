"""`mirencoder inspect`: what was read of a file."""

import os
import typing

import click

from mirencoder_jax.cli import console, options, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.ir import Tokenizer
  from mirencoder_jax.pages import inspection


@options.command(
    examples=(
        'mirencoder inspect kernel.ll',
        'mirencoder inspect kernel.c --html kernel.html',
        'mirencoder inspect kernel.ll --function saxpy --lines 100',
    ),
    call='mir.inspect_module(mir.read_module(path), tokenizer)',
)
@click.argument('path', metavar='FILE', type=options.FILE)
@click.option('--function', metavar='NAME', help='this one only')
@click.option(
    '--lines',
    type=int,
    default=12,
    metavar='N',
    help='instructions shown with their pieces (default: 12; 0: none)',
)
@click.option(
    '--dot',
    type=options.FILE,
    metavar='FILE',
    help='write the graph, Graphviz',
)
@click.option(
    '--html', type=options.FILE, metavar='FILE', help='write a drawing, a page'
)
@options.checkpoint
@options.sources
def command(
    path: str,
    function: str | None,
    lines: int,
    dot: str | None,
    html: str | None,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Show what was read of a file: functions, pieces, graph, what was cut."""
  from mirencoder_jax.ir import graph_builder
  from mirencoder_jax.pages import drawing, inspection

  if os.path.isdir(path):
    if function or dot or html:
      raise console.UsageError(
          f'{path} is a folder; --function, --dot and --html take one file'
      )
    return _inspect_folder(path, checkpoint, reader, as_json)
  module = reader.read(path).module
  chosen = module.functions
  if function:
    try:
      chosen = [module.function(function)]
    except KeyError as error:
      raise console.UsageError(error.args[0]) from None
  tokenizer, num_tokens = _vocabulary(checkpoint)
  found = inspection.inspect_module(
      module, tokenizer, num_tokens=num_tokens, functions=chosen
  )
  if dot:
    _write(dot, drawing.to_dot(graph_builder.build_graph(module, chosen)))
  if html:
    _write(html, drawing.to_html(module, chosen))
  if as_json:
    console.show_json(found.as_dict())
  else:
    _show(found, lines)
  return console.OK


def _inspect_folder(
    path: str, checkpoint: str, reader: reading.Reader, as_json: bool
) -> int:
  """A line for each file of a folder."""
  from mirencoder_jax.pages import inspection

  files = reader.find([path])
  programs = reader.read_all(files)
  errors = {p.path: p.error for p in programs if p.error}
  console.tell_errors(errors, len(files))
  if len(errors) == len(files):
    raise console.UsageError('no file could be read: nothing to inspect')
  tokenizer, num_tokens = _vocabulary(checkpoint)
  found = {
      program.path: inspection.inspect_module(
          program.module, tokenizer, num_tokens=num_tokens
      )
      for program in programs
      if program.module
  }
  if as_json:
    failed = console.failures(errors)
    files = [{'file': file, **one.as_dict()} for file, one in found.items()]
    console.show_json({'files': files, 'errors': failed})
  else:
    console.show_table(
        ('file', 'functions', 'instructions', 'tokens', 'unknown', 'LLVM', ''),
        [
            (
                file,
                len(one.functions),
                sum(f.num_instructions for f in one.functions),
                sum(f.num_tokens for f in one.functions),
                sum(f.num_unknown for f in one.functions),
                one.llvm or '-',
                'refused by LLVM, read as it is' if one.unverified else '',
            )
            for file, one in found.items()
        ],
    )
    console.show('`mirencoder inspect FILE` shows one of them in full')
  return console.PARTLY if errors else console.OK


def _write(path: str, text: str) -> None:
  from mirencoder_jax.storage import files

  with files.writing(path) as aside:
    aside.write_text(text, encoding='utf-8')
  console.say(f'wrote {path}')


def _vocabulary(name: str) -> tuple['Tokenizer | None', int]:
  """The checkpoint's; a file can be inspected without."""
  from mirencoder_jax.ir import Tokenizer
  from mirencoder_jax.pages import inspection
  from mirencoder_jax.storage import checkpoint, weights

  try:
    config, vocab = weights.read_config(name)
  except checkpoint.CheckpointError as error:
    console.say(f'without pieces and windows: {console.sentence(error)}')
    return None, inspection.ROW_TOKENS
  return Tokenizer(vocab['vocab']), config['data']['num_tokens']


def _show(found: 'inspection.Inspection', num_lines: int) -> None:
  from mirencoder_jax.ir import names

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
    row = [names.readable(f.name), f.num_instructions, f.num_blocks]
    row += [sum(f.nodes.values()), sum(f.edges.values()), f.edges['data']]
    if found.has_pieces:
      row += [f.num_tokens, f.num_unknown, f.num_windows]
    rows.append(row)
  console.show_table(head, rows)
  if num_lines:
    largest = max(found.functions, key=lambda f: f.num_instructions)
    _show_lines(largest, num_lines)


def _show_lines(function: 'inspection.FunctionView', num_lines: int) -> None:
  """Each line as words, and under it the pieces, where they differ."""
  from mirencoder_jax.ir import names

  console.show(f'\n{names.readable(function.name)}, as it is read:')
  for line in function.lines[: num_lines + 1]:
    console.show(f'  {line.text}')
    pieces = ' '.join(line.pieces)
    if line.pieces and pieces != line.text:
      console.show(f'      pieces: {pieces}')
  left = len(function.lines) - num_lines - 1
  if left > 0:
    console.show(f'  ... {left:,} more; --lines {len(function.lines)} has all')
