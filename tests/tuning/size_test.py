"""A tuned unit is smaller, still itself, and can be had without us."""

import contextlib
import io
import json
import pathlib
import shlex
import subprocess
import tempfile
from unittest import mock

from absl.testing import absltest

from mirencoder_jax import cli
from mirencoder_jax.cli import console
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import elf, size_flags, unit_sizes
from mirencoder_jax.tuning import build_flags, search, size, sources

PROGRAMS = (
    pathlib.Path(__file__).resolve().parents[2] / 'datasets/starter_ir/programs'
)
SOURCE = PROGRAMS / 'compression/huffman.c'
try:
  CLANG = size.find_clang('')
except IRError as error:
  CLANG, WHY = None, str(error)


def run(*words: str) -> tuple[int, str, str]:
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = cli.main(['tune', *words])
  return code, out.getvalue(), err.getvalue()


@absltest.skipIf(CLANG is None, CLANG is None and WHY)
class SizeTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

  def test_what_is_advised_can_be_had_without_us(self):
    output = self.folder / 'small.o'
    (tuned,) = size.tune(SOURCE, size.Settings(trials=8), output=output)
    self.assertEqual(tuned.error, '')
    self.assertLen(tuned.trials, 8)
    self.assertEqual(tuned.stopped, 'trials')
    # At -Oz alone, a dictionary-free Huffman coder has something to give.
    self.assertLess(tuned.best, tuned.base)
    objects = {}
    for name, words in (
        ('best', shlex.split(tuned.command)),
        ('base', [*CLANG.compile, '-Oz', '-c', str(SOURCE)]),
    ):
      path = self.folder / f'{name}.o'
      subprocess.run([*words, '-o', str(path)], check=True)
      objects[name] = elf.read_sizes(path.read_bytes())
    self.assertEqual(objects['best'].text, tuned.best)
    self.assertEqual(objects['base'].text, tuned.base)
    self.assertEqual(objects['best'].defined, objects['base'].defined)
    self.assertEqual(elf.read_sizes(output.read_bytes()), objects['best'])

  def test_what_serves_everyone_needs_no_budget(self):
    for settings in (size.Settings(trials=0), size.Settings(seconds=0)):
      (tuned,) = size.tune(SOURCE, settings)
      first = size_flags.order('text')[0]
      self.assertEqual(list(tuned.trials), [first])
      self.assertEqual(tuned.choice, first)
      self.assertLess(tuned.best, tuned.base)

  def test_a_flag_is_left_out(self):
    kept = ('no-inline', 'outliner', 'ext-tsp')
    (tuned,) = size.tune(SOURCE, size.Settings(trials=10, without=kept))
    self.assertLen(tuned.trials, 10)
    for names in tuned.trials:
      self.assertNoCommonElements(names.split('+'), kept)
    self.assertLess(tuned.best, tuned.base)

  def test_what_may_cost_much_time_is_said(self):
    first = 'ext-tsp+no-lsr+no-inline'
    for names, number in ((first, 1), ('ext-tsp+no-lsr', 0)):
      with mock.patch.object(size_flags, 'order', lambda _, n=names: [n]):
        (tuned,) = size.tune(SOURCE, size.Settings(trials=1))
      self.assertEqual(tuned.choice, names)
      self.assertEqual(sum('no-inline' in n for n in tuned.notes), number)

  def test_a_table_is_gone_on_from(self):
    table = self.folder / 'sizes.jsonl'
    (first,) = size.tune(SOURCE, size.Settings(trials=3), table=table)
    compile_ = unit_sizes.Unit._compile
    with mock.patch.object(
        unit_sizes.Unit, '_compile', autospec=True, side_effect=compile_
    ) as spy:
      (second,) = size.tune(SOURCE, size.Settings(trials=5), table=table)
    self.assertEqual(list(second.trials)[:3], list(first.trials))
    asked = [call.args[1] for call in spy.call_args_list if call.args[1]]
    self.assertEqual(asked, list(second.trials)[3:])

  def test_the_best_so_far_after_ctrl_c(self):
    asked = []

    def interrupt(path, flags, found):
      asked.append((flags, found))
      if len(asked) == 4:
        raise KeyboardInterrupt

    (tuned,) = size.tune(SOURCE, on_trial=interrupt)
    self.assertEqual(tuned.stopped, 'Ctrl-C')
    self.assertEqual(tuned.error, '')
    self.assertLen(tuned.trials, 3)
    self.assertLessEqual(tuned.best, tuned.base)

  def test_no_set_is_advised_that_the_source_does_not_bear_out(self):
    real = sources.Source.size

    def larger(source, command, folder):
      found = real(source, command, folder)
      return found._replace(text=found.text + 4096 * ('-mllvm' in command))

    with mock.patch.object(sources.Source, 'size', larger):
      (tuned,) = size.tune(SOURCE, size.Settings(trials=6))
    self.assertEqual(tuned.choice, '')
    self.assertEqual(tuned.best, tuned.base)
    self.assertNotIn('-mllvm', tuned.command)

  def test_among_equals_fewer_flags(self):
    compile_, measure = unit_sizes.Unit._compile, sources.Source.size

    def compile_alike(unit, flags):
      found = compile_(unit, '')
      return found._replace(text=found.text - 8 * bool(flags))

    def measure_alike(source, command, folder):
      found = measure(source, command, folder)
      return found._replace(text=found.text - 4096 * ('-mllvm' in command))

    with (
        mock.patch.object(unit_sizes.Unit, '_compile', compile_alike),
        mock.patch.object(sources.Source, 'size', measure_alike),
    ):
      (tuned,) = size.tune(SOURCE, size.Settings(trials=12))
    nums = list(map(search.num_flags, tuned.trials))
    self.assertEqual(search.num_flags(tuned.choice), min(nums))
    self.assertLess(min(nums), nums[0])

  def test_a_compiler_that_fails_under_every_set(self):
    real = unit_sizes.Unit._compile

    def fail(unit, flags):
      return 'crashes' if flags else real(unit, flags)

    with mock.patch.object(unit_sizes.Unit, '_compile', fail):
      (tuned,) = size.tune(SOURCE, size.Settings(trials=4))
    self.assertEqual(tuned.choice, '')
    self.assertEqual(set(tuned.trials.values()), {'crashes'})

  def test_a_build(self):
    bad = self.folder / 'bad.c'
    bad.write_text('int f(void) { return x; }\n')
    ours = ['-mllvm', '-disable-lsr']
    entries = [
        dict(
            directory=str(self.folder),
            file=str(path),
            arguments=['cc', '-O2', *ours, '-c', str(path)],
        )
        for path in (SOURCE, bad)
    ]
    database = self.folder / 'compile_commands.json'
    database.write_text(json.dumps(entries))
    cmake = self.folder / 'sizes.cmake'
    code, out, err = run(
        str(database), '--trials', '4', '--cmake', str(cmake), '--json'
    )
    self.assertEqual(code, console.PARTLY, err)
    good, failed = json.loads(out)
    self.assertIn('undeclared', failed['error'])
    self.assertLess(good['best'], good['base'])
    # Flags of an earlier round are no part of what is compared with.
    (alone,) = size.tune(SOURCE, size.Settings(trials=0))
    self.assertEqual(good['base'], alone.base)
    self.assertIn(f'"{";".join(good["flags"])}"', cmake.read_text())
    self.assertNotIn('bad.c', cmake.read_text())

  def test_what_is_said(self):
    code, out, err = run(str(SOURCE), '--trials', '2')
    self.assertEqual(code, console.OK, err)
    self.assertRegex(out, r'text [\d,]+ bytes by clang -Oz, [\d,]+ with ')
    self.assertIn('-Oz -c', out)
    self.assertIn(' -Oz\n', err)  # the trials, as they come

  def test_bad_input(self):
    for words, message in (
        (('missing.c',), 'missing.c: there is no such file'),
        (('missing.bc',), 'missing.bc: there is no such file'),
        ((str(SOURCE), '-o', 'no/where.o'), 'there is no folder'),
        ((str(SOURCE), '--trials', '-1'), 'is not in the range'),
        (('x.json', '-o', 'x.o'), '-o is for one unit'),
        (('kernel.cl',), 'give its IR'),
        ((str(SOURCE), '--without', 'no-inlin'), "did you mean 'no-inline'"),
        (
            (str(SOURCE), '--for', 'functions', '--without', 'ipra'),
            'which are for size',
        ),
    ):
      with self.subTest(words[0]):
        code, _, err = run(*words)
        self.assertIn(code, (console.FAILED, console.USAGE))
        self.assertIn(message, err)
        self.assertEqual(err.count('\n'), 1, err)


class BuildFlagsTest(absltest.TestCase):

  def test_lines_for_cmake(self):
    found = [
        size.Tuned('/src/a b.c', 'ext-tsp+no-lsr'),
        size.Tuned('/else/c.c', 'no-lsr'),
        size.Tuned('/src/same.c'),
    ]
    self.assertEqual(
        build_flags.as_cmake(found, pathlib.Path('/src')),
        '# Beside -Oz; made by `mirencoder tune`.\n'
        'set_source_files_properties("a b.c" PROPERTIES\n'
        '    COMPILE_OPTIONS "-mllvm;-apply-ext-tsp-for-size;-mllvm;'
        '-disable-lsr")\n'
        'set_source_files_properties("/else/c.c" PROPERTIES\n'
        '    COMPILE_OPTIONS "-mllvm;-disable-lsr")\n',
    )


if __name__ == '__main__':
  absltest.main()
