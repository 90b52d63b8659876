"""Downstream tasks: which data, which splits, how heads are fitted.

    python eval.py --config=configs/tasks.py:device_mapping \
        --manual_dir=FOLDER --checkpoint=runs/tiny --workdir=runs/device_mapping

A task is a row of the table below. Without --checkpoint the table of results
has the baselines, and vectors named by --compare. `:all` runs every task, with
its files in a folder of FOLDER and of the workdir that is named as the task,
`:quick` too, with less of everything that only makes figures steadier,
`:cuda_block,gpu_time` these two;
--save_predictor=FOLDER also fits our row on all rows, for `mir.load_predictor`;
--results_page=docs/RESULTS.md makes one page of everything; of a page with the
lines `<!-- results of eval.py -->` and `<!-- end of results -->` it writes the
overview between these and nothing else. `:custom`
is a task of yours, from a CSV file and a folder of IR: docs/custom_task.md.

What runs is `evals`: a name, the kind of evaluation, and what that reads.
"""

import ml_collections

from configs import pretraining_eval
from mirencoder_jax.measure import size_flags
from mirencoder_jax.storage import command_line

# The product of the values is a head's grid.
_GRIDS = dict(
    kernel=dict(penalty=(0.1,), group_variance=(0.1, 0.3, 1.0, 3.0)),
    ridge=dict(penalty=(0.3, 3.0), group_variance=(0.1, 1.0)),
    neighbour=dict(neighbours=(1, 3, 9)),
    mlp=dict(weight_decay=(0.1, 1.0), learning_rate=(0.01,)),
    forest=dict(num_trees=(100,), min_rows=(2,), max_features=(0.2,)),
    network=dict(width=(64,), learning_rate=(1e-3,), weight_decay=(0.1,)),
)
# Of tasks with hundreds of programs: heads that thousands of rows can pay for,
# the same for every vector, and more that is counted.
_LARGE = dict(
    heads=('kernel', 'forest', 'network'),
    max_rows=dict(kernel=4000),  # its time is cubic in the training rows
    counts=('opcodes', 'opcodes+types', 'opcodes by loop depth', 'autophase'),
    num_trees=0,  # boosted ones classify, for hours; forests are heads
    num_seeds=2,
    num_null=10,
)


def _splits(**num_folds: int) -> dict:
  """Splits by the groups of their names; rows one by one have none."""
  return {
      name: dict(group='' if name in ('random', 'row') else name, num_folds=n)
      for name, n in num_folds.items()
  }


def _device(platform: str, default: str) -> dict:
  return dict(
      choices=('CPU', 'GPU'),
      default=default,  # the better one over all programs, as published
      costs=(f'{platform}_runtime_cpu', f'{platform}_runtime_gpu'),
      label=f'{platform}_label',
      inputs=(f'{platform}_transfer', f'{platform}_wgsize'),
  )


def _coarsening(gpu: str) -> dict:
  # One table has the rows of four GPUs: all are fitted on, told apart by the
  # inputs, and each GPU's own judge.
  gpus = ('Cypress', 'Tahiti', 'Fermi', 'Kepler')
  return dict(
      default='1',
      costs='runtimes',
      inputs=tuple(f'on_{name}' for name in gpus),
      judged=('gpu', gpu),
      unmeasured='largest_below',  # a factor is clamped, as published
  )


def _openmp() -> dict:
  return dict(
      task=dict(
          row=('region', 'size'),
          module='module',
          ir='ir',
          groups=('code', 'program', 'suite'),
          targets=dict(
              machine=dict(
                  default='32-2-scatter-0-0-ori',  # the authors'
                  costs='runtimes',
                  inputs=('larger',),
              )
          ),
      ),
      splits=_splits(random=10, code=10, program=10, suite=0),
      bootstrap_group='program',
      metric='geomean',
  )


def _gpu(metric: str, **targets) -> dict:
  # The tasks of gpu_roofline, which differ in kind.
  return dict(
      task=dict(
          row=('kernel', 'target'),
          module='module',
          ir='ir',
          groups=('code', 'program', 'form'),
          targets={
              name: dict(inputs=('grid', 'block'), **target)
              for name, target in targets.items()
          },
          data='gpu_roofline',
          split='cuda+openmp',  # cuda alone has no split from one to the other
      ),
      splits=dict(
          random=dict(group='', num_folds=10),
          program=dict(group='program', num_folds=10, refused='code'),
          # Learned of CUDA, asked about OpenMP: also of the same programs, and
          # of programs that were not seen in either form.
          cuda_to_openmp=dict(num_folds=1, trained=('form', 'cuda')),
          cuda_to_new_openmp=dict(
              group='program', num_folds=10, trained=('form', 'cuda'),
              refused='code',
          ),
      ),
      bootstrap_group='program',
      metric=metric,
      recipe='kernel value',
      **_LARGE,
  )  # fmt: skip


