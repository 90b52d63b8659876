"""WordPiece over words of IR: nothing is unknown, the same counts the same."""

import collections
import json
import pathlib
import pickle
import random
import subprocess
import sys
import tempfile
import threading

import numpy as np
import tokenizers
from absl.testing import absltest, parameterized

from mirencoder_jax import ir

WORDS = (
    'define i32 ( %a0 ) b0: %0 add i32 %a0 1 getelementptr inbounds double '
    '[1024xdouble] struct:24 ~2^17.1 -~2^9.0 f~2^-3.2 @llvm.memcpy @f0 @g1 '
    'load store ret void call ptr3 <4xfloat> {ptr,i32} align 16'
).split()


def train(vocab_size=1024):
  rng = random.Random(7)
  counts = collections.Counter()
  for word in WORDS:
    counts[word] += rng.randint(1, 500)
  counts.update(f'%{i}' for i in range(300))
  return ir.tokenizer.train(counts, vocab_size)


class TokenizerTest(parameterized.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.tokenizer = train()

  @parameterized.named_parameters(
      ('known', 'getelementptr'),
      ('new', 'never_seen_before.17'),
      ('every_letter', ''.join(map(chr, range(33, 127)))),
      ('accents', '@caf\u00e9'),
      ('symbols', '\u2603\U0001f600'),
      ('blanks', 'target("x", i32)'),
      ('control', 'a\x00b\tc\n'),
      ('surrogate', 'a\udc80b'),
      ('long', 'x' * 100_000),
      ('long_type', '{' + 'i32,' * 5000 + 'ptr}'),
      ('special', '[MASK]'),
  )
  def test_nothing_is_unknown(self, word):
    ids = self.tokenizer.ids([word])
    self.assertNotEmpty(ids)
    self.assertGreater(ids.min(), self.tokenizer.mask_id)
    self.assertLess(ids.max(), self.tokenizer.vocab_size)

  def test_frequent_words_are_one_piece(self):
    _, counts = self.tokenizer.encode(['getelementptr', 'i32', 'ret', '%a0'])
    self.assertEqual(counts.tolist(), [1, 1, 1, 1])

  def test_encode(self):
    words = ['add', 'i32', 'strange.word', 'add', '']
    ids, counts = self.tokenizer.encode(words)
    self.assertEqual(ids.dtype, np.int32)
    self.assertEqual(counts.dtype, np.int32)
    self.assertLen(ids, counts.sum())
    single = [self.tokenizer.ids([word]).tolist() for word in words]
    self.assertEqual(ids.tolist(), sum(single, []))
    self.assertEqual(counts.tolist(), [len(part) for part in single])
    self.assertLen(self.tokenizer.ids([]), 0)
    self.assertEqual(
        self.tokenizer.decode(ids[:-1]).split()[:2], ['add', 'i32']
    )

  def test_texts_are_their_words(self):
    texts = ['add i32', 'call i32 @f', 'add i32', 'x']
    ids, counts = self.tokenizer.encode_texts(texts)
    parts = [self.tokenizer.ids(text.split(' ')).tolist() for text in texts]
    self.assertEqual(ids.tolist(), sum(parts, []))
    self.assertEqual(counts.tolist(), [len(part) for part in parts])

  def test_pieces_are_those_of_hugging_face(self):
    model = tokenizers.Tokenizer(
        tokenizers.models.WordPiece(
            {piece: i for i, piece in enumerate(self.tokenizer.vocab)},
            unk_token='[UNK]',
        )
    )
    rng = random.Random(1)
    letters = 'abcdefgetelementptr0123456789%@.~^[]{}<>,x'
    words = WORDS + [
        ''.join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(300)
    ]
    for word in words:
      self.assertEqual(
          self.tokenizer.ids([word]).tolist(), model.encode(word).ids, word
      )

  def test_order_of_counts_does_not_matter(self):
    counts = collections.Counter({word: 3 + len(word) for word in WORDS})
    turned = dict(reversed(counts.items()))
    one = ir.tokenizer.train(counts, 512)
    other = ir.tokenizer.train(turned, 512)
    self.assertEqual(one.vocab, other.vocab)
    self.assertEqual(one.hash, other.hash)
    self.assertNotEqual(one.hash, self.tokenizer.hash)

  def test_threads_do_not_matter(self):
    counts = {word: 3 + len(word) for word in WORDS}
    code = (
        'import json, sys\n'
        'from mirencoder_jax.ir import tokenizer\n'
        'counts = json.load(sys.stdin)\n'
        'print(tokenizer.train(counts, 512, int(sys.argv[1])).hash)\n'
    )
    # How many there are is settled for a process by its first training.
    hashes = {
        subprocess.run(
            [sys.executable, '-c', code, number],
            input=json.dumps(counts), text=True, capture_output=True,
            check=True,
        ).stdout
        for number in ('1', '3')
    }  # fmt: skip
    self.assertLen(hashes, 1)
    self.assertRegex(hashes.pop(), '^[0-9a-f]{16}$')

  def test_hash_is_of_the_vocabulary(self):
    self.assertEqual(self.tokenizer.hash, train().hash)
    self.assertRegex(self.tokenizer.hash, '^[0-9a-f]{16}$')
    other = list(self.tokenizer.vocab)
    other[-1] += 'x'
    self.assertNotEqual(ir.Tokenizer(other).hash, self.tokenizer.hash)

  def test_size(self):
    self.assertEqual(self.tokenizer.vocab[:5], ir.tokenizer.SPECIALS)
    self.assertLessEqual(self.tokenizer.vocab_size, 1024)
    self.assertLen(set(self.tokenizer.vocab), self.tokenizer.vocab_size)
    with self.assertRaisesRegex(ValueError, 'vocab_size 100 is below'):
      ir.tokenizer.train({'a': 1}, 100)

  def test_save_and_load(self):
    folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    path = folder / 'vocab.json'
    self.tokenizer.save(path)
    loaded = ir.Tokenizer.load(path)
    self.assertEqual(loaded.hash, self.tokenizer.hash)
    np.testing.assert_array_equal(loaded.ids(WORDS), self.tokenizer.ids(WORDS))
    text = path.read_text()
    for change, message in (
        (lambda t: t[:100], 'is not a vocabulary'),
        (lambda t: '[]', 'is not a vocabulary'),
        (lambda t: t.replace('"format": 1', '"format": 9'), 'upgrade'),
        (lambda t: t.replace('getelementptr', 'getelementptx'), 'is damaged'),
    ):
      path.write_text(change(text))
      with self.assertRaisesRegex(ValueError, f'vocab.json.*{message}'):
        ir.Tokenizer.load(path)

  def test_pickles(self):
    copy = pickle.loads(pickle.dumps(self.tokenizer))
    np.testing.assert_array_equal(copy.ids(WORDS), self.tokenizer.ids(WORDS))

  def test_threads(self):
    tokenizer = train()
    words = [f'%{i % 5000}' for i in range(20_000)]
    expected = train().ids(words)
    results = {}

    def run(k):
      results[k] = tokenizer.ids(words)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()
    for ids in results.values():
      np.testing.assert_array_equal(ids, expected)


if __name__ == '__main__':
  absltest.main()
