"""Decontamination: planted kernels of a benchmark are found, and counted."""

import pathlib
import tarfile
import tempfile

import numpy as np
from absl.testing import absltest

from mirencoder_jax import ir
from mirencoder_jax.corpus import (
    corpus,
    decontamination,
    files,
    first_pass,
    worker_pool,
)
from mirencoder_jax.corpus import plan as corpus_plan
from mirencoder_jax.ir import llvm

_OPERATIONS = ('add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'lshr')


def kernel(name: str, seed: int, changed: bool = False) -> str:
  """A loop over straight code, with its variables in memory as clang has it."""
  rng = np.random.default_rng(seed)
  lines, last = [], '%v'
  for i in range(40):
    operation = _OPERATIONS[rng.integers(len(_OPERATIONS))]
    operand = '%n' if i % 3 else '7'
    if changed and i == 20:
      operation, operand = 'sdiv', '1234'
    lines.append(f'  %{name}{i} = {operation} i32 {last}, {operand}')
    last = f'%{name}{i}'
  body = '\n'.join(lines)
  return f"""
define void @{name}(ptr %p, i32 %n) {{
entry:
  %i = alloca i32
  store i32 0, ptr %i
  br label %head
head:
  %a = load i32, ptr %i
  %c = icmp slt i32 %a, %n
  br i1 %c, label %body, label %exit
body:
  %q = getelementptr i32, ptr %p, i32 %a
  %v = load i32, ptr %q
{body}
  store i32 {last}, ptr %q
  %b = add nsw i32 %a, 1
  store i32 %b, ptr %i
  br label %head
exit:
  ret void
}}
"""


class DecontaminationTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory(prefix='with blanks ')
    cls.addClassCleanup(folder.cleanup)
    cls.root = pathlib.Path(folder.name)
    # The benchmark: one kernel as it is, one that was optimised.
    benchmark = cls.root / 'suite' / 'kernels'
    benchmark.mkdir(parents=True)
    (benchmark / 'first.ll').write_text(kernel('first', 1))
    optimised = llvm.canonical_text(kernel('second', 2).encode(), pipeline='O2')
    (benchmark / 'second.ll').write_text(optimised)
    (benchmark / 'broken.ll').write_text('define broken')
    cls.archive = cls.root / 'suite' / 'kernels.tar.xz'
    with tarfile.open(cls.archive, 'w:xz') as tar:
      tar.add(benchmark, 'kernels')
    # The corpus: three plants among functions of its own.
    planted = {
        'a/equal.ll': kernel('renamed', 1),
        'b/near.ll': kernel('much_alike', 1, changed=True),
        'c/raw.ll': kernel('optimises_to_it', 2),
    }
    for i, program in enumerate('abc'):
      for k in range(2):
        name = f'own_{program}{k}'
        planted[f'{program}/{name}.ll'] = kernel(name, 100 + 10 * i + k)
    cls.own = {f'own_{program}{k}' for program in 'abc' for k in range(2)}
    for name, text in planted.items():
      path = cls.root / 'corpus' / name
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)
    cls.fingerprints = cls.root / 'fingerprints.npz'
    cls.splits, cls.report = cls.run_corpus(
        decontaminate=[f'{cls.archive}'],
        save_benchmarks=str(cls.fingerprints),
    )

  @classmethod
  def run_corpus(cls, **settings):
    config = corpus.CorpusConfig(
        processes=1, progress=False, views=('O1', 'O2', 'random1'), **settings
    )
    job = corpus.Corpus(
        files.CorpusFiles(cls.root / 'corpus'), cls.root / 'work', config
    )
    try:
      job.prepare()
      splits = {s: [e for _, e in job.examples(s)] for s in job.splits}
    finally:
      job.close()
    return splits, job.report.as_dict()

  def names(self, splits) -> set[str]:
    return {e['function'] for examples in splits.values() for e in examples}

  def test_all_three_plants_are_removed_with_all_their_views(self):
    self.assertEqual(self.names(self.splits), self.own)

  def test_the_plants_are_there_without_it(self):
    splits, report = self.run_corpus()
    self.assertContainsSubset(
        {'renamed', 'optimises_to_it'}, self.names(splits)
    )
    self.assertEmpty(report['benchmarks'])

  def test_the_report_counts_by_benchmark(self):
    self.assertEqual(list(self.report['benchmarks']), ['suite/kernels'])
    row = self.report['benchmarks']['suite/kernels']
    self.assertEqual(row['sources_removed'], 3)
    # As it is, O1, O2 and one random pipeline of each.
    self.assertEqual(row['functions_removed'], 12)
    self.assertEqual(self.report['functions']['contaminated'], 12)
    self.assertGreaterEqual(row['equal'], 3)
    self.assertGreaterEqual(row['near'], 1)
    unread = self.report['benchmark_files_not_read']
    self.assertEqual(list(unread), ['suite/kernels/kernels/broken.ll'])

  def test_every_function_is_written_or_counted(self):
    functions = self.report['functions']
    left_out = (
        'contaminated',
        'duplicates',
        'in_both_splits',
        'near_duplicates',
        'near_in_both_splits',
        'not_encoded',
    )
    self.assertEqual(
        functions['found'],
        functions['written'] + sum(functions[name] for name in left_out),
    )

  def test_saved_fingerprints_do_the_same_without_the_benchmark(self):
    splits, report = self.run_corpus(decontaminate=[str(self.fingerprints)])
    self.assertEqual(self.names(splits), self.names(self.splits))
    self.assertEqual(report['content_hash'], self.report['content_hash'])
    self.assertEqual(report['benchmarks'], self.report['benchmarks'])
    # And hold no code.
    self.assertNotIn(b'getelementptr', self.fingerprints.read_bytes())

  def test_views_share_a_source_and_a_side(self):
    sources = {
        split: {e['source'] for e in examples}
        for split, examples in self.splits.items()
    }
    self.assertEmpty(set.intersection(*sources.values()))
    views = [
        (e['opt_level'], e['module'])
        for examples in self.splits.values()
        for e in examples
        if e['source'].endswith('/own_b1')
    ]
    self.assertContainsSubset({'O1', ''}, {level for level, _ in views})
    self.assertLen({module.split('@')[0] for _, module in views}, 1)

  def test_names_and_what_is_no_benchmark(self):
    with worker_pool.WorkerPool(1) as pool:
      folder = self.root / 'suite' / 'kernels'
      both = decontamination.load([f'mine={folder}', folder], pool)
      self.assertEqual(both.names, ['mine', 'suite/kernels'])
      # The kernels at three levels each, some of which are equal.
      self.assertEqual((both.owners == 0).sum(), (both.owners == 1).sum())
      damaged = self.root / 'damaged.npz'
      damaged.write_bytes(self.fingerprints.read_bytes()[:99])
      empty = self.root / 'empty'
      empty.mkdir(exist_ok=True)
      for path in (damaged, empty, self.root / 'nowhere'):
        with self.assertRaisesRegex(files.CorpusError, path.name):
          decontamination.load([path], pool)

  def test_fingerprints_of_another_version_are_refused(self):
    with worker_pool.WorkerPool(1) as pool:
      with absltest.mock.patch.object(
          decontamination, '_probe', return_value='other'
      ):
        with self.assertRaisesRegex(files.CorpusError, 'make it again'):
          decontamination.load([self.fingerprints], pool)


