"""The recipe of a task: sections of a config, checked before data are read."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from absl import logging

from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import fit
from mirencoder_jax.downstream.tasks import counts, splits, tasks
from mirencoder_jax.downstream.tasks import targets as targets_lib
from mirencoder_jax.evaluation import baselines, finetune, measures, metrics
from mirencoder_jax.storage import command_line


@dataclasses.dataclass(frozen=True)
class TableConfig:
  """What the table has.

  Attributes:
    splits: names of the splits to run.
    num_seeds: repetitions of each split.
    num_inner_folds: folds of the training rows that hyper-parameters are chosen
      by.
    num_null: how many random embeddings make up the null.
    null_width: their width where there is no encoder.
    null_head: the head they go through, one seed each, and ablations with all
      seeds.
    recipe: head and score that our row has in pictures, lists of errors and
      overviews: chosen beforehand, not by its results.
    counts: what is counted of the code as a baseline, of `counts.COUNTS`.
  """

  splits: tuple[str, ...]
  num_seeds: int
  num_inner_folds: int
  num_null: int
  null_width: int
  null_head: str
  recipe: str = 'kernel cost'
  counts: tuple[str, ...] = ('opcodes', 'opcodes+types')


_SECTIONS = {
    'task': tasks.TaskConfig,
    'table': TableConfig,
    'fit': fit.FitConfig,
    'trees': baselines.TreesConfig,
    'report': metrics.ReportConfig,
    'finetune': finetune.FinetuneConfig,
}


@dataclasses.dataclass(frozen=True)
class Recipe:
  """A task, how it is split, what is fitted and how that is judged.

  Attributes:
    task: its data.
    splits: ways to split them; none for those that a table's groups allow.
    table, fit, trees, report, finetune: as their classes say.
  """

  task: tasks.TaskConfig
  splits: tuple[splits.SplitConfig, ...]
  table: TableConfig
  fit: fit.FitConfig
  trees: baselines.TreesConfig
  report: metrics.ReportConfig
  finetune: finetune.FinetuneConfig

  @classmethod
  def read(cls, config: Mapping[str, Any], place: str) -> 'Recipe':
    """Of a config's sections; ValueError for a field that is wrong."""
    known = [*_SECTIONS, 'splits']
    for key in config:
      if key not in known:
        end = command_line.suggest(key, known)
        raise ValueError(f'{place} has no {key!r}{end}')
    for key in known:
      if key not in config:
        raise ValueError(f'{place}.{key} is missing')
    made = {
        key: command_line.make_section(section, config[key], f'{place}.{key}')
        for key, section in _SECTIONS.items()
    }
    listed = tuple(
        command_line.make_section(
            splits.SplitConfig,
            {'name': split, **fields},
            f'{place}.splits.{split}',
        )
        for split, fields in config['splits'].items()
    )
    of_targets = [
        command_line.make_section(
            targets_lib.TargetConfig,
            {'name': target, **fields},
            f'{place}.task.targets.{target}',
        )
        for target, fields in made['task'].targets.items()
    ]
    recipe = cls(splits=listed, **made)
    try:
      recipe._check({target.kind for target in of_targets} or {'choice'})
    except ValueError as error:
      raise ValueError(f'{place}: {error}') from error
    return recipe

  def _check(self, kinds: set[str]) -> None:
    """Raises ValueError for a name that no other section knows."""
    if len(kinds) > 1:
      raise ValueError(
          f'targets of the kinds {", ".join(sorted(kinds))}; a task has one '
          'kind, and several tasks may read the same task.data'
      )
    (kind,) = kinds
    for metric in (self.report.metric, *self.report.also):
      known = measures.known_of(kind)
      command_line.choose(metric, known, f'metric of a {kind}')
    for name in self.table.counts:
      command_line.choose(name, counts.COUNTS, 'table.counts')
    for head in self.fit.max_rows:
      command_line.choose(head, heads.HEADS, 'fit.max_rows: head')
    for head in (*self.fit.heads, self.table.null_head):
      command_line.choose(head, heads.HEADS, 'head')
      if head not in self.fit.grids:
        raise ValueError(f'fit.grids has none for head {head!r}')
      fit.make_grid(head, self.fit.grids[head])
    head, _, score = self.table.recipe.partition(' ')
    command_line.choose(head, heads.HEADS, 'table.recipe: head')
    scores = ('cost', 'class') if kind == 'choice' else ('value',)
    command_line.choose(score, scores, 'table.recipe: score')
    groups = self.task.groups
    if not self.splits:  # a table of one's own says which groups there are
      return
    for split in self.splits:
      for group in (split.group, split.refused, *split.trained[:1]):
        if group:
          command_line.choose(group, groups, f'group of {split.name}')
    command_line.choose(self.report.group, groups, 'report.group')
    names = [split.name for split in self.splits]
    for name in self.table.splits:
      command_line.choose(name, names, 'table.splits: split')
    if not self.table.splits:
      raise ValueError(f'table.splits is empty; there are {", ".join(names)}')

  def complete(self, task: tasks.Task) -> 'Recipe':
    """A recipe without splits gets those that the task's groups allow.

    Returns:
      The recipe: as it is if it has splits, else with one of rows at random
      and one for each group of three or more members (ten folds; fewer members
      are left out one at a time), and a bootstrap over the coarsest of these.
    """
    if self.splits:
      return self
    sizes = {name: len(values) for name, values in task.group_names.items()}
    grouped = {name: size for name, size in sizes.items() if size >= 3}
    for name in sizes.keys() - grouped.keys():
      logging.warning(
          'group %s has %d members; 3 are needed for a split', name, sizes[name]
      )
    if not grouped:
      raise ValueError(
          f'task {task.name!r}: no group has three members, such as three '
          f'programs; it has {sizes}'
      )
    made = (
        splits.SplitConfig('random', '', 10),
        *(
            splits.SplitConfig(name, name, 10 if size > 10 else 0)
            for name, size in grouped.items()
        ),
    )
    names = [split.name for split in made]
    for name in self.table.splits:
      command_line.choose(name, names, 'table.splits: group')
    has_costs = all(target.costs is not None for target in task.targets)
    recipe = self.table.recipe
    return dataclasses.replace(
        self,
        splits=made,
        table=dataclasses.replace(
            self.table,
            splits=self.table.splits or tuple(names),
            recipe=recipe if has_costs else recipe.replace('cost', 'class'),
        ),
        report=dataclasses.replace(
            self.report,
            group=self.report.group
            or min(grouped, key=lambda name: grouped[name]),
            metric='geomean' if has_costs else self.report.metric,
        ),
    )
