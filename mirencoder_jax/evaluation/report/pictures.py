"""Pictures: what was found about a task, drawn.

Rows are those of `selection.choose_rows`.
"""

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import measures, metrics
from mirencoder_jax.evaluation.report import map as map_lib
from mirencoder_jax.evaluation.report import selection
from mirencoder_jax.evaluation.report.selection import Results
from mirencoder_jax.pages import plot_style


def draw_comparison(results: Results, path: str | os.PathLike[str]) -> None:
  """The metric of every row with its interval; a panel a split and target."""
  metric = results.metric
  title, scale, *_ = measures.METRICS[metric]
  splits = results.split_names
  targets = selection.shown_targets(results)
  names = [
      r['features']
      for r in selection.choose_rows(results, splits[0], targets[0])
      if r['features'] != metrics.ORACLE
  ]
  has_null = bool(results.null)
  if has_null:
    after = sum(
        r['kind'] in ('rule', 'baseline', 'compared')
        and r['features'] != metrics.ORACLE
        for r in selection.choose_rows(results, splits[0], targets[0])
    )
    names.insert(after, 'random embeddings')
  height = len(targets) * (0.24 * len(names) + 0.55) + 0.5
  size = (1.7 + 2.3 * len(splits), height)
  with plot_style.drawing(
      path, size, len(targets), len(splits), sharex=True, sharey=True
  ) as all_axes:
    for axes, (target, split) in zip(
        all_axes, [(t, s) for t in targets for s in splits], strict=True
    ):
      _draw_panel(axes, results, split, target, names)
      label = selection.split_label(results, split)
      axes.set_title(label if len(targets) == 1 else f'{target}, {label}')
    all_axes[0].set_yticks(range(len(names)), names)
    all_axes[0].invert_yaxis()
    for axes in all_axes[-len(splits) :]:
      axes.set_xlabel(title)
    all_axes[0].figure.suptitle(
        f'{results.title}: {title} with 95 % intervals',
        x=0.01,
        ha='left',
    )


def _draw_panel(
    axes: Any, results: Results, split: str, target: str, names: Sequence[str]
) -> None:
  metric = results.metric
  scale = measures.METRICS[metric].scale
  axes.grid(axis='y', visible=False)
  for r in selection.choose_rows(results, split, target):
    ends = [r[metric][key] for key in ('value', 'low', 'high')]
    if None in ends:
      continue
    value, low, high = (scale * end for end in ends)
    color = plot_style.COLORS[r['kind']]
    if r['features'] == metrics.ORACLE:
      color = plot_style.COLORS['oracle']
      axes.axvline(value, color=color, linestyle=(0, (4, 2)), linewidth=1)
      axes.annotate(
          'oracle', (value, 1), (-3, -3), color=color, fontsize=7, ha='right',
          va='top', xycoords=('data', 'axes fraction'),
          textcoords='offset points',
      )  # fmt: skip
      continue
    y = names.index(r['features'])
    is_ours = r['kind'] == 'ours'
    width = 2.2 if is_ours else 1.4
    axes.plot([low, high], [y, y], color=color, linewidth=width)
    axes.plot(value, y, 'o', color=color, markersize=6 if is_ours else 4.5)
    if r['features'] == features.MAIN:
      axes.axvline(value, color=color, linewidth=0.7, alpha=0.5, zorder=0)
  # Of the recipe's head, or else of the first.
  for n in results.random(split, target)[:1]:
    if metric not in n:
      continue
    y = names.index('random embeddings')
    quantiles = [scale * n[metric][k] for k in ('quantile_5', 'quantile_95')]
    color = plot_style.COLORS['null']
    axes.plot(quantiles, [y, y], color=color, linewidth=5)
    axes.plot(
        scale * n[metric]['median'], y, '|', color=plot_style.INK, markersize=8
    )


def draw_members(results: Results, path: str | os.PathLike[str]) -> None:
  """Speedup of every program: ours, the baseline's and what was possible."""
  split = selection.choose_split(results)
  errors = [e for e in results.errors if e['split'] == split]
  listed = errors[0]['groups'] if errors else {}
  group = results.group if results.group in listed else None
  group = group or max(listed, key=lambda k: len(listed[k]), default=None)
  if group is None or listed[group][0]['speedup'] is None:
    return
  possible: dict[str, list[float]] = {}
  for e in errors:
    for m in e['groups'][group]:
      possible.setdefault(m['name'], []).append(np.log(m['speedup_oracle']))
  names = sorted(possible, key=lambda name: np.mean(possible[name]))
  size = (2.2 + 3.2 * min(len(errors), 4), 0.155 * len(names) + 1.3)
  with plot_style.drawing(
      path, size, 1, len(errors), sharey=True, sharex=True
  ) as all_axes:
    for axes, e in zip(all_axes, errors, strict=True):
      axes.grid(axis='y', visible=False)
      axes.axvline(1, color=plot_style.QUIET, linewidth=0.8)
      members = {m['name']: m for m in e['groups'][group]}
      y = [i for i, name in enumerate(names) if name in members]
      shown = [members[names[i]] for i in y]
      mine, theirs, best = (
          np.array([m[f'speedup{suffix}'] for m in shown])
          for suffix in ('', '_other', '_oracle')
      )
      axes.hlines(y, np.minimum(mine, theirs), best, color=plot_style.GRID)
      axes.plot(
          best, y, '|', color=plot_style.COLORS['oracle'], markersize=6,
          label='oracle',
      )  # fmt: skip
      axes.plot(
          theirs, y, 'o', color=plot_style.COLORS['baseline'], markersize=4.5,
          markerfacecolor='none', label=f'best baseline ({e["other"]})',
      )  # fmt: skip
      axes.plot(
          mine, y, 'o', color=plot_style.COLORS['ours'], markersize=3,
          label=e['ours'],
      )  # fmt: skip
      axes.set_xscale('log')
      axes.set_title(e['target'])
      axes.set_xlabel('speedup over the default choice')
    all_axes[0].set_yticks(
        range(len(names)), names, fontsize=7 if len(names) > 20 else 8
    )
    all_axes[0].set_ylim(-0.8, len(names) - 0.2)
    low, high = all_axes[0].get_xlim()
    ticks = _round_ratios(low, high)
    for axes in all_axes:
      axes.set_xticks(ticks, [f'{tick:g}×' for tick in ticks])
      axes.set_xticks([], minor=True)
    figure = all_axes[0].figure
    figure.suptitle(
        f'{results.title}: speedup by {group}, split '
        f'{selection.split_label(results, split)}',
        x=0.01,
        ha='left',
    )
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower left', ncols=3)


