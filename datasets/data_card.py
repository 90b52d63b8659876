"""The card of a prepared corpus: its report, with pictures and what packs cost.

    python datasets/data_card.py ir_folder/mine --output=docs/corpus

Reads the shards and the `report.json` beside them; writes `card.md` and, where
matplotlib is installed, pictures. Exits with 1 if there is no such corpus.
"""

# ruff: noqa: E402

import argparse
import collections
import datetime
import json
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

# As in `prepare.py`.
_ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:] = [str(_ROOT)] + [
    entry for entry in sys.path if entry != str(_ROOT / 'datasets')
]

from mirencoder_jax.corpus import report as corpus_report
from mirencoder_jax.data import packed_dataset, planning
from mirencoder_jax.pages import markdown, plot_style

_DATA_DIR = os.environ.get('TFDS_DATA_DIR', str(_ROOT / 'runs' / 'data'))
_MAX_BARS = 12
_LENGTHS = ('instructions', 'tokens', 'nodes', 'edges')


def measure_packing(
    dataset: packed_dataset.PackedDataset, pair_views: bool
) -> dict[str, Any]:
  """What of an epoch's packs is padding.

  Returns:
    `rows` and `tokens` of a pack, `nodes` and `edges` of its budget, the number
    of `packs` of an epoch, and the shares of padding among their tokens, nodes
    and edges.
  """
  packs = planning.plan_epoch(
      dataset.sizes, dataset.budget, seed=0, epoch=0, pair_views=pair_views
  )
  chosen = [i for pack in packs for i in pack.examples]
  budget, sizes = dataset.budget, dataset.sizes

  def padding(values, places):
    return round(1 - float(values[chosen].sum()) / (len(packs) * places), 4)

  return {
      'rows': budget.num_rows,
      'tokens': budget.num_tokens,
      'nodes': budget.num_nodes,
      'edges': budget.num_edges,
      'packs': len(packs),
      'token padding': padding(
          sizes.tokens, budget.num_rows * budget.num_tokens
      ),
      'node padding': padding(sizes.nodes, budget.num_nodes),
      'edge padding': padding(sizes.edges, budget.num_edges),
  }


def draw_lengths(report: dict[str, Any], path: pathlib.Path) -> None:
  """Functions by length, in steps of two."""
  with plot_style.drawing(path, (7.2, 4.4), 2, 2) as axes:
    for ax, name in zip(axes, _LENGTHS, strict=True):
      bins = report['histograms'][name]
      ax.bar(range(len(bins)), list(bins.values()))
      ax.set_xticks(range(len(bins))[::2], list(bins)[::2])
      ax.set_title(f'{name} of a function, from')
      ax.set_ylabel('functions')


def draw_composition(report: dict[str, Any], path: pathlib.Path) -> None:
  """Functions by language, level, package and licence."""
  keys = ('language', 'opt_level', 'package', 'licence')
  with plot_style.drawing(path, (7.2, 5.4), 2, 2) as axes:
    for ax, key in zip(axes, keys, strict=True):
      rows = list(report[key].items())
      shown = collections.Counter(dict(rows[:_MAX_BARS]))
      if len(rows) > _MAX_BARS:
        shown[f'{len(rows) - _MAX_BARS} more'] = sum(
            n for _, n in rows[_MAX_BARS:]
        )
      names = [name or '(unknown)' for name in shown]
      ax.barh(range(len(shown)), list(shown.values()))
      ax.set_yticks(range(len(shown)), names)
      ax.invert_yaxis()
      ax.locator_params(axis='x', nbins=4)
      ax.xaxis.set_major_formatter('{x:,.0f}')
      ax.set_title(f'functions by {key}')


def card(
    name: str,
    report: dict[str, Any],
    packing: Sequence[dict[str, Any]],
    pictures: Sequence[str],
) -> str:
  """The card as Markdown."""
  functions = report['functions']
  lines = [
      f'# The corpus {name}',
      '',
      f'{datetime.date.today().isoformat()}. '
      f'{corpus_report.summary(report)}. '
      f"{functions['distinct_before_views']:,} of the "
      f"{functions['before_views']:,} functions of the files are distinct "
      f"(normalised), {functions['distinct']:,} with their views; "
      f"{len(report['package'])} packages, "
      f"{len(set(report['language']) - {''})} languages.",
      '',
      '## Packs',
      '',
      'An epoch of the training split in packs of rows of tokens, with the '
      'graphs of the same functions; shares of padding are of 1.',
      '',
      *markdown.table(
          tuple(packing[0]), [tuple(row.values()) for row in packing]
      ),
      '',
  ]
  for picture in pictures:
    lines += [f'![{picture.rpartition(".")[0]}]({picture})', '']
  text = corpus_report.as_markdown(report | {'source': name})
  return '\n'.join(lines) + '\n' + text.replace('# Corpus report', '## Report')


def main(argv: list[str] | None = None) -> int:
  parser = argparse.ArgumentParser(
      prog='python datasets/data_card.py',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument('name', help='prepared corpus, as ir_folder/mine')
  parser.add_argument('--data_dir', default=_DATA_DIR)
  parser.add_argument('--output', required=True, help='folder for the card')
  parser.add_argument(
      '--packs',
      default='16x512',
      help='rows x tokens of packs, joined by commas (default: %(default)s)',
  )
  parser.add_argument(
      '--no_pair_views',
      action='store_true',
      help='packs in which views of a function do not meet',
  )
  args = parser.parse_args(argv)
  output = pathlib.Path(args.output)
  try:
    shapes = [
        tuple(int(number) for number in shape.split('x'))
        for shape in args.packs.split(',')
    ]
    builder = packed_dataset.open_builder(args.name, args.data_dir)
    path = pathlib.Path(str(builder.data_dir)) / 'report.json'
    report = json.loads(path.read_text(encoding='utf-8'))
    if 'histograms' not in report:
      raise ValueError(f'{path} is of an older version: prepare it again')
    source = packed_dataset.PreparedSource(builder, 'train')
    packing = [
        measure_packing(
            packed_dataset.PackedDataset(source, rows, tokens),
            not args.no_pair_views,
        )
        for rows, tokens in shapes
    ]
  except (OSError, ValueError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  output.mkdir(parents=True, exist_ok=True)
  pictures = []
  if plot_style.has_matplotlib():
    pictures = ['lengths.png', 'composition.png']
    draw_lengths(report, output / pictures[0])
    draw_composition(report, output / pictures[1])
  text = card(args.name, report, packing, pictures)
  (output / 'card.md').write_text(text, encoding='utf-8')
  print(f'{output / "card.md"}')
  return 0


if __name__ == '__main__':
  sys.exit(main())
