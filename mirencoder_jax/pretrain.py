"""Pre-training: the loop, and the only device axis of the library.

Station in the flow: everything meets here. `data.input_pipeline` gives global
batches of packs, devices get equal shares of the packs, `update.train_step`
runs on each, `checkpoint` keeps what comes of it.
"""

import dataclasses
import functools
import os
from typing import Any

import jax
import ml_collections
import numpy as np
from jax.experimental import multihost_utils

from mirencoder_jax import (
    checkpoint,
    evaluation,
    objectives,
    preemption,
    recorder,
    update,
)
from mirencoder_jax import optimizer as optimizer_lib
from mirencoder_jax.data import input_pipeline, packed_dataset
from mirencoder_jax.data.batch import Batch
from mirencoder_jax.models import mirencoder

AXIS = 'device'
# What a person can put right; the message says all, a traceback would hide it.
USER_ERRORS = (
    checkpoint.CheckpointError,
    recorder.NonFiniteLossError,
    FileNotFoundError,
)


@dataclasses.dataclass(frozen=True)
class TrainConfig:
  """How long, how often, on what.

  Attributes:
    num_steps: updates of the whole run.
    seed: of parameters, order of the data, and corruption.
    accumulation_steps: parts that a device's packs are computed in, one after
      the other, to save memory; matching compares within a part only.
    every_log_steps: between lines of progress.
    every_eval_steps: between evaluations; there is one at the end too.
    every_checkpoint_steps: likewise for checkpoints.
    num_eval_batches: of the held-out split, at most.
    num_last_checkpoints: kept besides the best one.
    distributed: whether to call `jax.distributed.initialize()`, on pods.
    compilation_cache: folder for compiled programs, '' for none.
  """

  num_steps: int
  seed: int = 0
  accumulation_steps: int = 1
  every_log_steps: int = 10
  every_eval_steps: int = 100
  every_checkpoint_steps: int = 100
  num_eval_batches: int = 16
  num_last_checkpoints: int = 2
  distributed: bool = False
  compilation_cache: str = '~/.cache/mirencoder_jax/compiled'


