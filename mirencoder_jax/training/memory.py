"""Whether a step fits the memory, told before the first one is computed.

The compiled step says what it takes beside its arguments; what a machine has
left is compared with that, so that a recipe is refused with the flags that fit
and not ended by the system with no word.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

from mirencoder_jax.storage import machine

# Share of what is left that a step may take: estimates are no measurements.
_USABLE = 0.9
# Sets of parameters beside the packs' own arrays: gradients and their sums over
# parts; and what a checkpoint is copied to, parameters and two moments.
_GRADIENTS = 2
_SAVED = 3


class Recipe(NamedTuple):
  """What decides on the memory of a step."""

  batch_size: int
  num_parts: int
  num_rows: int
  num_devices: int


def check(compiled: Any, params: Any, recipe: Recipe) -> None:
  """Compares what a step takes with what is left of the memory.

  Args:
    compiled: the step, of `jax.stages.Lowered.compile`.
    params: of the model, already in the memory as all of its state.
    recipe: what it was compiled for.

  Raises:
    ValueError: it does not fit; names the flags that do.
  """
  sizes = compiled.memory_analysis()
  if sizes is None:  # not every backend tells
    return
  params_bytes = sum(x.nbytes for x in jax.tree.leaves(params))
  step = step_bytes(sizes)
  on_host = _SAVED * params_bytes
  device = jax.local_devices()[0]
  if device.platform == 'cpu':  # devices that share the memory of the host
    num_shared, fixed = jax.local_device_count(), on_host
    left, place = machine.available_memory(), 'this machine'
  else:
    num_shared, fixed = 1, 0
    left, place = _device_memory(device), f'each {device.device_kind}'
    host_left = machine.available_memory()
    if host_left is not None and on_host > _USABLE * host_left:
      raise ValueError(
          f'a checkpoint takes {_gb(on_host)} of memory while it is written, '
          f'this machine has {_gb(host_left)} left; free some'
      )
  if left is None:
    return
  gradients = _GRADIENTS * params_bytes

  def estimate(changed: Recipe) -> float:
    packs = (changed.num_rows * recipe.num_parts) / (
        recipe.num_rows * changed.num_parts
    )
    return num_shared * scaled(step, gradients, packs) + fixed

  need, limit = estimate(recipe), _USABLE * left
  if need <= limit:
    return
  fitting = (r for r in _smaller(recipe) if estimate(r) <= limit)
  found = next(fitting, None)
  if found is None:
    way_out = 'no smaller packs fit; take a smaller model'
  else:
    flags = f'--config.train.accumulation_steps={found.num_parts}'
    if found.num_rows != recipe.num_rows:
      flags += f' --config.data.num_rows={found.num_rows}'
    way_out = (
        f'{flags} takes about {_gb(estimate(found))} (matching then compares '
        'within smaller parts)'
    )
  raise ValueError(
      f'a step takes about {_gb(need)} of memory, {place} has {_gb(left)} '
      f'left: {way_out}; --config.train.check_memory=False tries nevertheless'
  )


def step_bytes(sizes: Any) -> int:
  """What a step takes of one device beside its arguments.

  Args:
    sizes: of `jax.stages.Compiled.memory_analysis`.
  """
  return (
      sizes.temp_size_in_bytes
      + sizes.output_size_in_bytes
      - sizes.alias_size_in_bytes  # outputs in the place of arguments
  )


def scaled(step: int, gradients: int, packs: float) -> float:
  """Bytes of a step with `packs` times the packs in a part."""
  return max(step - gradients, 0) * packs + gradients


def _smaller(recipe: Recipe) -> Iterator[Recipe]:
  """Recipes that take less, those first that change least."""
  share = recipe.batch_size // recipe.num_devices  # packs of a device
  parts = [n for n in range(recipe.num_parts + 1, share + 1) if share % n == 0]
  for num_parts in parts:
    yield recipe._replace(num_parts=num_parts)
  most = max([recipe.num_parts, *parts])
  num_rows = recipe.num_rows // 2
  while num_rows:
    yield recipe._replace(num_parts=most, num_rows=num_rows)
    num_rows //= 2


def _device_memory(device: Any) -> int | None:
  stats = device.memory_stats() or {}
  if 'bytes_limit' not in stats:
    return None
  return stats['bytes_limit'] - stats.get('bytes_in_use', 0)


def _gb(num_bytes: float) -> str:
  return f'{num_bytes / 1e9:.1f} GB'
