"""Tests of extract: sources of a user -> one .ll file for each region."""

import contextlib
import csv
import io
import pathlib
import re
import tempfile

from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.frontend import compilers, extract

REGIONS = """\
#include <omp.h>

static double twice(double x) { return x + x; }

double total(const double *x, int n) {
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < n; ++i) sum += twice(x[i]) * omp_get_num_threads();
#pragma omp parallel
  {
    sum += 1;
  }
  return sum;
}
"""
KERNELS = """\
#include <stdio.h>
#include <cuda.h>

__global__ void scale(float *x, float by, int n) {
  __shared__ float tile[256];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x] = sqrtf(fabs(x[min(i, n - 1)]));
  __syncthreads();
  if (i < n) x[i] = by * tile[(threadIdx.x + 1) % 256];
}

int main() {
  float *x;
  cudaMalloc(&x, 1024);
  scale<<<dim3(4), dim3(256)>>>(x, 2.0f, 256);
  cudaError_t error = cudaDeviceSynchronize();
  printf("%s\\n", cudaGetErrorString(error));
  cudaFree(x);
}
"""


def has_clang() -> bool:
  try:
    return bool(compilers.find_compiler('c'))
  except ir.IRError:
    return False


class ExtractTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.folder = pathlib.Path(folder)
    (self.folder / 'sources').mkdir()
    (self.folder / 'sources' / 'total.c').write_text(REGIONS)
    (self.folder / 'sources' / 'scale.cu').write_text(KERNELS)
    self.out_dir = self.folder / 'ir'

  def run_main(self, *words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      code = extract.main([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()

  def write_table(self, *lines):
    path = self.folder / 'table.csv'
    path.write_text('\n'.join(['name,source,line,symbol,flags', *lines]) + '\n')
    return path

  def test_batch(self):
    if not has_clang():
      self.skipTest('there is no clang, nor the ziglang wheel')
    table = self.write_table(
        'sum,sources/total.c,7,,-fopenmp',
        'late,sources/total.c,8,,-fopenmp',
        'gone,sources/gone.c,8,,',
        'scale,sources/scale.cu,,scale,',
        'whole,sources/total.c,,total,-fopenmp',
    )
    code, out, err = self.run_main(table, self.out_dir)
    self.assertEqual(code, 1)
    self.assertIn('3 of 5 written', out)
    self.assertIn('late: ', err)
    # Clang up to 16 calls it `.omp_outlined.`, later ones after its function.
    self.assertRegex(
        err,
        r'no function of line 8; there are (total\.omp_outlined|'
        r'\.omp_outlined\.) of',
    )
    self.assertIn('gone.c: there is no such file', err)
    self.assertEqual(
        {path.name for path in self.out_dir.iterdir()},
        {'sum.ll', 'scale.ll', 'whole.ll', 'extract.csv'},
    )
    with (self.out_dir / 'extract.csv').open(newline='') as file:
      rows = {row['name']: row for row in csv.DictReader(file)}
    self.assertLen(rows, 5)
    self.assertIn('clang', rows['sum']['command'])
    self.assertIn('no function', rows['late']['error'])

    region = (self.out_dir / 'sum.ll').read_text()
    self.assertIn('__kmpc_for_static_init', region)
    self.assertNotIn('@total(', region)
    self.assertNotIn(str(self.folder), region)
    # Two calls of OpenMP's make the region; the other one is not in it.
    self.assertLen(re.findall(r'omp_outlined[.\d]*\(', region), 1)
    scale = (self.out_dir / 'scale.ll').read_text()
    (kernel,) = ir.read_module(scale).functions
    self.assertIn('sqrt', ' '.join(symbol for _, symbol in kernel.calls))
    whole = ir.read_module((self.out_dir / 'whole.ll').read_text())
    self.assertGreater(len(whole.functions), 2)

  def test_places_lose_their_folders(self):
    place = ';/tmp/\\C3\\A9/a.c;f;7;1;;'
    text = (
        f'@0 = private constant [22 x i8] c"{place}\\00", align 1\n'
        '@1 = private constant %t { i32 0, i32 2, i32 0, i32 21, ptr @0 }\n'
    )
    short = (
        '@0 = private constant [14 x i8] c";a.c;f;7;1;;\\00", align 1\n'
        '@1 = private constant %t { i32 0, i32 2, i32 0, i32 13, ptr @0 }\n'
    )
    self.assertEqual(extract._without_folders(text), short)
    self.assertEqual(extract._without_folders(short), short)

  def test_one_source(self):
    if not has_clang():
      self.skipTest('there is no clang, nor the ziglang wheel')
    source = self.folder / 'sources' / 'total.c'
    code, out, _ = self.run_main(
        source, self.out_dir, '--line=9', '--opt_level=O0', '--', '-fopenmp'
    )
    self.assertEqual(code, 0, out)
    self.assertTrue((self.out_dir / 'total_9.ll').is_file())

  def test_bad_tables(self):
    for lines, message in (
        ([], 'no rows'),
        (['a,b.c,,,'], "table.csv:2: line '' is none, and no symbol"),
        (['a,b.c,-3,,'], "line '-3' is none"),
        (['../a,b.c,3,,'], 'name \\(a file name\\)'),
        (['a,b.c,3,,-D"'], 'flags'),
        (['a,b.c,3,,', 'a,b.c,4,,'], "more than one row is called 'a'"),
    ):
      with self.assertRaisesRegex(ir.IRError, message):
        extract.read_table(self.write_table(*lines))
    path = self.folder / 'table.csv'
    path.write_text('name,line\na,3\n')
    with self.assertRaisesRegex(ir.IRError, 'no column source'):
      extract.read_table(path)
    code, _, err = self.run_main(self.folder / 'none.csv', self.out_dir)
    self.assertEqual(code, 1)
    self.assertIn('none.csv', err)

  def test_no_compiler(self):
    table = self.write_table('sum,sources/total.c,7,,-fopenmp')
    wanted = extract.read_table(table)
    (result,) = extract.extract(wanted, self.out_dir, compiler='no-such-clang')
    self.assertIn("compiler 'no-such-clang' is neither", result.error)


if __name__ == '__main__':
  absltest.main()
