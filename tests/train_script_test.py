"""Tests of train.py as a user runs it: stopped, started again, in a pair."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest
import testing
from absl.testing import absltest

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

  def start(self, workdir, *flags, **environment):
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
        f'--data_dir={self.folder / "data"}',
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
    with socket.socket() as free:
      free.bind(('127.0.0.1', 0))
      port = free.getsockname()[1]
    return [
        self.start(
            workdir,
            *(*self.FLAGS, *flags, *own_flags[number]),
            '--config.train.distributed=True',
            JAX_COORDINATOR_ADDRESS=f'127.0.0.1:{port}',
            JAX_NUM_PROCESSES='2',
            JAX_PROCESS_ID=str(number),
        )
        for number in range(2)
    ]

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

  def test_one_and_two_processes_continue_one_curve(self):
    """1, 2, 1 processes, and 8, 4, 8 devices: the curve is one."""
    flags = (
        *self.FLAGS,
        '--config.data.batch_size=8',
        '--config.train.num_steps=120',
        '--config.train.every_eval_steps=120',
    )
    one = self.folder / 'one'
    self.finish(self.start(one, *flags))
    for name, stations in (('processes', (1, 2, 1)), ('devices', (8, 4, 8))):
      workdir = self.folder / name
      for number, station in enumerate(stations):
        devices = str(station if name == 'devices' else 1)
        if name == 'processes' and station == 2:
          processes = self.start_pair(workdir, *flags)
        else:
          processes = [self.start(workdir, *flags, JAX_NUM_CPU_DEVICES=devices)]
        if number < 2:
          self.wait_for_steps(processes[0])
          processes[0].send_signal(signal.SIGTERM)
        outputs = [self.finish(process) for process in processes]
        if number < 2:
          self.assertIn('SIGTERM: saved after step', outputs[0])
      self.assert_same_curve(workdir, one)

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
