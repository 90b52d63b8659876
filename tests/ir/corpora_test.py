"""Real modules: the benchmarks' kernels, where present, and our own corpus."""

import collections
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tarfile

import llvmlite.binding as llvm_binding
import numpy as np
from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.data import example

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / 'shared' / 'data'
STARTER = ROOT / 'datasets' / 'starter_ir' / 'starter_ir.tar.xz'
TOKENIZER = ir.tokenizer.train({'add': 9, 'i32': 9, 'load': 5}, 512)


def members(
    archive: pathlib.Path, every: int = 1, part: str = ''
) -> dict[str, bytes]:
  """Every so many modules of an archive that have that in their name."""
  with tarfile.open(archive) as tar:
    infos = [
        m for m in tar.getmembers() if m.name.endswith('.ll') and part in m.name
    ]
    infos.sort(key=lambda info: info.name)
    return {m.name: tar.extractfile(m).read() for m in infos[::every]}


def opcodes_of_llvm(text: str) -> collections.Counter:
  """Counted by LLVM itself, without debug intrinsics."""
  module = llvm_binding.parse_assembly(text)
  return collections.Counter(
      instruction.opcode
      for function in module.functions
      for block in function.blocks
      for instruction in block.instructions
  )


def read_all(archive: pathlib.Path, every: int = 1) -> dict:
  """What `read_corpus.py` reports of an archive."""
  script = pathlib.Path(__file__).with_name('read_corpus.py')
  done = subprocess.run(
      [sys.executable, script, archive, str(every)],
      capture_output=True,
      text=True,
  )
  if done.returncode:
    raise AssertionError(done.stderr[-2000:])
  return json.loads(done.stdout)


class KernelsTest(absltest.TestCase):

  def archive(self, task):
    path = SHARED / task / 'kernels_ir.tar.xz'
    if not path.exists():
      self.skipTest(f'no {path}')
    return path

  def test_device_mapping(self):
    report = read_all(self.archive('device_mapping'))
    self.assertEqual(report['modules'], 669)
    self.assertEqual(report['unverified'], [])

  def test_the_malformed_kernel_reads_as_if_it_were_not(self):
    (data,) = members(
        self.archive('device_mapping'), part='lavaMD-kernel'
    ).values()
    text = data.decode()
    mended = re.sub(
        r'%struct\.(par_str|dim_str)\* byval',
        r'%struct.\1* byval(%struct.\1)',
        text,
    )
    module, other = ir.read_module(text), ir.read_module(mended)
    self.assertFalse(module.unverified)  # as the reader mends it itself
    self.assertFalse(other.unverified)
    self.assertEqual(
        [f.words for f in module.functions], [f.words for f in other.functions]
    )
    for ours, theirs in zip(
        example.featurize(module, TOKENIZER),
        example.featurize(other, TOKENIZER),
        strict=True,
    ):
      for name in example.ARRAYS:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)

  def test_thread_coarsening(self):
    report = read_all(self.archive('thread_coarsening'))
    self.assertEqual(report['modules'], 17)
    self.assertEqual(report['unverified'], [])


class StarterCorpusTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    if not STARTER.exists():
      raise absltest.SkipTest(f'no {STARTER}')
    cls.modules = members(STARTER, every=47)

  def test_opcodes_are_those_of_llvm(self):
    for name, data in itertools.islice(self.modules.items(), 0, None, 2):
      module = ir.read_module(data, name=name)
      counts = collections.Counter(
          itertools.chain.from_iterable(f.opcodes for f in module.functions)
      )
      expected = opcodes_of_llvm(data.decode())
      expected['call'] -= module.counts['debug_records']
      self.assertEqual(counts, +expected, name)

  def test_bitcode_gives_the_same_examples(self):
    for name, data in itertools.islice(self.modules.items(), 1, None, 2):
      bitcode = llvm_binding.parse_assembly(data.decode()).as_bitcode()
      one = example.featurize(ir.read_module(data, name=name), TOKENIZER)
      other = example.featurize(ir.read_module(bitcode, name=name), TOKENIZER)
      self.assertEqual(len(one), len(other))
      for left, right in zip(one, other, strict=True):
        for key in (*example.ARRAYS, *example.STRINGS):
          np.testing.assert_array_equal(left[key], right[key], err_msg=key)

  def test_it_is_read(self):
    report = read_all(STARTER, every=5)
    self.assertGreaterEqual(report['modules'], 60)
    self.assertEqual(report['unverified'], [])


if __name__ == '__main__':
  absltest.main()
