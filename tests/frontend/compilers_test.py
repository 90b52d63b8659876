"""Finding a compiler, its flags, and what is said when there is none."""

import os
import pathlib
import stat
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.frontend import compilers

C_SOURCE = 'float twice(float x) { return x + x; }\n'
CLANG = compilers.Compiler('clang', ('/bin/clang',), '19.1.7')
ZIG = compilers.Compiler('zig', ('/wheel/zig', 'clang'), '22.1.8')
RUSTC = compilers.Compiler('rustc', ('/bin/rustc',), '1.95.0')

LEVELS = """#include <assert.h>
static int __attribute__((noinline)) first(int *x) { return *x + 1; }
int call(int *x, int *y) { return first(x) * first(y); }
void scale(int n, float *restrict x, const float *restrict y) {
  assert(n > 1);
  for (int i = 0; i < n; ++i) x[i] *= y[i];
}
"""
# Stands in for clang: answers --version, writes IR, refuses `bad.c`.
FAKE = """#!/bin/sh
case "$*" in
  *--version) echo 'Debian clang version 19.1.7 (3)'; exit 0;;
  *bad.c*) echo 'bad.c:1:1: error: unknown type name' >&2; exit 1;;
esac
for word; do last=$word; done
echo 'define void @f() {' > "$last"
echo '  ret void' >> "$last"
echo '}' >> "$last"
echo 'a warning' >&2
"""


class CompilersTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    compilers.find_compiler.cache_clear()
    self.addCleanup(compilers.find_compiler.cache_clear)

  def path_is(self, *names):
    """A PATH of one folder, with stand-ins of these names."""
    for name in names:
      fake = self.folder / name
      fake.write_text(FAKE)
      fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    self.enter_context(mock.patch.dict(os.environ, {'PATH': str(self.folder)}))

  def source(self, name='twice.c', text=C_SOURCE):
    path = self.folder / name
    path.write_text(text)
    return path

  @parameterized.parameters(
      ('a.c', 'c'),
      ('a.CPP', 'c++'),
      ('a.C', 'c++'),
      ('a.cl', 'opencl'),
      ('a.F90', 'fortran'),
      ('a.ll', None),
      ('a.H', None),
      ('folder/', None),
  )
  def test_language_of(self, path, expected):
    self.assertEqual(compilers.language_of(path), expected)

  def test_clang_comes_before_numbered_clang(self):
    self.path_is('clang-19', 'clang')
    found = compilers.find_compiler('c++')
    self.assertEqual(found.command, (str(self.folder / 'clang'),))
    self.assertEqual(str(found), 'clang 19.1.7')

  def test_named_compiler(self):
    self.path_is('clang-19', 'clang')
    found = compilers.find_compiler('c', 'clang-19')
    self.assertEqual(found.command, (str(self.folder / 'clang-19'),))
    with self.assertRaisesRegex(ir.IRError, "'gcc-2' is neither on the PATH"):
      compilers.find_compiler('c', 'gcc-2')

  def test_without_a_compiler_it_says_what_to_install(self):
    self.path_is()
    self.enter_context(
        mock.patch.object(compilers, '_find_zig', return_value=None)
    )
    with self.assertRaisesRegex(ir.IRError, 'no compiler of c .*ziglang'):
      compilers.compile_source(self.source())
    with self.assertRaisesRegex(ir.IRError, 'of rust was found: install rustc'):
      compilers.find_compiler('rust')

  def test_compiles_and_says_how(self):
    self.path_is('clang')
    path = self.source()
    compiled = compilers.compile_source(path, opt_level='O3', flags=['-Dn=4'])
    module = ir.read_module(compiled.text, name=str(path))
    self.assertEqual([f.name for f in module.functions], ['f'])
    self.assertEqual(compiled.warnings, 'a warning')
    self.assertEqual(
        str(compiled),
        f'{path}: clang 19.1.7: {self.folder}/clang -S -emit-llvm -O3 -g0 '
        f'-Dn=4 {path}',
    )

  def test_refused_source_names_file_and_first_error(self):
    self.path_is('clang')
    path = self.source('bad.c')
    with self.assertRaisesRegex(ir.IRError, 'bad.c: clang .*: unknown type'):
      compilers.compile_source(path)

  @parameterized.parameters('missing.c', 'notes.txt')
  def test_no_source(self, name):
    with self.assertRaisesRegex(ir.IRError, f'{name}: (there|no source)'):
      compilers.compile_source(self.folder / name)

  def test_flags_of_each_kind(self):
    def command(compiler, path, **options):
      return ' '.join(compilers.compile_command(compiler, path, **options))

    self.assertEqual(
        command(CLANG, 'a.c', debug_lines=True),
        '/bin/clang -S -emit-llvm -O1 -gline-tables-only a.c',
    )
    wheel = command(ZIG, 'a.cc', opt_level='O3')
    self.assertStartsWith(
        wheel, '/wheel/zig clang -target x86_64-linux-gnu -nostdinc '
    )
    self.assertIn(' -isystem /wheel/lib/libcxx/include ', wheel)
    self.assertEndsWith(wheel, ' -S -emit-llvm -O3 -g0 a.cc')
    self.assertNotIn('libcxx', command(ZIG, 'a.c'))
    self.assertIn(' clang -x cl ', command(ZIG, 'a.cl'))
    self.assertIn(' -nocudainc ', command(ZIG, 'a.cu'))
    self.assertIn('openmp', command(ZIG, 'a.c', flags=['-fopenmp']))
    self.assertIn(' opt-level=3 ', command(RUSTC, 'a.rs', opt_level='O3'))
    with self.assertRaisesRegex(ir.IRError, "'fast' is none of O0"):
      compilers.compile_command(CLANG, 'a.c', opt_level='fast')

  @parameterized.parameters(
      ('k.cl', '__kernel void k(__global float4 *x) { x[0] = sqrt(x[1]); }'),
      ('k.cu', '__global__ void k(float *x) { x[threadIdx.x] = 1; }'),
      ('k.c', '#include <math.h>\nfloat k(float x) { return sqrtf(x); }'),
  )
  def test_clang_of_the_wheel_with_our_headers(self, name, text):
    try:
      compiler = compilers.find_compiler('c', 'ziglang')
    except ir.IRError:
      self.skipTest('ziglang is not installed')
    compiled = compilers.compile_source(
        self.source(name, text), compiler=compiler
    )
    functions = ir.read_module(compiled.text).functions
    self.assertIn('k', ' '.join(f.name for f in functions))

  def test_levels_of_the_wheel_are_levels(self):
    if compilers.wheel.find_program() is None:
      self.skipTest('ziglang is not installed')
    path = self.source('levels.c', LEVELS)
    texts = {
        level: compilers.compile_source(
            path, compiler='ziglang', opt_level=level
        ).text
        for level in compilers.OPT_LEVELS
    }
    # Vectors from -O2 on, arguments by value at -O3, as clang does it.
    self.assertLen(set(texts.values()), 4)
    self.assertIn('alloca', texts['O0'])
    self.assertNotIn('alloca', texts['O1'])
    self.assertNotIn('<4 x float>', texts['O1'])
    self.assertIn('<4 x float>', texts['O2'])
    # No level defines a macro of its own, as those of `zig cc` do.
    self.assertIn('@__assert_fail', texts['O2'])

  @parameterized.parameters(
      ('#pragma omp parallel\n;}', 'omp.c:2'),
      ('{\n # pragma  omp simd\nfor(int i=0;i<a;++i);}}', 'omp.c:3'),
      ('_Pragma("omp simd") for(int i=0;i<a;++i);}', 'omp.c:2'),
      ('#include "omp_.h"\n}', 'omp_.h:2'),
      ('// #pragma omp\n/*\n#pragma omp\n*/\n}', ''),
      ('#if 0\n#pragma omp\n#endif\n}', ''),
  )  # fmt: skip
  def test_pragmas_that_go_unread_are_said(self, body, place):
    try:
      compilers.find_compiler('c')
    except ir.IRError:
      self.skipTest('there is no clang, nor the ziglang wheel')
    self.source('omp_.h', '\n#pragma omp barrier\n')
    path = self.source('omp.c', f'void f(int a) {{\n{body}\n')
    for flags in ([], ['-Werror']):
      said = compilers.compile_source(path, flags=flags).warnings
      if place:
        self.assertRegex(said, f'^.*{place}:.*omp` was left.*--flag=-fopenmp.$')
      else:
        self.assertEqual(said, '')
    for flag in ('-fopenmp', '-fopenmp-simd'):
      said = compilers.compile_source(path, flags=[flag]).warnings
      self.assertNotIn('left out', said)

  def test_pragmas_of_fortran(self):
    self.path_is('flang')
    fake = self.folder / 'flang'
    fake.write_text(fake.read_text().replace('Debian clang', 'Debian flang'))
    path = self.source('omp.f90', '  subroutine f\n  !$OMP parallel')
    said = compilers.compile_source(path).warnings
    self.assertRegex(said, r'a warning\n.*omp.f90:2: `!\$omp`.*-fopenmp')
    said = compilers.compile_source(path, flags=['-fopenmp']).warnings
    self.assertEqual(said, 'a warning')

  def test_missing_header_of_openmp_names_the_flag(self):
    try:
      compilers.find_compiler('c')
    except ir.IRError:
      self.skipTest('there is no clang, nor the ziglang wheel')
    path = self.source(
        'threads.c', '#include <omp.h>\nint f() { return omp_in_parallel(); }'
    )
    try:
      compilers.compile_source(path)  # the machine may have one
    except ir.IRError as error:
      self.assertRegex(str(error), r'threads.c:1:10: .*--flag=-fopenmp')
    compilers.compile_source(path, flags=['-fopenmp'])

  def test_rust_says_its_llvm(self):
    (self.folder / 'rustc').write_text(
        '#!/bin/sh\necho "rustc 1.95.0 (x)"\n[ $1 = -vV ] || exit 0\n'
        'echo "release: 1.95.0-nightly"\necho "LLVM version: 22.1.2"\n'
    )
    (self.folder / 'rustc').chmod(0o755)
    self.path_is()
    found = compilers.find_compiler('rust')
    self.assertEqual(found.version, '1.95.0-nightly')
    self.assertEqual(found.llvm_version, '22.1.2')

  def test_a_compiler_of_several_words(self):
    self.path_is('clang', 'wrapper')
    found = compilers.find_compiler('c', 'wrapper clang')
    self.assertEqual(found.command, (str(self.folder / 'wrapper'), 'clang'))


if __name__ == '__main__':
  absltest.main()