def _size(kind: str, **targets) -> dict:
  # The tasks of code_size: of functions, and of units.
  return dict(
      task=dict(
          data='code_size',
          split=kind,
          row=('name',),
          module='module',
          ir='ir',
          groups=('package',),
          targets=targets,
          shipped=True,
      ),
      splits=_splits(random=5, package=5),
      bootstrap_group='package',
      metric='saved',
      also=('saved', 'gain_share', 'ratio_r2'),
      **_LARGE,
  )


# Where a target names no choices, the data set's metadata does.
_TASKS = {
    'device_mapping': dict(
        task=dict(
            row=('benchmark', 'dataset'),
            module='module',
            ir='ir',
            groups=('kernel', 'program', 'suite'),
            targets=dict(
                amd=_device('amd', 'CPU'), nvidia=_device('nvidia', 'GPU')
            ),
        ),
        # 0 leaves one out.
        splits=_splits(random=10, kernel=10, program=10, suite=0),
        bootstrap_group='program',
    ),
    'thread_coarsening': dict(
        task=dict(
            row=('kernel', 'gpu'),
            module='module',
            ir='ir',
            groups=('code', 'kernel'),
            targets=dict(
                cypress=_coarsening('Cypress'),
                tahiti=_coarsening('Tahiti'),
                fermi=_coarsening('Fermi'),
                kepler=_coarsening('Kepler'),
            ),
        ),
        # By row as published; by code without mt on one side and mtLocal, of
        # equal IR, on the other.
        splits=_splits(row=0, kernel=0, code=0),
        bootstrap_group='code',
        metric='geomean',
    ),
    'loop_vectorization': dict(
        task=dict(
            row=('name',),
            module='module',
            ir='ir',
            groups=('loop', 'family'),
            targets=dict(
                machine=dict(
                    default='compiler',
                    costs='costs',
                    inputs=('log_trip_count', 'log_iterations', 'log_bytes'),
                )
            ),
            shipped=True,
        ),
        splits=_splits(random=10, loop=10, family=10),
        bootstrap_group='family',
        metric='geomean',
        num_seeds=3,
    ),
    # A slice of numa_prefetch.
    'openmp_tuning': _openmp(),
    'numa_prefetch': _openmp(),
    'cuda_block': dict(
        task=dict(
            row=('program', 'kernel', 'n'),
            module='module',
            ir='ir',
            groups=('module', 'program', 'family'),
            targets={
                gpu: dict(
                    default='usual',  # each row's own
                    costs=f'{gpu}_runtimes',
                    inputs=('n',),
                )
                for gpu in ('c2075', 'gtx1080ti', 'rtx2070super')
            },
        ),
        splits=_splits(random=10)
        | dict(kernel=dict(group='module', num_folds=10))
        | _splits(program=0, family=0),
        bootstrap_group='program',
        metric='geomean',
    ),
    # A row is a branch, not a module.
    'branch_probability': dict(
        task=dict(
            row=('program', 'symbol', 'branch'),
            module='module',
            ir='ir',
            groups=('function', 'program', 'family'),
            targets=dict(
                run=dict(
                    kind='probability',
                    value='probability',
                    default='llvm_probability',
                )
            ),
            vectors={
                'seen by hand': 'seen',
                'seen by hand, and LLVM': 'seen_and_llvm',
            },
            place=('function', 'branch'),
            shipped=True,
        ),
        splits=dict(
            function=dict(group='function', num_folds=5),
            program=dict(group='program', num_folds=5, refused='function'),
            family=dict(group='family', num_folds=5, refused='function'),
        ),
        bootstrap_group='family',
        metric='direction',
        recipe='network value',
        **_LARGE | dict(counts=(), num_seeds=1, num_null=3),
    ),
    'gpu_roofline': _gpu(
        'auc', compute_bound=dict(kind='probability', value='compute_bound')
    ),
    'gpu_time': _gpu(
        'r2',
        time=dict(kind='value', value='log_time'),
        bandwidth=dict(kind='value', value='bandwidth_share'),
    ),
    # Over what `clang -Oz` does, functions minsize and optsize as it has them.
    'code_size': _size(
        'functions',
        functions=dict(default='Oz', costs='function_sizes'),
    ),
    # Over the best set of flags for everyone, and not over bare -Oz.
    'code_size_units': _size(
        'units',
        text=dict(
            choices=tuple(size_flags.CHOICES), default='s1', costs='unit_sizes'
        ),
        berkeley=dict(
            choices=tuple(size_flags.CHOICES),
            default='s1',
            costs='unit_berkeley_sizes',
        ),
    ),
}


