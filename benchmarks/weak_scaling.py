"""Times a training step while devices and batch grow together.

    python benchmarks/weak_scaling.py --devices=1,2,4,8 --processes=1,2,4
    python benchmarks/weak_scaling.py --mappings=pmap,shard_map --processes=

Simulated devices share the machine's cores, so a step of N devices does N times
the work on the same cores: its time says little, and the CPU time a device
(user and system, of all threads) should stay the same. The same step without
collectives, each device for itself, is timed in turns with it; the difference
is what sums over devices, gathered vectors and the scores of more pairs cost.
Processes have one device each and speak over loopback. Packs are random ones of
the shape that `--config` has on the starter corpus; every device has its own.
"""

import argparse
import dataclasses
import functools
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests')]

VOCAB_SIZE = 2048
WARM_UP = 2  # steps: the first two may compile, or lay arrays out anew


def measure(args: argparse.Namespace) -> dict[str, float]:
  """In a child: seconds and CPU seconds of steps, whole and without others."""
  import jax
  import numpy as np
  import testing

  from configs import pretrain as recipe
  from mirencoder_jax import objectives
  from mirencoder_jax.data import batch as batch_lib
  from mirencoder_jax.models import mirencoder
  from mirencoder_jax.training import experiment, pretrain, processes, update
  from mirencoder_jax.training import optimizer as optimizer_lib

  if args.child != 'alone':
    processes.join(experiment.TrainConfig(num_steps=1, distributed=True))
  config = recipe.get_config(args.variant)
  config.model.update(dtype='float32')
  model = objectives.PretrainingModel(
      mirencoder.MIREncoderConfig(**config.model, vocab_size=VOCAB_SIZE)
  )
  settings = objectives.ObjectivesConfig(**config.objectives)
  if wanted := args.objectives.split(',') if args.objectives else []:
    others = set(objectives.loss_weights(settings)) - set(wanted)
    settings = dataclasses.replace(
        settings, **{f'{name}_weight': 0.0 for name in others}
    )
  optimizer = optimizer_lib.create_optimizer(
      optimizer_lib.OptimizerConfig(**config.optimizer), 1000
  )
  rows, tokens = config.data.num_rows, config.data.num_tokens
  # Nodes and edges for each token as in a pack of the starter corpus.
  places = rows * tokens
  budget = batch_lib.Budget(
      num_rows=rows,
      num_tokens=tokens,
      num_nodes=places // 3,
      num_edges=places // 2,
      num_graphs=places // 128,
      num_texts=places // 8,
      num_text_tokens=places // 2,
  )
  batch = testing.random_batch(
      budget,
      num_packs=jax.local_device_count(),
      vocab_size=VOCAB_SIZE,
      rng=jax.process_index(),
      num_examples=places // 256,
  )
  sharding = pretrain.Sharding(jax.device_count(), 1, args.mappings)
  batch = sharding.shard(batch)
  create = functools.partial(
      update.create_state, model=model, optimizer=optimizer, budget=budget
  )
  state = jax.jit(create)(jax.random.key(0))
  num_params = sum(x.size for x in jax.tree.leaves(state.params))
  rng = jax.random.key(1)
  steps, states, times = {}, {}, {}
  for name, axis in (('whole', pretrain.AXIS), ('without', None)):
    step = functools.partial(
        update.train_step,
        model=model,
        optimizer=optimizer,
        config=settings,
        axis_name=axis,
    )
    steps[name] = pretrain.map_over_devices(step, args.mappings)
    states[name] = pretrain.replicate(state, args.mappings)
    times[name] = []
  for _ in range(WARM_UP + args.steps):
    for name, step in steps.items():
      start, cpu = time.perf_counter(), time.process_time()
      states[name], sums = step(states[name], batch, rng)
      jax.block_until_ready((states[name], sums))
      times[name].append(
          (time.perf_counter() - start, time.process_time() - cpu)
      )
  result: dict[str, float] = {'params': num_params}
  for name, pairs in times.items():
    seconds, cpu = np.array(pairs[WARM_UP:]).T
    result |= {
        f'{name} s': statistics.median(seconds),
        f'{name} cpu': statistics.median(cpu),
    }
  if jax.process_count() > 1:
    from jax.experimental import multihost_utils

    cpu = [result[f'{name} cpu'] for name in times]
    totals = multihost_utils.process_allgather(np.array(cpu, np.float32))
    for name, total in zip(times, totals.sum(0).tolist(), strict=True):
      result[f'{name} cpu'] = total
  return result


def start(args, mapping: str, devices: int, processes: int) -> dict[str, float]:
  """Measures in children of their own, as many as processes."""
  with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
  command = [
      *(sys.executable, __file__, f'--mappings={mapping}'),
      *(f'--steps={args.steps}', f'--variant={args.variant}'),
      f'--objectives={args.objectives}',
  ]
  children = []
  for number in range(processes):
    flags = f'--xla_force_host_platform_device_count={devices}'
    environment = os.environ | {'XLA_FLAGS': flags, 'JAX_PLATFORMS': 'cpu'}
    if processes > 1:
      environment |= {
          'JAX_COORDINATOR_ADDRESS': f'127.0.0.1:{port}',
          'JAX_NUM_PROCESSES': str(processes),
          'JAX_PROCESS_ID': str(number),
      }
    child = 'alone' if processes == 1 else 'one'
    children.append(
        subprocess.Popen(
            [*command, f'--child={child}'],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
  outputs = [child.communicate()[0] for child in children]
  if any(child.returncode for child in children):
    raise SystemExit(f'{devices} devices, {processes} processes: it failed')
  return json.loads(outputs[0].splitlines()[-1])


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
  parser.add_argument(
      '--variant', default='tiny_tokens', help='configs/pretrain.py'
  )
  parser.add_argument('--objectives', default='', help='these alone, mlm,...')
  parser.add_argument('--devices', default='1,2,4,8', help='of one process')
  parser.add_argument('--processes', default='2,4', help='of one device each')
  parser.add_argument('--mappings', default='pmap')
  parser.add_argument('--steps', type=int, default=10)
  parser.add_argument('--child', choices=('alone', 'one'), help='internal')
  args = parser.parse_args()
  if args.child:
    print(json.dumps(measure(args)))
    return
  layouts = [(int(n), 1) for n in args.devices.split(',') if n]
  layouts += [(1, int(n)) for n in args.processes.split(',') if n]
  print(
      '| mapping | devices | processes | step, s | CPU a device, s | without '
      'collectives, s | share of CPU in collectives |\n|' + '---|' * 7
  )
  for devices, processes in layouts:
    for mapping in args.mappings.split(','):
      found = start(args, mapping, devices, processes)
      total = devices * processes
      whole, without = found['whole cpu'], found['without cpu']
      print(
          f'| {mapping} | {total} | {processes} | {found["whole s"]:.2f} '
          f'| {whole / total:.2f} | {without / total:.2f} '
          f'| {max(0.0, 1 - without / whole):.0%} |',
          flush=True,
      )
  print(f'{found["params"]:,} parameters, {args.steps} steps')


if __name__ == '__main__':
  main()
