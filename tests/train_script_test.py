"""Tests of train.py as a user runs it: stopped, started again, in a pair."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from unittest import mock

import emulators
import fsspec
import numpy as np
import pytest
import testing
from absl.testing import absltest, parameterized

from mirencoder_jax.training import watchdog

ROOT = pathlib.Path(__file__).resolve().parents[1]
NUM_STEPS = 30
# A small model that is saved after every step, so that a kill meets a save.
FLAGS = (
    '--config.data.name=synthetic',
    '--config.data.num_rows=4',
    '--config.data.num_tokens=32',
    '--config.model.width=12',
    '--config.model.token_layers=1',
    '--config.model.num_heads=1',
    '--config.model.graph_layers=1',
    # Masked language modelling alone, which compiles quickly.
    '--config.objectives.edge_weight=0',
    '--config.objectives.edge_position_weight=0',
    '--config.objectives.node_text_weight=0',
    '--config.objectives.matching_weight=0',
    '--config.objectives.view_weight=0',
    '--config.objectives.counts_weight=0',
    f'--config.train.num_steps={NUM_STEPS}',
    f'--config.train.every_eval_steps={NUM_STEPS}',
    '--config.train.every_checkpoint_steps=1',
    '--config.train.every_log_steps=10',
)


class ScriptTestCase(absltest.TestCase):
  """Starts train.py on a small dataset."""

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    testing.write_dataset(self.folder / 'data')

  def start(self, workdir, *flags, data_dir=None, **environment):
    environment = (
        os.environ
        | environment
        | {
            'JAX_COMPILATION_CACHE_DIR': str(self.folder / 'compiled'),
            'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
            'JAX_DISABLE_MOST_OPTIMIZATIONS': '1',
        }
    )
    command = [
        sys.executable,
        ROOT / 'train.py',
        f'--data_dir={data_dir or self.folder / "data"}',
        f'--workdir={workdir}',
    ]
    process = subprocess.Popen(
        [*command, *FLAGS, *flags],
        cwd=self.folder,  # It works from anywhere.
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    self.addCleanup(process.stdout.close)
    self.addCleanup(process.wait)
    self.addCleanup(process.kill)
    return process

  def finish(self, process, return_code=0):
    output, _ = process.communicate(timeout=600)
    self.assertEqual(process.returncode, return_code, output)
    return output

  def curve(self, workdir):
    lines = (workdir / 'metrics.jsonl').read_text().splitlines()
    return [line for line in lines if 'speed/' not in line]


class TrainScriptTest(ScriptTestCase):

  def test_killed_preempted_and_started_again(self):
    """The loss curve of all attempts is that of one, bit for bit."""
    whole, broken = self.folder / 'whole', self.folder / 'broken'
    output = self.finish(self.start(whole))
    self.assertIn(f'step {NUM_STEPS} of {NUM_STEPS}', output)
    self.assertIn('evaluation after step', output)

    with self.start(broken) as process:
      checkpoints = broken / 'checkpoints'
      while not (checkpoints.is_dir() and len(os.listdir(checkpoints)) > 1):
        self.assertIsNone(process.poll(), 'ended before it could be killed')
        time.sleep(0.005)
      process.kill()
      process.communicate()
    self.assertLess(len(self.curve(broken)), NUM_STEPS)

    with self.start(broken) as process:
      for line in process.stdout:
        if line.startswith('going on after step'):
          process.send_signal(signal.SIGTERM)
          break
      output = self.finish(process)
    self.assertRegex(output, r'SIGTERM: saved after step \d+ of 30')
    self.assertLess(len(self.curve(broken)), NUM_STEPS)

    self.finish(self.start(broken))
    self.assertEqual(self.curve(broken), self.curve(whole))
    self.assertEqual(json.loads(self.curve(broken)[-2])['step'], NUM_STEPS)

  def test_ctrl_c_saves_and_a_second_one_leaves_at_once(self):
    """Takes long: starts JAX and compiles twice."""
    workdir = self.folder / 'interrupted'
    with self.start(workdir) as process:
      self.wait_for(process, 'starting')
      process.send_signal(signal.SIGINT)
      output = self.finish(process)
    self.assertIn('once more leaves at once', output)
    self.assertRegex(output, r'Ctrl-C: saved after step \d+ of 30')
    self.assertNotIn('Traceback', output)
    self.assertNotEmpty(os.listdir(workdir / 'checkpoints'))

    with self.start(workdir) as process:
      self.wait_for(process, 'going on after step')
      process.send_signal(signal.SIGINT)
      self.wait_for(process, 'Ctrl-C: saves after')
      process.send_signal(signal.SIGINT)
      output = self.finish(process, 130)
    self.assertIn('left without saving', output)
    self.assertNotIn('Traceback', output)

  def wait_for(self, process, start):
    seen = []
    for line in process.stdout:
      if line.startswith(start):
        return
      seen.append(line)
    self.fail(f'ended before it said {start!r}, but: {"".join(seen)}')

  def test_mistakes_of_the_user(self):
    for flag, message in (
        ('--config.data.name=nope', "dataset 'nope' is not prepared in"),
        ('--config.data.batchsize=3', 'batchsize'),
        ('--config.data.bach_size=3', "did you mean 'batch_size'?"),
        ('--config.model.dtype=float17', "did you mean 'float16'?"),
        ('--config.train.every_log_steps=0', 'every_log_steps is 0; at least'),
        ('--wrkdir=x', "did you mean 'workdir'?"),
    ):
      output = self.finish(self.start(self.folder / 'other', flag), 1)
      self.assertIn(message, output)
      self.assertNotIn('Traceback', output)
      self.assertEqual(output.count('\n'), 1, output)

  def test_mistakes_are_told_before_the_data_are_prepared(self):
    nothing = str(self.folder / 'nothing')
    code = (
        'import train\n'
        'from configs import pretrain\n'
        'for section, field, value in (\n'
        '    ("model", "dtype", "float17"), ("train", "num_steps", 3)\n'
        '):\n'
        '  config = pretrain.get_config("tiny")\n'
        '  config[section][field] = value\n'
        '  try:\n'
        f'    train._train(config, {nothing!r})\n'
        '  except train.pretrain.USER_ERRORS as error:\n'
        '    print(error)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=pathlib.Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    self.assertIn("did you mean 'float16'?", done.stdout)
    self.assertIn('num_warmup_steps 20 is not below', done.stdout)
    self.assertNotIn('preparing', done.stdout)
    self.assertFalse((self.folder / 'nothing').exists())


@pytest.mark.slow  # A minute of CPU each: an emulator and three starts.
class ObjectStoreTest(ScriptTestCase, parameterized.TestCase):
  """Data and workdir in stores, of emulators on this machine."""

  @parameterized.parameters(*emulators.SCHEMES)
  def test_killed_and_started_again_from_nothing_but_the_bucket(self, scheme):
    if lacking := emulators.missing(scheme):
      self.skipTest(lacking)
    self.enterContext(emulators.serving(scheme))
    for name in ('HOME', 'TMPDIR'):  # of the copies
      self.enterContext(mock.patch.dict(os.environ, {name: str(self.folder)}))
    url = f'{scheme}://bucket'
    store, _ = fsspec.core.url_to_fs(url, skip_instance_cache=True)
    if not store.exists('bucket'):
      store.mkdir('bucket')
    store.put(f'{self.folder / "data"}/', 'bucket/data/', recursive=True)

    def curve_there():
      store.invalidate_cache()
      lines = store.cat_file('bucket/run/metrics.jsonl').decode().splitlines()
      return [line for line in lines if 'speed/' not in line]

    whole = self.folder / 'whole'
    self.finish(self.start(whole))
    # Long enough that a copy is made, and short enough to be made twice.
    flags = ('--config.train.every_checkpoint_steps=5',)
    data = {'data_dir': f'{url}/data'}
    with self.start(f'{url}/run', *flags, **data) as process:
      for line in process.stdout:
        if line.startswith('step 10 '):
          process.send_signal(signal.SIGTERM)
          break
      output = self.finish(process)
    self.assertRegex(output, r'SIGTERM: saved after step \d+ of 30')
    self.assertLess(len(curve_there()), NUM_STEPS)
    shutil.rmtree(self.folder / '.cache')
    self.assertEmpty(list(self.folder.glob('mirencoder-run-*')))

    output = self.finish(self.start(f'{url}/run', *flags, **data))
    self.assertRegex(output, rf'going on after step \d+; workdir {url}/run')
    self.assertEqual(curve_there(), self.curve(whole))
    checkpoints = store.ls('bucket/run/checkpoints', detail=False)
    self.assertIn(
        str(NUM_STEPS), [c.rstrip('/').rpartition('/')[2] for c in checkpoints]
    )
    self.assertEmpty([c for c in checkpoints if 'tmp' in c])


@pytest.mark.slow  # A minute of CPU: five starts, two programs.
class ProcessesTest(ScriptTestCase):
  """Two processes make one run, and go on together after SIGTERM."""

  FLAGS = (
      '--config.data.batch_size=2',
      '--config.train.num_steps=40',
      '--config.train.every_eval_steps=40',
      '--config.train.every_checkpoint_steps=40',
  )

  def start_pair(self, workdir, *flags, own_flags=((), ())):
    """Two processes of one device each."""
    return self.start_several(
        workdir, 2, *self.FLAGS, *flags, own_flags=own_flags
    )

  def start_several(
      self, workdir, count, *flags, own_flags=None, said_by='variables'
  ):
    """Processes of one device each.

    Args:
      workdir: of all.
      count: how many.
      *flags: of all.
      own_flags: of each.
      said_by: what says where the others are: 'variables' of JAX's, 'flags', or
        'slurm', as srun sets it.
    """
    port = emulators.free_port()
    processes = []
    for number in range(count):
      said, environment = [], {}
      if said_by == 'flags':
        said = [
            f'--config.train.coordinator=127.0.0.1:{port}',
            f'--config.train.num_processes={count}',
            f'--config.train.process_id={number}',
        ]
      elif said_by == 'slurm':
        environment = dict(
            SLURM_JOB_ID='7',
            SLURM_STEP_NODELIST='localhost',
            SLURM_NTASKS=str(count),
            SLURM_PROCID=str(number),
            SLURM_LOCALID=str(number),
            JAX_COORDINATOR_PORT=str(port),
        )
      else:
        environment = dict(
            JAX_COORDINATOR_ADDRESS=f'127.0.0.1:{port}',
            JAX_NUM_PROCESSES=str(count),
            JAX_PROCESS_ID=str(number),
        )
      mine = own_flags[number] if own_flags else ()
      processes.append(
          self.start(
              workdir,
              *(*flags, *mine, *said, '--config.train.distributed=True'),
              **environment,
          )
      )
    return processes

  def assert_same_curve(self, workdir, expected):
    curves = [
        [json.loads(line) for line in self.curve(folder)]
        for folder in (workdir, expected)
    ]
    self.assertEqual(*([line['step'] for line in x] for x in curves))
    for actual, line in zip(*curves, strict=True):
      self.assertEqual(actual.keys(), line.keys())
      for name, value in line.items():
        np.testing.assert_allclose(
            actual[name], value, rtol=1e-3, atol=1e-4, err_msg=f'{name} {line}'
        )

  def test_curve_is_that_of_one_process_without_interruption(self):
    one, pair = self.folder / 'one', self.folder / 'pair'
    self.finish(self.start(one, *self.FLAGS))
    processes = self.start_pair(pair)
    for line in processes[0].stdout:
      if line.startswith('step 1 '):
        processes[0].send_signal(signal.SIGTERM)
        break
    output = self.finish(processes[0])
    self.assertRegex(output, r'SIGTERM: saved after step \d+ of 40')
    self.finish(processes[1])
    self.assertLess(len(self.curve(pair)), 40)

    processes = self.start_pair(pair)
    self.assertIn('going on after step', self.finish(processes[0]))
    self.finish(processes[1])
    self.assert_same_curve(pair, one)

  def test_processes_and_devices_continue_one_curve(self):
    """1, 2, 4, 1 processes, and 8, 4, 8 devices, under both mappings."""
    flags = (
        *self.FLAGS,
        '--config.data.batch_size=8',
        '--config.train.num_steps=120',
        '--config.train.every_eval_steps=120',
    )
    one = self.folder / 'one'
    self.finish(self.start(one, *flags))
    stations = {
        'processes': ((1, 'pmap'), (2, 'pmap'), (4, 'shard_map'), (1, 'pmap')),
        'devices': ((8, 'pmap'), (4, 'shard_map'), (8, 'pmap')),
    }
    for name in stations:
      workdir = self.folder / name
      for number, (count, mapping) in enumerate(stations[name]):
        mine = [*flags, f'--config.train.mapping={mapping}']
        if name == 'processes' and count > 1:
          said_by = 'slurm' if count == 2 else 'flags'
          processes = self.start_several(workdir, count, *mine, said_by=said_by)
        else:
          processes = [
              self.start(workdir, *mine, JAX_NUM_CPU_DEVICES=str(count))
          ]
        is_last = number == len(stations[name]) - 1
        if not is_last:
          self.wait_for_steps(processes[0])
          processes[0].send_signal(signal.SIGTERM)
        outputs = [self.finish(process) for process in processes]
        if not is_last:
          self.assertIn('SIGTERM: saved after step', outputs[0])
      self.assert_same_curve(workdir, one)

  def test_processes_that_do_not_find_one_another(self):
    for flags, message, code in (
        ((), 'nothing says where the other processes are', 1),
        (
            (
                f'--config.train.coordinator=127.0.0.1:{emulators.free_port()}',
                '--config.train.num_processes=2',
                '--config.train.process_id=0',
                '--config.train.join_seconds=2',
            ),
            'not all processes came within 2 s',
            watchdog.EXIT_CODE,
        ),
    ):
      process = self.start(
          self.folder / 'run', '--config.train.distributed=True', *flags
      )
      output = self.finish(process, code)
      self.assertIn(message, output)
      self.assertNotIn('Traceback', output)

  def wait_for_steps(self, process):
    """Until some steps were done: what was compiled before is not."""
    for line in process.stdout:
      if re.match(r'step +\d+ of .*tokens/s', line):
        return
    self.fail('ended before')

  def test_a_lost_process_ends_the_others(self):
    for number, (sign, why) in enumerate(
        (
            (signal.SIGKILL, 'process 0 of 2 has lost another one'),
            (signal.SIGSTOP, 'nothing was done for 0.5 minutes'),
        )
    ):
      processes = self.start_pair(
          self.folder / str(number),
          '--config.train.num_steps=100000',
          '--config.train.stall_minutes=0.5',
      )
      self.wait_for_steps(processes[0])
      processes[1].send_signal(sign)
      output = self.finish(processes[0], 75)
      self.assertIn(why, output)
      self.assertIn('start the same command again, on all', output)
      processes[1].kill()

  def test_processes_with_other_configs_are_refused(self):
    processes = self.start_pair(
        self.folder / 'run', own_flags=([], ['--config.train.seed=1'])
    )
    for process in processes:
      output = self.finish(process, 1)
      self.assertIn('process(es) 1 have another config or other data', output)


if __name__ == '__main__':
  absltest.main()
