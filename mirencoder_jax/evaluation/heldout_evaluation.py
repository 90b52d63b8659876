"""An evaluation of held-out functions, without any task."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from mirencoder_jax import objectives
from mirencoder_jax.downstream.tasks import features
from mirencoder_jax.evaluation import heldout
from mirencoder_jax.evaluation.evaluation import (
    Comparison,
    Evaluation,
    Request,
)
from mirencoder_jax.evaluation.report import heldout_tables
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.storage import command_line


@dataclasses.dataclass(frozen=True)
class HeldoutEvaluation(Evaluation):
  """What a checkpoint knows of functions that it was not trained on."""

  name: str
  config: heldout.HeldoutConfig

  @classmethod
  def read(
      cls, name: str, config: Mapping[str, Any], place: str
  ) -> 'HeldoutEvaluation':
    section = command_line.make_section(heldout.HeldoutConfig, config, place)
    return cls(name, section)

  def run(
      self, encoder: inference.Encoder | None, request: Request
  ) -> dict[str, Any]:
    """Evaluates a checkpoint on held-out functions, and prints what it found.

    Raises:
      FileNotFoundError: the data set is not prepared.
      ValueError: there is no checkpoint, or something else that a user can
        mend.
    """
    if request.checkpoint is None:
      raise ValueError('held-out functions need --checkpoint')
    found = heldout.evaluate(
        self.config,
        request.checkpoint,
        data_dir=str(request.data_dir),
        compared=request.compared_with(self.name),
        workdir=request.workdir,
        encoder=encoder,
    )
    print('\n'.join(heldout_tables.format_heldout(found)), flush=True)
    return found

  def summary(self, results: Mapping[str, Any]) -> list[Comparison]:
    """Objectives beside guesses, and views beside opcode counts."""
    trained, guess = (results['overall'][k] for k in ('trained', 'guess'))
    comparisons = []
    for metric, known in objectives.metrics().items():
      if metric in trained and metric in guess:
        comparisons.append(
            Comparison(
                task=self.name,
                split=results['split'],
                target='objectives',
                metric=metric,
                vector=features.MAIN,
                value=trained[metric],
                baseline='guess',
                baseline_value=guess[metric],
                difference=known.sign * (trained[metric] - guess[metric]),
            )
        )
    recalls = results['views'].get('recall', {})
    for vector, recall in recalls.items():
      if vector == heldout.COUNTS:
        continue
      over = recall['over_counts_at_1']
      comparisons.append(
          Comparison(
              task=self.name,
              split=results['split'],
              target='views',
              metric='recall_at_1',
              vector=vector,
              value=recall['recall_at_1']['value'],
              baseline=heldout.COUNTS,
              baseline_value=recalls[heldout.COUNTS]['recall_at_1']['value'],
              difference=over['value'],
              low=over['low'],
              high=over['high'],
              oracle=1.0,
          )
      )
    return comparisons

  def verdict(self, results: Mapping[str, Any]) -> str:
    """Whether ours finds other views better than opcode counts do."""
    where = f'held-out functions, split {results["split"]}'
    for c in self.summary(results):
      if (c.target, c.vector) == ('views', features.MAIN):
        interval = 'no interval'
        if c.low is not None and c.high is not None:
          interval = f'95 % interval {100 * c.low:+.1f} to {100 * c.high:+.1f}'
        return (
            f'{where}: {c.vector} {c.words} {c.baseline} at finding another '
            f'view of a function: recall@1 {100 * c.value:.1f} % against '
            f'{100 * c.baseline_value:.1f} %, difference '
            f'{100 * c.difference:+.1f} ({interval}).'
        )
    return f'{where}: no views to judge; {results["views"]["why"]}.'

  def section(
      self, results: Mapping[str, Any], pictures: Mapping[str, str]
  ) -> list[str]:
    """Its part of the page of results."""
    del pictures  # there are none
    lines = heldout_tables.format_heldout(results)
    return ['## Held-out functions', '', *lines, '']

  @staticmethod
  def overview(
      all_results: Iterable[Mapping[str, Any]], *, short: bool = False
  ) -> list[str]:
    """The table of objectives, where there is no section to have it."""
    if not short:
      return []
    return [
        line
        for results in all_results
        for line in heldout_tables.format_objectives(results)
    ]
