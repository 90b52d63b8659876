"""`mirencoder predict`: decisions of a predictor, as a person gets them."""

import contextlib
import io
import json
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized
from testing_encoder import AXPY, SQUARE

from mirencoder_jax import cli
from mirencoder_jax.cli import console
from mirencoder_jax.cli.commands import predict
from mirencoder_jax.downstream.predictor import predictor as predictor_lib
from mirencoder_jax.downstream.predictor import predictor_checkpoint


def create_target(name: str) -> predictor_lib.TargetInfo:
  return predictor_lib.TargetInfo(
      name=name,
      choices=('CPU', 'GPU'),
      default='CPU',
      inputs=('transfer',),
      fixed={},
      has_costs=True,
      num_rows=9,
      temperature=1.0,
      gain_slope=1.0,
      held_out={},
  )


class StubPredictor:
  """Decides by the size of a program; needs its input, as a real one."""

  task = 'device_mapping'
  targets = {name: create_target(name) for name in ('amd', 'nvidia')}

  def predict(self, modules, inputs, *, target):
    if set(inputs) != {'transfer'}:
      raise ValueError(f"input 'transfer' is missing on {target}")
    return [
        predictor_lib.Decision(
            choice='GPU' if is_large else 'CPU',
            default='CPU',
            gain=inputs['transfer'] if is_large else 1.0,
            probabilities={'CPU': 0.25, 'GPU': 0.75},
            remoteness=0.99 if is_large else 0.5,
            far=is_large,
        )
        for is_large in (m.functions[0].num_instructions > 5 for m in modules)
    ]


class PredictTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    self.enter_context(contextlib.chdir(folder))
    pathlib.Path('axpy.ll').write_text(AXPY)
    pathlib.Path('square.ll').write_text(SQUARE)
    pathlib.Path('runs/device_mapping/predictor/config').mkdir(parents=True)
    self.load = self.enter_context(
        mock.patch.object(
            predictor_checkpoint,
            'load_predictor',
            return_value=StubPredictor(),
        )
    )

  def run_command(self, *words):
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
      code = cli.main(['predict', '--task', 'device_mapping', *words])
    return code, out.getvalue(), errors.getvalue()

  def test_every_file_on_every_target(self):
    code, out, _ = self.run_command(
        'axpy.ll', 'square.ll', '--input', 'transfer=3', '--json'
    )
    self.assertEqual(code, console.OK)
    path = self.load.call_args[0][0]
    self.assertEqual(path, pathlib.Path('runs/device_mapping/predictor'))
    decisions = json.loads(out)['decisions']
    self.assertEqual(
        [(d['file'], d['target'], d['choice'], d['gain']) for d in decisions],
        [
            ('axpy.ll', 'amd', 'GPU', 3.0),
            ('square.ll', 'amd', 'CPU', 1.0),
            ('axpy.ll', 'nvidia', 'GPU', 3.0),
            ('square.ll', 'nvidia', 'CPU', 1.0),
        ],
    )

  def test_a_guess_is_called_one(self):
    code, out, _ = self.run_command(
        'axpy.ll', '--target', 'amd', '--input', 'amd_transfer=3'
    )
    self.assertEqual(code, console.FAILED)  # the name is without the target
    code, out, _ = self.run_command(
        'axpy.ll', '--target', 'amd', '--input', 'transfer=3'
    )
    self.assertEqual(code, console.OK)
    self.assertRegex(out, r'axpy.ll +amd +GPU +0.750 +3.000 .* a guess')

  def test_one_bad_file(self):
    code, out, errors = self.run_command(
        'axpy.ll', 'gone.ll', '--input', 'transfer=3', '--json'
    )
    self.assertEqual(code, console.PARTLY)
    self.assertEqual(json.loads(out)['errors'][0]['file'], 'gone.ll')
    self.assertIn('1 of 2 files', errors)

  @parameterized.parameters(
      (('axpy.ll',), 'transfer.* is missing.*--input NAME=NUMBER'),
      (('axpy.ll', '--input', 'transfer'), 'expected NAME=NUMBER'),
      (('axpy.ll', '--input', 'transfer=big'), 'expected NAME=NUMBER'),
      (('axpy.ll', '--task', 'device_maping'), 'did you mean device_mapping'),
      (('axpy.ll', '--task', 'x'), 'runs/ has device_mapping.*save_predictor'),
      (('axpy.ll', '--target', 'intel'), 'for amd, nvidia, not for intel'),
      (('gone.ll', '--input', 'transfer=3'), 'gone.ll: there is no such file'),
  )
  def test_errors_say_what_to_do(self, words, message):
    code, out, errors = self.run_command(*words)
    self.assertEqual((code, out), (console.FAILED, ''))
    self.assertRegex(errors, message)


