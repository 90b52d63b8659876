"""Tests of the whole way from packages to bitcode, on packages made here."""

import csv
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import tempfile
import time

from absl.testing import absltest
from absl.testing.absltest import mock
from llvmlite import binding

from datasets.source_packages import build, compiling, fetch
from mirencoder_jax.frontend import bounded
from mirencoder_jax.storage import sums

_GPL = '/* under the GNU General Public License, version 2 */\n'
_SOURCES = {
    'src/plain.c': '#include <stdio.h>\nint f(int x) { return puts("") + x; }',
    'src/deep.c': '#include "api.h"\nint g(struct api *a) { return a->x; }',
    'include/api.h': '/* SPDX-License-Identifier: ISC */\nstruct api {int x;};',
    'src/parallel.c': (
        '#include <omp.h>\nvoid scale(float *x, int n) {\n'
        '#pragma omp parallel for\n'
        '  for (int i = 0; i < n; ++i) x[i] *= omp_get_thread_num(); }'
    ),
    'src/configured.c': (
        '#include "config.h"\n#ifndef HAVE_UNISTD_H\n#error no config\n#endif\n'
        'int h(int x) { return x + SIZEOF_LONG; }'
    ),
    'src/config.h.in': '#undef HAVE_UNISTD_H\n#undef SIZEOF_LONG\n',
    'src/old.c': 'int k(int x) { return undeclared(x); }',
    'src/broken.c': 'int broken( { return gone; }',
    'src/gpl.c': f'{_GPL}int taken(void) {{ return 1; }}',
    'src/of_gpl.c': '#include "gpl.h"\nint taken(void) { return inl(); }',
    'src/gpl.h': f'{_GPL}static inline int inl(void) {{ return 1; }}',
    'src/thing.cc': '#include <vector>\nint n(std::vector<int> &v) '
    '{ v.push_back(1); return v.size(); }',
    'kernels/add.cl': '__kernel void add(__global float4 *x) '
    '{ x[get_global_id(0)] += sin(vload4(0, (__global float *)x)); }',
    'kernels/add.cu': '#include <cuda_runtime.h>\n'
    '__global__ void add(float *x) { atomicAdd(x, __shfl_down_sync(~0u, '
    'sqrtf(x[blockIdx.x * blockDim.x + threadIdx.x]), 1)); }',
    'tests/test.c': 'int t(void) { return 0; }',
}
_MANIFEST = """
licences = ['MIT', 'ISC']
exclude = ['tests/*']
[[package]]
name = 'tiny'
version = '1.0'
origin = 'folder'
sha256 = '{}'
licence = 'MIT'
languages = ['c', 'c++', 'opencl', 'cuda']
[[package]]
name = 'other'
version = '2.0'
origin = 'folder'
sha256 = '{}'
licence = 'ISC'
languages = ['c']
tier = 'full'
"""
_COMPILED = {
    'kernels/add.cl': 'opencl',
    'kernels/add.cu': 'cuda',
    'src/configured.c': 'c',
    'src/deep.c': 'c',
    'src/old.c': 'c',
    'src/parallel.c': 'c',
    'src/plain.c': 'c',
    'src/thing.cc': 'c++',
}


