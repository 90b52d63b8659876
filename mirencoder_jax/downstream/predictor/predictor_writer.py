"""Fits a predictor on all rows of a task, and saves it.

What a predictor promises (probabilities, gains, what is far) is measured with
groups held out; only then are its heads fitted on every row.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from etils import epath

from mirencoder_jax import version
from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import fit, target_data
from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.predictor import predictor, predictor_checkpoint
from mirencoder_jax.downstream.tasks import features, label_space, splits, tasks
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.storage import bundle, checkpoint

# Heads that remember their rows, which is how a far program is told.
_HEADS = ('kernel', 'ridge', 'neighbour')
_NUM_FOLDS = 10
_TEMPERATURES = np.geomspace(0.01, 10, 61)


def save_predictor(
    path: str | os.PathLike,
    task: tasks.Task,
    encoder: inference.Encoder,
    fit_config: fit.FitConfig,
    *,
    group: str,
    head: str = 'kernel',
    modality: str = 'joint',
    encoder_name: str = '',
) -> dict[str, Any]:
  """Fits and saves a predictor.

  Args:
    path: folder to write, not there yet or a predictor that is replaced.
    task: the rows; every one of them that is valid is fitted on.
    encoder: makes the vectors.
    fit_config: grids and limits; the head's grid is averaged.
    group: the task's group that is held out to measure what may be promised.
    head: `kernel`, `ridge` or `neighbour`.
    modality: of the vectors.
    encoder_name: of weights that ship with the package: the predictor names
      them and their hash. Without a name it holds a copy of the encoder.

  Returns:
    What was saved beside arrays.

  Raises:
    ValueError: a head that cannot be used, no choices, no such group, or a
      module without IR.
    checkpoint.CheckpointError: `path` is something else.
  """
  path = epath.Path(os.path.abspath(os.path.expanduser(path)))
  _check_free(path)
  if head not in _HEADS or not (
      heads.HEADS[head].averages or head in fit_config.averaged
  ):
    raise ValueError(
        f'head {head!r} cannot be a predictor: {", ".join(_HEADS)} can, where '
        'their grid is averaged'
    )
  if task.kind != 'choice':
    raise ValueError(
        f'task {task.name!r} predicts a {task.kind}; a predictor decides '
        'between choices'
    )
  if group not in task.groups:
    raise ValueError(f'no group {group!r}; the task has {sorted(task.groups)}')
  embedded, problems = features.embed_modules(encoder, task, [modality])
  vectors = embedded[modality][task.module_index]  # [n, D]
  usable = np.isfinite(vectors).all(axis=1)
  if not usable.any():
    raise ValueError(
        f'none of the {len(task.modules)} modules of task {task.name!r} has IR '
        'that can be read; bring it as datasets/<task>/README.md says'
    )
  for problem in problems:
    logging.warning('%s: %s', problem.where, problem.what)
  vectors = np.nan_to_num(vectors)
  task = task._replace(
      targets=tuple(t._replace(valid=t.valid & usable) for t in task.targets)
  )
  held_out = _hold_out(head, vectors, task, group, fit_config)
  arrays, about = {}, {}
  for target, scores in zip(task.targets, held_out, strict=True):
    arrays[target.name], about[target.name] = _fit_target(
        head, vectors, target, task.groups[group], fit_config
    )
    about[target.name] |= _describe(target)
    about[target.name] |= _calibrate(
        target, scores, about[target.name]['choices']
    )
  saved = {predictor_checkpoint.HEAD: arrays}
  if not encoder_name:
    saved[predictor_checkpoint.ENCODER] = encoder.params
  info = {
      'task': task.name,
      'head': head,
      'modality': modality,
      'group': group,
      'date': time.strftime('%Y-%m-%d'),
      'mirencoder_jax': version.__version__,
      'targets': about,
      'encoder': {
          'held': not encoder_name,
          'name': encoder_name,
          'fingerprint': encoder.fingerprint,
          'vocab_hash': encoder.tokenizer.hash,
          'config': encoder.saved_config,
      },
  }
  bundle.save(
      path,
      predictor_checkpoint.KIND,
      info,
      {k: predictor_checkpoint.flatten(tree) for k, tree in saved.items()},
      None if encoder_name else {'vocab': list(encoder.tokenizer.vocab)},
  )
  return info


def _check_free(path: epath.Path) -> None:
  if path.exists() and any(path.iterdir()):
    try:
      predictor_checkpoint.read_info(path)
    except checkpoint.CheckpointError:
      raise checkpoint.CheckpointError(
          f'{path} has something else than a predictor in it; name another '
          'folder'
      ) from None


def _hold_out(
    head: str,
    vectors: np.ndarray,
    task: tasks.Task,
    group: str,
    fit_config: fit.FitConfig,
) -> np.ndarray:
  """Scores of every row by a fit without its group; float32 [T, n, C]."""
  protocol = splits.build_protocol(
      splits.SplitConfig(group, group, _NUM_FOLDS),
      task.strata,
      task.groups,
      num_seeds=1,
      num_inner_folds=2,
  )
  fits = fit.fit_protocol(head, vectors, task, protocol, fit_config)
  return fits['cost' if 'cost' in fits else 'class'].scores[:, 0]


def _fit_target(
    head: str,
    vectors: np.ndarray,
    target: tasks.Target,
    groups: np.ndarray,
    fit_config: fit.FitConfig,
) -> tuple[dict[str, Any], dict[str, Any]]:
  """What a head learns of all valid rows of a target, and its sizes."""
  data = jax.tree.map(
      lambda x: jnp.asarray(x[target.valid]),
      target_data.make_data(target, vectors, groups, fit_config.max_log_ratio),
  )
  choices = np.arange(len(target.choices))
  spaces = label_space.reduce(
      target,
      target.valid[None],
      max_choices=fit_config.max_choices,
      min_share=fit_config.min_oracle_share,
  )
  if spaces is not None:
    (choices,) = spaces
    costs = target.decision_costs[target.valid]
    data = target_data.narrow(data, choices, costs[:, choices].argmin(axis=1))
  points, grid = fit.make_grid(head, fit_config.grids[head])
  num_rows = int(target.valid.sum())
  max_partial = 0
  if target.costs is not None:
    max_partial = rows_lib.count_partial(data.known)

  @jax.jit
  def learn(data, grid):
    rows = rows_lib.select_rows(jnp.ones(num_rows), num_rows)
    fit_head = heads.HEADS[head].fit
    key = jax.random.key(0)
    return fit_head(data, rows, grid, key, max_partial=max_partial)[0]

  params = jax.tree.map(np.asarray, learn(data, grid))
  reference = predictor.reference_distances(
      params.vectors, params.inputs, groups[target.valid]
  )
  sizes = {
      'rows': num_rows,
      'vector': vectors.shape[1],
      'inputs': target.inputs.shape[1],
      'choices': len(choices),
      'grid': len(points),
      'reference': len(reference),
  }
  about = {
      'choices': [target.choices[choice] for choice in choices],
      'num_rows': num_rows,
      'sizes': sizes,
  }
  return {'params': params, 'reference': reference}, about


def _describe(target: tasks.Target) -> dict[str, Any]:
  names = [
      predictor.input_name(field, target.name) for field in target.input_fields
  ]
  fixed = {}
  if target.judged is not None:  # one table has the rows of several machines
    judging = target.inputs[target.judges]
    fixed = {
        name: float(column[0])
        for name, column in zip(names, judging.T, strict=True)
        if (column == column[0]).all()
    }
  defaults = np.unique(target.defaults[target.judges])
  return {
      'name': target.name,
      'default': target.choices[defaults[0]] if len(defaults) == 1 else '',
      'inputs': names,
      'fixed': fixed,
      'has_costs': target.costs is not None,
  }


def _calibrate(
    target: tasks.Target, scores: np.ndarray, choices: Sequence[str]
) -> dict[str, Any]:
  """Temperature, slope of gains and results, from scores of held-out groups.

  Args:
    target: the machine.
    scores: float [n, C], infinite outside the label space of a fold.
    choices: the label space of all rows.
  """
  rows = np.flatnonzero(target.judges)
  scores = scores[rows].astype(np.float64)  # [r, C]
  decided = scores.argmin(axis=1)
  result = {'gain_slope': 1.0}
  held_out = {'accuracy': float((decided == target.labels[rows]).mean())}
  space = np.array([target.choices.index(name) for name in choices])
  best = target.labels[rows]
  if target.costs is not None:
    costs = np.log(target.decision_costs[rows])  # [r, C]
    best = space[costs[:, space].argmin(axis=1)]
    defaults = target.defaults[rows][:, None]
    gains = np.take_along_axis(costs, defaults, axis=1) - costs
    own = np.take_along_axis(scores, defaults, axis=1)
    predicted = own - scores
    np.put_along_axis(predicted, defaults, -np.inf, axis=1)
    other = predicted.argmax(axis=1)[:, None]  # the best one but the default
    x = np.take_along_axis(predicted, other, axis=1)
    # Costs are learned cut off, so that gains are larger than predicted; where
    # programs are new, they are smaller.
    y = np.clip(np.take_along_axis(gains, other, axis=1), -2, 2)
    known = np.isfinite(x)
    if (x[known] ** 2).sum() > 0:
      slope = (x[known] * y[known]).sum() / (x[known] ** 2).sum()
      result['gain_slope'] = float(max(slope, 0))
    taken = np.take_along_axis(gains, decided[:, None], axis=1)
    held_out['geomean'] = float(np.exp(taken.mean()))
  known = np.isfinite(scores).any(axis=1)
  losses = [
      _log_loss(scores[known], best[known], temperature)
      for temperature in _TEMPERATURES
  ]
  result['temperature'] = float(_TEMPERATURES[int(np.argmin(losses))])
  return result | {'held_out': held_out}


def _log_loss(
    scores: np.ndarray, best: np.ndarray, temperature: float
) -> float:
  """Mean surprise at the best choice, in nats."""
  shares = predictor.probabilities(scores, temperature)
  share = np.take_along_axis(shares, best[:, None], axis=1)
  return -float(np.log(np.maximum(share, 1e-3)).mean())
