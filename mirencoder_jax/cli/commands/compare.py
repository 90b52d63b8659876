"""`mirencoder compare`: two programs, function by function."""

import os
import typing

import click

from mirencoder_jax.cli import console, options, reading

if typing.TYPE_CHECKING:
  from mirencoder_jax.inference import comparison

MAX_SHOWN = 10  # names of functions that one side lacks; --json has all


@options.command(
    examples=(
        'mirencoder compare old.ll new.ll',
        'mirencoder compare kernel_O0.ll kernel_O3.ll --json',
    ),
    call='mir.compare(encoder, a, b)',
)
@click.argument('a', metavar='A', type=options.FILE)
@click.argument('b', metavar='B', type=options.FILE)
@click.option(
    '--pair',
    type=options.Choice(('names', 'code')),
    default='names',
    help='names: functions of one name are a pair, the rest by code; code: '
    'names are not looked at (default: names)',
)
@options.modality
@options.checkpoint
@options.sources
def command(
    a: str,
    b: str,
    pair: str,
    modality: str,
    checkpoint: str,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Find which function of A became which of B."""
  from mirencoder_jax.inference import comparison, loading
  from mirencoder_jax.ir import names

  for path in (a, b):
    if os.path.isdir(path):
      raise console.UsageError(
          f'{path} is a folder, and compare takes two files; `mirencoder '
          f'search FILE {path}` finds the nearest of a folder'
      )
  modules = [reader.read(path).module for path in (a, b)]
  encoder = loading.load(checkpoint)
  found = comparison.compare(
      encoder, *modules, modality=modality, use_names=pair == 'names'
  )
  console.tell_cut(found.report)
  if as_json:
    console.show_json(_document(found))
    return console.OK
  rows = [
      (
          names.readable(pair.a),
          names.readable(pair.b),
          'name' if pair.by_name else 'code',
          pair.similarity,
          pair.runner_up,
          f'{pair.num_instructions[0]:,} -> {pair.num_instructions[1]:,}',
      )
      for pair in found.pairs
  ]
  nearer = sum(p.by_name and p.runner_up > p.similarity for p in found.pairs)
  console.show_table(
      (a, b, 'paired by', 'similarity', 'runner-up', 'instructions'), rows
  )
  for path, left in ((a, found.only_a), (b, found.only_b)):
    if left:
      shown = ', '.join(map(names.readable, left[:MAX_SHOWN]))
      more = f', and {len(left) - MAX_SHOWN:,} more' * (len(left) > MAX_SHOWN)
      console.show(f'only in {path}: {shown}{more}')
  if nearer:
    console.show(
        f'of {nearer} paired by name, another function is nearer by its code: '
        '--pair code'
    )
  console.show(f'whole modules: {found.module_similarity:.3f}')
  return console.OK


def _document(found: 'comparison.Comparison') -> dict:
  return {
      'module_similarity': console.finite(found.module_similarity),
      'pairs': [
          {
              'a': pair.a,
              'b': pair.b,
              'by': 'name' if pair.by_name else 'code',
              'similarity': console.finite(pair.similarity),
              'runner_up': console.finite(pair.runner_up),
              'num_instructions': list(pair.num_instructions),
          }
          for pair in found.pairs
      ],
      'only_a': found.only_a,
      'only_b': found.only_b,
  }
