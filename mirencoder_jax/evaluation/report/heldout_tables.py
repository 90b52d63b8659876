"""Tables of held-out functions: what pre-training taught, for a person."""

from collections.abc import Mapping
from typing import Any

from mirencoder_jax import objectives
from mirencoder_jax.objectives import evaluation
from mirencoder_jax.pages import markdown

_COLUMNS = {
    'trained': 'pre-trained',
    'untrained': 'not pre-trained',
    'guess': 'guess',
}


def format_heldout(results: Mapping[str, Any]) -> list[str]:
  """Tables of objectives, of languages, and of views."""
  return [
      *format_objectives(results),
      '',
      'Guesses: the most frequent held-out token, and all of them by their '
      'frequencies; an edge where the receiver has more of them; chance.',
      '',
      *_format_languages(results['languages']),
      '',
      *_format_views(results['views']),
  ]


def format_objectives(results: Mapping[str, Any]) -> list[str]:
  """The table of objectives."""
  overall = results['overall']
  size = overall['size']
  lines = [
      f'{results["functions"]:,} held-out functions of '
      f'{results["programs"]:,} programs ({results["data"]}, split '
      f'{results["split"]}); {size["examples"]:,} of them, or of their '
      'segments, for the objectives. Model of '
      f'{results["parameters"]:,} parameters.',
      '',
  ]
  figures = objectives.metrics() | evaluation.retrieval_metrics(
      overall['trained'], size['examples']
  )
  rows = [
      [
          metric.heading,
          *(metric.cell(overall[column].get(key)) for column in _COLUMNS),
      ]
      for key, metric in figures.items()
      if key in overall['trained'] and metric.guess is not None
  ]
  return lines + markdown.table(['held out', *_COLUMNS.values()], rows)


def _format_languages(languages: Mapping[str, Any]) -> list[str]:
  known = objectives.metrics()
  share, perplexity = known['mlm_accuracy'], known['mlm_perplexity']
  header = [
      *('language', 'functions', share.heading, 'by unigram'),
      *('perplexity', 'not pre-trained', 'by unigram'),
  ]
  rows = []
  for name, found in sorted(
      languages.items(), key=lambda item: -item[1]['size']['examples']
  ):
    trained, guess = found['trained'], found['guess']
    if 'mlm_accuracy' not in trained:
      continue
    cells = [
        name,
        found['size']['examples'],
        share.cell(trained['mlm_accuracy']),
        share.cell(guess['mlm_accuracy']),
        perplexity.cell(trained['mlm_perplexity']),
        f'{found["untrained"]["mlm_perplexity"]:,.0f}',
        perplexity.cell(guess['mlm_perplexity']),
    ]
    rows.append(cells)
  return markdown.table(header, rows)


def _format_views(views: Mapping[str, Any]) -> list[str]:
  if not views['queries']:
    return [f'Other views of a function: {views["why"]}.']
  rest = views['candidates'] - views['candidates_held_out']
  lines = [
      f'Nearest neighbours: of {views["queries"]:,} functions another view '
      f'(optimisation level, mostly) is looked for among '
      f'{views["candidates"]:,} functions'
      + (f', {rest:,} of them from the training split.' if rest else '.'),
      '',
  ]
  rows = [
      [
          name,
          *(
              f'{100 * r["value"]:.1f} '
              f'[{100 * r["low"]:.1f}, {100 * r["high"]:.1f}]'
              for r in (recall['recall_at_1'], recall['recall_at_10'])
          ),
      ]
      for name, recall in views['recall'].items()
  ]
  header = ['vectors', 'recall@1, %', 'recall@10, %']
  return lines + markdown.table(header, rows)