class ShippedTest(absltest.TestCase):
  """The predictor and the weights that ship, as a user meets them."""

  def test_decides_for_a_loop(self):
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    (folder / 'axpy.ll').write_text(AXPY)
    out = io.StringIO()
    inputs = ('log_trip_count=10', 'log_iterations=10', 'log_bytes=13')
    flags = [word for pair in inputs for word in ('--input', pair)]
    with contextlib.redirect_stdout(out):
      code = cli.main(
          ['predict', '--task', 'loop_vectorization', '--json', *flags]
          + [str(folder / 'axpy.ll')]
      )
    self.assertEqual(code, console.OK)
    (decision,) = json.loads(out.getvalue())['decisions']
    self.assertIn(decision['choice'], decision['probabilities'])
    self.assertGreaterEqual(decision['gain'], 1)

  def test_example_of_help_works_and_says_what_to_do(self):
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    self.enter_context(contextlib.chdir(folder))
    pathlib.Path('kernel.ll').write_text(AXPY)
    (words,) = (e for e in predict.command.examples if ' predict ' in e)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      self.assertEqual(cli.main(words.split()[1:]), console.OK)
    self.assertRegex(
        out.getvalue(),
        r'kernel.ll, machine: (#pragma clang loop vectorize_width\(\d+\) '
        r'interleave_count\(\d+\)|no pragma)',
    )

  def test_tasks_say_inputs_units_and_ranges(self):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      self.assertEqual(cli.main(['tasks', '--json']), console.OK)
      self.assertEqual(cli.main(['tasks']), console.OK)
    document, end = json.JSONDecoder().raw_decode(out.getvalue())
    (target,) = document['loop_vectorization']['targets']
    inputs = {i['name']: i for i in target['inputs']}
    self.assertIn('log2 of the bytes', inputs['log_bytes']['meaning'])
    self.assertBetween(inputs['log_bytes']['low'], 2, 6)
    self.assertBetween(inputs['log_bytes']['high'], 20, 26)
    text = out.getvalue()[end:]
    self.assertIn('--input log_bytes=NUMBER  log2 of', text)
    self.assertIn('for programs of a CPU', text)
    self.assertRegex(
        text, r'held-out groups: .* times the speed of the default'
    )
    self.assertEqual('no gain' in text, target['held_out']['geomean'] <= 1)
    self.assertIn('mirencoder tune FILE --for loops', text)

  def predict(self, text, **inputs):
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    (folder / 'a.ll').write_text(text)
    given = dict(log_trip_count=10, log_iterations=10, log_bytes=13) | inputs
    out, errors = io.StringIO(), io.StringIO()
    words = [w for k, v in given.items() for w in ('--input', f'{k}={v}')]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
      code = cli.main(
          ['predict', str(folder / 'a.ll'), '--task', 'loop_vectorization']
          + [*words, '--json']
      )
    return code, json.loads(out.getvalue() or '{}'), errors.getvalue()

  def test_a_whole_wrong_unit_is_named(self):
    code, _, errors = self.predict(AXPY, log_bytes=8000000)
    self.assertEqual(code, console.FAILED)
    self.assertRegex(errors, 'log2 of the bytes.*mean log_bytes=22.93')

  def test_an_input_that_was_not_seen_is_far(self):
    code, document, _ = self.predict(AXPY, log_bytes=31)
    self.assertEqual(code, console.OK)
    (decision,) = document['decisions']
    self.assertTrue(decision['far'])
    self.assertIn('log_bytes 31 is outside', decision['notes'][0])

  def test_programs_of_another_kind_get_the_default_and_are_far(self):
    for text, message in (
        ('target triple = "nvptx64-nvidia-cuda"\n' + AXPY, 'device code'),
        ('target triple = "spir64"\n' + AXPY, 'device code'),
        (AXPY.replace('define', 'define amdgpu_kernel'), 'device code'),
        (SQUARE, 'without a loop'),
    ):
      code, document, errors = self.predict(text)
      self.assertEqual(code, console.OK, errors)
      (decision,) = document['decisions']
      self.assertTrue(decision['far'])
      self.assertEqual(decision['choice'], 'compiler')
      self.assertIn(message, decision['notes'][0])

  def test_a_task_that_does_not_ship(self):
    with self.assertRaisesRegex(
        console.UsageError, 'that ship are loop_vectorization'
    ):
      predict.find('xyz')


if __name__ == '__main__':
  absltest.main()
