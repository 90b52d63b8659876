"""Pre-training of MIREncoder.

    python train.py
    python train.py --config=configs/pretrain.py:small --data_dir=DATA \
        --config.data.name=ir_folder

tiny trains on the starter corpus, in 184 CPU seconds with compiling
(2026-11-28): eval/mlm_accuracy 0.413, eval/edge_auc 0.970,
eval/matching_accuracy 0.960, eval/retrieval_recall_at_1 0.833; tiny_tokens in
279: 0.288, 0.977, 0.915, 0.812. small_cpu made the weights that ship, with what
is below (docs/experiments/answers.md). small and base are for corpora of a
hundred thousand functions and more, and were not run to their end yet.

What compilers answer is learned too, where it was asked for every function of
the corpus beforehand (docs/experiments/answers.md):

    python -m mirencoder_jax.measure guesses BITCODE --output=guesses.jsonl
    python -m mirencoder_jax.measure size BITCODE --output=sizes.jsonl
    python train.py --config=configs/pretrain.py:small_cpu \
        --config.data.name=source_packages/default \
        --config.data.labels=guesses.jsonl,sizes.jsonl \
        --config.data.labelled_repeats=4 --config.objectives.profile_weight=1 \
        --config.objectives.frequency_weight=0.5 \
        --config.objectives.reactions_weight=2

Memory on a CPU, peaks: tiny 1.7 GB, tiny_tokens 1.4; small_tokens, which
computes its 16 packs in 4 parts, 7.4 over 15 steps (starter corpus,
2026-11-29). A step that does not fit what is left of the
memory is refused before it is computed, with flags that do.
"""

import ml_collections

from configs import models
from mirencoder_jax.storage import command_line

_RUNS = {
    'tiny': dict(
        num_steps=500,
        num_warmup_steps=20,
        learning_rate=2e-3,
        every_log_steps=20,
        every_eval_steps=250,
        batch_size=2,  # packs, over all devices
        rows=(2, 384),  # of a pack, of so many instructions
        token_rows=(16, 256),  # where tokens are read
    ),
    'small': dict(
        num_steps=50_000,
        num_warmup_steps=1_000,
        learning_rate=1e-3,
        every_log_steps=100,
        every_eval_steps=1_000,
        batch_size=16,
        accumulation_steps=4,  # 4 packs at a time, also to match within
        rows=(3, 512),
        token_rows=(16, 512),
    ),
    # The model `small` where there are two cores and hours, not days; can be
    # made longer with --config.train.num_steps until its decay begins.
    'small_cpu': dict(
        model='small',
        num_steps=4_000,
        num_warmup_steps=100,
        learning_rate=1.5e-3,
        schedule='trapezoid',
        every_log_steps=25,
        every_eval_steps=250,
        batch_size=2,
        rows=(2, 512),
        token_rows=(16, 256),
    ),
    'base': dict(
        num_steps=200_000,
        num_warmup_steps=4_000,
        learning_rate=5e-4,
        every_log_steps=100,
        every_eval_steps=2_000,
        batch_size=64,
        rows=(3, 512),
        token_rows=(16, 512),
    ),
}


def get_config(variant: str = 'tiny') -> ml_collections.ConfigDict:
  """A recipe: tiny, small, small_cpu or base.

  With `_tokens` after it (`tiny_tokens`) the transformer reads tokens and not
  instructions, as the paper's does. With `_paper` it has the paper's three
  objectives only, and no loop depths; `tiny_tokens_paper` is both.
  """
  size, ending = variant, ''
  while size.endswith(('_tokens', '_paper')):
    size, _, last = size.rpartition('_')
    ending = f'_{last}{ending}'
  endings = ('', '_tokens', '_paper', '_tokens_paper')
  if size not in _RUNS or ending not in endings:
    known = [name + end for name in _RUNS for end in endings]
    command_line.choose(variant, known, 'variant')
  run = _RUNS[size]
  model, rows = run.get('model', size), 'rows'
  if '_tokens' in ending:
    model, rows = f'{model}_tokens', 'token_rows'
  num_rows, num_tokens = run[rows]
  config = ml_collections.ConfigDict()
  config.name = variant  # of the default workdir
  config.data = dict(
      name='starter_ir',
      train_split='train',
      eval_split='validation',
      batch_size=run['batch_size'],
      num_rows=num_rows,
      num_tokens=num_tokens,
      num_prefetched=4,
      pair_views=True,
      labels='',  # of functions, from `mirencoder measure`
      labelled_repeats=1,  # an epoch, of functions with known sizes
      on_corrupt='raise',  # or 'skip': damaged records are left out, counted
  )
  config.model = dict(
      **models.MODELS[model],
      loop_depth=True,
      dropout_rate=0.0,
      dtype='auto',  # bfloat16 on accelerators, float32 on CPUs
  )
  config.objectives = dict(
      mlm_weight=1.0,
      edge_weight=1.0,
      edge_position_weight=0.5,
      node_text_weight=0.5,
      matching_weight=1.0,
      # Not in the paper; 0 in the variants `..._paper`.
      view_weight=0.2,
      counts_weight=0.05,
      # Learn from data.labels.
      reactions_weight=0.0,
      profile_weight=0.0,
      frequency_weight=0.0,
      token_mask_rate=0.15,
      mask_unit='token',
      edge_drop_rate=0.15,
      text_mask_rate=0.15,
      hard_negative_weight=2.0,
  )
  config.optimizer = dict(
      learning_rate=run['learning_rate'],
      num_warmup_steps=run['num_warmup_steps'],
      schedule=run.get('schedule', 'cosine'),
      decay_rate=0.2,  # of the schedule 'trapezoid'
      final_learning_rate_ratio=0.1,
      weight_decay=0.01,
      beta1=0.9,
      beta2=0.98,
      max_gradient_norm=1.0,
  )
  config.train = dict(
      num_steps=run['num_steps'],
      seed=0,
      start_from='',  # as 'small': go on from its encoder
      accumulation_steps=run.get('accumulation_steps', 1),
      every_log_steps=run['every_log_steps'],
      every_eval_steps=run['every_eval_steps'],
      every_checkpoint_steps=run['every_eval_steps'],
      num_eval_batches=16,
      num_last_checkpoints=2,
      mapping='pmap',  # or 'shard_map': the same program, JAX's newer name
      distributed=False,  # True on pods
      # Of all processes, where JAX does not find them: HOST:PORT of process 0,
      # how many, which.
      coordinator='',
      num_processes=-1,
      process_id=-1,
      join_seconds=300,  # to wait for the other processes
      stall_minutes=30.0,  # without a step: ended, and said
      check_memory=True,  # refuses a step that does not fit
      compilation_cache='~/.cache/mirencoder_jax/compiled',  # '' for none
  )
  if ending.endswith('_paper'):
    config.data.pair_views = False
    config.model.loop_depth = False
    config.objectives.view_weight = 0.0
    config.objectives.counts_weight = 0.0
  config.lock()
  return config
