"""Tests of sizes under flags: units, greedy search, programs that are run."""

import pathlib
import subprocess
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax.frontend import isolation
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import (
    elf,
    flag_check,
    label_file,
    size_command,
    size_flags,
    size_passes,
    size_summary,
    unit_search,
    unit_sizes,
)

UNIT = """
target triple = "x86_64-unknown-linux-gnu"
@names = internal constant [2 x i64] [i64 11, i64 22]
define i64 @first(ptr %p, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %j, %loop ]
  %s = phi i64 [ 0, %entry ], [ %t, %loop ]
  %q = getelementptr i64, ptr %p, i64 %i
  %v = load i64, ptr %q
  %w = call i64 @outside(i64 %v)
  %t = add i64 %s, %w
  %j = add i64 %i, 1
  %c = icmp slt i64 %j, %n
  br i1 %c, label %loop, label %end
end:
  ret i64 %t
}
define linkonce_odr i64 @second(i64 %x) {
  %p = getelementptr i64, ptr @names, i64 %x
  %v = load i64, ptr %p
  %r = call i64 @first(ptr @names, i64 %v)
  ret i64 %r
}
define i64 @third(i64 %x) {
  %r = call i64 @second(i64 %x)
  ret i64 %r
}
declare i64 @outside(i64)
"""


def find_clang(test):
  try:
    return size_command.find_clang(None)
  except IRError as error:
    test.skipTest(str(error))


class FlagsTest(absltest.TestCase):

  def test_words(self):
    self.assertEqual(size_flags.words_of(''), ())
    self.assertEqual(
        size_flags.words_of('ext-tsp+no-lsr'),
        ('-mllvm', '-apply-ext-tsp-for-size', '-mllvm', '-disable-lsr'),
    )
    with self.assertRaisesRegex(ValueError, "'no-lrs' is none of"):
      size_flags.words_of('no-lrs')

  def test_sets(self):
    for names in size_flags.SETS:
      self.assertEqual(size_flags.joined(names.split('+')), names)
    self.assertEqual(next(iter(size_flags.CHOICES.values())), '')

  def test_a_clang_that_is_not_there(self):
    with self.assertRaisesRegex(IRError, "compiler 'clang-1' is neither"):
      size_command.find_clang('clang-1')


class FakeUnit:
  """A unit whose sizes are known; each flag of three saves its bytes."""

  name = 'unit'

  def __init__(self, **saved):
    self.saved = saved
    self.compiled = set()

  def size(self, flags):
    self.compiled.add(flags)
    names = [name for name in flags.split('+') if name]
    if 'gvn-sink' in names and 'gvn-hoist' in names:
      return 'crash: SIGSEGV'
    left = 1000 - sum(self.saved.get(name, 0) for name in names)
    return [left, left + 50]


class SearchTest(absltest.TestCase):

  def test_of_a_unit(self):
    unit = FakeUnit(**{'ext-tsp': 100, 'no-lsr': 50, 'ipra': -30})
    self.assertEqual(unit_search.search_unit(unit), 'ext-tsp+no-lsr')
    # What harms is not tried again.
    self.assertNotIn('ext-tsp+ipra', unit.compiled)

  def test_a_crash_is_no_gain(self):
    unit = FakeUnit(**{'gvn-sink': 300, 'gvn-hoist': 200})
    self.assertEqual(unit_search.search_unit(unit), 'gvn-sink')

  def test_of_all(self):
    units = [
        FakeUnit(**{'ext-tsp': 100, 'no-lsr': -40}),
        FakeUnit(**{'ext-tsp': 0, 'no-lsr': 100}),
    ]
    chain = unit_search.search_constant(units, say=lambda _: None)
    self.assertEqual(
        [flags for flags, _ in chain], ['', 'ext-tsp', 'ext-tsp+no-lsr']
    )
    gain = (1000 / 900 * 1000 / 1000) ** 0.5 - 1
    self.assertAlmostEqual(chain[1][1], gain)

  def test_sets_for_trials_cover_each_other(self):
    units = [
        FakeUnit(**{'ext-tsp': 100, 'ipra': 10, 'no-lsr': -80}),
        FakeUnit(**{'ext-tsp': -80, 'no-lsr': 90, 'gvn-sink': 5}),
        FakeUnit(**{'ext-tsp': 100, 'no-lsr': -80}),
    ]
    order = unit_search.search_order(units, ['outliner'], 2, lambda _: None)
    # `gvn-sink` does nothing for the first and third, which have a better one.
    self.assertEqual([s for s, _ in order], ['ext-tsp+ipra', 'gvn-sink+no-lsr'])
    gains = [1000 / 890, 1000 / 905, 1000 / 900]
    self.assertAlmostEqual(order[1][1], np.log(gains).mean())


class UnitsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.clang = find_clang(self)
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    (self.folder / 'one').mkdir()
    (self.folder / 'one' / 'unit.ll').write_text(UNIT)
    (self.folder / 'broken.ll').write_text('define i32 @f( {')
    self.output = self.folder / 'sizes.jsonl'

  def label(self, sets=('ext-tsp', 'no-lsr')):
    return unit_sizes.label_modules(
        [self.folder],
        self.output,
        unit_sizes.UnitsConfig(sets=sets, min_bytes=20),
        self.clang,
    )

  def test_sizes(self):
    records = self.label()
    self.assertIn('reason', records['broken.ll'])
    sizes = records['one/unit.ll']['sizes']
    self.assertEqual(set(sizes), {'', 'ext-tsp', 'no-lsr'})
    for text, berkeley in sizes.values():
      self.assertGreater(text, 20)
      # The constant and the unwind tables.
      self.assertGreaterEqual(berkeley, text + 16)
    table = size_summary.table_of_units(records, ['', 'no-lsr'])
    self.assertEqual(table.sizes[0, 0], sizes[''][0])

  def test_resumed_it_is_the_same(self):
    self.label()
    whole = self.output.read_bytes()
    self.label()
    self.assertEqual(self.output.read_bytes(), whole)
    self.label(('ext-tsp', 'no-lsr', 'ipra'))
    self.assertTrue(self.output.read_bytes().startswith(whole))

  def test_a_flag_that_crashes_is_named(self):
    self.enter_context(
        absltest.mock.patch.dict(
            size_flags.FLAGS, {'ipra': ('-mllvm', '-no-such-option')}
        )
    )
    records = self.label(('ipra', 'no-lsr'))
    failures = unit_sizes.failures(records)
    self.assertEqual(list(failures), ['one/unit.ll ipra'])
    self.assertIn('exit 1', failures['one/unit.ll ipra'])
    self.assertLen(records['one/unit.ll']['sizes']['no-lsr'], 2)

  def test_the_default_of_functions_is_what_clang_does(self):
    with size_passes.SizeWorker() as worker:
      parts = isolation.Module(worker.resolve(UNIT.encode()))
      for symbol in parts.symbols:
        text = parts.isolate(symbol)
        (size,) = worker.size(text, ['Oz']).sizes
        path = self.folder / 'part.bc'
        path.write_bytes(worker.mark(text.encode()))
        subprocess.run(
            [
                *(*self.clang.compile, '-Oz', '-x', 'ir', '-c', str(path)),
                *('-o', str(self.folder / 'part.o')),
            ],
            check=True,
        )
        found = elf.read_sizes((self.folder / 'part.o').read_bytes())
        self.assertEqual(found.functions, {symbol: size})

  def test_marked_functions_are_small(self):
    with size_passes.SizeWorker() as worker:
      text = worker.resolve(worker.mark(UNIT.encode()))
    self.assertRegex(text, 'attributes #0 = {.*minsize.*optsize.* }')


class CheckTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.clang = find_clang(self)
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.write('good.c', 'int main(void) { puts("right"); return 3; }')
    self.write('broken.c', 'int main(void) {')
    self.write('abort.c', 'int main(void) { __builtin_trap(); }')
    # What it says hangs on a flag, as if the flag were unsound.
    self.write(
        'wrong.c',
        '#ifdef UNSOUND\nint main(void) { puts("wrong"); return 0; }\n'
        '#else\nint main(void) { puts("right"); return 0; }\n#endif',
    )
    self.enter_context(
        absltest.mock.patch.dict(size_flags.FLAGS, {'ipra': ('-DUNSOUND',)})
    )

  def write(self, name, text):
    (self.folder / name).write_text('#include <stdio.h>\n' + text)

  def check(self, sets=('no-lsr', 'ipra')):
    return flag_check.check_programs(
        self.folder,
        self.folder / 'check.jsonl',
        flag_check.CheckConfig(sets),
        self.clang,
    )

  def test_programs_are_compared(self):
    records = self.check()
    found = flag_check.summarize(records, ('no-lsr', 'ipra'))
    self.assertEqual(found['num_programs'], 2)
    self.assertIn('does not build', found['skipped']['broken.c'])
    self.assertIn('crash', found['skipped']['abort.c'])
    self.assertEqual(found['sets']['no-lsr']['num_equal'], 2)
    self.assertEqual(
        found['sets']['ipra']['wrong'], {'wrong.c': 'differs: output'}
    )
    # No code that differs: not run again.
    self.assertTrue(records['good.c']['results']['no-lsr']['is_same_code'])

  def test_pipelines(self):
    stages = {'Oz': 'Oz', 'p': 'sroa', 'lost': 'internalize'}
    config = flag_check.CheckConfig(tuple(stages), stages)
    output = self.folder / 'check.jsonl'
    records = flag_check.check_programs(self.folder, output, config, self.clang)
    results = records['good.c']['results']
    self.assertEqual(results['Oz']['outcome'], 'equal')
    self.assertEqual(results['p']['outcome'], 'equal')
    self.assertIn('build:', results['lost']['outcome'])

  def test_more_sets_later(self):
    self.check(('no-lsr',))
    records = self.check()
    self.assertEqual(set(records['good.c']['results']), {'no-lsr', 'ipra'})

  def test_of_other_flags(self):
    self.check()
    size_flags.FLAGS['ipra'] = ('-DSOMETHING',)
    with self.assertRaisesRegex(label_file.LabelFileError, 'another --output'):
      self.check()


if __name__ == '__main__':
  absltest.main()
