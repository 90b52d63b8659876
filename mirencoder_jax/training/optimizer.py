"""AdamW with warm-up, decay and clipping, through optax."""

import dataclasses
from typing import Any

import jax
import optax


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
  """How parameters are updated.

  Attributes:
    learning_rate: the highest one, reached after the warm-up.
    num_warmup_steps: steps of linear increase from 0.
    schedule: what follows: 'cosine' over all steps, or 'trapezoid': constant,
      then linear decay; whose run can be made longer before the decay.
    decay_rate: share of the steps that the decay of a trapezoid takes.
    final_learning_rate_ratio: what is left of it at the last step.
    weight_decay: of matrices only, see `decay_mask`.
    beta1: decay of the mean of gradients.
    beta2: decay of the mean of their squares.
    max_gradient_norm: gradients are scaled down to this global norm.
  """

  learning_rate: float = 1e-3
  num_warmup_steps: int = 100
  schedule: str = 'cosine'
  decay_rate: float = 0.2
  final_learning_rate_ratio: float = 0.1
  weight_decay: float = 0.01
  beta1: float = 0.9
  beta2: float = 0.98
  max_gradient_norm: float = 1.0

  def __post_init__(self):
    if self.schedule not in ('cosine', 'trapezoid'):
      raise ValueError(
          f'schedule {self.schedule!r} is neither cosine nor trapezoid'
      )
    if not 0 <= self.decay_rate <= 1:
      raise ValueError(f'decay_rate {self.decay_rate} is not in [0, 1]')


def create_schedule(config: OptimizerConfig, num_steps: int) -> optax.Schedule:
  """Learning rate of each step: linear warm-up, then half a cosine, or a
  constant and a linear decay (Hu et al.: MiniCPM, 2024).

  Raises:
    ValueError: if the warm-up does not end before training does.
  """
  if not 0 <= config.num_warmup_steps < num_steps:
    raise ValueError(
        f'num_warmup_steps {config.num_warmup_steps} is not below num_steps '
        f'{num_steps}; set --config.optimizer.num_warmup_steps'
    )
  final = config.learning_rate * config.final_learning_rate_ratio
  if config.schedule == 'cosine':
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0,
        peak_value=config.learning_rate,
        warmup_steps=config.num_warmup_steps,
        decay_steps=num_steps,
        end_value=final,
    )
  num_decay_steps = min(
      round(config.decay_rate * num_steps), num_steps - config.num_warmup_steps
  )
  return optax.join_schedules(
      [
          optax.linear_schedule(
              0.0 if config.num_warmup_steps else config.learning_rate,
              config.learning_rate,
              max(config.num_warmup_steps, 1),
          ),
          optax.linear_schedule(
              config.learning_rate, final, max(num_decay_steps, 1)
          ),
      ],
      # The second holds its first value until its own steps begin.
      [num_steps - num_decay_steps],
  )


def decay_mask(params: Any) -> Any:
  """True for what decays: matrices. Biases, scales and other vectors do not."""
  return jax.tree.map(lambda x: x.ndim > 1, params)


def create_optimizer(
    config: OptimizerConfig, num_steps: int
) -> optax.GradientTransformation:
  """The whole chain; its state is the checkpoint's business."""
  return optax.chain(
      optax.clip_by_global_norm(config.max_gradient_norm),
      optax.adamw(
          create_schedule(config, num_steps),
          b1=config.beta1,
          b2=config.beta2,
          weight_decay=config.weight_decay,
          mask=decay_mask,
      ),
  )