def _round_ratios(low: float, high: float) -> list[float]:
  """Up to six powers of 2, or else of 4, 10 or more, between two ratios."""
  for base in (2.0, 4.0, 10.0, 100.0, 1000.0):
    first = int(np.ceil(np.log(low) / np.log(base)))
    last = int(np.floor(np.log(high) / np.log(base)))
    if last - first < 6:
      break
  return [base**power for power in range(first, last + 1)]


def _confusions(results: Results, split: str) -> list[dict[str, Any]]:
  """Confusions of a split, of all targets together if there are several."""
  found = [c for c in results.confusion if c['split'] == split]
  if selection.shown_targets(results) != [metrics.POOLED]:
    return found
  pooled: dict[str, dict[str, Any]] = {}
  for c in found:
    whole = pooled.setdefault(
        c['features'],
        c | {'matrix': np.zeros_like(c['matrix']), 'target': metrics.POOLED},
    )
    if whole['choices'] == c['choices']:
      whole['matrix'] = whole['matrix'] + np.array(c['matrix'])
  return list(pooled.values())


def draw_confusion(results: Results, path: str | os.PathLike[str]) -> None:
  """What was decided for against what was best, best baseline and ours."""
  split = selection.choose_split(results)
  found = _confusions(results, split)
  if not found:
    return
  targets = list(dict.fromkeys(c['target'] for c in found))
  sides = list(dict.fromkeys(c['features'] for c in found))
  # One target: the sides stand side by side.
  shape = (len(sides), len(targets)) if len(targets) > 1 else (1, len(sides))
  cell = 0.36 * max(len(c['choices']) for c in found) + 1.1
  size = (max(4.2, cell * shape[1] + 0.8), cell * shape[0] + 0.9)
  with plot_style.drawing(path, size, *shape) as all_axes:
    places = [(side, target) for side in sides for target in targets]
    for number, (side, target) in enumerate(places):
      axes = all_axes[number]
      c = next(
          c for c in found if (c['features'], c['target']) == (side, target)
      )
      _draw_matrix(axes, np.array(c['matrix']), c['choices'])
      of_target = '' if target == metrics.POOLED else f'{target}: '
      axes.set_title(f'{of_target}{side}\n{c["head"]}', fontsize=8)
      if number >= len(places) - shape[1]:
        axes.set_xlabel('decided for')
      if number % shape[1] == 0:
        axes.set_ylabel('best')
    all_axes[0].figure.suptitle(
        f'{results.title}: rows by decision, split '
        f'{selection.split_label(results, split)}',
        x=0.01,
        ha='left',
    )


def _draw_matrix(axes: Any, matrix: np.ndarray, choices: Sequence[str]) -> None:
  shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1e-9)
  axes.imshow(shares, cmap=plot_style.sequential_map(), vmin=0, vmax=1)
  axes.grid(visible=False)
  axes.spines[:].set_visible(False)
  for (row, column), share in np.ndenumerate(shares):
    axes.text(
        column, row, f'{matrix[row, column]:.0f}', ha='center', va='center',
        color=plot_style.text_color_on(share), fontsize=7.5,
    )  # fmt: skip
  axes.set_xticks(range(len(choices)), choices)
  axes.set_yticks(range(len(choices)), choices)
  axes.tick_params(length=0)


PICTURES: dict[str, Callable[[Results, str | os.PathLike[str]], None]] = {
    'comparison.png': draw_comparison,
    'members.png': draw_members,
    'confusion.png': draw_confusion,
    'map.png': map_lib.draw,
}


def draw_all(results: Results, folder: str | os.PathLike[str]) -> list[str]:
  """Draws every picture that the results have data for; their file names."""
  paths = {name: pathlib.Path(folder, name) for name in PICTURES}
  for name, path in paths.items():
    path.unlink(missing_ok=True)
    PICTURES[name](results, path)
  return [name for name, path in paths.items() if path.exists()]
