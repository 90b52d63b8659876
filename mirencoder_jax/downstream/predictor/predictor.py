"""Predictors: a head fitted on all rows of a task, ready to decide.

    import mirencoder_jax as mir
    predictor = mir.load_predictor('runs/device_mapping/predictor')
    decision = predictor.predict(
        'kernel.ll', dict(transfer=1e6, wgsize=256), target='amd'
    )

A predictor is one folder that needs nothing else: it holds its encoder,
or names weights that ship with this package, by hash.
"""

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mirencoder_jax.downstream import heads
from mirencoder_jax.downstream.heads import kernel_heads, target_data
from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.predictor import meaning
from mirencoder_jax.inference import encoder as inference
from mirencoder_jax.ir import Module, read_module

# A program further from everything fitted than 95 % of the fitted rows are from
# the rows of other groups is far.
FAR = 0.95
_SLACK = 0.05  # of a limit, which is kept in float32 logarithms
_BATCH = 8  # programs are asked for in multiples, so that few shapes compile

Inputs = Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Decision:
  """What to choose for a program, and how sure that is.

  Attributes:
    choice: the best choice by expectation; the default where held-out groups
      showed that expectations do not come true.
    default: what would be chosen without a model; None where it differed from
      row to row, and gains are over each row's own.
    gain: expected speedup of the choice over the default; None if there were
      labels only to learn from.
    probabilities: of being the best, by choice; choices that never were worth
      it are left out. Calibrated on groups held out.
    remoteness: share of the fitted rows that are closer to the nearest row of
      another group than this program is to its nearest row, 0 to 1.
    far: remoteness above 0.95, or a program or input of another kind: the
      answer is a guess. For a program of another kind it is the default.
    notes: why it is far beside remoteness, and what was cut of the program.
  """

  choice: str
  default: str | None
  gain: float | None
  probabilities: dict[str, float]
  remoteness: float
  far: bool
  notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TargetInfo:
  """What a predictor knows of a machine, beside arrays.

  Attributes:
    name: of the target.
    choices: of the label space, in the order of the head's answers.
    default: of most rows, '' if it differs from row to row.
    inputs: names of the run-time inputs.
    fixed: inputs that had one value in all rows that judge; they need not be
      given.
    has_costs: whether costs were learned from, or labels only.
    num_rows: fitted on.
    temperature: of the probabilities.
    gain_slope: of expected log gains, on predicted ones.
    held_out: what was measured on groups held out when fitting.
  """

  name: str
  choices: tuple[str, ...]
  default: str
  inputs: tuple[str, ...]
  fixed: dict[str, float]
  has_costs: bool
  num_rows: int
  temperature: float
  gain_slope: float
  held_out: dict[str, float]


def input_name(field: str, target: str) -> str:
  """Name of an input for people: `amd_transfer` is `transfer` of `amd`.

  And a user's own column `input:n` is `n`.
  """
  return field.removeprefix('input:').removeprefix(f'{target}_')


def reference_distances(
    vectors: np.ndarray, inputs: np.ndarray, groups: np.ndarray
) -> np.ndarray:
  """Distance of each row to the nearest of another group; float32 [m], sorted.

  Args:
    vectors: float32 [m, D], standardised over the rows.
    inputs: float32 [m, F], standardised.
    groups: int [m]; if all are of one group there is no distance.
  """
  distances = np.array(_distances(vectors, inputs, vectors, inputs))
  distances[groups[:, None] == groups] = np.inf
  nearest = distances.min(axis=1)
  return np.sort(nearest[np.isfinite(nearest)])


def _distances(vectors, inputs, seen_vectors, seen_inputs):
  by_vector, by_input = (
      distances(jnp.asarray(x), jnp.asarray(seen))
      for distances, x, seen in (
          (kernel_heads.vector_distances, vectors, seen_vectors),
          (kernel_heads.input_distances, inputs, seen_inputs),
      )
  )
  return by_vector + by_input


