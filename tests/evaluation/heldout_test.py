"""Tests of what is said of held-out functions, on random ones."""

import dataclasses
import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
import testing
import testing_encoder
from absl.testing import absltest

from mirencoder_jax import objectives
from mirencoder_jax.data import packed_dataset
from mirencoder_jax.evaluation import heldout
from mirencoder_jax.evaluation.report import heldout_tables
from mirencoder_jax.inference import encoder
from mirencoder_jax.models import mirencoder

CONFIG = heldout.HeldoutConfig(
    num_batches=2,
    num_language_batches=2,
    pools=(8,),
    num_queries=5,
    num_candidates=16,
)


def with_views(read):
  """Makes neighbours in the records two views of one function."""

  def read_views(self, indices):
    examples = read(self, indices)
    for index, example in zip(indices, examples, strict=True):
      example |= {
          'source': f's{index // 2}',
          'opt_level': f'O{index % 2}',
          'language': ('c', 'rust')[index % 4 // 2],
      }
    return examples

  return read_views


def embed_lengths(self, examples):
  """What is compiled for embeddings is not what is tested here."""
  names = ('tokens', 'node_kind', 'senders')
  lengths = np.array([[len(e[name]) for name in names] for e in examples])
  vectors = dict.fromkeys(('joint', 'ir', 'graph'), lengths.astype(np.float32))
  return vectors, {}


class HeldoutTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    """Takes 10 s: compiles the objectives for two sets of parameters."""
    super().setUpClass()
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.folder = folder.name
    name = testing.write_dataset(cls.folder, num_train=30, num_validation=12)
    builder = packed_dataset.open_builder(name, cls.folder)
    _, tokenizer = packed_dataset.read_vocab(builder)
    config = mirencoder.MIREncoderConfig(
        vocab_size=tokenizer.vocab_size,
        width=8,
        token_layers=1,
        num_heads=1,
        graph_layers=1,
        code_width=4,
    )
    model = objectives.PretrainingModel(config)
    cls.encoder = encoder.Encoder(
        config, encoder.create_params(model, 1), tokenizer, num_tokens=64
    )
    checkpoint = testing_encoder.create_checkpoint(cls.encoder)
    checkpoint.config['data']['name'] = name
    source = packed_dataset.PreparedSource(builder, 'train')
    budget = packed_dataset.PackedDataset(source, 4, 64).budget
    checkpoint.config['budget'] = dataclasses.asdict(budget)
    checkpoint.config['objectives'] |= dict(
        edge_position_weight=0.0, node_text_weight=0.0
    )
    read = packed_dataset.PreparedSource.__getitems__
    for where, what, other in (
        (encoder, 'load', lambda path: cls.encoder),
        (encoder.Encoder, 'embed_examples', embed_lengths),
        (encoder.Encoder, 'untrained', lambda self: self),
        (encoder, 'load_checkpoint', lambda path: checkpoint),
        (packed_dataset.PreparedSource, '__getitems__', with_views(read)),
    ):
      cls.enterClassContext(mock.patch.object(where, what, other))
    hashes = [e['hash'] for e in cls.read('validation')]
    vectors = pathlib.Path(cls.folder, 'vectors.npz')
    np.savez(  # both views of a function alike, and unlike any other
        vectors, names=hashes, vecs=np.repeat(np.eye(6), 2, axis=0)
    )
    cls.results = heldout.evaluate(
        CONFIG,
        'any',
        data_dir=cls.folder,
        compared={'perfect': str(vectors)},
        workdir=f'{cls.folder}/work',
    )
    cls.name = name

  @classmethod
  def read(cls, split):
    (name,) = {p.parent.name for p in pathlib.Path(cls.folder).glob('*/1.0.0')}
    builder = packed_dataset.open_builder(name, cls.folder)
    source = packed_dataset.PreparedSource(builder, split, ('hash',))
    return source.__getitems__(range(len(source)))

  def test_objectives_stand_beside_guesses(self):
    overall = self.results['overall']
    for column in ('trained', 'untrained', 'guess'):
      for key in ('mlm_accuracy', 'mlm_perplexity', 'edge_auc'):
        self.assertIn(key, overall[column])
    self.assertEqual(overall['guess']['retrieval_recall_at_1_of_8'], 1 / 8)
    self.assertEqual(overall['size']['examples'], 12)

  def test_languages_are_parts_of_the_whole(self):
    languages = self.results['languages']
    sizes = {k: v['size']['examples'] for k, v in languages.items()}
    self.assertEqual(sizes, {'c': 6, 'rust': 6})

  def test_views_that_are_alike_are_found(self):
    views = self.results['views']
    self.assertEqual(views['queries'], 5)
    self.assertEqual(views['candidates'], 16)
    self.assertEqual(views['candidates_held_out'], 7)
    recall = views['recall']
    self.assertEqual(recall['perfect']['recall_at_1']['value'], 1)
    for name in ('MIREncoder', 'not pre-trained', 'opcode counts'):
      self.assertLessEqual(
          recall[name]['recall_at_1']['value'],
          recall[name]['recall_at_10']['value'],
      )

  def test_files(self):
    work = pathlib.Path(self.folder, 'work')
    self.assertEqual(
        json.loads((work / 'heldout.json').read_text()), self.results
    )
    lines = (work / 'functions.csv').read_text().splitlines()
    self.assertLen(lines, 1 + 5 + 16)
    self.assertTrue(lines[0].startswith('hash,module,function'))

  def test_page(self):
    text = '\n'.join(heldout_tables.format_heldout(self.results))
    self.assertIn('among 8, recall@1', text)
    self.assertIn('| rust | 6 |', text)
    self.assertIn('| perfect | 100.0 [100.0, 100.0] |', text)
    self.assertIn('9 of them from the training split', text)

  def test_another_vocabulary(self):
    other = mock.Mock(tokenizer=mock.Mock(hash='cafe'))
    with mock.patch.object(encoder, 'load', lambda path: other):
      with self.assertRaisesRegex(ValueError, 'has vocabulary'):
        heldout.evaluate(CONFIG, 'any', data_dir=self.folder)

  def test_data_set_that_is_not_there(self):
    config = heldout.HeldoutConfig(name='nothing')
    with self.assertRaisesRegex(FileNotFoundError, 'is not prepared'):
      heldout.evaluate(config, 'any', data_dir=self.folder)


if __name__ == '__main__':
  absltest.main()
