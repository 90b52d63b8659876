"""Tests of `measure size`: functions under pipelines, whatever happens."""

import json
import pathlib
import subprocess
import sys
import tempfile
import textwrap

import llvmlite.binding as llvm
import numpy as np
from absl.testing import absltest

from mirencoder_jax.frontend import isolation
from mirencoder_jax.measure import (
    elf,
    function_sizes,
    label_file,
    pipelines,
    size_modules,
    size_passes,
    size_summary,
)

TRIPLE = 'target triple = "x86_64-unknown-linux-gnu"\n'
CALLS = """
define i32 @inlined(i32 %x) alwaysinline {
  %a = mul i32 %x, 12345
  %b = xor i32 %a, 54321
  %c = mul i32 %b, 33333
  %d = xor i32 %c, 77777
  %e = call i32 @outside(i32 %d)
  %f = mul i32 %e, 99999
  ret i32 %f
}
define i32 @caller(i32 %x) {
  %p = alloca i32
  store i32 %x, ptr %p
  %v = load i32, ptr %p
  %r = call i32 @inlined(i32 %v)
  ret i32 %r
}
declare i32 @outside(i32)
"""
# The counter of the loop is another's, so it never ends, and has no effect.
ENDLESS = """
define void @endless(ptr noalias %out, i32 %n) mustprogress {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i2, %loop ]
  %p = getelementptr i32, ptr %out, i32 %i
  %q = mul i32 %i, 17
  %r = xor i32 %q, 4711
  %s = mul i32 %r, %r
  store volatile i32 %s, ptr %p
  %i2 = add i32 %i, 1
  %c = icmp slt i32 %i2, %n
  br i1 %c, label %loop, label %end
end:
  ret void
}
"""


def _object(text: str, triple='x86_64-unknown-linux-gnu') -> bytes:
  llvm.initialize_all_targets()
  llvm.initialize_all_asmprinters()
  machine = llvm.Target.from_triple(triple).create_target_machine(
      codemodel='default'
  )
  module = llvm.parse_assembly(text)
  module.triple = triple
  return machine.emit_object(module)


class ElfTest(absltest.TestCase):

  TEXT = """
      @table = constant [5 x i32] zeroinitializer
      @state = global [3 x i32] [i32 1, i32 2, i32 3]
      define void @nothing() nounwind { ret void }
      define i32 @call() { %r = call i32 @outside(i32 1) ret i32 %r }
      declare i32 @outside(i32)
  """

  def test_x86(self):
    sizes = elf.read_sizes(_object(self.TEXT))
    self.assertEqual(sizes.functions['nothing'], 1)  # ret is one byte
    self.assertEqual(sizes.defined, {'nothing', 'call', 'table', 'state'})
    self.assertEqual(sizes.undefined, {'outside'})
    self.assertGreaterEqual(sizes.text, sum(sizes.functions.values()))
    # Read-only data and the unwind table of `call`, and not what is written.
    self.assertGreaterEqual(sizes.berkeley, sizes.text + 20)

  def test_32_bits(self):
    sizes = elf.read_sizes(_object(self.TEXT, 'thumbv7em-none-eabi'))
    self.assertEqual(sizes.functions['nothing'], 2)  # bx lr
    self.assertIn('outside', sizes.undefined)

  def test_something_else(self):
    for data in (b'', b'\x7fELF', b'MZ' + bytes(100)):
      with self.assertRaises(elf.ElfError):
        elf.read_sizes(data)


class WorkerTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.worker = self.enter_context(size_passes.SizeWorker(seconds=2))

  def part(self, text, symbol):
    text = self.worker.resolve((TRIPLE + text).encode())
    return isolation.Module(text).isolate(symbol)

  def test_always_inline_calls_are_made_before_pipelines_part(self):
    text = self.part(CALLS, 'caller')
    self.assertNotIn('@inlined', text)
    # `sroa` has no inliner; had it kept the call, it would be far smaller.
    oz, without = self.worker.size(text, ['Oz', 'sroa']).sizes
    self.assertGreater(without, 0.7 * oz)

  def test_a_pipeline_that_fails_costs_itself_only(self):
    text = self.part(CALLS, 'caller')
    found = self.worker.size(
        text, ['Oz', 'internalize', 'no_such_pass', 'sroa', 'Oz']
    )
    self.assertIsNone(found.sizes[1])
    self.assertEqual(found.reasons[1], 'lost caller')
    self.assertIsNone(found.sizes[2])
    self.assertIn('no_such_pass', found.reasons[2])
    self.assertIsNotNone(found.sizes[3])
    self.assertEqual(found.sizes[4], found.sizes[0])

  def test_aborts_and_endless_passes(self):
    folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
    script = folder / 'worker.py'
    script.write_text(textwrap.dedent(f"""
            import os, sys
            sys.path.insert(0, {str(size_passes._WORKER.parent)!r})
            import size_worker
            run = size_worker._run
            def fake(module, machine, pipeline):
              if pipeline == 'abort':
                os.abort()
              while pipeline == 'endless':
                pass
              run(module, machine, pipeline)
            size_worker._run = fake
            size_worker.main()
        """))
    self.enter_context(
        absltest.mock.patch.object(size_passes, '_WORKER', script)
    )
    text = self.part(CALLS, 'caller')
    found = self.worker.size(text, ['Oz', 'abort', 'sroa', 'endless', 'Oz'])
    self.assertRegex(found.reasons[1], 'LLVM aborts')
    self.assertRegex(found.reasons[3], 'over 2 s of processor time')
    self.assertEqual(found.sizes[4], found.sizes[0])
    self.assertIsNotNone(found.sizes[2])

  def test_what_undefined_behaviour_deletes_is_no_gain(self):
    text = self.part(ENDLESS, 'endless')
    emptied = text.replace('store volatile', 'store')
    size = elf.read_sizes
    with absltest.mock.patch.object(
        elf,
        'read_sizes',
        side_effect=lambda data: size(data)._replace(
            functions={'endless': next(self.sizes)}
        ),
    ):
      self.sizes = iter([90, 30, 29])
      found = self.worker.size(emptied, ['Oz', 'O1', 'O2'])
    self.assertEqual(found.sizes, (90, 30, None))
    self.assertEqual(found.reasons[2], 'below a third of -Oz')

  def test_what_a_compiler_may_call(self):
    symbols = ['__aeabi_ldivmod', '__floatdidf', '__umoddi3', '__ashlti3']
    found = size_passes.unknown(
        frozenset([*symbols, 'puts', '__new', 'memset']), size_passes.RUNTIME
    )
    self.assertEqual(found, {'puts', '__new'})

  def test_no_default_no_size(self):
    with self.assertRaisesRegex(size_passes.SizeError, 'expected'):
      self.worker.size('define', ['Oz'])

  def test_pipelines_exist(self):
    text = self.part(CALLS, 'caller')
    found = self.worker.size(text, list(pipelines.PIPELINES.values()))
    self.assertEqual(found.reasons, {})
    self.assertEqual(next(iter(pipelines.PIPELINES.values())), 'Oz')


class LabelTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    for package in ('one', 'two'):
      (self.folder / package).mkdir()
    self.write('one/a.ll', CALLS)
    self.write('one/b.ll', ENDLESS)
    self.write('two/c.ll', CALLS + ENDLESS)  # all known already
    self.write('two/broken.ll', 'define i32 @f( {')
    (self.folder / 'two' / 'gpu.ll').write_text(
        'target triple = "nvptx64-nvidia-cuda"\n'
        'define void @kernel() { ret void }'
    )
    self.output = self.folder / 'sizes.jsonl'
    some = dict(list(pipelines.PIPELINES.items())[:3])
    self.config = function_sizes.SizesConfig(pipelines=some, min_bytes=20)

  def write(self, name, text):
    (self.folder / name).write_text(TRIPLE + text)

  def label(self, **keywords):
    return function_sizes.label_modules(
        [self.folder], self.output, self.config, **keywords
    )

  def test_packages_take_turns(self):
    packages = [m.package for m in size_modules.find_modules([self.folder])]
    self.assertEqual(packages[:4], ['one', 'two', 'one', 'two'])

  def test_every_function_once_and_every_problem_named(self):
    records = self.label()
    functions = [f for r in records.values() for f in r['functions']]
    self.assertLen({f[0] for f in functions}, len(functions))
    self.assertEqual(
        {f[1] for f in functions}, {'caller', 'inlined', 'endless'}
    )
    self.assertIn('reason', records['two/broken.ll'])
    self.assertIn('nvptx64', records['two/gpu.ll']['reason'])
    for _, symbol, sizes, _ in functions:
      self.assertLen(sizes, 3)
      self.assertGreater(sizes[0], 20, symbol)

  def test_small_functions_are_counted(self):
    self.config = function_sizes.SizesConfig(
        pipelines=self.config.pipelines, min_bytes=10_000
    )
    records = self.label()
    self.assertEqual(sum(len(r['functions']) for r in records.values()), 0)
    self.assertGreaterEqual(sum(r['num_small'] for r in records.values()), 3)

  def test_stopped_and_resumed_is_the_same_to_the_byte(self):
    self.label()
    whole = self.output.read_bytes()
    self.output.unlink()
    self.label(limit=1)
    self.assertLess(len(self.output.read_bytes()), len(whole))
    self.label()
    self.assertEqual(self.output.read_bytes(), whole)
    self.label()
    self.assertEqual(self.output.read_bytes(), whole)

  def test_other_settings_need_another_file(self):
    self.label()
    self.config = function_sizes.SizesConfig(min_bytes=99)
    with self.assertRaisesRegex(label_file.LabelFileError, 'name another'):
      self.label()

  def test_another_target(self):
    self.config = function_sizes.SizesConfig(
        pipelines=self.config.pipelines,
        min_bytes=4,
        target=size_passes.Target('aarch64-linux-gnu'),
    )
    records = self.label()
    functions = [f for r in records.values() for f in r['functions']]
    self.assertNotEmpty(functions)
    self.assertEqual(functions[0][2][0] % 4, 0)  # words
    self.output.unlink()
    self.config = function_sizes.SizesConfig(
        pipelines=self.config.pipelines,
        target=size_passes.Target('thumbv7em-none-eabi'),
    )
    self.assertIn('--target=', self.label()['one/a.ll']['reason'])

  def test_command(self):
    done = subprocess.run(
        [
            *(sys.executable, '-m', 'mirencoder_jax.measure', 'size'),
            *(str(self.folder), '--limit=1', '--min_bytes=8', '--json'),
            *('--ir', str(self.folder / 'task')),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    summary = json.loads(done.stdout)
    self.assertGreater(summary['num_rows'], 0)
    self.assertEqual(summary['default'], 'Oz')
    table = (self.folder / 'task' / 'table.csv').read_text()
    self.assertIn('time:Oz', table.splitlines()[0])
    self.assertLen(
        list((self.folder / 'task' / 'ir').glob('*.ll')), summary['num_rows']
    )


class SummaryTest(absltest.TestCase):

  def test_gains(self):
    table = size_summary.Table(
        ['a', 'b'],
        ['p', 'p'],
        ['Oz', 'x', 'y'],
        np.array([[100, 50, np.nan], [100, 200, 100]], float),
    )
    found = size_summary.summarize(table)
    # 100 to 50, and nothing: half of the logarithm of two.
    self.assertAlmostEqual(found['oracle'], 100 * (1 - 0.5**0.5), places=3)
    self.assertEqual(found['best_constant_gain'], 0)
    self.assertEqual(found['failed'], {'y': 1})
    self.assertEqual(found['winners'], {'x': 1})
    self.assertEqual(found['largest'], ['a: 100 to 50 (x)'])

  def test_coreset_takes_what_adds_most(self):
    gains = dict(a=[3.0, 0, 0], b=[2.5, 2, 0], c=[0.0, 2, 1.5])
    kept = size_summary.coreset(gains, 3)
    self.assertEqual([name for name, _ in kept], ['b', 'c', 'a'])
    np.testing.assert_allclose([gain for _, gain in kept], [1.5, 2.0, 6.5 / 3])


if __name__ == '__main__':
  absltest.main()