class NearDuplicatesTest(absltest.TestCase):

  def test_what_resembles_the_training_side_leaves_the_validation(self):
    functions = [
        ir.read_module(text).functions[0]
        for text in (
            kernel('a', 1),
            kernel('b', 1, changed=True),
            kernel('c', 3),
            kernel('d', 3, changed=True),
        )
    ]
    names = ('t/1', 'v/1', 'v/2', 'v/3')
    reads = [
        first_pass.ModuleRead(
            name,
            name,
            '',
            '',
            [],
            first_pass.Functions([[f.name, f.hash, 9]]),
            False,
            '',
            {},
        )
        for name, f in zip(names, functions, strict=True)
    ]
    signatures = decontamination.fingerprints.signatures(functions)
    with absltest.mock.patch.object(
        corpus_plan, 'held_out_groups', return_value={'v'}
    ):
      plan = corpus_plan.plan(
          reads, ['t', 'v', 'v', 'v'], 0.5, signatures=signatures, threshold=0.8
      )
    self.assertEqual(
        {
            split: [p.read.name for p in plans]
            for split, plans in plan.splits.items()
        },
        {'train': ['t/1'], 'validation': ['v/2']},
    )
    self.assertEqual(plan.num_near_both_splits, 1)
    self.assertEqual(plan.num_near_duplicates, 1)


if __name__ == '__main__':
  absltest.main()