@absltest.skipIf(
    importlib.util.find_spec('ziglang') is None, 'needs the wheel ziglang'
)
class BuildTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.folder = pathlib.Path(folder.name)
    for name, files in (('tiny', _SOURCES), ('other', {'a.c': 'int a;'})):
      for path, text in files.items():
        path = cls.folder / name / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    cls.manifest = cls.folder / 'manifest.toml'
    cls.manifest.write_text(
        _MANIFEST.format(
            *(fetch.tree_hash(cls.folder / name) for name in ('tiny', 'other'))
        )
    )
    cls.job = cls.build('made')
    cls.job.run()
    cls.made = cls.folder / 'made'

  @classmethod
  def build(cls, output: str, **fields) -> build.Build:
    config = build.BuildConfig(
        **{
            'manifest': cls.manifest,
            'processes': 2,
            'progress': False,
            'bounds': bounded.Bounds(seconds=60),
        }
        | fields
    )
    return build.Build(cls.folder / output, cls.folder / 'cache', config)

  def rows(self, output: str) -> list[dict[str, str]]:
    with open(self.folder / output / 'manifest.csv', newline='') as file:
      return list(csv.DictReader(file))

  def outcomes(self, output: str) -> dict[str, dict]:
    path = self.folder / output / 'state' / 'tiny.jsonl'
    lines = map(json.loads, path.read_text().splitlines()[1:])
    return {line['source']: line for line in lines}

  def test_manifest_says_where_each_module_is_from(self):
    rows = {row['source']: row for row in self.rows('made')}
    self.assertEqual({k: v['language'] for k, v in rows.items()}, _COMPILED)
    row = rows['src/parallel.c']
    self.assertEqual(row['path'], 'bc/tiny/src/parallel.c.bc')
    self.assertEqual(
        (row['program'], row['package'], row['version'], row['licence']),
        ('tiny', 'tiny', '1.0', 'MIT'),
    )
    self.assertEqual(row['opt_level'], 'O2-raw')
    self.assertEqual(row['compiler'], f'clang {row["llvm"]}')
    self.assertIn('-fopenmp', row['flags'].split())
    self.assertNotIn('-fopenmp', rows['src/plain.c']['flags'].split())
    self.assertEqual(sums.content_of(self.made / row['path']), row['sha256'])

  def test_modules_are_unoptimised_and_name_no_folder_of_the_machine(self):
    for row in self.rows('made'):
      data = (self.made / row['path']).read_bytes()
      text = str(binding.parse_bitcode(data))
      self.assertIn('define', text, row['path'])
      self.assertIn('alloca', text, row['path'])
      self.assertNotIn('optnone', text, row['path'])
      self.assertNotIn(str(self.folder), text, row['path'])
      self.assertNotIn('ziglang/zig', text, row['path'])

  def test_flags_are_found_three_ways(self):
    ways = {s: o['way'] for s, o in self.outcomes('made').items() if o['way']}
    self.assertEqual(ways['src/deep.c'], 'include')
    self.assertEqual(ways['src/configured.c'], 'config')
    self.assertEqual(ways['src/old.c'], 'lenient')

  def test_failures_and_refusals_say_why(self):
    outcomes = self.outcomes('made')
    self.assertEqual(outcomes['src/broken.c']['status'], 'failed')
    self.assertIn('expected', outcomes['src/broken.c']['reason'])
    self.assertEqual(outcomes['src/gpl.c']['reason'], 'licence GPL')
    self.assertEqual(
        outcomes['src/of_gpl.c']['reason'], 'licence GPL of src/gpl.h'
    )
    self.assertNotIn('tests/test.c', outcomes)
    text = (self.made / 'report.md').read_text()
    self.assertIn('8 of 11 files compiled', text)
    self.assertIn('1 failed, 2 refused', text)
    self.assertEqual(self.job.report.exit_code, 0)

  def test_another_folder_and_number_of_processes_give_the_same_bytes(self):
    job = self.build('again', processes=1, only=('tiny',))
    job.run()
    self.assertEqual(self.rows('again'), self.rows('made'))

  def test_goes_on_after_an_interruption_and_compiles_nothing_twice(self):
    compiled = []

    def compile_unit(unit, *args):
      if len(compiled) == 4:
        raise KeyboardInterrupt
      compiled.append(unit.source)
      return compiling.Outcome(unit.source, unit.language, 'failed', 'x')

    with mock.patch.object(compiling, 'compile_unit', compile_unit):
      with self.assertRaises(KeyboardInterrupt):
        self.build('cut', processes=1).run()
    done = set(self.outcomes('cut'))
    self.assertNotEmpty(done)
    # A kill may cut the last line.
    state = self.folder / 'cut' / 'state' / 'tiny.jsonl'
    state.write_text(state.read_text() + '{"source": "src/pl')
    job = self.build('cut', processes=1)
    again = []

    def note(unit, *args):
      again.append(unit.source)
      return compiling.Outcome(unit.source, unit.language, 'failed', 'x')

    with mock.patch.object(compiling, 'compile_unit', note):
      job.run()
    self.assertEmpty(done & set(again))
    self.assertLen(self.outcomes('cut'), 11)
    # All of them failed; tried again they are as never interrupted.
    self.build('cut', retry=True).run()
    self.assertEqual(self.rows('cut'), self.rows('made'))

  def test_a_module_that_is_gone_is_made_again(self):
    shutil.copytree(self.made, self.folder / 'hole')
    path = self.folder / 'hole' / 'bc' / 'tiny' / 'src' / 'plain.c.bc'
    path.unlink()
    self.build('hole').run()
    self.assertTrue(path.exists())
    self.assertEqual(self.rows('hole'), self.rows('made'))

  def test_a_changed_package_is_named_and_the_rest_made(self):
    manifest = self.folder / 'changed.toml'
    text = self.manifest.read_text().replace("tier = 'full'", '')
    manifest.write_text(
        text.replace(fetch.tree_hash(self.folder / 'other'), 64 * '0')
    )
    job = self.build('changed', manifest=manifest)
    with mock.patch.object(
        compiling,
        'compile_unit',
        lambda unit, *args: compiling.Outcome(
            unit.source, unit.language, 'compiled'
        ),
    ):
      job.run()
    self.assertIn('its hash changed', job.report.missing['other'])
    self.assertEqual(job.report.exit_code, 3)
    self.assertIn('INCOMPLETE: 1 of 2 packages', job.report.summary())

  def test_full_disk_ends_the_run_and_keeps_what_there_is(self):
    replace = os.replace
    moved = []

    def full(source, target):
      if str(target).endswith('.bc'):
        moved.append(target)
        if len(moved) > 2:
          raise OSError(28, 'No space left on device')
      replace(source, target)

    with mock.patch.object(os, 'replace', full):
      with self.assertRaises(bounded.DiskFullError):
        self.build('full', processes=1).run()
    self.assertLen(self.rows('full'), 2)

  def test_a_command_that_is_told_to_end_leaves_manifest_and_report(self):
    def compile_unit(unit, *args):
      os.kill(os.getpid(), signal.SIGTERM)
      time.sleep(1)  # until the main thread has it
      return compiling.Outcome(unit.source, unit.language, 'failed', 'x')

    with mock.patch.object(compiling, 'compile_unit', compile_unit):
      with mock.patch('builtins.print') as printed:
        code = build.main(
            [
                f'--packages_manifest={self.manifest}',
                f'--output={self.folder / "ended"}',
                '--processes=1',
            ]
        )
    self.assertEqual(code, 130)
    self.assertIn('files are still to come', str(printed.call_args_list[-1]))
    self.assertEmpty(self.rows('ended'))
    self.assertTrue((self.folder / 'ended' / 'report.md').exists())

  def test_unknown_names(self):
    with self.assertRaisesRegex(ValueError, 'has no package nothing'):
      self.build('x', only=('nothing',))

  def test_command(self):
    with mock.patch('builtins.print') as printed:
      code = build.main(
          [
              '--tier=full',
              f'--packages_manifest={self.manifest}',
              f'--output={self.folder / "command"}',
              '--packages=other',
          ]
      )
    self.assertEqual(code, 0)
    self.assertIn('1 of 1 files compiled', str(printed.call_args_list[-1]))


if __name__ == '__main__':
  absltest.main()
