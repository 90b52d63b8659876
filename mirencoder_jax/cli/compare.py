"""`mirencoder compare`: two programs, function by function."""

import argparse

from mirencoder_jax.cli import console, reading
from mirencoder_jax.inference import comparison
from mirencoder_jax.inference import encoder as inference


def run(options: argparse.Namespace) -> int:
  """Compares two files; prints the pairs."""
  a, b = (reading.read(path, options) for path in (options.a, options.b))
  encoder = inference.load(options.checkpoint)
  found = comparison.compare(
      encoder, a.module, b.module, modality=options.modality
  )
  if options.json:
    console.show_json(_document(found))
    return console.OK
  rows = [
      (
          pair.a,
          pair.b,
          pair.similarity,
          pair.runner_up,
          f'{pair.num_instructions[0]:,} -> {pair.num_instructions[1]:,}',
      )
      for pair in found.pairs
  ]
  console.show(
      console.table(
          (options.a, options.b, 'similarity', 'runner-up', 'instructions'),
          rows,
      )
  )
  for path, left in ((options.a, found.only_a), (options.b, found.only_b)):
    if left:
      console.show(f'only in {path}: {", ".join(left)}')
  console.show(f'whole modules: {found.module_similarity:.3f}')
  return console.OK


def _document(found: comparison.Comparison) -> dict:
  return {
      'module_similarity': console.finite(found.module_similarity),
      'pairs': [
          {
              'a': pair.a,
              'b': pair.b,
              'similarity': console.finite(pair.similarity),
              'runner_up': console.finite(pair.runner_up),
              'num_instructions': list(pair.num_instructions),
          }
          for pair in found.pairs
      ],
      'only_a': found.only_a,
      'only_b': found.only_b,
  }
