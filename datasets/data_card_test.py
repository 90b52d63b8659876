"""The card of a small corpus says what its report and its packs say."""

import json
import pathlib
import tempfile

from absl.testing import absltest

from datasets import data_card, prepare
from mirencoder_jax.data import packed_dataset
from mirencoder_jax.pages import plot_style

_DUMMY_DATA = pathlib.Path(__file__).parent / 'ir_folder' / 'dummy_data'


class DataCardTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory(prefix='with blanks ')
    cls.addClassCleanup(folder.cleanup)
    cls.root = pathlib.Path(folder.name)
    code = prepare.main(
        [
            'ir_folder',
            f'--source={_DUMMY_DATA}',
            f'--data_dir={cls.root}/data',
            '--views=Os',
            '--processes=1',
        ]
    )
    assert code == 0
    cls.builder = packed_dataset.open_builder('ir_folder', cls.root / 'data')

  def write(self, *flags: str) -> int:
    return data_card.main(
        [
            'ir_folder',
            f'--data_dir={self.root}/data',
            f'--output={self.root}/card',
            *flags,
        ]
    )

  def test_card_and_pictures_are_written(self):
    self.assertEqual(self.write('--packs=2x128,1x256'), 0)
    text = (self.root / 'card' / 'card.md').read_text()
    self.assertIn('| 2 | 128 |', text)
    self.assertIn('| 1 | 256 |', text)
    self.assertIn('## Functions by licence', text)
    for name in ('lengths.png', 'composition.png'):
      has_picture = (self.root / 'card' / name).exists()
      self.assertEqual(has_picture, plot_style.has_matplotlib())
      self.assertEqual(f'({name})' in text, has_picture)

  def test_padding_is_what_the_packs_do_not_hold(self):
    source = packed_dataset.PreparedSource(self.builder, 'train')
    dataset = packed_dataset.PackedDataset(source, 2, 128)
    row = data_card.measure_packing(dataset, pair_views=False)
    places = row['packs'] * 2 * 128
    tokens = int(dataset.sizes.tokens.sum())
    self.assertAlmostEqual(row['token padding'], 1 - tokens / places, places=4)

  def test_histogram_counts_every_function(self):
    path = pathlib.Path(str(self.builder.data_dir)) / 'report.json'
    report = json.loads(path.read_text())
    for bins in report['histograms'].values():
      self.assertEqual(sum(bins.values()), report['functions']['written'])

  def test_what_is_not_prepared_is_an_error(self):
    code = data_card.main(
        ['nothing', f'--data_dir={self.root}', f'--output={self.root}/none']
    )
    self.assertEqual(code, 1)
    self.assertEqual(self.write('--packs=large'), 1)


if __name__ == '__main__':
  absltest.main()
