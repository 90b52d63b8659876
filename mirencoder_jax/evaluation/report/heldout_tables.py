"""Tables of held-out functions: what pre-training taught, for a person."""

from collections.abc import Mapping
from typing import Any

from mirencoder_jax.pages import markdown

# Figure -> (title, scale, digits)
_FIGURES = {
    'mlm_accuracy': ('masked tokens predicted, %', 100.0, 1),
    'mlm_perplexity': ('perplexity of masked tokens', 1.0, 1),
    'edge_auc': ('edges told from other pairs, AUC', 1.0, 3),
    'matching_accuracy': ('text and graph matched, %', 100.0, 1),
}
# Figure -> 1 where more is better, -1 where less is.
DIRECTIONS = {key: -1 if 'perplexity' in key else 1 for key in _FIGURES}
_COLUMNS = {
    'trained': 'pre-trained',
    'untrained': 'not pre-trained',
    'guess': 'guess',
}


def _cell(value: float | None, scale: float, digits: int) -> str:
  return '' if value is None else f'{scale * value:,.{digits}f}'


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
  figures = dict(_FIGURES)
  for key in overall['trained']:
    if key.startswith('retrieval_recall_at_1'):
      pool = key.partition('_of_')[2] or str(min(64, size['examples']))
      title = f'text finds its graph among {pool}, recall@1, %'
      figures[key] = (title, 100.0, 1)
  rows = [
      [
          title,
          *(_cell(overall[name].get(key), scale, digits) for name in _COLUMNS),
      ]
      for key, (title, scale, digits) in figures.items()
      if key in overall['trained']
  ]
  return lines + markdown.table(['held out', *_COLUMNS.values()], rows)


def _format_languages(languages: Mapping[str, Any]) -> list[str]:
  header = [
      *('language', 'functions', 'masked tokens predicted, %', 'by unigram'),
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
        _cell(trained['mlm_accuracy'], 100, 1),
        _cell(guess['mlm_accuracy'], 100, 1),
        _cell(trained['mlm_perplexity'], 1, 1),
        _cell(found['untrained']['mlm_perplexity'], 1, 0),
        _cell(guess['mlm_perplexity'], 1, 1),
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
