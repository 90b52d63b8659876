"""The table: every kind of features under every head, on every split.

Our embeddings,
the vectors of others, histograms and nothing at all go through the same heads
on the same folds, so that what a vector adds is seen apart from what a head
does.
"""

import dataclasses
import functools
import pathlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging

from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.tasks import features, splits, tasks
from mirencoder_jax.evaluation import baselines, errors, finetune, metrics
from mirencoder_jax.evaluation import recipe as recipe_lib
from mirencoder_jax.evaluation.report import map as map_lib
from mirencoder_jax.evaluation.report import selection, task_tables
from mirencoder_jax.storage import command_line, provenance

# Trees take minutes on wide vectors, which get one seed; ablations do without.
_KINDS_WITH_TREES = ('baseline', 'ours', 'compared')
_RULES = {
    metrics.DEFAULT: baselines.default_choices,
    metrics.CONSTANT: baselines.constant_choices,
    metrics.HALF: baselines.half_choices,
    metrics.ORACLE: baselines.oracle_choices,
}
_MAX_CONFUSED = 8  # choices, for a confusion matrix that can be read
_MAX_LISTED = 100  # members of a group, for a list that can be read


def _share_fits(task: tasks.Task) -> tasks.Task:
  """The task with one target, if all are fitted on the same and judge apart.

  Where one table has the rows of several machines, every fit would otherwise be
  made once for each of them.
  """
  first, *others = task.targets

  def same(one, other):
    if (one.choices, one.costs is None) != (other.choices, other.costs is None):
      return False
    names = ['inputs', 'labels', 'valid', 'defaults']
    names += ['decision_costs'] if one.costs is not None else []
    names += ['values'] if one.values is not None else []
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in names
    )

  if others and all(same(first, other) for other in others):
    return task._replace(targets=(first._replace(judged=None),))
  return task


def _rules(
    task: tasks.Task, protocol: splits.Protocol
) -> Iterator[metrics.Entry]:
  for name, choose in _RULES.items():
    choices = choose(task, protocol)
    if choices is not None:
      yield metrics.Entry(protocol.name, name, 'rule', 'rule', choices)


def run_split(
    task: tasks.Task,
    protocol: splits.Protocol,
    listed: Sequence[features.Features],
    fit_config: fit.FitConfig,
    trees_config: baselines.TreesConfig,
    config: recipe_lib.TableConfig,
    keep_scores: bool = False,
    against: Sequence[str] = (),
    tuners: Mapping[str, finetune.Tuner] | None = None,
) -> Iterator[metrics.Entry]:
  """Every row of one split, as they are done.

  `keep_scores` keeps estimated costs beside decisions, for a metric of them.
  Ablations go through one head; those `against` which all are compared, through
  ours, too. Vectors that have `tuners` are fine-tuned behind their heads.
  """
  yield from _rules(task, protocol)
  num_targets = len(task.targets)
  task = _share_fits(task)

  def for_all(choices):  # [T or 1, S, n] -> [T, S, n]
    return np.broadcast_to(choices, (num_targets,) + choices.shape[1:])

  single = splits.first_seeds(protocol, 1)
  has_trees = task.kind == 'choice' and trees_config.num_trees > 0
  for name, kind, vectors, is_by_row in listed:
    vectors = vectors if is_by_row else vectors[task.module_index]  # [n, D]
    if has_trees and kind in _KINDS_WITH_TREES:
      start = time.monotonic()
      of_kind = trees_config
      if kind != 'baseline':
        of_kind = dataclasses.replace(trees_config, num_seeds=1)
      choices = baselines.fit_trees(vectors, task, protocol, of_kind)
      yield metrics.Entry(
          protocol.name, name, 'trees', kind, for_all(choices),
          time.monotonic() - start, baselines.trees_name(),
      )  # fmt: skip
    if features.is_histogram(vectors):
      vectors = np.log1p(vectors)
    is_null = kind == 'null'
    heads: Sequence[str] = fit_config.heads
    if kind in ('null', 'ablation'):
      heads = (config.null_head,)
    if is_named := kind == 'ablation' and name in against:
      heads = tuple(dict.fromkeys((*heads, config.recipe.split()[0])))
    allowed = fit.allowed(heads, task, protocol, fit_config)
    if is_named and not allowed:  # too many rows for these
      allowed = fit.allowed(fit_config.heads, task, protocol, fit_config)
    fitters = {
        head: functools.partial(
            fit.fit_protocol,
            *(head, vectors, task, single if is_null else protocol),
        )
        for head in allowed
    }
    if name in (tuners or {}):
      fitters[finetune.HEAD] = functools.partial(
          tuners[name].fit_protocol, task, protocol
      )
    for head, fit_all in fitters.items():
      start = time.monotonic()
      fits = fit_all(fit_config)
      seconds = (time.monotonic() - start) / len(fits)
      for score, answer in sorted(fits.items()):
        yield metrics.Entry(
            protocol.name, name, f'{head} {score}', kind,
            for_all(answer.choices), seconds, f'{answer.chosen[0]}',
            for_all(answer.scores)
            if keep_scores and score == 'cost'
            else None,
        )  # fmt: skip


