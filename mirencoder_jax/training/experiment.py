"""What a run is made of, opened and checked before anything is computed."""

import dataclasses
import functools
import os
from typing import Any

import jax
import ml_collections

from mirencoder_jax import objectives
from mirencoder_jax.data import input_pipeline, packed_dataset, shards
from mirencoder_jax.data import labels as labels_lib
from mirencoder_jax.models import create, mirencoder, sum_pooling
from mirencoder_jax.storage import command_line, weights
from mirencoder_jax.training import optimizer as optimizer_lib
from mirencoder_jax.training import update

_DTYPES = ('auto', 'bfloat16', 'float16', 'float32')
MAPPINGS = ('pmap', 'shard_map')
_OF_PROCESSES = ('coordinator', 'num_processes', 'process_id')
_ANY_SIGN = ('seed', *_OF_PROCESSES)


@dataclasses.dataclass(frozen=True)
class TrainConfig:
  """How long, how often, on what.

  Attributes:
    num_steps: updates of the whole run.
    seed: of parameters, order of the data, and corruption.
    start_from: weights that ship, or a run, whose encoder a new run starts
      from, '' for random parameters; decoders are random in either case.
    accumulation_steps: parts that a device's packs are computed in, one after
      the other, to save memory; matching compares within a part only.
    every_log_steps: between lines of progress.
    every_eval_steps: between evaluations; there is one at the end too.
    every_checkpoint_steps: likewise for checkpoints.
    num_eval_batches: of the held-out split, at most.
    num_last_checkpoints: kept besides the best one.
    mapping: of the step over devices, 'pmap' or 'shard_map'; the same result.
    distributed: whether this is one of several processes, as on pods.
    coordinator: HOST:PORT of process 0, where JAX does not find it by itself
      (see `processes.join`).
    num_processes: likewise, -1 for what JAX finds.
    process_id: likewise, of this process.
    join_seconds: after which processes that did not come are given up.
    stall_minutes: without a step, after which the run is ended: another process
      may be lost, or the data not come; 0 for never.
    check_memory: whether a first step that would not fit the memory is refused.
    compilation_cache: folder for compiled programs, '' for none.
  """

  num_steps: int
  seed: int = 0
  start_from: str = ''
  accumulation_steps: int = 1
  every_log_steps: int = 10
  every_eval_steps: int = 100
  every_checkpoint_steps: int = 100
  num_eval_batches: int = 16
  num_last_checkpoints: int = 2
  mapping: str = 'pmap'
  distributed: bool = False
  coordinator: str = ''
  num_processes: int = -1
  process_id: int = -1
  join_seconds: int = 300
  stall_minutes: float = 30.0
  check_memory: bool = True
  compilation_cache: str = '~/.cache/mirencoder_jax/compiled'

  def __post_init__(self):
    for field in dataclasses.fields(self):
      value = getattr(self, field.name)
      if field.name not in _ANY_SIGN and type(value) is int and value < 1:
        raise ValueError(f'{field.name} is {value}; at least 1')
    if self.stall_minutes < 0:
      raise ValueError(f'stall_minutes is {self.stall_minutes}; at least 0')
    command_line.choose(self.mapping, MAPPINGS, 'mapping')
    given = {name: getattr(self, name) for name in _OF_PROCESSES}
    missing = [name for name, value in given.items() if value in ('', -1)]
    if len(missing) == len(given):
      return
    if missing or not self.distributed:
      raise ValueError(
          f'{", ".join(k for k in given if k not in missing)} without '
          f'{", ".join(missing or ["distributed=True"])}; give all of '
          'distributed, coordinator, num_processes and process_id, or none'
      )
    host, _, port = self.coordinator.rpartition(':')
    if not (host and port.isdecimal() and 0 < int(port) < 1 << 16):
      raise ValueError(f'coordinator is {self.coordinator!r}, no HOST:PORT')
    if not 0 <= self.process_id < self.num_processes:
      raise ValueError(
          f'process_id is {self.process_id}; 0 to {self.num_processes - 1} of '
          f'num_processes={self.num_processes}'
      )


