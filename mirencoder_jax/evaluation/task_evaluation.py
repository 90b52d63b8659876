"""An evaluation of one task: its table, and what is made of that."""

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from absl import logging

from mirencoder_jax.downstream.predictor import predictor_writer
from mirencoder_jax.downstream.tasks import features, tasks
from mirencoder_jax.evaluation import measures, metrics, table
from mirencoder_jax.evaluation import recipe as recipe_lib
from mirencoder_jax.evaluation.evaluation import Comparison, Request
from mirencoder_jax.evaluation.report import page, selection, task_tables
from mirencoder_jax.evaluation.report import pictures as pictures_lib
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.pages import plot_style


@dataclasses.dataclass(frozen=True)
class TaskEvaluation:
  """One task under one recipe."""

  name: str
  recipe: recipe_lib.Recipe

  @classmethod
  def read(
      cls, name: str, config: Mapping[str, Any], place: str
  ) -> 'TaskEvaluation':
    """Of its part of a config; ValueError for a field that is wrong."""
    return cls(name, recipe_lib.Recipe.read(config, place))

  def run(
      self, encoder: inference.Encoder | None, request: Request
  ) -> dict[str, Any]:
    """Evaluates the task and writes and prints its results.

    Raises:
      FileNotFoundError: its data are neither prepared nor brought.
      ValueError: something else that a user can mend.
    """
    if request.predictor is not None and encoder is None:
      raise ValueError('a predictor needs --checkpoint')
    compared = request.compared_with(self.recipe.task.name)
    task = tasks.load_task(
        self.recipe.task,
        data_dir=request.data_dir,
        manual_dir=request.manual_dir,
    )
    recipe = self.recipe.complete(task)
    found = table.evaluate(
        recipe,
        task,
        encoder=encoder,
        compared=compared,
        workdir=request.workdir,
    )
    print(task_tables.format_report(found), flush=True)
    results = found.as_dict()
    if request.workdir is not None:
      names = self.draw(results, request.workdir)
      if names:
        logging.info('drew %s in %s', ', '.join(names), request.workdir)
    if request.predictor is not None and encoder is not None:
      save_predictor(recipe, task, encoder, request)
    return results

  def summary(self, results: Mapping[str, Any]) -> list[Comparison]:
    """Every vector of every split and target beside the best baseline.

    Then beside those of `report.against`, under the same head.
    By the metric that the task is judged by; of values and probabilities, and
    where the report asks for more, by the others, too.
    """
    found = selection.Results.from_dict(results)
    judged_by = [found.metric]
    if found.kind != 'choice' or self.recipe.report.also:
      judged_by = selection.summary_metrics(found)
    comparisons, in_pairs = [], []
    for split in found.split_names:
      for target in dict.fromkeys(r['target'] for r in found.measured):
        rows = selection.choose_rows(found, split, target)
        oracle = next(r for r in rows if r['features'] == metrics.ORACLE)
        best = selection.find_best_baseline(found, split, target)
        everything = found.rows(split, target)
        by_key = {(r['features'], r['head']): r for r in everything}
        vectors = [r for r in rows if r['kind'] in selection.VECTORS]
        for metric, r in itertools.product(judged_by, vectors):
          if r[metric]['value'] is None:
            continue
          # Some heads answer with a choice alone: no error of their costs.
          if r['versus'][metric]['value'] is not None:
            comparisons.append(
                self._comparison(r, metric, r['versus'], best, oracle)
            )
          in_pairs += [
              self._comparison(
                  r, metric, versus, by_key[name, versus['head']], oracle
              )
              for name, versus in r.get('against', {}).items()
              if versus[metric]['value'] is not None
          ]
    return comparisons + in_pairs

  def _comparison(
      self,
      row: selection.Row,
      metric: str,
      versus: Mapping[str, Any],
      other: selection.Row,
      oracle: selection.Row,
  ) -> Comparison:
    """A row beside another; `versus` has their differences by metric."""
    sign = measures.sign(metric)
    ends = [versus[metric]['low'], versus[metric]['high']][::sign]
    low, high = (None if end is None else sign * end for end in ends)
    return Comparison(
        task=self.name,
        split=row['split'],
        target=row['target'],
        metric=metric,
        vector=row['features'],
        value=row[metric]['value'],
        baseline=f'{other["features"]}, {other["head"]}',
        baseline_value=other[metric]['value'],
        difference=sign * versus[metric]['value'],
        low=low,
        high=high,
        oracle=oracle[metric]['value'],
    )

  def verdict(self, results: Mapping[str, Any]) -> str:
    """Ours against the best baseline, where nothing related is trained on."""
    found = selection.Results.from_dict(results)
    split = selection.choose_split(found)
    targets = list(dict.fromkeys(r['target'] for r in found.measured))
    if found.kind == 'choice':  # the last one is all together
      return self._verdict(found, split, targets[-1], '')
    return ' '.join(
        self._verdict(found, split, target, f', {target}') for target in targets
    )

  def _verdict(
      self, found: selection.Results, split: str, target: str, suffix: str
  ) -> str:
    title, scale, digits, _ = measures.METRICS[found.metric]
    label = selection.split_label(found, split)
    where = f'{found.title}{suffix}, split {label}'

    if scale == 1:
      digits += 1  # so that the end of an interval is not -0.00

    def number(value, sign=''):
      if value is None:
        return 'not known'
      return f'{scale * value:{sign}.{digits}f}'

    for c in self.summary(found.as_dict()):
      place = (c.split, c.target, c.vector, c.metric)
      if place == (split, target, features.MAIN, found.metric):
        interval = 'no interval'
        if c.low is not None and c.high is not None:
          interval = (
              f'{100 * self.recipe.report.confidence:g} % interval '
              f'{number(c.low, "+")} to {number(c.high, "+")}'
          )
        return (
            f'{where}: {c.vector} {c.words} the best baseline ({c.baseline}): '
            f'{title} {number(c.value)} against {number(c.baseline_value)}, '
            f'difference {number(c.difference, "+")} ({interval}).'
        )
    best = selection.find_best_baseline(found, split, target)
    return (
        f'{where}: nothing of ours to judge, as no --checkpoint was named; the '
        f'best baseline ({best["features"]}, {best["head"]}) has {title} '
        f'{number(best[found.metric]["value"])}.'
    )

  def section(
      self, results: Mapping[str, Any], pictures: Mapping[str, str]
  ) -> list[str]:
    """The task's part of the page of results."""
    return page.format_task(selection.Results.from_dict(results), pictures)

  def draw(
      self, results: Mapping[str, Any], folder: str | os.PathLike[str]
  ) -> list[str]:
    """Draws all pictures that there are data for; their file names."""
    if not plot_style.has_matplotlib():
      logging.warning(
          'no pictures: matplotlib is not installed; '
          'python -m pip install "mirencoder_jax[plots]"'
      )
      return []
    return pictures_lib.draw_all(selection.Results.from_dict(results), folder)

  @staticmethod
  def overview(
      all_results: Iterable[Mapping[str, Any]], *, short: bool = False
  ) -> list[str]:
    """One table of all tasks."""
    return page.format_overview(
        [selection.Results.from_dict(results) for results in all_results],
        short=short,
    )


def save_predictor(
    recipe: recipe_lib.Recipe,
    task: tasks.Task,
    encoder: inference.Encoder,
    request: Request,
) -> None:
  """Fits our row of the table on all rows and saves it."""
  head, *_ = recipe.table.recipe.split()
  is_shipped = not pathlib.Path(str(request.checkpoint)).exists()
  predictor_writer.save_predictor(
      str(request.predictor),
      task,
      encoder,
      recipe.fit,
      group=recipe.report.group,
      head=head,
      encoder_name=str(request.checkpoint) if is_shipped else '',
  )
  logging.info('saved a predictor of %s in %s', task.name, request.predictor)
