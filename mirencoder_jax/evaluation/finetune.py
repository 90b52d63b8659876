"""Fine-tuning: the encoder goes on learning, on a task's training rows alone.

Beside the frozen vector, never instead of it. For tasks of thousands of rows
whose modules are one function each. In every fold anew: a linear read-out of
the joint embedding is fitted in closed form, then read-out and encoder learn
together, stopped by the rows of the first inner fold; test rows enter no fit.
Of an encoder before training that is a network trained end to end on the
labels.

Differs from the paper: its encoder is frozen.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import logging
from sklearn import linear_model

from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.data import buckets, packing, planning, segments
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.downstream.heads import fit, regression
from mirencoder_jax.downstream.tasks import features, splits, tasks
from mirencoder_jax.inference import encoder as inference

HEAD = 'fine-tuned'
_ROWS = 4  # of a pack
_PENALTY = 30.0  # of the read-out in closed form
# Rows that packs are planned of at a time: those of a pack are drawn anew.
_BLOCK = 256
_CLIP = 1.0


@dataclasses.dataclass(frozen=True)
class FinetuneConfig:
  """How encoders are fine-tuned.

  Attributes:
    vectors: rows of the table that get it: `MIREncoder`, `not pre-trained`.
    num_passes: over the training rows, at most.
    patience: passes without a better one that end it.
    learning_rate: at its peak; it falls to zero.
    weight_decay: of AdamW.
  """

  vectors: tuple[str, ...] = ()
  num_passes: int = 12
  patience: int = 4
  learning_rate: float = 5e-4
  weight_decay: float = 0.01

  def __post_init__(self):
    for name in self.vectors:
      known = [n for n, (m, *_) in features.OURS.items() if m == 'joint']
      if name not in known:
        raise ValueError(
            f'finetune.vectors has {name!r}; there are {", ".join(known)}'
        )


class Readout(NamedTuple):
  """Of F features, standardised, K answers."""

  weights: Any  # float32 [F, K]
  bias: Any  # float32 [K]


class _Packed(NamedTuple):
  batch: batch_lib.Batch
  inputs: np.ndarray  # float32 [G, I]
  wanted: np.ndarray  # float32 [G, K]
  weight: np.ndarray  # float32 [G], 0 for padding


class Tuner:
  """An encoder and the functions of a task.

  Attributes:
    encoder: before the fit.
    config: of the fit.
  """

  def __init__(
      self,
      encoder: inference.Encoder,
      task: tasks.Task,
      config: FinetuneConfig,
  ):
    """Reads the task's modules; what has no function gets a vector of zeros.

    Raises:
      ValueError: a module of several functions.
    """
    self.encoder, self.config = encoder, config
    self._module_index = task.module_index
    modules, _ = features.read_modules(task)
    self._examples: list[example_lib.Example | None] = []
    for name, module in zip(task.modules, modules, strict=True):
      found = example_lib.featurize(module, encoder.tokenizer) if module else []
      if len(found) > 1:
        raise ValueError(
            f'finetune.vectors is for modules of one function; {name} has '
            f'{len(found)}'
        )
      self._examples.append(found[0] if found else None)
    by_instruction = encoder.config.reads == 'instructions'
    self._budget = buckets.create_bucket(
        _ROWS, encoder.num_tokens, by_instruction
    )
    self._fits = np.array(
        [
            e is not None and segments.fits(e, self._budget)
            for e in self._examples
        ]
    )
    logging.info(
        'fine-tuning learns from %d of %d functions; the others are longer '
        'than a pack or could not be read',
        self._fits.sum(),
        len(self._fits),
    )
    held = [e for e, fits in zip(self._examples, self._fits, strict=True)
            if fits]  # fmt: skip
    self._sizes = planning.measure(held, encoder.num_tokens, by_instruction)
    self._place = np.cumsum(self._fits) - 1  # of a module among these
    self._frozen = self._embed(encoder.params, range(len(self._examples)))

  def fit_protocol(
      self, task: tasks.Task, protocol: splits.Protocol, config: fit.FitConfig
  ) -> dict[str, fit.Fit]:
    """As `fit.fit_protocol`, of the encoder and a linear read-out."""
    numbers = np.arange(len(task.rows), dtype=np.float32)[:, None]
    point = {
        'learning_rate': self.config.learning_rate,
        'passes': self.config.num_passes,
    }
    return fit.fit_regression(
        self._regress, numbers, task, protocol, config, [point]
    )

  def _regress(
      self, run: regression.Run, point: Mapping[str, float]
  ) -> np.ndarray:
    """Answers of the rows asked; `run.x` has their numbers and inputs."""
    modules = self._module_index[run.x[:, 0].astype(int)]
    inputs = run.x[:, 1:]
    fitted = run.train & ~run.held_out
    fitted = fitted if fitted.any() else run.train
    middle = run.y[fitted].mean(axis=0)
    spread = np.maximum(run.y[fitted].std(axis=0), 1e-6)
    wanted = ((run.y - middle) / spread).astype(np.float32)
    x = np.concatenate([self._frozen[modules], inputs], axis=1)
    scale = (x[fitted].mean(axis=0), np.maximum(x[fitted].std(axis=0), 1e-3))
    x = (x - scale[0]) / scale[1]
    readout = _closed_form(x[fitted], wanted[fitted])
    trained = {'encoder': self.encoder.params, 'readout': readout}

    def answer(trained, rows):
      found = self._embed(trained['encoder'], modules[rows])
      found = np.concatenate([found, inputs[rows]], axis=1)
      found = (found - scale[0]) / scale[1]
      return found @ trained['readout'].weights + trained['readout'].bias

    held_out = np.flatnonzero(run.held_out if run.held_out.any() else fitted)

    def loss_of(answers):
      return float(optax.huber_loss(answers, wanted[held_out]).mean())

    frozen = x[held_out] @ readout.weights + readout.bias
    kept, best, since = trained, loss_of(frozen), 0
    begin, passes = best, 0
    rows = np.flatnonzero(fitted & self._fits[modules])
    moments = None
    for number in range(self.config.num_passes if len(rows) else 0):
      rng = np.random.default_rng([run.seed, number])
      packs = list(self._packs(rng.permutation(rows), modules, inputs, wanted))
      moments = moments or _optimizer(0.0, 0.0).init(trained)
      for place, packed in enumerate(packs):
        at = (number + place / len(packs)) / self.config.num_passes
        # Up within a twentieth of the way, then down to nothing.
        rate = self.config.learning_rate * min(20 * at, (1 - at) / 0.95)
        trained, moments = _step(
            *(self.encoder.model, trained, moments, packed, scale, rate),
            self.config.weight_decay,
        )
      passes += 1
      loss = loss_of(answer(trained, held_out))
      since = 0 if loss < best else since + 1
      if not since:
        kept, best = trained, loss
      if since >= self.config.patience:
        break
    logging.info(
        'fine-tuned in %d passes: loss of the rows held out %.4f to %.4f',
        *(passes, begin, best),
    )
    return answer(kept, np.flatnonzero(run.asked)) * spread + middle

  def _packs(self, rows, modules, inputs, wanted) -> Iterator[_Packed]:
    """Packs of rows, in their order but for what makes them full."""
    for start in range(0, len(rows), _BLOCK):
      block = rows[start : start + _BLOCK]
      # A function may be that of several rows, which are packed one by one.
      sizes = self._sizes.take(self._place[modules[block]])
      for plan in planning.plan_block(
          sizes, self._budget, np.arange(len(block))
      ):
        chosen = block[plan.examples]
        batch = packing.pack(
            [self._examples[m] for m in modules[chosen]],
            self._budget,
            rows=plan.rows,
        )

        columns = inputs[chosen], wanted[chosen], np.ones(len(chosen))
        yield _Packed(
            batch, *(_pad(x, self._budget.num_graphs) for x in columns)
        )

  def _embed(self, params: Any, modules: Sequence[int]) -> np.ndarray:
    """Joint embeddings [n, J], zeros where there is no function."""
    found = np.zeros((len(modules), self.encoder.width), np.float32)
    known = [i for i, m in enumerate(modules) if self._examples[m] is not None]
    if known:
      vectors, _ = self.encoder.with_params(params).embed_examples(
          [self._examples[modules[i]] for i in known]
      )
      found[known] = vectors['joint']
    return found


def _pad(x: np.ndarray, length: int) -> np.ndarray:
  padded = np.zeros((length, *x.shape[1:]), np.float32)
  padded[: len(x)] = x
  return padded


def _optimizer(learning_rate, weight_decay) -> optax.GradientTransformation:
  return optax.chain(
      optax.clip_by_global_norm(_CLIP),
      optax.adamw(learning_rate, b2=0.98, weight_decay=weight_decay),
  )


@functools.partial(jax.jit, static_argnames='model')
def _step(model, trained, moments, packed, scale, rate, weight_decay):
  """One update."""

  def loss_of(trained):
    outputs = model.apply(
        {'params': trained['encoder']},
        batch_lib.merge(packed.batch),
        deterministic=True,
    )
    x = jnp.concatenate([outputs.joint_embedding, packed.inputs], axis=1)
    x = (x - scale[0]) / scale[1]
    answers = x @ trained['readout'].weights + trained['readout'].bias
    losses = optax.huber_loss(answers, packed.wanted).mean(axis=1)
    return losses @ packed.weight / jnp.maximum(packed.weight.sum(), 1)

  gradients = jax.grad(loss_of)(trained)
  optimizer = _optimizer(rate, weight_decay)
  updates, moments = optimizer.update(gradients, moments, trained)
  return optax.apply_updates(trained, updates), moments


def _closed_form(x: np.ndarray, y: np.ndarray) -> Readout:
  model = linear_model.Ridge(_PENALTY).fit(x, y)
  weights = np.atleast_2d(model.coef_).T.astype(np.float32)
  return Readout(weights, np.atleast_1d(model.intercept_).astype(np.float32))
