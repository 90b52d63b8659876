"""What a head sees of a target, and of a part of it."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mirencoder_jax.downstream.heads import rows as rows_lib
from mirencoder_jax.downstream.tasks import tasks


def make_all(
    task: tasks.Task,
    vectors: np.ndarray,
    groups: np.ndarray,
    max_log_ratio: float,
) -> rows_lib.Data:
  """`make_data` of all targets, with a leading [T].

  `vectors` are [n, D], or [T, n, D] where they differ between targets.
  """
  vectors = np.broadcast_to(vectors, (len(task.targets),) + vectors.shape[-2:])
  return jax.tree.map(
      lambda *leaves: np.stack(leaves),
      *(
          make_data(t, v, groups, max_log_ratio)
          for t, v in zip(task.targets, vectors, strict=True)
      ),
  )


def make_data(
    target: tasks.Target,
    vectors: np.ndarray,
    groups: np.ndarray,
    max_log_ratio: float,
) -> rows_lib.Data:
  """What a head sees of a target: rows' vectors, log inputs, log costs.

  A value or a probability is the cost of the only choice there is, and as it
  is: not the log of a ratio, and not cut off.
  """
  shape = (len(target.labels), len(target.choices) or 1)
  costs, known = np.zeros(shape), np.zeros(shape)
  if target.values is not None:
    costs, known = target.values[:, None], np.ones(shape)
    classes = defaults = known
  else:
    choices = np.eye(shape[1])
    classes, defaults = choices[target.labels], choices[target.defaults]
  if target.costs is not None:
    # Also of choices that were not measured: what deciding for one comes to.
    # Fits are judged by all of them, and learn from those that are known.
    costs = np.clip(
        np.log(
            target.decision_costs / target.outcome(target.defaults)[:, None]
        ),
        -max_log_ratio,
        max_log_ratio,
    )
    known = target.known
  return rows_lib.Data(
      vectors=np.asarray(vectors, np.float32),
      inputs=scale_inputs(target.inputs),
      costs=costs.astype(np.float32),
      known=known.astype(np.float32),
      classes=classes.astype(np.float32),
      defaults=defaults.astype(np.float32),
      offered=np.ones(shape, np.float32),
      groups=groups.astype(np.int32),
  )


def scale_inputs(inputs: np.ndarray) -> np.ndarray:
  """Run-time inputs are sizes: in logarithms; float32 [n, F]."""
  return np.log1p(np.maximum(inputs, 0)).astype(np.float32)


def narrow(data: rows_lib.Data, space, labels) -> rows_lib.Data:
  """The data of a label space (int [K], -1 for padding).

  `labels` (int [n]) are the best places in it: costs are cut off, and do not
  say.
  """
  there = space >= 0
  return data._replace(
      costs=data.costs[:, space] * there,
      known=data.known[:, space] * there,
      classes=jax.nn.one_hot(labels, len(space), dtype=data.classes.dtype),
      defaults=data.defaults[:, space] * there,
      offered=data.offered[:, space] * there,
  )


def standardise(
    data: rows_lib.Data, train: Float[Array, 'n']
) -> tuple[rows_lib.Data, Array, Array]:
  """Values with mean 0 and deviation 1 over the training rows; and these two.

  Heads presume that what they are to learn is about 0 and about as large as 1.
  """
  share = train / jnp.maximum(train.sum(), 1)
  mean = share @ data.costs  # [1]
  deviation = jnp.sqrt(share @ jnp.square(data.costs - mean))
  deviation = jnp.where(deviation > 0, deviation, 1)
  return data._replace(costs=(data.costs - mean) / deviation), mean, deviation