def _find_ours(
    entries: Sequence[metrics.Entry], split: str, recipe: str
) -> metrics.Entry | None:
  """Our row of a split: the recipe's, or the first."""
  ours = [
      e for e in entries if e.split == split and e.features == features.MAIN
  ]
  return next((e for e in ours if e.head == recipe), ours[0] if ours else None)


def _listed_groups(task: tasks.Task) -> list[str]:
  """Groups that can be read as lists, none of which is another once more."""
  kept: list[str] = []
  for name, codes in task.groups.items():
    num_members = len(task.group_names[name])
    again = any(
        len(task.group_names[other])
        == num_members
        == len(np.unique(np.stack([codes, task.groups[other]]), axis=1).T)
        for other in kept
    )
    if num_members <= _MAX_LISTED and not again:
      kept.append(name)
  return kept


def _look_closer(
    task: tasks.Task,
    entries: Sequence[metrics.Entry],
    results: Sequence[Mapping[str, Any]],
    recipe: str,
) -> dict[str, Any]:
  """Errors in common and confusion, of our row and of the best baseline."""
  if task.kind != 'choice':
    return {'errors': [], 'confusion': []}  # these are of decisions
  groups = _listed_groups(task)
  found: dict[str, Any] = {'errors': [], 'confusion': []}
  for split in dict.fromkeys(entry.split for entry in entries):
    # The last target is all together, if there are several.
    versus = [r for r in results if r['split'] == split and 'versus' in r]
    best = versus[-1]['versus']['baseline']
    rival = next(
        e
        for e in entries
        if e.split == split and f'{e.features}, {e.head}' == best
    )
    ours = _find_ours(entries, split, recipe)
    if ours is not None:
      found['errors'] += errors.compare(task, ours, rival, groups)
    for entry in (rival, ours):
      for number, target in enumerate(task.targets):
        if entry is not None and len(target.choices) <= _MAX_CONFUSED:
          found['confusion'].append(
              {
                  'split': split,
                  'target': target.name,
                  'features': entry.features,
                  'head': entry.head,
                  'choices': list(target.choices),
                  'matrix': errors.confusion(target, entry.choices[number]),
              }
          )
  return found


def _name_default(target: tasks.Target) -> str:
  names = [target.choices[c] for c in np.unique(target.defaults[target.judges])]
  return names[0] if len(names) == 1 else 'differs by row'


def _describe(task: tasks.Task, recipe: recipe_lib.Recipe) -> dict[str, Any]:
  """What the table is about."""
  has_ir = np.array([bool(text.strip()) for text in task.ir])
  return {
      'task': task.name,
      'metric': recipe.report.metric,
      'group': recipe.report.group,
      'recipe': recipe.table.recipe,
      'num_rows': len(task.rows),
      'modules': {'all': len(task.modules), 'with_ir': int(has_ir.sum())},
      'rows_with_ir': int(has_ir[task.module_index].sum()),
      'groups': {k: len(v) for k, v in task.group_names.items()},
      'targets': {
          t.name: {
              'choices': list(t.choices) if len(t.choices) <= 64 else [],
              'num_choices': len(t.choices),
              'default': _name_default(t) if t.choices else '',
              'kind': t.kind,
              'judged_rows': int(t.judges.sum()),
              'unmeasured': int(np.isnan(t.costs[t.judges]).sum())
              if t.costs is not None
              else 0,
          }
          for t in task.targets
      },
      'trees': baselines.trees_name(),
      **provenance.collect(),
  }


