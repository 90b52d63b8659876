"""Several processes as one run: finding one another, and being alike.

`pretrain` calls this before any other use of JAX, and once its data are open.
"""

import json
import os
import threading
import zlib
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from mirencoder_jax.training import experiment, watchdog

_FLAGS = (
    '--config.train.coordinator=HOST:PORT (of process 0), '
    '--config.train.num_processes and --config.train.process_id'
)
_MARGIN_SECONDS = 60  # that JAX's patience is longer than ours


def join(train: experiment.TrainConfig) -> None:
  """Makes one run of several processes; before any other use of JAX.

  On TPU pods, under Slurm and Open MPI, and in Kubernetes (with the package
  `kubernetes`) JAX finds the others by itself. Elsewhere the config says it, or
  JAX_COORDINATOR_ADDRESS, JAX_NUM_PROCESSES and JAX_PROCESS_ID do.

  Where the others do not come in time, the process is ended with a sentence.

  Raises:
    ValueError: nothing says where the others are.
  """
  found = {
      'coordinator_address': train.coordinator or None,
      'num_processes': _number('JAX_NUM_PROCESSES', train.num_processes),
      'process_id': _number('JAX_PROCESS_ID', train.process_id),
  }
  # JAX aborts with a stack when its own time is over: ours is over before.
  timer = threading.Timer(
      train.join_seconds,
      watchdog.leave,
      [
          f'not all processes came within {train.join_seconds} s: look whether '
          'all were started, and whether they reach process 0 at its port'
      ],
  )
  timer.daemon = True
  timer.start()
  try:
    jax.distributed.initialize(
        **found, initialization_timeout=train.join_seconds + _MARGIN_SECONDS
    )
  except ValueError as error:
    raise ValueError(
        f'nothing says where the other processes are ({error}); give all of '
        f'them {_FLAGS}, or one process --config.train.distributed=False'
    ) from error
  finally:
    timer.cancel()


def _number(name: str, given: int) -> int | None:
  """A number of the config; if that has none (-1), of the environment."""
  if given >= 0 or name not in os.environ:
    return given if given >= 0 else None
  try:
    return int(os.environ[name])
  except ValueError:
    raise ValueError(f'{name} is {os.environ[name]!r}, no number') from None


def check_alike(run: experiment.Experiment) -> None:
  """Compares the config and the data of all processes.

  They would train on in step, each on batches of its own.

  Raises:
    ValueError: some have others than process 0.
  """
  if jax.process_count() == 1:
    return
  train = {k: v for k, v in run.config['train'].items() if k != 'process_id'}
  content = [run.config | {'train': train}, run.fingerprints]
  digest = np.uint32(zlib.crc32(json.dumps(content, sort_keys=True).encode()))
  all_digests = multihost_utils.process_allgather(digest)
  others = np.flatnonzero(all_digests != all_digests[0]).tolist()
  if others:
    raise ValueError(
        f'process(es) {", ".join(map(str, others))} have another config or '
        f'other data than process 0; give all the same flags, and data of one '
        f'preparation (this is process {jax.process_index()}, '
        f'{run.data.name} {run.fingerprints[0][:12]})'
    )


def from_process_0(tree: Any, abstract: Any) -> Any:
  """What process 0 has, on all processes; None if it has none.

  Args:
    tree: of arrays, or None; looked at in process 0 only.
    abstract: its shapes.
  """
  if jax.process_count() == 1:
    return tree
  broadcast = multihost_utils.broadcast_one_to_all
  if not broadcast(np.int32(tree is not None)):
    return None
  if tree is None:
    tree = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), abstract)
  return jax.tree.map(np.asarray, broadcast(tree))
