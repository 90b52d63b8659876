"""Tests of `corpus.corpus`: nothing stops the job, and the result is one.

The corpus holds what a folder of a person holds: good files, several kinds of
bad ones, duplicates, other files, blanks in paths. Reading starts worker
processes, so one corpus is read in `setUpModule` and looked at by many tests.
"""

import dataclasses
import json
import os
import pathlib
import pickle
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from mirencoder_jax import ir
from mirencoder_jax.corpus import corpus, passes, report
from mirencoder_jax.corpus import files as corpus_files
from mirencoder_jax.data import example as example_lib

_ROOT = pathlib.Path(__file__).parents[2]
_LOOP = """
define i32 @{name}(ptr %p, i32 %n) {{
entry:
  br label %body
body:
  %i = phi i32 [ 0, %entry ], [ %next, %body ]
  %a = getelementptr i32, ptr %p, i32 %i
  %v = load i32, ptr %a
  %w = {op} i32 %v, {constant}
  store i32 %w, ptr %a
  %next = add i32 %i, 1
  %more = icmp slt i32 %next, %n
  br i1 %more, label %body, label %exit
exit:
  ret i32 %w
}}
"""
_SHARED = 'define void @nothing() {\n  ret void\n}\n'
_BAD = {
    'bad/garbage.ll': b'\x00\x01\x02 this is no IR\n' * 20,
    'bad/prose.ll': b'Dear reader,\nthis is prose.\n',
    'bad/zero.ll': b'',
    'bad/zero.bc': b'',
    'bad/bitcode.bc': b'BC\xc0\xde' + bytes(range(200)),
    'bad/declarations.ll': b'declare void @f(i32)\n',
    'bad/truncated.ll': _LOOP.format(name='t', op='add', constant=9)[
        :200
    ].encode(),
}
_workspace: tempfile.TemporaryDirectory
_results: dict[int, tuple] = {}


def write_corpus(root: pathlib.Path) -> None:
  """Twelve programs of two levels, `_SHARED` in each, and the bad files."""
  operations = ('add', 'sub', 'mul', 'and', 'or', 'xor')
  for i in range(12):
    for level in ('O0', 'O2'):
      text = _LOOP.format(
          name=f'kernel{i}',
          op=operations[i % 6],
          constant=i // 6 + (3 if level == 'O2' else 1),
      )
      path = root / f'program {i}' / level / 'main.c.ll'
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text + _SHARED)
  for name, data in _BAD.items():
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
  latin = _LOOP.format(name='latin', op='shl', constant=2)
  (root / 'latin').mkdir()
  (root / 'latin' / 'comment.ll').write_bytes(b'; caf\xe9\n' + latin.encode())
  (root / 'notes.txt').write_text('not IR')


def run(source, work_dir, **settings):
  """All splits of a source, and the report."""
  settings = {'progress': False, 'processes': 1} | settings
  files = source
  if not isinstance(files, corpus_files.CorpusFiles):
    files = corpus_files.CorpusFiles(source)
  job = corpus.Corpus(files, work_dir, corpus.CorpusConfig(**settings))
  try:
    job.prepare()
    splits = {split: dict(job.examples(split)) for split in job.splits}
  finally:
    job.close()
  return splits, job.report.as_dict(), job


def setUpModule():
  global _workspace
  _workspace = tempfile.TemporaryDirectory(prefix='a folder with blanks ')
  root = pathlib.Path(_workspace.name)
  write_corpus(root / 'my ir')
  for processes in (1, 2):
    _results[processes] = run(
        root / 'my ir', root / f'work {processes}', processes=processes
    )


def tearDownModule():
  _workspace.cleanup()


class CorpusTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(_workspace.name)
    self.splits, self.report, self.job = _results[1]

  @parameterized.parameters(*_BAD)
  def test_bad_file_is_named_with_its_reason(self, name):
    rows = [row for row in self.report['failures'] if row['file'] == name]
    self.assertLen(rows, 1)
    self.assertNotEmpty(rows[0]['message'])

  def test_only_bad_files_fail(self):
    self.assertContainsSubset(
        {row['file'] for row in self.report['failures']}, set(_BAD)
    )
    self.assertEqual(self.report['files']['other'], {'.txt': 1})

  def test_line_of_an_error_is_given(self):
    rows = {row['file']: row for row in self.report['failures']}
    self.assertIsInstance(rows['bad/truncated.ll']['line'], int)

  def test_every_function_is_written_or_counted(self):
    functions = self.report['functions']
    self.assertEqual(
        functions['found'],
        functions['written']
        + functions['duplicates']
        + functions['in_both_splits']
        + functions['not_encoded'],
    )
    # 12 programs x 2 levels + 1, each loop distinct; `nothing` once.
    self.assertEqual(functions['written'], 26)
    self.assertEqual(functions['found'], 2 * 24 + 1)

  def test_programs_and_hashes_are_on_one_side(self):
    for field in ('program', 'hash', 'source'):
      train, validation = (
          {example[field] for example in self.splits[split].values()}
          for split in ('train', 'validation')
      )
      self.assertNotEmpty(train)
      self.assertNotEmpty(validation)
      self.assertEmpty(train & validation, field)

  def test_hashes_are_distinct(self):
    hashes = [
        example['hash']
        for split in self.splits.values()
        for example in split.values()
    ]
    self.assertLen(set(hashes), len(hashes))

  def test_content_does_not_depend_on_processes(self):
    splits, report, job = _results[2]
    self.assertEqual(report['content_hash'], self.report['content_hash'])
    self.assertEqual(job.tokenizer.hash, self.job.tokenizer.hash)
    self.assertEqual(report, self.report)
    for split, examples in self.splits.items():
      self.assertEqual(set(splits[split]), set(examples))

  def test_example_is_what_featurize_gives(self):
    name = 'program 3/O2/main.c.ll'
    module = ir.read_module(self.root / 'my ir' / name)
    expected = example_lib.featurize(
        module, self.job.tokenizer, provenance={'program': 'program 3'}
    )[0]
    examples = self.splits['train'] | self.splits['validation']
    actual = examples[f'{name}#0']
    for array, dtype in example_lib.ARRAYS.items():
      np.testing.assert_array_equal(actual[array], expected[array])
      self.assertEqual(actual[array].dtype, dtype)
    strings = {key: actual[key] for key in example_lib.STRINGS}
    self.assertEqual(
        strings,
        {
            'function': 'kernel3',
            'module': name,
            'program': 'program 3',
            'source': 'program 3/main.c/kernel3',
            'language': 'c',
            'opt_level': 'O2',
            'llvm': '',
            'hash': module.functions[0].hash,
        },
    )

  def test_no_token_is_unknown(self):
    self.assertEqual(self.report['unknown_tokens'], 0)

  def test_report_counts_what_the_examples_hold(self):
    examples = [e for split in self.splits.values() for e in split.values()]
    totals = self.report['totals']
    self.assertEqual(totals['tokens'], sum(len(e['tokens']) for e in examples))
    self.assertEqual(totals['edges'], sum(len(e['senders']) for e in examples))
    self.assertEqual(self.report['windows']['windows'], len(examples))
    self.assertEqual(self.report['opt_level'], {'O0': 13, 'O2': 12, '': 1})

  def test_report_reads_as_json_and_markdown(self):
    folder = self.root / 'report'
    folder.mkdir(exist_ok=True)
    self.job.report.save(folder)
    text = (folder / 'report.json').read_text(encoding='utf-8')
    self.assertEqual(json.loads(text), self.report)
    self.assertIn('`bad/truncated.ll`, line', self.job.report.as_markdown())
    self.assertIn('26 functions written', report.summary(self.report))

  def test_archive_and_resumed_run_give_the_same(self):
    archive = self.root / 'my ir.tar.xz'
    with tarfile.open(archive, 'w:xz') as tar:
      tar.add(self.root / 'my ir', '.')
    _, report, _ = run(archive, self.root / 'work tar')
    self.assertEqual(report['content_hash'], self.report['content_hash'])
    # The working files are there still: no module is read again.
    _, resumed, job = run(archive, self.root / 'work tar')
    self.assertEqual(resumed['content_hash'], self.report['content_hash'])
    self.assertEqual(job.report.num_resumed, report['files']['read'])
    job.clear()
    self.assertFalse((self.root / 'work tar').exists())

  def test_a_killed_run_is_resumed_with_the_same_result(self):
    work = self.root / 'work killed'
    script = (
        'import sys; sys.path.insert(0, sys.argv[3])\n'
        'from tests.corpus import corpus_test\n'
        'corpus_test.run(sys.argv[1], sys.argv[2])\n'
    )
    arguments = [str(self.root / 'my ir'), str(work), str(_ROOT)]
    child = subprocess.Popen([sys.executable, '-c', script, *arguments])
    index = work / 'modules.jsonl'
    deadline = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < deadline:
      # The key, and five files.
      if index.exists() and index.read_bytes().count(b'\n') > 5:
        child.kill()
      time.sleep(0.005)
    child.wait()
    # As a kill in the middle of a line leaves it.
    with index.open('a') as file:
      file.write('["program 11/O2/main.c.ll", "key", [["cut')
    with (work / 'modules.bin').open('ab') as file:
      file.write(b'half a module')
    _, report, job = run(self.root / 'my ir', work)
    self.assertGreaterEqual(job.report.num_resumed, 5)
    self.assertLess(job.report.num_resumed, report['files']['read'] + 1)
    self.assertEqual(report['content_hash'], self.report['content_hash'])

  def test_what_another_version_left_is_read_again(self):
    work = self.root / 'work of another'
    run(self.root / 'my ir', work)
    with mock.patch.object(passes, 'read_stamp', lambda: 'another'):
      _, report, job = run(self.root / 'my ir', work)
    self.assertEqual(job.report.num_resumed, 0)
    self.assertEqual(report['content_hash'], self.report['content_hash'])

  def test_a_damaged_working_file_costs_what_is_damaged(self):
    work = self.root / 'work flipped'
    run(self.root / 'my ir', work)
    path = work / 'modules.bin'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    _, report, job = run(self.root / 'my ir', work)
    self.assertEqual(job.report.num_resumed, report['files']['read'] - 1)
    self.assertEqual(report['content_hash'], self.report['content_hash'])

  def test_a_working_file_cannot_run_code(self):
    for evil in (os.getcwd, dataclasses.fields, CorpusTest):
      data = zlib.compress(pickle.dumps(evil))
      with self.assertRaisesRegex(pickle.UnpicklingError, 'no part of a mod'):
        passes.loads(data)
    # By a way around: what a module of ours has imported.
    name = f'{ir.Module.__module__}\ndataclasses.inspect.os.getcwd'
    data = zlib.compress(b'\x80\x04c' + name.encode() + b'\n.')
    with self.assertRaisesRegex(pickle.UnpicklingError, 'no part of a mod'):
      passes.loads(data)

  def test_a_poisoned_unit_costs_its_view_and_is_named(self):
    folder = self.root / 'poison'
    folder.mkdir()
    # LLVM dies of it in the passes of O2, and reads it well: not verified.
    (folder / 'poison.ll').write_text(
        'define i32 @poison(i32 %n) {\nentry:\n'
        '  %c = icmp eq i32 %n, 0\n  br i1 %c, label %a, label %b\n'
        'a:\n  br label %b\nb:\n  %p = phi i32 [ 1, %a ]\n'
        '  %q = add i32 %p, 1\n  ret i32 %q\n}\n'
    )
    for name in ('first', 'last'):
      text = _LOOP.format(name=name, op='add', constant=len(name))
      (folder / f'{name}.ll').write_text(text)
    splits, report, _ = run(
        folder, self.root / 'work poison', views=('O2', 'Os')
    )
    lost = report['views']['lost']
    self.assertEqual(lost, {'abort: O2': 1, 'abort: Os': 1})
    self.assertEqual(report['files']['failed'], 0)
    named = [row['file'] for row in report['failures']]
    self.assertEqual(named, ['poison.ll@O2', 'poison.ll@Os'])
    functions = {e['function'] for s in splits.values() for e in s.values()}
    self.assertEqual(functions, {'first', 'last', 'poison'})

  def test_two_jobs_do_not_write_the_same_files(self):
    source = self.root / 'my ir' / 'program 1'
    files = corpus_files.CorpusFiles(source)
    settings = corpus.CorpusConfig(processes=1, progress=False)
    first = corpus.Corpus(files, self.root / 'work lock', settings)
    self.addCleanup(first.close)
    first.prepare()
    with self.assertRaisesRegex(corpus_files.CorpusError, 'another process'):
      run(source, self.root / 'work lock')

  def test_given_vocabulary_is_used(self):
    vocab = self.root / 'vocab.json'
    self.job.tokenizer.save(vocab)
    one = self.root / 'my ir' / 'latin' / 'comment.ll'
    _, report, job = run(one, self.root / 'work vocab', vocab=vocab)
    self.assertEqual(job.tokenizer.hash, self.job.tokenizer.hash)
    self.assertEqual(report['unknown_tokens'], 0)

  def _manifest_of(self, *names: str) -> pathlib.Path:
    path = self.root / 'one.csv'
    path.write_text('path,program\n' + ''.join(f'{n},p\n' for n in names))
    return path

  def test_one_program_is_split_by_file_and_one_file_by_function(self):
    source = self.root / 'my ir' / 'program 1'
    # Two levels of one file: a split by file would part the views.
    splits, report, _ = run(source, self.root / 'work one')
    self.assertEqual(report['split_by'], 'function')
    (self.root / 'one program').mkdir()
    for name in ('first', 'second'):
      text = _LOOP.format(name=name, op='add', constant=len(name))
      (self.root / 'one program' / f'{name}.ll').write_text(text)
    files = corpus_files.CorpusFiles(
        self.root / 'one program', self._manifest_of('first.ll', 'second.ll')
    )
    self.assertEqual(files.origin('second.ll').program, 'p')
    splits, report, _ = run(files, self.root / 'work two')
    self.assertEqual(report['split_by'], 'file')
    self.assertLen(splits, 2)
    splits, report, _ = run(
        source / 'O0' / 'main.c.ll', self.root / 'work function'
    )
    self.assertEqual(report['split_by'], 'function')
    self.assertLen(splits, 2)

  def test_a_corpus_of_bad_files_is_an_error_that_names_some(self):
    with self.assertRaisesRegex(corpus_files.CorpusError, 'bitcode.bc'):
      run(self.root / 'my ir' / 'bad', self.root / 'work bad')

  def test_files_over_the_limit_are_named(self):
    source = self.root / 'my ir' / 'program 1'
    with self.assertRaisesRegex(
        corpus_files.CorpusError, 'main.c.ll: .*raise max_file_mb'
    ):
      run(source, self.root / 'work limit', max_file_mb=1e-9)


if __name__ == '__main__':
  absltest.main()