def evaluate(
    recipe: recipe_lib.Recipe,
    task: tasks.Task,
    *,
    encoder: Any | None = None,
    compared: Mapping[str, str] | None = None,
    workdir: str | None = None,
) -> selection.Results:
  """Runs the whole table.

  Args:
    recipe: with its splits.
    task: the rows.
    encoder: ours (`mir.load`); None for baselines only.
    compared: name -> `.npz` of vectors of other encoders.
    workdir: gets `results.json`, `results.md` and our vectors, after each
      split anew.
  """
  start = time.monotonic()
  config = recipe.table
  known = (*features.OURS, *(compared or {}), *task.vectors, *config.counts)
  for name in recipe.report.against:
    command_line.choose(name, (*known, *_RULES), 'report.against: vector')
  listed, missing = features.collect(
      task,
      encoder,
      compared or {},
      num_null=config.num_null,
      null_width=config.null_width,
      counts=config.counts,
  )
  tuners = {}
  for name in recipe.finetune.vectors if encoder is not None else ():
    is_trained = features.OURS[name][1]
    tuners[name] = finetune.Tuner(
        encoder if is_trained else encoder.untrained(), task, recipe.finetune
    )
  if workdir is not None:
    ours = [f for f in listed if f.kind == 'ours']
    features.save_vectors(
        workdir, task, ours, getattr(encoder, 'fingerprint', '')
    )
  problems = [*task.problems, *missing]
  for problem in problems:
    logging.warning('%s: %s', problem.where, problem.what)
  about = _describe(task, recipe) | {
      'problems': [problem._asdict() for problem in problems],
      'map': map_lib.map_modules(task, listed),
  }
  entries: list[metrics.Entry] = []
  tested: dict[str, np.ndarray] = {}
  split_facts: list[dict[str, Any]] = []
  by_name = {split.name: split for split in recipe.splits}
  # Two members are two forms, and not relatives.
  relations = {
      name: codes
      for name, codes in task.groups.items()
      if len(task.group_names[name]) > 2
  }
  for name in config.splits:
    protocol = splits.build_protocol(
        by_name[name],
        task.strata,
        task.groups,
        num_seeds=config.num_seeds,
        num_inner_folds=config.num_inner_folds,
        group_names=task.group_names,
    )
    tested[name] = protocol.tested
    split_facts.append(
        {
            'name': name,
            'group': by_name[name].group,
            'folds': int(protocol.fold.max()) + 1,
            'leaks': splits.find_leaks(protocol, relations),
            **(
                {
                    'refused': by_name[name].refused,
                    'num_refused': protocol.num_refused,
                }
                if by_name[name].refused
                else {}
            ),
            'left_out': sorted(
                set(recipe.fit.heads)
                - set(fit.allowed(recipe.fit.heads, task, protocol, recipe.fit))
            ),
        }
    )
    for entry in run_split(
        task,
        protocol,
        listed,
        recipe.fit,
        recipe.trees,
        config,
        keep_scores='ratio_r2' in recipe.report.also,
        against=recipe.report.against,
        tuners=tuners,
    ):
      entries.append(entry)
      logging.info('%s', metrics.one_line(task, entry, protocol.tested))
    measured = metrics.measure(task, entries, recipe.report, tested)
    results = selection.Results(
        **about,
        seconds=round(time.monotonic() - start, 1),
        splits=list(split_facts),
        measured=measured,
        null=metrics.summarise_null(measured),
        **_look_closer(task, entries, measured, config.recipe),
    )
    if workdir is not None:
      results.save(workdir)
      text = task_tables.format_report(results)
      pathlib.Path(workdir, 'results.md').write_text(text + '\n')
  return results
