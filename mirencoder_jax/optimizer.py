"""AdamW with warm-up, cosine decay and clipping, through optax.

Station in the flow: used by `pretrain`; gradients in, updates out.
"""

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
    final_learning_rate_ratio: what is left of it at the last step.
    weight_decay: of matrices only, see `decay_mask`.
    beta1: decay of the mean of gradients.
    beta2: decay of the mean of their squares.
    max_gradient_norm: gradients are scaled down to this global norm.
  """

  learning_rate: float = 1e-3
  num_warmup_steps: int = 100
  final_learning_rate_ratio: float = 0.1
  weight_decay: float = 0.01
  beta1: float = 0.9
  beta2: float = 0.98
  max_gradient_norm: float = 1.0


def create_schedule(config: OptimizerConfig, num_steps: int) -> optax.Schedule:
  """Learning rate of each step: linear warm-up, then half a cosine.

  Raises:
    ValueError: if the warm-up does not end before training does.
  """
  if not 0 <= config.num_warmup_steps < num_steps:
    raise ValueError(
        f'num_warmup_steps {config.num_warmup_steps} is not below num_steps '
        f'{num_steps}; set --config.optimizer.num_warmup_steps'
    )
  return optax.warmup_cosine_decay_schedule(
      init_value=0.0,
      peak_value=config.learning_rate,
      warmup_steps=config.num_warmup_steps,
      decay_steps=num_steps,
      end_value=config.learning_rate * config.final_learning_rate_ratio,
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