class Predictor:
  """A task's heads, fitted on all its rows, with their encoder.

  Attributes:
    info: of the checkpoint: task, head, encoder, dates, versions.
    targets: machines by name.
    encoder: makes vectors of IR.
  """

  def __init__(
      self,
      info: dict[str, Any],
      targets: dict[str, TargetInfo],
      arrays: dict[str, Any],
      encoder: inference.Encoder,
  ):
    self.info = info
    self.targets = targets
    self.encoder = encoder
    self._arrays = arrays
    self._apply = jax.jit(heads.get_head(info['head']).apply)

  @property
  def task(self) -> str:
    """Name of the task."""
    return self.info['task']

  def predict(
      self,
      ir: inference.Source | Sequence[inference.Source],
      inputs: Inputs | Sequence[Inputs] | None = None,
      *,
      target: str | None = None,
  ) -> Decision | list[Decision]:
    """Decides for programs.

    Args:
      ir: as for `Encoder.embed`: a path, text, bitcode, or a list of these.
      inputs: run-time inputs by name, as many mappings as there are programs,
        or one for all of them. `targets[...].inputs` has the names.
      target: the machine; needed if there are several.

    Returns:
      A decision, or a list of them if `ir` is a list.

    Raises:
      ir.IRError: naming file and line of IR that cannot be read.
      ValueError: an unknown target; inputs that are missing, unknown, negative,
        not finite, or of a whole wrong unit.
    """
    known = self._find_target(target)
    is_one = isinstance(ir, (str, bytes, os.PathLike, Module))
    sources = [ir] if is_one else list(ir)
    table = self._read_inputs(known, inputs, len(sources))
    modules = [s if isinstance(s, Module) else read_module(s) for s in sources]
    encoding = self.encoder.encode(modules)
    vectors = encoding.module_vectors(self.info['modality'])
    cut_tokens = np.bincount(
        encoding.modules, encoding.cut_tokens, len(modules)
    )
    decisions = [
        _doubt(
            decision,
            meaning.mismatch(self.task, module),
            self._outside(known, row),
            int(cut),
        )
        for decision, module, row, cut in zip(
            self._decide(known, vectors, table),
            modules,
            table,
            cut_tokens,
            strict=True,
        )
    ]
    return decisions[0] if is_one else decisions

  def seen_inputs(self, target: str) -> dict[str, tuple[float, float]]:
    """Least and greatest of each input among the rows that were fitted."""
    params = self._arrays[target]['params']
    scale = params.input_scale
    mean, inverse = np.asarray(scale.mean), np.asarray(scale.inverse)
    spread = np.divide(1, inverse, where=inverse > 0, out=0 * inverse)
    seen = np.expm1(np.asarray(params.inputs) * spread + mean)
    names = self.targets[target].inputs
    return {
        name: (float(column.min()), float(column.max()))
        for name, column in zip(names, seen.T, strict=True)
    }

  def _outside(self, target: TargetInfo, row: np.ndarray) -> list[str]:
    """Inputs that are beyond what was seen, for people."""
    seen = self.seen_inputs(target.name)
    return [
        f'{name} {value:.4g} is outside {low:.4g} to {high:.4g}'
        for value, (name, (low, high)) in zip(row, seen.items(), strict=True)
        if not low - _SLACK * abs(low) <= value <= high + _SLACK * abs(high)
    ]

  def predict_all(
      self, ir: inference.Source, inputs: Inputs | None = None
  ) -> dict[str, Decision]:
    """Decisions for one program on every target, by name."""
    return {
        name: self.predict(ir, inputs, target=name) for name in self.targets
    }

  def _find_target(self, name: str | None) -> TargetInfo:
    if name is None and len(self.targets) == 1:
      return next(iter(self.targets.values()))
    if name not in self.targets:
      given = 'no target was named' if name is None else f'no target {name!r}'
      raise ValueError(
          f'{given}: this predictor is of task {self.task!r} and decides for '
          f'{", ".join(self.targets)}; pass one as target=...'
      )
    return self.targets[name]

  def _read_inputs(
      self,
      target: TargetInfo,
      inputs: Inputs | Sequence[Inputs] | None,
      num_programs: int,
  ) -> np.ndarray:
    """Inputs of all programs in the order of the head; float64 [n, F]."""
    if inputs is None:
      inputs = {}
    if isinstance(inputs, Mapping):
      inputs = [inputs] * num_programs
    if len(inputs) != num_programs:
      raise ValueError(
          f'{num_programs} programs and inputs of {len(inputs)}; give one '
          'mapping for each, or one for all'
      )
    rows = []
    for place, given in enumerate(inputs):
      given = _in_logarithms(
          {input_name(k, target.name): v for k, v in given.items()},
          target.inputs,
      )
      known = target.fixed | given
      missing = [name for name in target.inputs if name not in known]
      unknown = [name for name in given if name not in target.inputs]
      if missing or unknown:
        problem = (
            f'input {missing[0]!r} is missing'
            if missing
            else f'there is no input {unknown[0]!r}'
        )
        raise ValueError(
            f'program {place}: {problem}; task {self.task!r} on '
            f'{target.name!r} takes {", ".join(target.inputs) or "none"}'
        )
      row = [float(known[name]) for name in target.inputs]
      for name, value in zip(target.inputs, row, strict=True):
        if not math.isfinite(value) or value < 0:
          raise ValueError(
              f'program {place}: input {name!r} is {value}; it must be finite '
              'and not negative'
          )
        problem = meaning.wrong_unit(
            self.task, name, value, *self.seen_inputs(target.name)[name]
        )
        if problem:
          raise ValueError(f'program {place}: {problem}')
      rows.append(row)
    return np.array(rows, np.float64).reshape(num_programs, len(target.inputs))

  def _decide(self, target, vectors, table) -> list[Decision]:
    inputs = target_data.scale_inputs(table)
    params, reference = (
        self._arrays[target.name][k] for k in ('params', 'reference')
    )
    padding = -len(vectors) % _BATCH
    scores = self._apply(
        params,
        *(jnp.pad(x, ((0, padding), (0, 0))) for x in (vectors, inputs)),
    )
    costs, classes = (
        np.asarray(x).mean(axis=0)[: len(vectors)] for x in scores
    )
    opinions = costs if target.has_costs else -classes  # [n, K], low is good
    nearest = np.asarray(
        _distances(
            rows_lib.apply_scale(params.vector_scale, jnp.asarray(vectors)),
            rows_lib.apply_scale(params.input_scale, jnp.asarray(inputs)),
            params.vectors,
            params.inputs,
        )
    ).min(axis=1)
    remoteness = np.searchsorted(reference, nearest) / max(len(reference), 1)
    return [
        _decide_one(target, opinion, float(remote))
        for opinion, remote in zip(opinions, remoteness, strict=True)
    ]