class _Sharding:
  """Which packs of a global batch go where.

  A global batch is cut into A parts, each part into equal runs of packs for the
  devices in order, so that no result depends on the number of devices.
  """

  def __init__(self, batch_size: int, num_parts: int):
    num_devices = jax.device_count()
    share = num_devices * num_parts
    if batch_size <= 0 or batch_size % share:
      below, above = (
          batch_size // share * share,
          -(-batch_size // share) * share,
      )
      ways = [str(x) for x in (below, above) if x > 0]
      parts = f' in {num_parts} parts' if num_parts > 1 else ''
      raise ValueError(
          f'batch_size {batch_size} is not divisible by {num_devices} devices'
          f'{parts}; use {" or ".join(ways or [str(share)])} '
          '(--config.data.batch_size)'
      )
    self._shape = (jax.local_device_count(), num_parts, batch_size // share)
    packs = np.arange(batch_size).reshape(num_parts, num_devices, -1)
    first = jax.process_index() * jax.local_device_count()
    mine = packs.swapaxes(0, 1)[first : first + jax.local_device_count()]
    self.local_packs = mine.ravel()

  def shard(self, batch: Batch) -> Batch:
    """Local packs [U, ...] as [local devices, A, packs, ...]."""
    return jax.tree.map(lambda x: x.reshape(self._shape + x.shape[1:]), batch)


class _Run:
  """What a run is made of, opened and checked before anything is computed."""

  def __init__(self, config: ml_collections.ConfigDict, data_dir):
    self.data = input_pipeline.DataConfig(**config.data)
    self.train = TrainConfig(**config.train)
    self.objectives = objectives.ObjectivesConfig(**config.objectives)
    optimizer_config = optimizer_lib.OptimizerConfig(**config.optimizer)
    self.optimizer = optimizer_lib.create_optimizer(
        optimizer_config, self.train.num_steps
    )
    self.sharding = _Sharding(
        self.data.batch_size, self.train.accumulation_steps
    )
    # Evaluated in parts of the same size, which are known to fit the memory.
    self.eval_batch_size = self.data.batch_size // self.train.accumulation_steps
    self.eval_sharding = _Sharding(self.eval_batch_size, 1)

    builder = packed_dataset.open_builder(self.data.name, data_dir)
    self.vocab, tokenizer = packed_dataset.read_vocab(builder)
    self.vocab_hash = tokenizer.hash
    self.dataset = packed_dataset.PackedDataset(
        packed_dataset.PreparedSource(builder, self.data.train_split),
        self.data.num_rows,
        self.data.num_tokens,
    )
    self.eval_dataset = packed_dataset.PackedDataset(
        packed_dataset.PreparedSource(builder, self.data.eval_split),
        self.data.num_rows,
        self.data.num_tokens,
        self.dataset.budget,
    )
    self.model = mirencoder.MIREncoder(
        mirencoder.MIREncoderConfig(
            **{
                **config.model,
                'vocab_size': tokenizer.vocab_size,
                'dtype': _dtype(config.model.dtype),
            }
        )
    )
    # As resolved; with it alone the model can be built again.
    self.config = {
        'data': dataclasses.asdict(self.data),
        'budget': dataclasses.asdict(self.dataset.budget),
        'model': dataclasses.asdict(self.model.config),
        'objectives': dataclasses.asdict(self.objectives),
        'optimizer': dataclasses.asdict(optimizer_config),
        'train': dataclasses.asdict(self.train),
    }

  def create_state(self) -> update.TrainState:
    """The state before the first update; jittable."""
    rng = jax.random.key(self.train.seed)
    return update.create_state(
        rng, self.model, self.optimizer, self.dataset.budget
    )

  def map_train_step(self):
    """`update.train_step` over all devices."""
    step = functools.partial(
        update.train_step,
        model=self.model,
        optimizer=self.optimizer,
        config=self.objectives,
        axis_name=AXIS,
    )
    return jax.pmap(
        step,
        axis_name=AXIS,
        in_axes=(None, 0, None),
        out_axes=None,
        donate_argnums=(0,),
    )

  def map_evaluation(self):
    """`evaluation.evaluate` over all devices, as a function of parameters."""

    def step(params, batch, rng):
      return evaluation.evaluation_step(
          params,
          jax.tree.map(lambda x: x[0], batch),  # one part
          rng,
          model=self.model,
          config=self.objectives,
          axis_name=AXIS,
      )

    mapped = jax.pmap(
        step, axis_name=AXIS, in_axes=(None, 0, None), out_axes=None
    )
    sharding = self.eval_sharding
    batches = []

    def evaluate(params):
      if not batches:
        batches.extend(
            input_pipeline.make_eval_iterator(
                self.eval_dataset,
                self.eval_batch_size,
                self.train.num_eval_batches,
                sharding.local_packs,
            )
        )
      return evaluation.evaluate(
          lambda params, batch, rng: mapped(params, sharding.shard(batch), rng),
          params,
          batches,
          self.objectives,
      )

    return evaluate

  def describe(self, state: update.TrainState, workdir) -> str:
    """A few lines about what is going to happen."""
    sizes, cuts = self.dataset.sizes, self.dataset.cuts
    num_params = sum(x.size for x in jax.tree.leaves(state.params))
    start = f'going on after step {state.step}' if state.step else 'starting'
    return (
        f'{start}; workdir {os.fspath(workdir)}\n'
        f'model: {num_params:,} parameters, {self.model.config.dtype}, on '
        f'{jax.device_count()} {jax.default_backend()} device(s)\n'
        f'data: {self.data.name}, {sizes.num_examples:,} examples, '
        f'{sizes.tokens.sum():,} tokens; {cuts.segments} of the examples are '
        f'segments of functions too long for a pack ({cuts.edges:,} edges and '
        f'{cuts.tokens:,} tokens cut)\n'
        f'batch: {self.data.batch_size} packs of {self.data.num_rows} x '
        f'{self.data.num_tokens} tokens, {self.dataset.budget.num_nodes} '
        f'nodes, {self.dataset.budget.num_edges} edges'
    )


def _dtype(name: str) -> str:
  """'auto' is bfloat16 where the hardware multiplies it, float32 on a CPU."""
  if name != 'auto':
    return name
  return 'float32' if jax.default_backend() == 'cpu' else 'bfloat16'


def train_and_evaluate(
    config: ml_collections.ConfigDict,
    workdir: str | os.PathLike,
    data_dir: str | os.PathLike,
) -> dict[str, float]:
  """Trains a run to its end, from where its workdir stands.

  Args:
    config: as from `configs/pretrain.py`.
    workdir: for checkpoints and metrics; an interrupted run goes on from it.
    data_dir: of prepared datasets.

  Returns:
    Metrics of the last evaluation; empty if SIGTERM came before it.

  Raises:
    recorder.NonFiniteLossError: if a loss stops being a number.
    checkpoint.CheckpointError: if the workdir does not fit, or the last
      checkpoint cannot be written.
  """
  train = TrainConfig(**config.train)
  if train.distributed:
    jax.distributed.initialize()
  if train.compilation_cache and not jax.config.jax_compilation_cache_dir:
    jax.config.update(
        'jax_compilation_cache_dir', os.path.expanduser(train.compilation_cache)
    )
  run = _Run(config, data_dir)
  state, position = _restore_or_create(run, workdir)
  stream = input_pipeline.make_train_iterator(
      run.dataset,
      run.data.batch_size,
      train.seed,
      position,
      run.sharding.local_packs,
  )
  record = recorder.Recorder(
      workdir,
      int(state.step),
      train.num_steps,
      train.every_log_steps,
      train.num_last_checkpoints,
      {'config': run.config, 'vocab': run.vocab, 'vocab_hash': run.vocab_hash},
  )
  with (
      record,
      preemption.Preemption() as preempted,
      input_pipeline.Prefetcher(stream, run.data.num_prefetched) as batches,
  ):
    record.say(run.describe(state, workdir))
    return _loop(run, state, batches, record, preempted)


def _loop(run, state, batches, record, preempted) -> dict[str, float]:
  """Updates until the end or SIGTERM; returns the last evaluation."""
  train = run.train
  train_step, evaluate = run.map_train_step(), run.map_evaluation()
  rng = jax.random.fold_in(jax.random.key(train.seed), 1)
  step, values, is_stopped = int(state.step), {}, False
  if step >= train.num_steps:
    record.say(f'nothing to do: {step} of {train.num_steps} steps are done')
    return record.evaluation(step, lambda: evaluate(state.params))
  while step < train.num_steps and not is_stopped:
    fed = next(batches)
    state, sums = train_step(state, run.sharding.shard(fed.batch), rng)
    step += 1
    record.step(step, sums, fed.counts, batches.seconds_waited)
    is_stopped = preempted.is_noticed(step)
    is_last = step == train.num_steps
    loss = None
    if not is_stopped and (is_last or step % train.every_eval_steps == 0):
      values = record.evaluation(
          step, functools.partial(evaluate, state.params)
      )
      loss = values['loss']
    is_final = is_last or is_stopped
    if is_final or step % train.every_checkpoint_steps == 0:
      record.save(step, state, fed.position, loss, is_final)
  if is_stopped:
    record.say(
        f'SIGTERM: saved after step {step} of {train.num_steps}; the same '
        'command goes on from there'
    )
  return values


def _restore_or_create(run: _Run, workdir) -> tuple[update.TrainState, Any]:
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
  restored = None if found is None else (found.params, found.train)
  if jax.process_count() > 1:
    restored = _from_process_0(restored, (abstract.params, train))
  if restored is None:
    return _replicate(jax.jit(run.create_state)()), input_pipeline.START
  params, train = restored
  state = update.TrainState(train['step'], params, train['optimizer_state'])
  return _replicate(state), tuple(train['position'].tolist())


def _replicate(tree):
  """On all local devices, laid out as what the mapped step returns.

  Anything else would compile the step twice: for the first call, and for all
  the others.
  """
  mesh = jax.sharding.Mesh(np.array(jax.local_devices()), (AXIS,))
  everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
  return jax.device_put(jax.tree.map(np.asarray, tree), everywhere)


def _from_process_0(tree, abstract):
  """What process 0 has, on all processes; None if it has none."""
  broadcast = multihost_utils.broadcast_one_to_all
  if not broadcast(np.int32(tree is not None)):
    return None
  if tree is None:
    tree = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), abstract)
  return jax.tree.map(np.asarray, broadcast(tree))
