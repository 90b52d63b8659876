"""Tests of what becomes of a build's units, with a clang of this machine."""

import csv
import json
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from mirencoder_jax import cli
from mirencoder_jax.frontend import compile_database, compile_units, compilers
from mirencoder_jax.frontend.compile_database import Unit
from mirencoder_jax.ir import IRError

CUDA = """
__device__ static float twice(float x) { return x + x; }
template <int N> __global__ void add(float *x) { x[threadIdx.x] += N; }
extern "C" __global__ void scale(float *x) {
  x[threadIdx.x] = twice(x[threadIdx.x]) * FACTOR;
}
void launch(float *x) { add<3><<<1, 32>>>(x); }
"""
OFFLOAD = """
void scale(float *x, int n) {
  #pragma omp target teams distribute parallel for map(tofrom : x[0:n])
  for (int i = 0; i < n; i++) x[i] *= 2;
}
"""


def clang():
  """A clang, or what a test is skipped with."""
  try:
    return compilers.find_compiler('c++')
  except IRError as error:
    raise absltest.SkipTest(f'no clang: {error}') from None


class CompileUnitsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    clang()
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.out = self.folder / 'out'

  def write(self, *entries):
    """A database of (file, text, flags, output)."""
    listed = []
    for file, text, flags, output in entries:
      (self.folder / file).write_text(text)
      command = f'nvcc {flags} -O3 -c {file} -o {output}'
      listed.append(
          dict(directory=str(self.folder), command=command, file=file)
      )
    path = self.folder / 'compile_commands.json'
    path.write_text(json.dumps(listed))
    return path

  def compile(self, path, **settings):
    units = compile_database.read_database(path, each_once=False)
    found = compile_units.compile_units(
        units, self.out, compile_units.Settings(**settings)
    )
    return [piece for pieces in found for piece in pieces]

  def test_kernels(self):
    """One source in two programs, with a flag of each; templates, too."""
    path = self.write(
        ('a.cu', CUDA, '-x cuda -DFACTOR=2', 'one.dir/a.cu.o'),
        ('a.cu', CUDA, '-x cuda -DFACTOR=5', 'two.dir/a.cu.o'),
    )
    pieces = self.compile(path, device=True, kernels=True, arch='sm_70')
    self.assertEqual([p.error for p in pieces], [''] * 4)
    self.assertCountEqual(
        [(p.unit, p.symbol) for p in pieces],
        [
            (f'{program}.dir/a.cu.o', symbol)
            for program in ('one', 'two')
            for symbol in ('scale', '_Z3addILi3EEvPf')
        ],
    )
    texts = {
        (p.unit[:3], p.symbol): (self.out / p.ir).read_text() for p in pieces
    }
    self.assertIn('5.000000e+00', texts['two', 'scale'])
    self.assertNotIn('5.000000e+00', texts['one', 'scale'])
    self.assertIn('nvptx', pieces[0].triple)
    with (self.out / compile_units.MANIFEST).open() as file:
      rows = list(csv.DictReader(file))
    self.assertEqual([row['ir'] for row in rows], [p.ir for p in pieces])

  def test_what_is_done_is_not_done_again(self):
    path = self.write(('a.c', 'int one(void) { return 1; }', '', 'a.o'))
    (first,) = self.compile(path)
    file = self.out / first.ir
    file.write_text('as it was')
    self.assertEqual(self.compile(path)[0].ir, first.ir)
    self.assertEqual(file.read_text(), 'as it was')
    self.compile(path, opt_level='O2')
    self.assertIn('define', file.read_text())
    # Another unit's rows are kept, and so are those that came to nothing.
    path = self.write(('b.c', 'int f( {', '', 'b.o'))
    self.compile(path)
    with (self.out / compile_units.MANIFEST).open() as manifest:
      units = [row['unit'] for row in csv.DictReader(manifest)]
    self.assertEqual(units, ['a.o', 'b.o'])

  def test_one_bad_unit_costs_itself(self):
    path = self.write(
        ('bad.c', 'int f( {', '', 'bad.o'),
        ('host.c', 'int one(void) { return 1; }', '', 'host.o'),
        ('good.cu', CUDA, '-DFACTOR=2', 'good.o'),
    )
    (self.folder / 'host.c').unlink()
    bad, gone, good = self.compile(path)
    self.assertRegex(bad.error, r'bad.c:1:\d+: error: ')
    self.assertEqual(gone.error, 'there is no such file')
    self.assertFalse(good.error)
    self.assertTrue((self.out / good.ir).is_file())
    self.assertNotIn('nvptx', good.triple)
    errors = [p.error for p in self.compile(path, device=True)]
    self.assertEqual(errors[:2], ['it has no code for a device'] * 2)

  def test_openmp_offload(self):
    path = self.write((
        'a.c', OFFLOAD,
        '-fopenmp -fopenmp-targets=nvptx64-nvidia-cuda', 'a.o',
    ))  # fmt: skip
    if clang().kind == 'zig':
      self.skipTest('the clang of ziglang has no tools to offload with')
    if clang().version.startswith('14.'):
      self.skipTest('clang 14 cannot write the code of one side of OpenMP')
    (piece,) = self.compile(path, device=True, kernels=True, arch='sm_70')
    self.assertFalse(piece.error)
    self.assertRegex(piece.symbol, '__omp_offloading_.*_scale_l3')

  def test_paths_of_another_machine(self):
    unit = Unit(
        '/home/me/src/a.c',
        '/home/me/build',
        'cc',
        ('-I/home/me/src', '-isystem', '/home/me/x', '-I/home/mean', '-DX=/y'),
        'a.o',
    )
    moved = compile_units.move(unit, [('/home/me', '/here')])
    self.assertEqual(
        moved,
        Unit(
            '/here/src/a.c',
            '/here/build',
            'cc',
            ('-I/here/src', '-isystem', '/here/x', '-I/home/mean', '-DX=/y'),
            'a.o',
        ),
    )

  def test_command(self):
    path = self.write(
        ('a.c', 'int one(void) { return 1; }', '', 'x/a.o'),
        ('b.c', 'int f( {', '', 'y/b.o'),
    )
    ask = ['compile', str(path), '--out', str(self.out), '--quiet']
    self.assertEqual(cli.main([*ask, '--only', '^x/']), 0)
    self.assertTrue((self.out / 'x' / 'a.ll').is_file())
    self.assertEqual(cli.main(ask), 3)
    for more in (['--moved', 'nothing'], ['--only', '('], ['--only', 'zzz']):
      self.assertEqual(cli.main([*ask, *more]), 1)


class KernelsTest(absltest.TestCase):

  def test_calling_conventions_and_annotations(self):
    text = """
define ptx_kernel void @a() {
define weak_odr protected amdgpu_kernel void @"b c"(ptr %x) {
define void @d() {
define void @e() {
!nvvm.annotations = !{!0}
!0 = !{ptr @e, !"kernel", i32 1}
"""
    self.assertEqual(compile_units.kernels_of(text), ['a', 'b c', 'e'])


if __name__ == '__main__':
  absltest.main()
