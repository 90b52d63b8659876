"""Label files: nothing is lost, nothing is mixed."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from mirencoder_jax.measure import label_file


class LabelFileTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.path = pathlib.Path(folder, 'labels.jsonl')
    self.header = dict(kind='loops', cpu='some', flags=('-O3',))

  def _add(self, *names, value=1):
    with label_file.open_labels(self.path, self.header) as labels:
      for name in names:
        labels.add(dict(name=name, value=value))
      return dict(labels.records)

  def test_second_run_adds(self):
    self._add('a', 'b')
    self.assertEqual(set(self._add('c')), {'a', 'b', 'c'})
    header, records = label_file.read_labels(self.path)
    self.assertEqual(set(records), {'a', 'b', 'c'})
    self.assertEqual(header['cpu'], 'some')
    self.assertRegex(header['date'], r'\d{4}-\d\d-\d\d')

  def test_last_record_of_a_name_counts(self):
    self._add('a')
    self._add('a', value=2)
    self.assertEqual(label_file.read_labels(self.path)[1]['a']['value'], 2)

  def test_half_a_line_is_cut_off(self):
    self._add('a', 'b')
    whole = self.path.read_text()
    self.path.write_text(whole[:-7])
    self.assertEqual(set(self._add('c')), {'a', 'c'})
    for line in self.path.read_text().splitlines():
      json.loads(line)

  def test_broken_line_is_named(self):
    self._add('a', 'b')
    lines = self.path.read_text().splitlines()
    lines[1] = '{'
    self.path.write_text('\n'.join(lines))
    with self.assertRaisesRegex(label_file.LabelFileError, 'line 2'):
      label_file.read_labels(self.path)

  def test_a_flipped_digit_is_not_another_label(self):
    self._add('a', 'b', value=1.25)
    self.path.write_text(self.path.read_text().replace('1.25', '1.35', 1))
    for use in (lambda: label_file.read_labels(self.path), self._add):
      with self.assertRaisesRegex(
          label_file.LabelFileError,
          'line 2: its checksum is wrong.*take the line out',
      ):
        use()
    lines = self.path.read_text().splitlines(keepends=True)
    self.path.write_text(''.join([lines[0], *lines[2:]]))
    self.assertEqual(set(self._add()), {'b'})

  def test_what_is_no_label_file(self):
    for text in ('[]\n', '{}\n3\n', '{}\n{"value": 1}\n'):
      self.path.write_text(text)
      with self.assertRaisesRegex(label_file.LabelFileError, 'line'):
        self._add('a')
      self.assertEqual(self.path.read_text(), text)

  def test_another_machine_is_refused(self):
    self._add('a')
    self.header['cpu'] = 'other'
    with self.assertRaisesRegex(
        label_file.LabelFileError, "cpu 'some', now .* another --output"
    ):
      self._add('b')
    self.assertEqual(set(label_file.read_labels(self.path)[1]), {'a'})

  def test_one_writer(self):
    with label_file.open_labels(self.path, self.header):
      with self.assertRaisesRegex(label_file.LabelFileError, 'another process'):
        self._add('a')


if __name__ == '__main__':
  absltest.main()
