"""Tests of `storage.journal`: what kills, damage and a second writer cost."""

import io
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

from absl.testing import absltest

from mirencoder_jax.storage import journal

ROOT = pathlib.Path(__file__).parents[2]


class JournalTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = tempfile.TemporaryDirectory()
    self.addCleanup(folder.cleanup)
    self.path = pathlib.Path(folder.name) / 'new' / 'journal.jsonl'

  def write(self, key, *records) -> list:
    """Opens, writes and closes; what was there before."""
    with journal.Journal(self.path) as file:
      if file.key != key:
        file.begin(key)
      before = list(file.records())
      for record in records:
        file.append(record)
    return before

  def test_records_are_there_again_in_order(self):
    self.assertEqual(self.write('key', {'a': 1}, [2]), [])
    self.assertEqual(self.write('key', 'x'), [{'a': 1}, [2]])
    self.assertEqual(list(journal.read(self.path)), ['key', {'a': 1}, [2], 'x'])

  def test_another_key_begins_anew(self):
    self.write('key', 1)
    self.assertEqual(self.write('other', 2), [])
    self.assertEqual(list(journal.read(self.path)), ['other', 2])

  def test_a_record_is_in_the_file_when_append_returns(self):
    with journal.Journal(self.path) as file:
      file.begin('key')
      file.append(1)
      self.assertEqual(list(journal.read(self.path)), ['key', 1])

  def test_a_cut_end_costs_its_record_only_wherever_it_is_cut(self):
    self.write('key', 'first', 'second')
    whole = self.path.read_bytes()
    start = whole.index(b'"second"')
    for end in range(start, len(whole) - 2):
      self.path.write_bytes(whole[:end])
      self.assertEqual(list(journal.read(self.path)), ['key', 'first'])
      self.assertEqual(self.write('key', 'third'), ['first'])
      lines = self.path.read_text().splitlines()
      self.assertEqual(list(map(json.loads, lines)), ['key', 'first', 'third'])

  def test_no_flip_is_read_as_another_record(self):
    key = {'kind': 'loops', 'flags': ['-O3']}
    records = [{'name': 'a', 'costs': [1.5, None], 2: 'x'}, {'name': 'b'}]
    expected = json.loads(json.dumps([key, *records]))
    self.write(key, *records)
    self.assertEqual(list(journal.read(self.path)), expected)
    whole = self.path.read_bytes()
    for place in range(8 * len(whole)):
      content = bytearray(whole)
      content[place // 8] ^= 1 << place % 8
      try:
        actual = list(journal.parse(io.BytesIO(content), 'x.jsonl'))
      except journal.DamagedError as error:
        self.assertRegex(str(error), '^x.jsonl, line [123]: ')
      else:
        # The name of a checksum may be another, and a last line open.
        self.assertIn(actual, (expected, expected[:-1]), content)

  def test_a_full_disk_costs_the_record_that_found_no_room(self):
    self.write({'kind': 1}, {'name': 'a'})
    size = self.path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    file = journal.Journal(self.path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9, limits[1]))
    try:
      with self.assertRaisesRegex(OSError, 'make room and .*journal.jsonl'):
        file.append({'name': 'b' * 99})
      file.close()
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    self.assertEqual(self.write({'kind': 1}, {'name': 'b'}), [{'name': 'a'}])
    self.assertEqual(list(journal.read(self.path))[-1], {'name': 'b'})

  def test_a_record_that_was_edited_is_named(self):
    self.write({'kind': 1}, {'name': 'a', 'cost': 12})
    self.path.write_text(self.path.read_text().replace('12', '13'))
    with self.assertRaisesRegex(
        journal.DamagedError, 'line 2: its checksum is wrong, it was edited'
    ):
      list(journal.read(self.path))

  def test_records_of_older_files_have_no_checksum(self):
    self.path.parent.mkdir()
    self.path.write_text('{"kind": 1}\n{"name": "a"}\n')
    self.assertEqual(self.write({'kind': 1}, {'name': 'b'}), [{'name': 'a'}])
    self.assertEqual(
        list(journal.read(self.path))[1:], [{'name': 'a'}, {'name': 'b'}]
    )

  def test_a_last_line_without_its_end_is_kept_if_it_is_whole(self):
    self.write('key', 'first')
    self.path.write_bytes(self.path.read_bytes().rstrip())
    self.assertEqual(self.write('key', 'second'), ['first'])
    self.assertEqual(list(journal.read(self.path))[1:], ['first', 'second'])

  def test_a_damaged_line_is_named_and_can_be_cut(self):
    self.write('key', 'first', 'second', 'third')
    self.path.write_text(self.path.read_text().replace('"second"', '"sec'))
    with self.assertRaisesRegex(journal.DamagedError, 'journal.jsonl, line 3'):
      list(journal.read(self.path))
    with journal.Journal(self.path) as file:
      file.cut_damage()
      self.assertEqual(list(file.records()), ['first'])

  def test_what_is_no_journal_has_no_key(self):
    self.path.parent.mkdir()
    self.path.write_text('key of another kind\n{}\n')
    self.assertEqual(self.write('key', 1), [])
    self.assertEqual(list(journal.read(self.path)), ['key', 1])

  def test_another_process_is_refused_until_the_first_ends(self):
    script = (
        'import sys; sys.path.insert(0, sys.argv[2])\n'
        'from mirencoder_jax.storage import journal\n'
        'file = journal.Journal(sys.argv[1]); file.begin(0)\n'
        'print("open", flush=True); sys.stdin.read()\n'
    )
    child = subprocess.Popen(
        [sys.executable, '-c', script, self.path, ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
      self.assertEqual(child.stdout.readline(), b'open\n')
      with self.assertRaisesRegex(journal.LockedError, 'another process'):
        journal.Journal(self.path)
      child.kill()
      child.communicate()
    journal.Journal(self.path).close()


if __name__ == '__main__':
  absltest.main()
