"""Tests of progress lines and metric files."""

import contextlib
import importlib.util
import io
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized
from tensorboardX.proto import event_pb2

from mirencoder_jax.objectives import sums
from mirencoder_jax.training import log_files, training_log

COUNTS = {
    'tokens': 90,
    'token_places': 100,
    'nodes': 30,
    'node_places': 40,
    'examples': 4,
}


class TrainingLogTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.workdir = pathlib.Path(
        self.enterContext(tempfile.TemporaryDirectory())
    )

  def run_steps(self, first, last):
    """What is printed of some steps whose losses are their numbers."""
    log = training_log.TrainingLog(self.workdir, first - 1, 9, every_steps=3)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
      for step in range(first, last + 1):
        sums = {'loss': (2.0 * step, 2.0), 'loss/mlm': (1.0, 0.0)}
        log.step(step, sums, COUNTS, 0.0)
    log.close()
    return printed.getvalue().splitlines()

  def steps_on_file(self):
    lines = (self.workdir / 'metrics.jsonl').read_text().splitlines()
    lines = [json.loads(line) for line in lines]
    return [x['step'] for x in lines if 'train/loss' in x]

  def test_lines_are_for_a_person(self):
    first, second, third, fourth = self.run_steps(1, 9)
    self.assertEqual(first, 'step 1 of 9: compiled, loss 1.000')
    # Means over steps 2 and 3: what compiled is left out.
    self.assertRegex(
        second,
        r'^step 3 of 9: loss 2\.500 \| [\d,]+ tokens/s, [\d,.]+ examples/s \| '
        r'padding 10\.0% of tokens, 25\.0% of nodes \| '
        r'waited 0\.0% for data \| \d s left$',
    )
    self.assertStartsWith(third, 'step 6 of 9: loss 5.000')
    self.assertStartsWith(fourth, 'step 9 of 9: loss 8.000')

  def test_a_full_disk_stops_nothing(self):
    log = training_log.TrainingLog(self.workdir, 0, 9, every_steps=1)
    # So that steps 3 to 5 meet a disk that is full.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    sums, seen = {'loss': (1.0, 1.0)}, io.StringIO()
    with (
        self.assertLogs(level='ERROR') as logs,
        contextlib.redirect_stdout(seen),
    ):
      for step in range(1, 10):
        if step == 3:
          resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
          log.step(step, sums, COUNTS, 0.0)
        finally:
          if step == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    log.close()
    self.assertEqual(self.steps_on_file(), list(range(1, 10)))
    names = ('metrics.jsonl', 'events')
    for text, name in zip(logs.output, names, strict=True):
      self.assertRegex(text, rf'/{name}.*: File too large; what .* is kept')
    (events,) = self.workdir.glob('events.*')
    self.assertEqual(self.read_events(events), list(range(2, 10)))

  def read_events(self, path):
    """Steps of the scalars in a file for TensorBoard."""
    content, steps = path.read_bytes(), []
    while content:
      (length,) = struct.unpack('<Q', content[:8])
      event = event_pb2.Event.FromString(content[12 : 12 + length])
      if event.HasField('summary'):
        steps.append(event.step)
      content = content[16 + length :]
    return sorted(set(steps))

  def test_what_is_done_again_is_logged_once(self):
    self.run_steps(1, 7)
    with open(self.workdir / 'metrics.jsonl', 'a') as file:
      file.write('{"step": 8, "train/lo')  # Killed while writing.
    self.run_steps(5, 8)
    self.assertEqual(self.steps_on_file(), list(range(1, 9)))

  @parameterized.named_parameters(
      ('seconds', 9.4, '9 s'),
      ('minutes', 250, '4 min 10 s'),
      ('hours', 3 * 3600 + 5 * 60 + 59, '3 h 05 min'),
  )
  def test_duration(self, seconds, expected):
    self.assertEqual(training_log.duration(seconds), expected)

  def test_sums(self):
    total = sums.add({'a': (1.0, 2.0)}, {'a': (3.0, 2.0), 'b': (5.0, 1.0)})
    self.assertEqual(total, {'a': (4.0, 4.0), 'b': (5.0, 1.0)})
    self.assertEqual(sums.means(total | {'c': (0.0, 0.0)}), {'a': 1, 'b': 5})


class SinksTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

  def write_twice(self, name, **settings):
    """Two steps, an interruption, and another one, under a sink."""
    if not importlib.util.find_spec(name):
      self.skipTest(f'{name} is not installed')
    settings['MIRENCODER_SINKS'] = name
    # In a process of its own: both leave threads, wandb a process, behind.
    code = (
        'import sys\n'
        'from mirencoder_jax.training import log_files\n'
        'for steps in ((1, 2), (3,)):\n'
        '  events = log_files.EventFile(sys.argv[1], steps[0])\n'
        '  for step in steps:\n'
        "    events.write({'train/loss': 4.0 / step}, step)\n"
        '  events.close()\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(self.folder)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    self.assertEqual(done.returncode, 0, done.stderr)
    self.assertNotIn('Sink', done.stderr)

  def test_wandb_offline(self):
    self.write_twice('wandb', WANDB_MODE='offline', WANDB_SILENT='true')
    runs = list(self.folder.glob('wandb/offline-run-*/run-*.wandb'))
    self.assertNotEmpty(runs)
    self.assertLen({path.name for path in runs}, 1)  # one run, gone on with
    self.assertTrue(any(b'train/loss' in p.read_bytes() for p in runs))

  def test_mlflow_in_a_folder(self):
    self.write_twice(
        'mlflow',
        MLFLOW_TRACKING_URI=f'file://{self.folder}/mlruns',
        MLFLOW_ALLOW_FILE_STORE='true',  # not its favourite any more
    )
    (metric,) = self.folder.glob('mlruns/*/*/metrics/train/loss')
    steps = [line.split()[1:] for line in metric.read_text().splitlines()]
    self.assertEqual(
        [(float(value), int(step)) for value, step, *_ in steps],
        [(4, 1), (2, 2), (4 / 3, 3)],
    )

  def test_what_cannot_be_opened_is_told_at_the_start(self):
    for names, message in (
        ('wandb, mlfow', 'there are wandb, mlflow'),
        ('mlflow', r'mirencoder_jax\[mlflow\]'),
    ):
      missing = {'wandb': mock.Mock(), 'mlflow': None}
      with (
          mock.patch.dict(os.environ, MIRENCODER_SINKS=names),
          mock.patch.dict(sys.modules, missing),
          self.assertRaisesRegex(ValueError, message),
      ):
        log_files.open_sinks(self.folder)

  def test_a_sink_that_fails_stops_nothing(self):
    sink = mock.Mock()
    sink.write.side_effect = sink.close.side_effect = OSError('no network')
    sink.write.__qualname__ = sink.close.__qualname__ = 'sink'
    with (
        mock.patch.object(log_files, 'open_sinks', lambda _: [sink]),
        self.assertLogs(level='ERROR') as logs,
    ):
      events = log_files.EventFile(self.folder, 1)
      events.write({'loss': 1.0}, 1)
      events.close()
    self.assertLen(logs.output, 2)


if __name__ == '__main__':
  absltest.main()
