"""Functions by pipelines of their own: smaller, and still what they were."""

import contextlib
import io
import json
import pathlib
import shutil
import subprocess
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from mirencoder_jax import cli
from mirencoder_jax.cli import console
from mirencoder_jax.ir import IRError
from mirencoder_jax.measure import elf, size_passes
from mirencoder_jax.tuning import functions, gating, sources, tuned, whole

# `skip` has blocks that -Oz leaves larger than other passes do; `slot` and
# `shared_code` are inlined by -Oz, `twice` must be, and `never` must not be.
IR = """
target triple = "x86_64-unknown-linux-gnu"

@table = internal global [4 x i32] zeroinitializer
@shared = global i32 7

define ptr @skip(ptr %p) {
entry:
  %place = alloca ptr
  store ptr %p, ptr %place
  br label %head
head:
  %p0 = load ptr, ptr %place
  %c0 = load i8, ptr %p0
  %is0 = icmp eq i8 %c0, 32
  br i1 %is0, label %last, label %second
second:
  %p1 = load ptr, ptr %place
  %c1 = load i8, ptr %p1
  %is1 = icmp eq i8 %c1, 10
  br i1 %is1, label %last, label %third
third:
  %p2 = load ptr, ptr %place
  %c2 = load i8, ptr %p2
  %is2 = icmp eq i8 %c2, 9
  br i1 %is2, label %last, label %fourth
fourth:
  %p3 = load ptr, ptr %place
  %c3 = load i8, ptr %p3
  %is3 = icmp eq i8 %c3, 13
  br label %last
last:
  %is = phi i1 [ true, %third ], [ true, %second ], [ true, %head ],
      [ %is3, %fourth ]
  br i1 %is, label %body, label %end
body:
  %p4 = load ptr, ptr %place
  %next = getelementptr inbounds i8, ptr %p4, i32 1
  store ptr %next, ptr %place
  br label %head
end:
  %p5 = load ptr, ptr %place
  ret ptr %p5
}

define i32 @use(i32 %x) {
  %s = call i32 @slot(i32 %x)
  %t = call i32 @twice(i32 %s)
  %n = call i32 @never(i32 %t)
  %m = call i32 @shared_code(i32 %n)
  ret i32 %m
}

define linkonce_odr i32 @shared_code(i32 %x) {
  %place = alloca i32
  store i32 %x, ptr %place
  %y = load i32, ptr %place
  ret i32 %y
}

define internal i32 @slot(i32 %x) {
  %i = and i32 %x, 3
  %p = getelementptr [4 x i32], ptr @table, i32 0, i32 %i
  %v = load i32, ptr %p
  %w = add i32 %v, 1
  store i32 %w, ptr %p
  ret i32 %w
}

define internal i32 @twice(i32 %x) alwaysinline {
  %y = shl i32 %x, 1
  ret i32 %y
}

define internal i32 @never(i32 %x) noinline {
  %s = load i32, ptr @shared
  %y = mul i32 %x, %s
  ret i32 %y
}
"""
C = """#include <stdio.h>
const char *skip(const char *p) {
  while (*p == ' ' || *p == '\\n' || *p == '\\t' || *p == '\\r') ++p;
  return p;
}
static int words(const char *text) {
  int count = 0;
  while (*(text = skip(text))) {
    ++count;
    while (*text && skip(text) == text) ++text;
  }
  return count;
}
int main(void) {
  printf("%d\\n", words("to be  or\\nnot "));
  return 0;
}
"""


def run(*words: str) -> tuple[int, str, str]:
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = cli.main(['tune', *words, '--for', 'functions'])
  return code, out.getvalue(), err.getvalue()


class GatingTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.worker = self.enter_context(size_passes.SizeWorker())
    data = self.worker.mark(IR.encode())
    self.text = self.worker.resolve(data)

  def test_nothing_passes_through_a_gate_and_all_is_as_it_was(self):
    names = ('skip', 'use', 'slot', 'never', 'shared_code')
    gated = gating.gate(self.text, names)
    self.assertEqual(gated.count('optnone'), 2)  # with noinline, and without
    passed = gating.ungate(self.worker.run(gated, 'instruction_combine'))
    # Only names of groups may differ.
    again, before = (self.worker.run(t, '') for t in (passed, self.text))
    self.assertEqual(again, before)

  def test_only_what_is_open_is_changed(self):
    gated = gating.gate(self.text, ('skip', 'use', 'never'))
    passed = gating.ungate(self.worker.run(gated, 'Oz'))
    self.assertIn('%place = alloca', passed)  # of skip
    self.assertNotIn('getelementptr [4 x i32]', passed)  # of slot
    self.assertNotIn('optnone', passed)
    (never,) = (line for line in passed.split('\n') if '@never(i32' in line
                and line.startswith('define'))  # fmt: skip
    group = never.split('#')[1].split()[0]
    (attributes,) = (line for line in passed.split('\n')
                     if line.startswith(f'attributes #{group} '))  # fmt: skip
    for word in ('noinline', 'minsize', 'optsize'):
      self.assertIn(word, attributes)
    self.assertEqual(passed.count('noinline'), 1)


class FunctionsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    self.ir = self.folder / 'unit.ll'
    self.ir.write_text(IR)

  def tune(self, path=None, **options):
    """Without clang, whatever there is here."""
    with mock.patch.object(functions, '_find_clang', return_value=None):
      (found,) = functions.tune(path or self.ir, **options)
    return found

  def test_both_beginnings(self):
    with size_passes.SizeWorker() as worker:
      text = worker.resolve(worker.mark(IR.encode()))
      module = whole.Whole(text, '', worker)
      inlined = module.inlined()
      self.assertIsNone(inlined.inlined())
      self.assertContainsSubset({'slot', 'shared_code'}, module.parts.symbols)
      self.assertSameElements(inlined.symbols, ('skip', 'use', 'never'))
      self.assertEqual(inlined.base.sizes.defined, module.base.sizes.defined)
      # Where inlining does not pay, there is one beginning.
      with mock.patch.object(whole, '_INLINED', 0.0):
        self.assertIsNone(module.inlined())

  @parameterized.parameters('small.ll', 'small.bc', 'small.o')
  def test_ir_without_clang(self, name):
    output = self.folder / name
    found = self.tune(output=output)
    self.assertEqual(found.error, '')
    self.assertLess(found.best, found.base)
    self.assertStartsWith(found.choice, 'skip=')
    with size_passes.SizeWorker() as worker:
      text = worker.resolve(worker.mark(IR.encode()))
      base = worker.emit(worker.run(text, 'Oz'))
      made = output.read_bytes()
      if output.suffix != '.o':
        self.assertIn(f'-disable-llvm-passes -c {output}', found.command)
        made = worker.emit(worker.resolve(made))
    base, made = elf.read_sizes(base), elf.read_sizes(made)
    self.assertEqual(base.text, found.base)
    self.assertEqual(made.text, found.best)
    self.assertEqual(made.defined, {'skip', 'use', 'shared'})
    self.assertLessEqual(made.undefined, base.undefined)
    self.assertNotIn('twice', made.functions)
    self.assertIn('never', made.functions)
    self.assertNotIn('slot', made.functions)
    self.assertNotIn('shared_code', made.functions)

  def test_a_table_is_gone_on_from(self):
    table = self.folder / 'sizes.jsonl'
    settings = tuned.Settings(trials=3)
    first = self.tune(settings=settings, table=table)
    with mock.patch.object(
        size_passes.SizeWorker, 'size', autospec=True,
        side_effect=size_passes.SizeWorker.size,
    ) as spy:  # fmt: skip
      second = self.tune(table=table)
      self.assertLen(spy.call_args_list[0].args[2], len(functions.NAMES) - 3)
      spy.reset_mock()
      third = self.tune(table=table)
      spy.assert_not_called()
    self.assertContainsSubset(first.trials, second.trials)
    self.assertEqual(second.trials, third.trials)

  @parameterized.parameters(
      dict(trials=0), dict(seconds=0.0)
  )  # fmt: skip
  def test_no_budget(self, **settings):
    output = self.folder / 'small.o'
    found = self.tune(settings=tuned.Settings(**settings), output=output)
    self.assertEqual((found.error, found.choice), ('', ''))
    self.assertEqual(found.best, found.base)
    self.assertEqual(elf.read_sizes(output.read_bytes()).text, found.base)

  def test_what_does_not_pay_in_the_whole_is_left_out(self):
    build = whole.Whole.build

    def larger(unit, choices):
      built = build(unit, choices)
      if choices:
        sizes = built.sizes._replace(text=built.sizes.text + 4096)
        return whole.Built(built.text, built.made, sizes)
      return built

    with mock.patch.object(whole.Whole, 'build', larger):
      found = self.tune()
    self.assertEqual(found.choice, '')
    self.assertEqual(found.best, found.base)
    self.assertEmpty(found.notes)

  @parameterized.parameters('lost', 'new')
  def test_a_module_that_lost_a_symbol_or_calls_more_is_out(self, kind):
    build = whole.Whole.build

    def broken(unit, choices):
      built = build(unit, choices)
      sizes = built.sizes
      if choices and kind == 'lost':
        sizes = sizes._replace(defined=sizes.defined - {'skip'})
      elif choices:
        sizes = sizes._replace(undefined=sizes.undefined | {'puts'})
      return whole.Built(built.text, built.made, sizes)

    with mock.patch.object(whole.Whole, 'build', broken):
      found = self.tune()
    self.assertEqual(found.choice, '')

  def test_the_best_so_far_after_ctrl_c(self):
    def interrupt(*_):
      raise KeyboardInterrupt

    found = self.tune(on_trial=interrupt)
    self.assertEqual(found.stopped, 'Ctrl-C')
    self.assertEqual(found.error, '')
    self.assertLessEqual(found.best, found.base)

  def test_clang_that_does_better_by_itself_stays(self):
    with size_passes.SizeWorker() as worker:
      made = worker.emit(IR)  # any object that is small
    clang = mock.Mock(version='clang version 99', compile=('clang',))
    output = self.folder / 'small.o'
    with (
        mock.patch.object(functions, '_find_clang', return_value=clang),
        mock.patch.object(sources.Source, 'compile', return_value=made),
        mock.patch.object(
            functions.elf, 'read_sizes', side_effect=lambda data:
            elf.Sizes(1 if data == made else 50, 0, {}, frozenset(),
                      frozenset()),
        ),
    ):  # fmt: skip
      (found,) = functions.tune(self.ir, output=output)
    self.assertEqual((found.base, found.best, found.choice), (1, 1, ''))
    self.assertEqual(output.read_bytes(), made)

  def find_clang(self):
    try:
      clang = functions.compiler.find_newer('', functions.MIN_VERSION, '')
    except IRError as error:
      self.skipTest(str(error))
    if shutil.which('cc') is None:
      self.skipTest('nothing links')
    return clang

  def test_a_build(self):
    self.find_clang()
    build, objects = self.folder / 'build', self.folder / 'objects'
    build.mkdir()
    entries = []
    for name, text, made in (
        ('skip', C[: C.index('static')], 'one.dir/skip.c.o'),
        ('main', C, '../outside.o'),
        ('bad', 'int f( {', 'bad.o'),
    ):
      (self.folder / f'{name}.c').write_text(text)
      entries.append(
          dict(
              directory=str(build),
              file=f'../{name}.c',
              output=made,
              command=f'cc -c ../{name}.c -o {made} -Dskip=skip_{name}',
          )
      )
    path = build / 'compile_commands.json'
    path.write_text(json.dumps(entries))
    code, out, err = run(str(build), '-o', str(objects), '--trials', '2')
    self.assertEqual(code, console.PARTLY, err)
    self.assertRegex(out, r'2 units: text .* with pipelines by function')
    self.assertIn(f'cp -a {objects}/. {build}/', out)
    self.assertRegex(err, r'bad\.c: .*expected')
    made = [p for p in objects.rglob('*') if p.is_file()]
    expected = [objects / 'one.dir' / 'skip.c.o', objects / 'outside.o']
    self.assertSameElements(made, expected)
    first, second = (elf.read_sizes(p.read_bytes()) for p in expected)
    self.assertContainsSubset({'skip_skip'}, first.defined)
    self.assertContainsSubset({'skip_main', 'main'}, second.defined)
    program = self.folder / 'program'
    subprocess.run(['cc', *map(str, made), '-o', str(program)], check=True)
    self.assertEqual(subprocess.check_output([str(program)]), b'4\n')

  def test_a_program_still_prints_the_same(self):
    clang = self.find_clang()
    source, output = self.folder / 'words.c', self.folder / 'words.o'
    source.write_text(C)
    code, out, err = run(str(source), '-o', str(output), '--json')
    self.assertEqual(code, console.OK, err)
    (found,) = json.loads(out)
    self.assertLess(found['best'], found['base'])
    base = self.folder / 'base.o'
    subprocess.run(
        [*clang.compile, '-Oz', '-c', str(source), '-o', str(base)], check=True
    )
    sizes = [elf.read_sizes(p.read_bytes()) for p in (output, base)]
    self.assertEqual(sizes[0].text, found['best'])
    self.assertLess(sizes[0].text, sizes[1].text)
    self.assertEqual(sizes[0].defined, sizes[1].defined)
    printed = []
    for path in (output, base):
      program = path.with_suffix('')
      subprocess.run(['cc', str(path), '-o', str(program)], check=True)
      printed.append(subprocess.check_output([str(program)]))
    self.assertEqual(printed, [b'4\n'] * 2)

  def test_bad_input(self):
    old = self.folder / 'o0.ll'
    old.write_text(
        'target triple = "x86_64-linux-gnu"\n'
        'define void @f() noinline optnone {\n  ret void\n}\n'
    )
    other = self.folder / 'other.ll'
    other.write_text('define void @f() {\n  ret void\n}\n')
    broken = self.folder / 'broken.ll'
    broken.write_text('define void @f( {\n')
    table = self.folder / 'table.jsonl'
    table.write_text('{"kind": "unit_sizes", "llvm": "1"}\n')
    for words, message in (
        (('missing.ll',), 'missing.ll: there is no such file'),
        ((str(old),), 'This IR is of -O0'),
        ((str(other),), 'no object code is read of'),
        ((str(broken),), 'expected'),
        ((str(self.folder),), 'there is no such file; CMake writes it'),
        ((str(self.folder), '-o', str(self.ir)), 'a folder is written'),
        ((str(self.ir), '-o', 'no/where.o'), 'there is no folder'),
        ((str(self.ir), '-o', 'x.so'), '.ll, .bc or .o'),
        ((str(self.ir), '--cmake', 'x.cmake'), '--for size finds'),
        ((str(self.ir), '--target', 'arm-none-eabi'), 'has its target'),
        ((str(self.ir), '--table', str(table)), 'name another'),
    ):
      with self.subTest(message):
        code, _, err = run(*words)
        self.assertIn(code, (console.FAILED, console.USAGE))
        self.assertIn(message, err)
        self.assertEqual(err.count('\n'), 1, err)


if __name__ == '__main__':
  absltest.main()