def _in_logarithms(given: Inputs, names: Sequence[str]) -> dict[str, float]:
  """`bytes` is taken for `log_bytes`, where the task has no input `bytes`."""
  found = {}
  for name, value in given.items():
    if name not in names and meaning.LOG + name in names and value > 0:
      name, value = meaning.LOG + name, math.log2(value)
    found[name] = value
  return found


def _doubt(
    decision: Decision, mismatch: str, outside: Sequence[str], cut_tokens: int
) -> Decision:
  """A decision with what speaks against trusting it."""
  notes = [*filter(None, [mismatch]), *outside]
  if notes:
    decision = dataclasses.replace(decision, far=True)
  if mismatch and decision.default:
    gain = None if decision.gain is None else 1.0
    decision = dataclasses.replace(decision, choice=decision.default, gain=gain)
  if cut_tokens:
    notes.append(f'{cut_tokens:,} tokens were cut, which no vector sees')
  return dataclasses.replace(decision, notes=tuple(notes))


def probabilities(opinions: np.ndarray, temperature: float) -> np.ndarray:
  """Of being the best choice, from costs; float [..., K]."""
  logits = -opinions / temperature
  weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
  return weights / weights.sum(axis=-1, keepdims=True)


def _decide_one(
    target: TargetInfo, opinion: np.ndarray, remoteness: float
) -> Decision:
  choice = target.choices[int(opinion.argmin())]
  gain = None
  if target.has_costs:
    of_default = 0.0  # a ratio to itself
    if target.default in target.choices:
      of_default = opinion[target.choices.index(target.default)]
    predicted = of_default - opinion.min()
    # The default, where it is better than all of the label space, or where
    # gains that were predicted did not come true on groups held out.
    if target.default and (predicted < 0 or target.gain_slope == 0):
      choice, predicted = target.default, 0.0
    gain = math.exp(target.gain_slope * predicted)
  shares = probabilities(opinion, target.temperature)
  return Decision(
      choice=choice,
      default=target.default or None,
      gain=gain,
      probabilities=dict(zip(target.choices, shares.tolist(), strict=True)),
      remoteness=remoteness,
      far=remoteness > FAR,
  )
