"""Branches are counted as one counts them by hand."""

import contextlib
import io
import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.ir import IRError, branches
from mirencoder_jax.measure import __main__ as command
from mirencoder_jax.measure import branch_program, profile_tools

# The latch of ten iterations goes back nine times. Of 0 .. 99 a third is
# divisible by 3 (34), and of the other 66 are 25 - 9 by 4.
_LOOPS = """
volatile int sink;
void ten(void) {
  int i = 0;
  do { sink = i; } while (++i < 10);
}
void two(int x) {
  if (x % 3 == 0) { sink = 1; return; }
  if (x % 4 == 0) sink = 2;
}
static void never(int x) { if (x) sink = x; }
int main(int argc, char **argv) {
  ten();
  for (int i = 0; i < 100; ++i) two(i);
  if (argc > 5) never(argc);
  return 0;
}
"""
_SHARED = """
static inline __attribute__((noinline)) void twice(volatile int *x) {
  if (*x > 0) *x = 0;
}
"""
_FIRST = f"""{_SHARED}
volatile int a = 1;
void second(void);
int main(void) {{
  for (int i = 0; i < 8; ++i) twice(&a);
  second();
  return 0;
}}
"""
_SECOND = f"""{_SHARED}
volatile int b = -1;
void second(void) {{ for (int i = 0; i < 5; ++i) twice(&b); }}
"""


def _tools():
  try:
    return profile_tools.find_tools()
  except IRError as error:
    raise absltest.SkipTest(str(error)) from None


class BranchesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.output = self.folder / 'labels'

  def _run(self, *flags):
    printed = io.StringIO()
    flags = 'branches', *flags, f'--output={self.output}', '--json'
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()) as log,
    ):
      command.main([str(flag) for flag in flags])
    return json.loads(printed.getvalue()), log.getvalue()

  def _records(self):
    lines = (self.output / 'labels.jsonl').read_text().splitlines()
    records = map(json.loads, lines[1:])
    return {record['name']: record for record in records}

  def test_counts_by_hand(self):
    _tools()
    source = self.folder / 'programs' / 'small' / 'loops.c'
    source.parent.mkdir(parents=True)
    source.write_text(_LOOPS)
    source.with_name('broken.c').write_text('int main(void) { return x; }')
    source.with_name('bad.c').write_text('int main(void) { return 3; }')
    summary, _ = self._run(self.folder / 'programs')
    self.assertEqual((summary['num_programs'], summary['num_ok']), (3, 1))
    self.assertIn('exit 3', summary['failed']['small__bad'])
    self.assertIn('broken.c:1:', summary['failed']['small__broken'])
    record = self._records()['small__loops']
    self.assertEqual(record['family'], 'small')
    of = {f['symbol']: f for f in record['functions']}
    self.assertEqual(set(of), {'ten', 'two', 'main'})  # `never` was not entered

    # Which side of a branch is `true` stands in the IR.
    path = self.output / 'ir' / 'small__loops.ll'
    self.assertIn('source_filename = "small__loops"', path.read_text())
    self.assertNotIn(tempfile.gettempdir(), path.read_text())
    module = ir_lib.read_module(path)
    for name, expected in (
        ('ten', [{9, 1}]),
        ('two', [{34, 66}, {16, 50}]),
        ('main', [{100, 1}, {0, 1}]),
    ):
      function = module.function(name)
      self.assertEqual(function.hash, of[name]['hash'])
      found = branches.conditional_branches(function)
      self.assertLen(found, len(expected))
      self.assertEqual([set(b) for b in of[name]['branches']], expected)
    (latch,) = branches.conditional_branches(module.function('ten'))
    is_back = latch.true == latch.block
    self.assertEqual(of['ten']['branches'], [[9, 1] if is_back else [1, 9]])
    self.assertEqual((of['ten']['entries'], of['two']['entries']), (1, 100))
    ((probability, frequency),) = of['ten']['guesses']
    self.assertGreater(probability if is_back else 1 - probability, 0.9)
    self.assertGreater(frequency, 10)

    again, log = self._run(self.folder / 'programs')
    self.assertEqual(again, summary)
    self.assertNotIn('[1/', log)  # nothing was run again

  def test_database_of_two_units(self):
    _tools()
    (self.folder / 'a.c').write_text(_FIRST)
    (self.folder / 'b.c').write_text(_SECOND)
    entries = [
        dict(directory=str(self.folder), command=f'cc -c {n}.c', file=f'{n}.c')
        for n in 'ab'
    ]
    path = self.folder / 'compile_commands.json'
    path.write_text(json.dumps(entries))
    self._run(path, '--name=pair', '--family=pairs')
    record = self._records()['pair']
    by_symbol = {f['symbol']: f for f in record['functions']}
    # One code, two copies with counters of their own: added up.
    self.assertEqual(by_symbol['twice']['entries'], 13)
    self.assertEqual(set(by_symbol['twice']['branches'][0]), {1, 12})
    names = sorted(p.name for p in (self.output / 'ir').iterdir())
    self.assertEqual(names, ['pair__a.ll', 'pair__b.ll'])

  def test_time_limit_costs_the_program_only(self):
    _tools()
    (self.folder / 'p').mkdir()
    (self.folder / 'p' / 'ends.c').write_text(_LOOPS)
    (self.folder / 'p' / 'forever.c').write_text(
        'int main(void) { for (volatile int i = 0;;) i = 1; }'
    )
    summary, _ = self._run(self.folder / 'p', '--run_seconds=1')
    self.assertEqual(summary['num_ok'], 1)
    self.assertIn('timeout', summary['failed']['forever'])

  def test_without_compilers(self):
    with self.assertRaisesRegex(IRError, 'no-such-clang is not on the PATH'):
      profile_tools.find_tools('no-such-clang')
    with self.assertRaisesRegex(SystemExit, 'error: .*no source file'):
      self._run(self.folder)


class MergeTest(absltest.TestCase):

  def test_copies_count_once(self):
    def function(symbol, unit, internal, entries, branches):
      return dict(
          symbol=symbol, unit=unit, hash='h', internal=internal,
          entries=entries, branches=branches, guesses=[[0.5, 1.0]],
      )  # fmt: skip

    merged = branch_program.merge_functions(
        [
            function('inlined', 'a', False, 7, [[3, 4]]),
            function('inlined', 'b', False, 7, [[3, 4]]),  # the same counters
            function('own', 'a', True, 2, [[1, 1]]),
            function('own', 'b', True, 3, [[0, 3]]),
            function('idle', 'b', True, 0, [[0, 0]]),
        ]
    )
    (entry,) = merged
    self.assertEqual((entry['entries'], entry['branches']), (12, [[4, 8]]))


if __name__ == '__main__':
  absltest.main()
