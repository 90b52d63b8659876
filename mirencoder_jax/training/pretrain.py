"""Pre-training: the loop, and the only device axis of the library.

`data.input_pipeline` gives global batches of packs, devices get equal shares of
the packs, `update.train_step` runs on each, `checkpoint` keeps what comes of
it.
"""

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
import ml_collections
import numpy as np

from mirencoder_jax.data import input_pipeline
from mirencoder_jax.data.batch import Batch
from mirencoder_jax.objectives import evaluation
from mirencoder_jax.storage import checkpoint, command_line, object_store
from mirencoder_jax.training import (
    experiment,
    memory,
    preemption,
    processes,
    recorder,
    update,
    watchdog,
)

AXIS = 'device'


class ConfigError(ValueError):
  """A config that does not go together, or not with data and devices."""


# What a person can put right; the message says all, a traceback would hide it.
USER_ERRORS = (
    ConfigError,
    checkpoint.CheckpointError,
    recorder.NonFiniteLossError,
    OSError,  # no such file, no room
)


class Sharding:
  """Which packs of a global batch go where.

  A global batch is cut into A parts, each part into equal runs of packs for the
  devices in order, so that no result depends on the number of devices.
  """

  def __init__(self, batch_size: int, num_parts: int, mapping: str):
    num_devices = jax.device_count()
    share = num_devices * num_parts
    if batch_size <= 0 or batch_size % share:
      below, above = (
          batch_size // share * share,
          -(-batch_size // share) * share,
      )
      ways = [str(x) for x in (below, above) if x > 0]
      parts = f' in {num_parts} parts' if num_parts > 1 else ''
      fewer = [
          n
          for n in range(1, num_parts)
          if batch_size > 0 and not batch_size % (num_devices * n)
      ]
      way_out = (
          f'{" or ".join(ways or [str(share)])} (--config.data.batch_size)'
      )
      if fewer:
        way_out += f', or --config.train.accumulation_steps={fewer[-1]}'
      raise ValueError(
          f'batch_size {batch_size} is not divisible by {num_devices} devices'
          f'{parts}; use {way_out}'
      )
    self._shape = (jax.local_device_count(), num_parts, batch_size // share)
    packs = np.arange(batch_size).reshape(num_parts, num_devices, -1)
    first = jax.process_index() * jax.local_device_count()
    mine = packs.swapaxes(0, 1)[first : first + jax.local_device_count()]
    self.local_packs = mine.ravel()
    self._mapping = mapping

  def shard(self, batch: Batch) -> Batch:
    """Local packs [U, ...] as [devices, A, packs, ...].

    Those of this process for `pmap`, those of all for `shard_map`.
    """
    batch = jax.tree.map(lambda x: x.reshape(self._shape + x.shape[1:]), batch)
    if self._mapping == 'pmap':
      return batch
    cut = jax.NamedSharding(_mesh(self._mapping), jax.P(AXIS))
    return jax.tree.map(
        lambda x: jax.make_array_from_process_local_data(cut, x), batch
    )


def train_and_evaluate(
    config: ml_collections.ConfigDict,
    workdir: str | os.PathLike,
    data_dir: str | os.PathLike,
) -> dict[str, float]:
  """Trains a run to its end, from where its workdir stands.

  Args:
    config: as from `configs/pretrain.py`.
    workdir: for checkpoints and metrics; an interrupted run goes on from it. A
      folder, or in an object store (`gs://`, `s3://`).
    data_dir: of prepared datasets, likewise.

  Returns:
    Metrics of the last evaluation; empty if SIGTERM or Ctrl-C came before it.

  Raises:
    ConfigError: naming the field and what it may be.
    recorder.NonFiniteLossError: if a loss stops being a number.
    checkpoint.CheckpointError: if the workdir does not fit, or the last
      checkpoint cannot be written.
  """
  train = checked(
      command_line.make_section,
      *(experiment.TrainConfig, config.train, 'config.train'),
  )
  if train.distributed:
    checked(processes.join, train)
  if train.compilation_cache and not jax.config.jax_compilation_cache_dir:
    jax.config.update(
        'jax_compilation_cache_dir', os.path.expanduser(train.compilation_cache)
    )
  sharding = checked(
      Sharding,
      *(config.data.batch_size, train.accumulation_steps, train.mapping),
  )
  data_dir = object_store.local_dataset(data_dir, config.data.name)
  run = checked(experiment.Experiment, config, data_dir)
  checked(processes.check_alike, run)
  is_first = jax.process_index() == 0
  with object_store.run_folder(workdir, is_first) as folder:
    return _train(run, sharding, folder, os.fspath(workdir))


def _train(
    run: experiment.Experiment,
    sharding: Sharding,
    workdir: str | os.PathLike,
    name: str,
) -> dict[str, float]:
  """As `train_and_evaluate`, in a folder of this machine.

  Args:
    run: what to train.
    sharding: of its batches.
    workdir: local.
    name: of the workdir, for people.
  """
  train = run.train
  state, position = _restore_or_create(run, workdir)
  stream = input_pipeline.make_train_iterator(
      run.dataset,
      run.data.batch_size,
      train.seed,
      position,
      sharding.local_packs,
      run.data.pair_views,
  )
  record = recorder.Recorder(
      workdir,
      int(state.step),
      train.num_steps,
      train.every_log_steps,
      train.num_last_checkpoints,
      {'config': run.config, 'vocab': run.vocab, 'vocab_hash': run.vocab_hash},
  )
  record.start(run.facts())
  try:
    with (
        watchdog.Watchdog(train.stall_minutes) as dog,
        record,
        preemption.Preemption() as preempted,
        input_pipeline.Prefetcher(stream, run.data.num_prefetched) as batches,
    ):
      record.say(run.describe(state, name))
      return _loop(run, sharding, state, batches, record, preempted, dog)
  except jax.errors.JaxRuntimeError as error:
    if jax.process_count() > 1:
      watchdog.leave(
          f'process {jax.process_index()} of {jax.process_count()} has lost '
          f'another one ({checkpoint.first_line(error)})'
      )
    raise


def checked(kind, *args, **kwargs):
  """An instance of what checks the config that it is made of."""
  try:
    return kind(*args, **kwargs)
  except ValueError as error:
    raise ConfigError(str(error)) from error


def map_over_devices(
    step: Callable[[Any, Batch, jax.Array], Any],
    mapping: str,
    devices: Sequence[jax.Device] | None = None,
    donate_argnums: tuple[int, ...] = (),
) -> Callable[[Any, Batch, jax.Array], Any]:
  """A pure step of one device as one of all devices.

  `pmap` is `shard_map` under another name since JAX 0.8: the programs are the
  same, and when JAX drops it, it goes from here and `Sharding.shard`. `jit`
  with shardings alone would not do: it cannot know that edges stay in a pack.

  Args:
    step: of a replicated tree, a device's share of the batch and a key, with
      collectives over `AXIS`; what it returns is the same on all devices.
    mapping: 'pmap' or 'shard_map'.
    devices: all if None.
    donate_argnums: arguments whose memory is taken for what is returned.

  Returns:
    A jitted function of the tree, the batch with a leading axis of devices, of
    this process for `pmap`, of all for `shard_map`, and the key.
  """
  if mapping == 'pmap':
    return jax.pmap(
        step,
        axis_name=AXIS,
        in_axes=(None, 0, None),
        out_axes=None,
        devices=devices,
        donate_argnums=donate_argnums,
    )

  def of_one(tree, batch, rng):
    return step(tree, jax.tree.map(lambda x: x[0], batch), rng)

  mapped = jax.shard_map(
      of_one,
      mesh=_mesh(mapping, devices),
      in_specs=(jax.P(), jax.P(AXIS), jax.P()),
      out_specs=jax.P(),
      # Its own sums over devices would be added to those of the step.
      check_vma=False,
  )
  return jax.jit(mapped, donate_argnums=donate_argnums)


def _mesh(mapping: str, devices: Sequence[jax.Device] | None = None):
  """The devices of what is replicated: `pmap` is given this process's."""
  if devices is None:
    devices = jax.local_devices()
    if mapping != 'pmap':
      # As packs are shared out. Some pods number devices across processes.
      devices = sorted(jax.devices(), key=lambda d: (d.process_index, d.id))
  return jax.sharding.Mesh(np.array(devices), (AXIS,))


def _map_train_step(run: experiment.Experiment):
  """`update.train_step` over all devices."""
  step = functools.partial(
      update.train_step,
      model=run.model,
      optimizer=run.optimizer,
      config=run.objectives,
      axis_name=AXIS,
  )
  return map_over_devices(step, run.train.mapping, donate_argnums=(0,))


def _map_evaluation(run: experiment.Experiment):
  """`evaluation.evaluate` over all devices, as a function of parameters."""
  # In parts of the size that training takes at once, which fits the memory.
  batch_size = run.data.batch_size // run.train.accumulation_steps
  sharding = Sharding(batch_size, 1, run.train.mapping)
  batches = []

  def step(params, batch, rng):
    return evaluation.evaluation_step(
        params,
        jax.tree.map(lambda x: x[0], batch),  # the only part
        rng,
        model=run.model,
        config=run.objectives,
        axis_name=AXIS,
    )

  mapped = map_over_devices(step, run.train.mapping)

  def evaluate(params):
    if not batches:
      batches.extend(
          input_pipeline.make_eval_iterator(
              run.eval_dataset,
              batch_size,
              run.train.num_eval_batches,
              sharding.local_packs,
              run.data.pair_views,
          )
      )
    return evaluation.evaluate(
        lambda params, batch, rng: mapped(params, sharding.shard(batch), rng),
        params,
        batches,
        run.objectives,
    )

  return evaluate


def _loop(
    run, sharding, state, batches, record, preempted, dog
) -> dict[str, float]:
  """Updates until the end or a signal; returns the last evaluation."""
  train = run.train
  train_step, evaluate = _map_train_step(run), _map_evaluation(run)
  rng = jax.random.fold_in(jax.random.key(train.seed), 1)
  start, values, is_stopped = int(state.step), {}, False
  step = start
  if step >= train.num_steps:
    record.say(f'nothing to do: {step} of {train.num_steps} steps are done')
    return record.evaluation(step, lambda: evaluate(state.params))
  while step < train.num_steps and not is_stopped:
    fed = next(batches)
    batch = sharding.shard(fed.batch)
    if train.check_memory and step == start:
      # Compiled here and taken by the call that follows.
      compiled = train_step.lower(state, batch, rng).compile()
      checked(memory.check, compiled, state.params, _memory_recipe(run))
    state, sums = train_step(state, batch, rng)
    step += 1
    record.step(step, sums, fed.counts, batches.seconds_waited)
    dog.beat()
    is_stopped = preempted.is_noticed(step)
    is_last = step == train.num_steps
    loss = None
    if not is_stopped and (is_last or step % train.every_eval_steps == 0):
      values = record.evaluation(
          step, functools.partial(evaluate, state.params)
      )
      loss = values['loss']
      dog.beat()
    is_final = is_last or is_stopped
    if is_final or step % train.every_checkpoint_steps == 0:
      record.save(step, state, fed.position, loss, is_final)
  if is_stopped:
    record.say(
        f'{preempted.reason}: saved after step {step} of {train.num_steps}; '
        'the same command goes on from there'
    )
  return values


def _memory_recipe(run: experiment.Experiment) -> memory.Recipe:
  return memory.Recipe(
      run.data.batch_size,
      run.train.accumulation_steps,
      run.data.num_rows,
      jax.device_count(),
  )


def _restore_or_create(
    run: experiment.Experiment, workdir
) -> tuple[update.TrainState, Any]:
  """The state to go on from, and where the data stream stands."""
  abstract = jax.eval_shape(run.create_state)
  train = {
      'step': abstract.step,
      'optimizer_state': abstract.optimizer_state,
      'position': jax.ShapeDtypeStruct((2,), np.int32),
  }
  found = None
  if jax.process_index() == 0:
    found = checkpoint.restore_last(
        workdir, abstract.params, train, run.vocab_hash, run.config
    )
  restored = processes.from_process_0(
      None if found is None else (found.params, found.train),
      (abstract.params, train),
  )
  if restored is None:
    state = checked(run.start, jax.jit(run.create_state)())
    position = input_pipeline.START
  else:
    params, train = restored
    state = update.TrainState(train['step'], params, train['optimizer_state'])
    position = tuple(train['position'].tolist())
  return replicate(state, run.train.mapping), position


def replicate(tree, mapping: str):
  """On all devices, laid out as what the mapped step returns.

  Anything else would compile the step twice: for the first call, and for all
  the others.
  """
  everywhere = jax.NamedSharding(_mesh(mapping), jax.P())
  return jax.device_put(jax.tree.map(np.asarray, tree), everywhere)
