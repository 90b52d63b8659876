"""Times the whole protocol of a head: folds x seeds x grid x targets.

    python benchmarks/downstream_fit.py

680 rows, 2 targets, 10 folds x 5 seeds, 3 inner folds: the size of the
device-mapping task, on made-up rows. Prints wall and CPU seconds of the first
call, compilation included, and of the second.
"""

import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from configs import tasks as tasks_config  # noqa: E402
from mirencoder_jax.downstream.heads import fit  # noqa: E402
from mirencoder_jax.downstream.tasks import (
    splits,  # noqa: E402
    tasks,  # noqa: E402
)


def make_task(num_rows: int = 680, width: int = 256):
  """Rows whose costs depend on a vector of `width` numbers."""
  rng = np.random.default_rng(0)
  vectors = rng.standard_normal((num_rows, width)).astype(np.float32)
  targets = []
  for number in range(2):
    costs = np.exp(vectors[:, number : number + 2])
    targets.append(
        tasks.Target(
            name=f'target {number}',
            choices=('a', 'b'),
            default=0,
            inputs=rng.uniform(1, 1e6, (num_rows, 2)),
            costs=costs,
            labels=costs.argmin(axis=1),
            valid=np.ones(num_rows, bool),
        )
    )
  names = tuple(str(i) for i in range(num_rows))
  programs = np.arange(num_rows) // 10
  task = tasks.Task(
      name='made up',
      rows=names,
      modules=names,
      ir=(b'',) * num_rows,
      module_index=np.arange(num_rows),
      groups={'program': programs},
      group_names={'program': names[: programs.max() + 1]},
      targets=tuple(targets),
      problems=(),
  )
  return task, vectors


def main() -> None:
  task, vectors = make_task()
  config = tasks_config.get_config('device_mapping').to_dict()
  fit_config = fit.FitConfig(**config['fit'])
  protocol = splits.build_protocol(
      splits.SplitConfig('random'),
      task.strata,
      task.groups,
      num_seeds=5,
      num_inner_folds=config['table']['num_inner_folds'],
  )
  print('| head | call | wall s | CPU s |\n|---|---|---|---|')
  for head in fit_config.heads:
    for call in ('first', 'second'):
      wall, cpu = time.perf_counter(), time.process_time()
      fit.fit_protocol(head, vectors, task, protocol, fit_config)
      wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
      print(f'| {head} | {call} | {wall:.1f} | {cpu:.1f} |', flush=True)


if __name__ == '__main__':
  main()