def check_settings(config: ml_collections.ConfigDict) -> dict[str, Any]:
  """What can be told of a config before there are data.

  Returns:
    Its sections, by name.

  Raises:
    ValueError: naming the field, if one is misspelt or its value is none.
  """
  sections: dict[str, Any] = {}
  for kind, name in (
      (input_pipeline.DataConfig, 'data'),
      (TrainConfig, 'train'),
      (objectives.ObjectivesConfig, 'objectives'),
      (optimizer_lib.OptimizerConfig, 'optimizer'),
      # Of what size the vocabulary is does not matter.
      (mirencoder.MIREncoderConfig, 'model'),
  ):
    place = f'config.{name}'
    sections[name] = command_line.make_section(kind, config[name], place)
  optimizer_lib.create_schedule(
      sections['optimizer'], sections['train'].num_steps
  )
  # Not `_dtype`, which asks JAX for devices: hosts may have to meet before.
  command_line.choose(config.model.dtype, _DTYPES, 'config.model.dtype')
  return sections


class Experiment:
  """What a run is made of, opened and checked before anything is computed."""

  def __init__(self, config: ml_collections.ConfigDict, data_dir):
    sections = check_settings(config)  # before the data are read
    self.data, self.train = sections['data'], sections['train']
    self.objectives = sections['objectives']
    optimizer_config = sections['optimizer']
    dtype = _dtype(config.model.dtype)
    self.optimizer = optimizer_lib.create_optimizer(
        optimizer_config, self.train.num_steps
    )
    labels = self._read_labels()
    self._builder = builder = packed_dataset.open_builder(
        self.data.name, data_dir
    )
    self.vocab, tokenizer = packed_dataset.read_vocab(builder)
    self.vocab_hash = tokenizer.hash
    train_source, eval_source = (
        packed_dataset.PreparedSource(
            builder,
            split,
            packed_dataset.LABELLED_STRINGS,
            self.data.on_corrupt,
        )
        for split in (self.data.train_split, self.data.eval_split)
    )
    self.fingerprints = [train_source.fingerprint, eval_source.fingerprint]
    self.num_skipped = train_source.num_skipped + eval_source.num_skipped
    self.dataset = packed_dataset.PackedDataset(
        train_source,
        self.data.num_rows,
        self.data.num_tokens,
        by_instruction=config.model.reads == 'instructions',
        labels=labels,
        labelled_repeats=self.data.labelled_repeats,
    )
    self.eval_dataset = packed_dataset.PackedDataset(
        eval_source,
        self.data.num_rows,
        self.data.num_tokens,
        self.dataset.budget,
        labels=labels,
    )
    self.model = objectives.PretrainingModel(
        mirencoder.MIREncoderConfig(
            **{
                **config.model,
                'vocab_size': tokenizer.vocab_size,
                'words': sum_pooling.find_words(tokenizer.vocab)
                if config.model.reads == 'instructions'
                else (),
                'dtype': dtype,
            }
        )
    )
    # As resolved; with it alone the model can be built again.
    self.config = {
        # Of labels, and of what it began with, the names alone: weights tell no
        # one's folders and hosts, and a run goes on where they have been moved.
        'data': dataclasses.asdict(self.data)
        | {
            'labels': ','.join(
                os.path.basename(path) for path in self.data.labels.split(',')
            )
        },
        'budget': self.dataset.budget.as_dict(),
        'model': self.model.config.as_dict(),
        'objectives': dataclasses.asdict(self.objectives),
        'optimizer': dataclasses.asdict(optimizer_config),
        'train': dataclasses.asdict(self.train)
        | {
            'start_from': os.path.basename(self.train.start_from.rstrip('/')),
            'coordinator': '',
        },
    }

  def _read_labels(self) -> labels_lib.Labels | None:
    """What `data.labels` names; None for nothing."""
    wanted = objectives.labelled_losses(self.objectives)
    if not self.data.labels:
      if wanted:
        raise ValueError(
            f'the losses {", ".join(wanted)} need labels; name files of '
            '`mirencoder measure size` and `mirencoder measure guesses` with '
            '--config.data.labels=FILE,FILE or give them weight 0'
        )
      return None
    return labels_lib.read_labels(self.data.labels.split(','))

  def create_state(self) -> update.TrainState:
    """The state before the first update; jittable."""
    rng = jax.random.key(self.train.seed)
    return update.create_state(
        rng, self.model, self.optimizer, self.dataset.budget
    )

  def start(self, state: update.TrainState) -> update.TrainState:
    """The state with the encoder that `train.start_from` names, if any.

    Raises:
      CheckpointError: there is none of that name, or it is damaged.
      ValueError: it is of other sizes, or has another vocabulary.
    """
    if not self.train.start_from:
      return state
    name = self.train.start_from
    config, vocab = weights.read_config(name)
    if vocab.get('hash') != self.vocab_hash:
      raise ValueError(
          f'{name} has another vocabulary than {self.data.name}; prepare that '
          'with --vocab=FILE, which is vocab.json of weights'
      )
    ours, theirs = self.config['model'], config['model']
    others = sorted(
        key
        for key in {*ours, *theirs} - {'dtype', 'dropout_rate'}
        if ours.get(key) != theirs.get(key)
    )
    if others:
      raise ValueError(
          f'{name} is of other sizes ({", ".join(others)}); take the recipe '
          'that it was made with'
      )
    encoder = create.create_encoder(self.model.config)
    wanted = jax.eval_shape(functools.partial(create.init_params, encoder), 0)
    found = weights.read(name, lambda *_: wanted).params
    encoder_params = {key: found[key] for key in wanted}
    return state._replace(params=dict(state.params) | encoder_params)

  def facts(self) -> dict[str, Any]:
    """What a run is made of and on, for its record."""
    builder = self._builder
    return {
        'config': self.config,
        'data': {
            'name': str(builder.info.full_name),
            'vocab': self.vocab_hash,
            'reader': (builder.info.metadata or {}).get('reader', ''),
            'content': shards.content_hash(builder),
            'fingerprints': self.fingerprints,
            'skipped': self.num_skipped,
        },
        'devices': [str(device) for device in jax.devices()],
        'processes': jax.process_count(),
    }

  def describe(self, state: update.TrainState, workdir) -> str:
    """A few lines about what is going to happen."""
    sizes, cuts = self.dataset.sizes, self.dataset.cuts
    num_params = sum(x.size for x in jax.tree.leaves(state.params))
    places = 'units' if self.dataset.budget.by_instruction else 'tokens'
    skipped = ''
    if self.num_skipped:
      skipped = f'; {self.num_skipped:,} damaged records are left out'
    start = f'going on after step {state.step}' if state.step else 'starting'
    return (
        f'{start}; workdir {os.fspath(workdir)}\n'
        f'model: {num_params:,} parameters, {self.model.config.dtype}, on '
        f'{jax.device_count()} {jax.default_backend()} device(s)\n'
        f'data: {self.data.name}, {sizes.num_examples:,} examples, '
        f'{sizes.pieces.sum():,} tokens; {cuts.segments} of the examples are '
        f'segments of functions too long for a pack ({cuts.edges:,} edges and '
        f'{cuts.tokens:,} tokens cut){skipped}\n'
        f'batch: {self.data.batch_size} packs of {self.data.num_rows} x '
        f'{self.data.num_tokens} {places}, {self.dataset.budget.num_nodes} '
        f'nodes, {self.dataset.budget.num_edges} edges'
    )


def _dtype(name: str) -> str:
  """'auto' is bfloat16 where the hardware multiplies it, float32 on a CPU."""
  command_line.choose(name, _DTYPES, 'config.model.dtype')
  if name != 'auto':
    return name
  return 'float32' if jax.default_backend() == 'cpu' else 'bfloat16'