# What it has is in the user's table; its splits are those of its groups.
_OWN = dict(
    task=dict(
        table='',  # a CSV file
        ir_dir='',  # the folder of the IR that it names
        default='',  # the choice without a model, if not the table's first
    ),
    splits={},
    bootstrap_group='',
)


def get_config(name: str = 'device_mapping') -> ml_collections.ConfigDict:
  """The recipe of tasks; `all`: of every task, and of held-out functions.

  `quick` is `all` in minutes: one kind of head and trees, fewer repetitions and
  random embeddings.
  """
  names = name.split(',')
  alone = ('all', 'quick', 'custom') if len(names) == 1 else ()
  for one in names:
    command_line.choose(one, (*_TASKS, *alone), 'task')
  config = ml_collections.ConfigDict()
  if name in _TASKS or name == 'custom':
    config.evals = {name: _evaluation(name)}
    # The same sections at the top, for --config.table.num_seeds=2.
    for key, section in config.evals[name].items():
      if key != 'kind':
        config[key] = section
    config.lock()
    return config
  is_whole = name in ('all', 'quick')
  evals = {task: _evaluation(task) for task in (_TASKS if is_whole else names)}
  if name == 'quick':
    for task in evals.values():
      task.table.num_seeds = min(task.table.num_seeds, 2)
      task.table.num_null = 10
      task.fit.heads = (task.table.recipe.split()[0],)
      task.trees.num_seeds = 1
  heldout = dict(pretraining_eval.get_config().evals) if is_whole else {}
  config.evals = evals | heldout
  config.lock()
  return config


def _evaluation(name: str) -> ml_collections.ConfigDict:
  """An entry of `evals`: of a task above, or of one's own."""
  row = _TASKS.get(name, _OWN)
  config = ml_collections.ConfigDict(dict(kind='task'))
  # Of the prepared data; train[:200] looks at the first rows only.
  config.task = {'name': name, 'split': 'train'} | row['task']
  config.splits = row['splits']
  config.table = dict(
      splits=tuple(row['splits']),  # which of them to run
      num_seeds=row.get('num_seeds', 5),
      num_inner_folds=3,
      num_null=row.get('num_null', 30),  # random embeddings
      null_width=96,  # without a checkpoint, whose width is taken otherwise
      null_head='kernel',
      # Of our row in pictures and lists of errors.
      recipe=row.get('recipe', 'kernel cost'),
      counts=row.get('counts', ('opcodes', 'opcodes+types')),
  )
  config.fit = dict(
      heads=row.get('heads', ('kernel', 'ridge', 'neighbour', 'mlp')),
      max_rows=row.get('max_rows', {}),
      grids=_GRIDS,
      # With few programs, what inner folds choose is luck: a mean does better.
      # The two ridges weigh their grid by evidence.
      averaged=('neighbour', 'mlp'),
      # A device that is two times slower is as wrong as one that is a hundred
      # times slower.
      max_log_ratio=0.5,
      max_choices=16,
      min_oracle_share=0.99,
      batch_size=1,
  )
  config.trees = dict(
      max_depth=10,
      learning_rate=0.5,
      num_trees=row.get('num_trees', 70),
      num_seeds=3,
      num_threads=1,
  )
  config.report = dict(
      group=row['bootstrap_group'],
      metric=row.get('metric', 'accuracy'),
      also=row.get('also', ()),
      against=('not pre-trained',),  # what the architecture has for nothing
      num_resamples=2000,
      confidence=0.95,
  )
  # The encoder itself, too, where rows are thousands and modules functions:
  # --config.finetune.vectors="('MIREncoder','not pre-trained')".
  config.finetune = dict(
      vectors=(),
      num_passes=12,
      patience=4,
      learning_rate=5e-4,
      weight_decay=0.01,
  )
  return config
