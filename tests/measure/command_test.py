"""`python -m mirencoder_jax.measure`: what it prints and how it ends."""

import contextlib
import io
import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax.downstream.tasks import custom
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import __main__ as command
from mirencoder_jax.measure import compiler

# Without settings: called as by its own `main`.
_FILE = """#define LENGTH 32
int in[LENGTH], out[LENGTH];
void copy(void) {
  for (int i = 0; i < LENGTH; ++i) out[i] = in[i] + 1;
}
int main(void) { copy(); return 0; }
"""


class CommandTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = self.enter_context(tempfile.TemporaryDirectory())

  def _run(self, *flags):
    output = io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(io.StringIO()),
    ):
      command.main(list(flags))
    return output.getvalue()

  def test_json(self):
    try:
      compiler.find_clang()
    except IRError as error:
      self.skipTest(str(error))
    pathlib.Path(self.folder, 'copy.c').write_text(_FILE)
    pathlib.Path(self.folder, 'none.c').write_text('int x;')
    flags = 'loops', self.folder, '--window=1e-5', '--max_rounds=2'
    result = json.loads(self._run(*flags, '--min_rounds=1', '--json'))
    self.assertEqual(result['num_files'], 2)
    self.assertEqual(list(result['failed']), ['none'])
    lines = pathlib.Path(self.folder, 'labels.jsonl').read_text().splitlines()
    record = json.loads(lines[1])
    self.assertEqual(record['footprint'], 2 * 32 * 4)
    self.assertEqual((record['iterations'], record['entries']), (32, 1))
    # What `eval.py` reads, the default's column first.
    table = custom.read_table(
        str(pathlib.Path(self.folder, 'table.csv')),
        str(pathlib.Path(self.folder, 'ir')),
    )
    self.assertEqual(table.choices[0], 'compiler')
    self.assertLen(table.choices, 36)
    copy, none = table.examples
    self.assertIn(b'define', bytes(copy['ir']))
    self.assertEqual(copy['input:log_trip_count'], 5)
    self.assertEqual(bytes(none['ir']), b'')

  def test_empty_folder(self):
    with self.assertRaisesRegex(SystemExit, 'error: .*no .c files'):
      self._run('loops', self.folder)

  def test_unknown_compiler(self):
    pathlib.Path(self.folder, 'copy.c').write_text(_FILE)
    with self.assertRaisesRegex(SystemExit, "error: .*'no-such-clang'"):
      self._run('loops', self.folder, '--clang=no-such-clang')

  def test_unknown_schedule(self):
    with self.assertRaisesRegex(SystemExit, "error: schedules .*'auto'"):
      self._run('openmp', self.folder, '--schedules=auto')


if __name__ == '__main__':
  absltest.main()
