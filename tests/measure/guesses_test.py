"""Guesses are LLVM's, at the instructions and blocks that they are of."""

import contextlib
import csv
import io
import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.measure import __main__ as command
from mirencoder_jax.measure import branch_counts, guesses, profile_tools

# LLVM's documented weights: 124 : 4 for a loop's back edge, 1 : 2^31 - 1 for
# what ends in `unreachable`, 2000 : 1 for `llvm.expect`.
_MODULE = r"""
declare void @use(i32)
declare i1 @llvm.expect.i1(i1, i1)

define void @loop(i32 %n) {
  br label %body
body:
  %i = phi i32 [ 0, %0 ], [ %next, %body ]
  call void @use(i32 %i)
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %body, label %done
done:
  ret void
}

define i32 @trap(i1 %c) {
  br i1 %c, label %good, label %bad
bad:
  unreachable
good:
  ret i32 0
}

define i32 @hint(i32 %x) {
  %c = icmp sgt i32 %x, 9
  %h = call i1 @llvm.expect.i1(i1 %c, i1 false)
  br i1 %h, label %yes, label %no
yes:
  ret i32 1
no:
  ret i32 0
}

define i32 @"\01od\22d"(i32 %x, i1 %c) {
  switch i32 %x, label %a [ i32 1, label %b
    i32 2, label %b ]
a:
  br i1 %c, label %b, label %b
b:
  ret i32 2
never:
  br i1 %c, label %a, label %b
}
"""
_COPY = r"""
define i32 @another(i1 %d) {
  br i1 %d, label %yes, label %no
no:
  unreachable
yes:
  ret i32 0
}
define i32 @plain(i32 %x) {
  ret i32 %x
}
"""
# What an opt might print of _COPY if a pass took a block away.
_PRINTED = """\
Printing analysis 'Branch Probability Analysis' for function 'another':
---- Branch Probabilities ----
  edge %0 -> %yes probability is 0x80000000 / 0x80000000 = 100.00% [HOT edge]
Printing analysis results of BFI for function 'another':
block-frequency-info: another
 - 0: float = 1.0, int = 16
 - yes: float = 6.0715E-18, int = 1
Printing analysis 'Branch Probability Analysis' for function 'plain':
---- Branch Probabilities ----
Printing analysis results of BFI for function 'plain':
block-frequency-info: plain
 - 0: float = 1.0, int = 16
"""


class GuessesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.output = self.folder / 'guesses.jsonl'

  def _write(self, name, text):
    path = self.folder / 'ir' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path

  def _run(self, *flags):
    printed = io.StringIO()
    flags = 'guesses', self.folder / 'ir', f'--output={self.output}', *flags
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()) as log,
    ):
      command.main([str(flag) for flag in (*flags, '--json')])
    return json.loads(printed.getvalue()), log.getvalue()

  def _records(self):
    lines = self.output.read_text().splitlines()
    return {r['name']: r for r in map(json.loads, lines[1:])}

  def _fake_opt(self, printed):
    path = self.folder / 'opt'
    (self.folder / 'printed').write_text(printed)
    path.write_text(
        '#!/bin/sh\n'
        'if [ "$1" = --version ]; then echo "LLVM version 19.1.0"; exit; fi\n'
        f'cat {self.folder}/printed >&2\n'
    )
    path.chmod(0o755)
    return path

  def test_documented_weights(self):
    if profile_tools.find_opt() is None:
      self.skipTest('no opt of LLVM 17 or newer')
    path = self._write('all.ll', _MODULE)
    summary, _ = self._run()
    record = self._records()['all.ll']
    module = ir_lib.read_module(path)
    self.assertEqual(
        [f[:2] for f in record['functions']],
        [[f.hash, f.name] for f in module.functions],
    )
    loop, trap, hint, odd = (f[2:] for f in record['functions'])
    # The latch is instruction 5; 32 runs for each entry are 2 ** 5.
    self.assertEqual(loop, [[[5, round(124 / 128, 4)]], [0, 5, 0]])
    self.assertEqual(trap, [[[0, 1.0]], [0, -31, 0]])
    self.assertEqual(hint[0], [[2, round(1 / 2001, 4)]])
    # Three edges of the switch, two of which go to one block. A branch with
    # one target says nothing; a block that nothing leads to never runs.
    self.assertEqual(odd[0], [[3, 0.5]])
    self.assertEqual(odd[1], [0, -1.58, 0, None])
    self.assertEqual(
        [summary[f'num_{k}'] for k in ('branches', 'blocks', 'blocks_never')],
        [4, 13, 1],
    )
    self.assertEqual(summary['num_one_sided'], 1)
    self.assertEqual(summary['share_one_half'], 0.25)
    self.assertEqual(summary['share_surer_than_99'], 0.5)

  def test_bad_beside_good_and_again(self):
    self._write('p/copy.ll', _COPY)
    self._write('p/bad.ll', 'define void @f() {\n  br i1')
    self._write('q/same.ll', _COPY.replace('@another', '@other'))
    with (self.folder / 'ir' / 'manifest.csv').open('w') as file:
      table = csv.writer(file)
      table.writerow(['path', 'package', 'language'])
      table.writerows([['p/copy.ll', 'p', 'c'], ['q/same.ll', 'q', 'rust']])
    end = _PRINTED.rindex("Printing analysis 'Branch")  # of the first function
    other = _PRINTED[:end].replace('another', 'other')
    opt = self._fake_opt(other + _PRINTED)
    # A run that was interrupted behind one module, and the rest of it.
    _, log = self._run(f'--opt={opt}', '--limit=1')
    self.assertIn('[1/1]', log)
    begun = self.output.read_text()
    summary, log = self._run(f'--opt={opt}')
    self.assertIn('[2/2]', log)
    self.assertStartsWith(self.output.read_text(), begun)
    records = self._records()
    self.assertLen(records, 3)
    self.assertEqual(summary['num_modules'], 3)
    self.assertIn('bad.ll:', summary['modules_failed']['p/bad.ll'])
    # A function whose blocks are others is refused, the one beside it is not.
    refused = summary['functions_refused']
    self.assertLen(refused, 2)
    self.assertIn(
        'printed 1 edges and 2 blocks of another, which has 2 and 3',
        refused['p/copy.ll another'],
    )
    functions = [f for r in records.values() for f in r['functions']]
    self.assertEqual([f[1:] for f in functions], [['plain', [], [0.0]]])
    self.assertEqual(summary['num_known_already'], 1)  # `plain` once more
    families = summary['families']
    self.assertEqual(set(families), {'', 'c', 'rust'})
    self.assertEqual(
        sum(of['num_refused'] for of in families.values()), len(refused)
    )
    # Nothing to do; then one that has changed.
    before = self.output.read_text()
    self._run(f'--opt={opt}')
    self.assertEqual(self.output.read_text(), before)
    self._write('p/bad.ll', _COPY.replace('i32 %x', 'i64 %x'))
    summary, _ = self._run(f'--opt={opt}')
    self.assertNotIn('p/bad.ll', summary['modules_failed'])

  def test_several_processes_say_the_same(self):
    for number in range(3):
      self._write(f'{number}.ll', _COPY.replace('%x', f'%x{number}'))
    opt = self._fake_opt(_PRINTED)
    self._run(f'--opt={opt}')
    alone = self._records()
    self.output.unlink()
    self._run(f'--opt={opt}', '--processes=2')

    def known(records):
      return [r | {'seconds': 0, 'check': ''} for r in records.values()]

    self.assertEqual(known(self._records()), known(alone))

  def test_what_is_missing_is_said(self):
    self._write('copy.ll', _COPY)
    with self.assertRaisesRegex(SystemExit, 'no-such-opt.*apt install llvm'):
      self._run('--opt=no-such-opt')
    broken = self.folder / 'opt'
    broken.write_text('#!/bin/sh\necho LLVM version 14.0.6\n')
    broken.chmod(0o755)
    with self.assertRaisesRegex(SystemExit, 'is no opt of LLVM 17 or newer'):
      self._run(f'--opt={broken}')
    # An opt that fails costs its module.
    broken.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo version 19.1.0; exit; '
        'fi\necho error: unknown record >&2; exit 1\n'
    )
    summary, _ = self._run(f'--opt={broken}')
    self.assertIn('unknown record', summary['modules_failed']['copy.ll'])
    # Guesses of another LLVM do not mix.
    broken.write_text('#!/bin/sh\necho LLVM version 20.1.0\n')
    with self.assertRaisesRegex(SystemExit, 'llvm'):
      self._run(f'--opt={broken}')

  def test_names_with_escapes(self):
    (function,) = ir_lib.read_module(
        'define void @"\\01a\\22b"() {\n  ret void\n}\n'
    ).functions
    printed = {'\x01a"b': branch_counts.Printed([], [1.0])}
    found = branch_counts.fitting(printed, function)
    self.assertEqual(guesses.labels_of(function, found).frequencies, [0.0])


if __name__ == '__main__':
  absltest.main()
