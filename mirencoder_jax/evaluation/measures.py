"""Measures: answers of a target of each kind -> metrics, sample by sample.

A metric is a function of means over rows and seeds, so that a bootstrap gives
it an interval: one draw, one set of means, one value. The area under the curve
is one over pairs of rows, and drawn as such.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.evaluation import bootstrap


class Metric(NamedTuple):
  """How a metric is shown."""

  title: str
  scale: float = 1.0
  digits: int = 2
  less_is_better: bool = False


# Of choices; the first five are of every such task, the others of those whose
# report asks for them.
_CHOICE = {
    'accuracy': Metric('accuracy %', 100.0, 1),  # rows with the best choice
    # Cost of the default over that of the choice, arithmetic mean; geometric.
    'speedup': Metric('speedup, mean'),
    'geomean': Metric('speedup, geometric'),
    # Best cost over that of the choice, mean.
    'oracle_share': Metric('of oracle %', 100.0, 1),
    # Rows that got slower than by default.
    'slowdowns': Metric('slower rows', 1.0, 1, less_is_better=True),
}
_CHOICE_ALSO = {
    # What of the default's cost is saved, of the geometric mean.
    'saved': Metric('saved %', 100.0, 2),
    # What of the oracle's gain over the best constant is kept, in logs.
    'gain_share': Metric("of oracle's gain over constant %", 100.0, 1),
    # Of the logs of the costs over the default's, all choices together.
    'ratio_r2': Metric('R² of log ratios', 1.0, 3),
}
_VALUE = {
    'r2': Metric('R²', 1.0, 3),
    'mae': Metric('mean error', 1.0, 3, less_is_better=True),
}
_PROBABILITY = {
    'auc': Metric('AUC', 1.0, 3),
    # Mean of the shares of both classes that are on the right side of a half.
    'balanced_accuracy': Metric('balanced accuracy %', 100.0, 1),
    'accuracy': Metric('accuracy %', 100.0, 1),
    # What of the events goes the way that is said to be likelier: where the
    # truth is a share, more than 0 and less than 1.
    'direction': Metric('direction right %', 100.0, 1),
    'mae': Metric('mean error', 1.0, 3, less_is_better=True),
    'rmse': Metric('root of mean square error', 1.0, 3, less_is_better=True),
    'cross_entropy': Metric('cross entropy', 1.0, 3, less_is_better=True),
}
METRICS: dict[str, Metric] = {
    **{'r2': _VALUE['r2']},
    **_PROBABILITY,
    **_CHOICE,
    **_CHOICE_ALSO,
}
# Those shown for all splits at once.
HEADLINES = {
    'choice': ('accuracy', 'geomean', *_CHOICE_ALSO),
    'value': tuple(_VALUE),
    'probability': ('auc', 'balanced_accuracy', 'direction', 'mae'),
}
_EPSILON = 1e-3  # of a probability that is said to be 0 or 1


def names_of(kind: str, also: Sequence[str] = ()) -> tuple[str, ...]:
  """The metrics of a kind of target, and those asked for beside them."""
  of_kind = {'choice': _CHOICE, 'value': _VALUE, 'probability': _PROBABILITY}
  return (*of_kind[kind], *also)


def known_of(kind: str) -> tuple[str, ...]:
  """All metrics that there are of a kind of target."""
  return names_of(kind, _CHOICE_ALSO if kind == 'choice' else ())


def sign(metric: str) -> int:
  """-1 where less is better."""
  return -1 if METRICS[metric].less_is_better else 1


class Answers(NamedTuple):
  """What an entry says of one target; n rows, S seeds, C choices.

  Attributes:
    answers: int [S, n], choices; or float64 [S, n], values.
    scores: float [S, n, C], estimated logs of cost ratios; None if not known.
    constant: int [S', n], what the best constant decides; None if not known.
  """

  answers: np.ndarray
  scores: np.ndarray | None = None
  constant: np.ndarray | None = None


def samples(
    targets: Sequence[tasks.Target],
    answers: Sequence[Answers],
    names: Sequence[str],
    draws: bootstrap.Draws,
) -> np.ndarray:
  """Metrics of the sample and each resample; float64 [len(names), 1 + R].

  Args:
    targets: of one kind, judged together.
    answers: of each.
    names: of metrics.
    draws: of the targets' rows, one target after the other.
  """
  parts = [
      _ROWS[target.kind](target, answer, names)
      for target, answer in zip(targets, answers, strict=True)
  ]
  rows = {
      name: np.concatenate([part[name] for part in parts], axis=-1)
      for name in parts[0]
  }
  means = bootstrap.means(np.stack(list(rows.values())), draws)
  found = _FINISH[targets[0].kind](dict(zip(rows, means, strict=True)))
  if 'auc' in names:
    found['auc'] = bootstrap.ranks(
        np.concatenate([answer.answers for answer in answers], axis=-1),
        np.concatenate([target.values > 0.5 for target in targets]),
        draws,
    )
  return np.stack([found[name] for name in names])


def _of_choices(
    target: tasks.Target, answer: Answers, names: Sequence[str]
) -> dict[str, np.ndarray]:
  """What the metrics of choices are functions of; float64 [S, n] each."""
  choices = answer.answers
  right = (target.taken(choices) == target.labels).astype(float)
  unknown = np.full_like(right, np.nan)
  rows = dict.fromkeys(_CHOICE, unknown) | {'accuracy': right}
  if target.costs is not None:
    cost = target.outcome(choices)  # [S, n]
    default = target.outcome(target.defaults)
    best = target.outcome(target.labels)
    rows |= {
        'speedup': default / cost,
        'geomean': np.log(default / cost),  # exponentiated after the mean
        'oracle_share': best / cost,
        'slowdowns': (cost > default).astype(float),
    }
  if 'gain_share' in names:
    rows |= dict.fromkeys(('gained', 'possible'), unknown)
    if target.costs is not None and answer.constant is not None:
      constant = np.log(target.outcome(answer.constant)).mean(axis=0)
      rows['gained'] = constant - np.log(cost)
      rows['possible'] = np.broadcast_to(constant - np.log(best), right.shape)
  if 'ratio_r2' in names:
    rows |= {f'ratio_{name}': unknown for name in _moments(0.0, 0.0)}
    if target.costs is not None and answer.scores is not None:
      ratios = np.log(target.decision_costs / default[:, None])  # [n, C]
      # A choice that is not in the label space is said to cost the default.
      said = np.where(np.isfinite(answer.scores), answer.scores, 0)
      known = target.known / np.maximum(target.known.sum(axis=1), 1)[:, None]
      rows |= {
          f'ratio_{name}': (known * of_cell).sum(axis=-1)
          for name, of_cell in _moments(ratios, said).items()
      }
  return rows


def _finish_choices(means: dict[str, Any]) -> dict[str, np.ndarray]:
  geomean = means['geomean']
  found = dict(means) | {
      'geomean': np.exp(geomean),
      'saved': 1 - np.exp(-geomean),
  }
  if 'gained' in means:
    possible = np.where(means['possible'] > 0, means['possible'], np.nan)
    found['gain_share'] = means['gained'] / possible
  if 'ratio_error' in means:
    found['ratio_r2'] = _r2(means, 'ratio_')
  return found


def _moments(truth, said) -> dict[str, Any]:
  """What R² is made of; arrays of the shape of `said`."""
  truth = truth + np.zeros_like(said)
  return {
      'mean': truth,
      'square': np.square(truth),
      'error': np.square(truth - said),
  }


def _r2(means: dict[str, Any], prefix: str = '') -> np.ndarray:
  variance = means[f'{prefix}square'] - np.square(means[f'{prefix}mean'])
  variance = np.where(variance > 1e-12, variance, np.nan)
  return 1 - means[f'{prefix}error'] / variance


def _of_values(target, answer, names) -> dict[str, np.ndarray]:
  del names
  middle = target.values[target.judges].mean()  # digits, nothing else
  return _moments(target.values - middle, answer.answers - middle) | {
      'mae': np.abs(target.values - answer.answers)
  }


def _finish_values(means: dict[str, Any]) -> dict[str, np.ndarray]:
  return {'r2': _r2(means), 'mae': means['mae']}


def _of_probabilities(target, answer, names) -> dict[str, np.ndarray]:
  del names
  truth, said = target.values, answer.answers
  # One that does not say which way counts half.
  side = (said > 0.5) + 0.5 * (said == 0.5)  # [S, n]
  is_high = np.broadcast_to(truth > 0.5, said.shape).astype(float)
  right = side * is_high + (1 - side) * (1 - is_high)
  sure = np.clip(said, _EPSILON, 1 - _EPSILON)
  return {
      'accuracy': right,
      'high': is_high,
      'high_right': right * is_high,
      'direction': side * truth + (1 - side) * (1 - truth),
      'mae': np.abs(truth - said),
      'square': np.square(truth - said),
      'cross_entropy': -(truth * np.log(sure) + (1 - truth) * np.log(1 - sure)),
  }


def _finish_probabilities(means: dict[str, Any]) -> dict[str, np.ndarray]:
  high = np.where(means['high'] > 0, means['high'], np.nan)
  low = np.where(means['high'] < 1, 1 - means['high'], np.nan)
  of_low = (means['accuracy'] - means['high_right']) / low
  return means | {
      'balanced_accuracy': (means['high_right'] / high + of_low) / 2,
      'rmse': np.sqrt(means['square']),
  }


_ROWS: dict[str, Callable] = {
    'choice': _of_choices,
    'value': _of_values,
    'probability': _of_probabilities,
}
_FINISH: dict[str, Callable] = {
    'choice': _finish_choices,
    'value': _finish_values,
    'probability': _finish_probabilities,
}
