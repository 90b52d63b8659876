"""WordPiece over the words of normalised IR.

Station in the flow: between `ir.Module` and `data.example`. Words come from
`ir.function_reader` (an opcode, a type, a value's name, a number, a symbol);
the vocabulary is trained on them with Hugging Face `tokenizers`. Every
printable ASCII character is a piece, at the start of a word and inside one, and
anything else is spelled in ASCII first: no IR becomes `[UNK]`.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import tokenizers
from etils import epath

SPECIALS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')
_FORMAT = 1
_ASCII = [chr(i) for i in range(33, 127)]
# WordPiece looks for the longest piece first, which is quadratic in the word:
# longer words (a literal struct of a hundred fields) are cut before.
_MAX_WORD = 64
_MAX_CACHE = 1 << 20
# More words than this change a vocabulary of some thousand pieces little.
_MAX_TRAINING_WORDS = 4_000_000


class Tokenizer:
  """A vocabulary, and the pieces of words under it.

  Attributes:
    vocab: the pieces; their index is their id. The special ones come first.
    hash: 64 bits over the vocabulary, hexadecimal; stored with shards and
      checkpoints, which only fit together if it is equal.
  """

  pad_id, unk_id, cls_id, sep_id, mask_id = range(5)

  def __init__(self, vocab: Sequence[str]):
    if tuple(vocab[: len(SPECIALS)]) != SPECIALS:
      raise ValueError(f'a vocabulary begins with {SPECIALS}')
    self.vocab = tuple(vocab)
    if len(set(self.vocab)) != len(self.vocab):
      raise ValueError('the vocabulary has a piece twice')
    digest = hashlib.blake2b('\n'.join(self.vocab).encode(), digest_size=8)
    self.hash = digest.hexdigest()
    # A word that is spelled like a special piece is not one.
    self._id_of = {
        piece: i
        for i, piece in enumerate(self.vocab)
        if i >= len(SPECIALS)
    }
    self._longest = max(map(len, self.vocab))
    self._words = _Pieces(self._encode_word)
    self._texts = _Pieces(self._encode_text)

  def __reduce__(self):
    return Tokenizer, (self.vocab,)

  @property
  def vocab_size(self) -> int:
    return len(self.vocab)

  def encode(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The pieces of many words.

    Args:
      words: words of normalised IR.

    Returns:
      Ids, int32 [n_token], and the number of pieces of each word, int32
      [n_word].
    """
    return self._words.gather(words)

  def encode_texts(
      self, texts: Sequence[str]
  ) -> tuple[np.ndarray, np.ndarray]:
    """As `encode`, for texts of several words joined by blanks.

    Returns:
      Ids, int32 [n_token], and the number of pieces of each text, int32
      [n_text].
    """
    return self._texts.gather(texts)

  def _encode_word(self, word: str) -> list[int]:
    """WordPiece: the longest piece of the vocabulary first.

    As `tokenizers` does it, whose calls take longer than most words.
    """
    word = _in_ascii(word)
    get, longest = self._id_of.get, self._longest
    ids: list[int] = []
    for first in range(0, len(word), _MAX_WORD):
      part = word[first : first + _MAX_WORD]
      start, size, prefix = 0, len(part), ''
      while start < size:
        end = min(size, start + longest)
        found = get(prefix + part[start:end])
        while found is None and end > start + 1:
          end -= 1
          found = get(prefix + part[start:end])
        if found is None:  # never in a vocabulary that `train` made
          ids.append(self.unk_id)
          break
        ids.append(found)
        start, prefix = end, '##'
    return ids

  def _encode_text(self, text: str) -> list[int]:
    return self._words.gather(text.split(' '))[0].tolist()

  def ids(self, words: Sequence[str]) -> np.ndarray:
    """As `encode`, ids only: int32 [n_token]."""
    return self.encode(words)[0]

  def decode(self, ids: Iterable[int] | np.ndarray) -> str:
    """Readable text: pieces joined to words, words by blanks."""
    text = ' '.join(self.vocab[i] for i in ids)
    return text.replace(' ##', '')

  def to_json(self) -> str:
    """The vocabulary as a JSON document."""
    return json.dumps(
        {'format': _FORMAT, 'hash': self.hash, 'vocab': self.vocab},
        indent=0,
        ensure_ascii=True,
    )

  def save(self, path: str | os.PathLike) -> None:
    epath.Path(path).write_text(self.to_json())

  @classmethod
  def from_json(cls, text: str, name: str = 'vocabulary') -> 'Tokenizer':
    """Reads what `to_json` wrote.

    Raises:
      ValueError: if it is something else, of a newer format, or damaged.
    """
    try:
      document = json.loads(text)
      version, vocab = document['format'], document['vocab']
    except (ValueError, KeyError, TypeError) as error:
      raise ValueError(
          f'{name} is not a vocabulary of mirencoder_jax: {error}'
      ) from None
    if version > _FORMAT:
      raise ValueError(
          f'{name} has format {version}, this version of mirencoder_jax reads '
          f'up to {_FORMAT}: upgrade mirencoder_jax'
      )
    tokenizer = cls(vocab)
    if tokenizer.hash != document.get('hash'):
      raise ValueError(
          f'{name} is damaged: its hash is {tokenizer.hash}, it says '
          f'{document.get("hash")}'
      )
    return tokenizer

  @classmethod
  def load(cls, path: str | os.PathLike) -> 'Tokenizer':
    """Reads a vocabulary file; raises as `from_json`, or FileNotFoundError."""
    return cls.from_json(epath.Path(path).read_text(), str(path))


class _Pieces(dict):
  """string -> its number; the ids of its pieces stand in one pool.

  Filled on demand. Gathering from arrays beats joining a tuple for each word:
  functions have hundreds of words, most of them seen before.
  """

  def __init__(self, encode: Callable[[str], list[int]]):
    super().__init__()
    self._encode = encode
    self._lock = threading.Lock()
    self._reset()

  def _reset(self) -> None:
    self.clear()
    self._pool = np.zeros(1 << 12, np.int32)
    self._ends = np.zeros(1 << 10, np.int32)  # where the pieces of a word end

  def __missing__(self, string: str) -> int:
    ids = self._encode(string)
    number = len(self)
    start = int(self._ends[number])
    end = start + len(ids)
    if end > len(self._pool):
      self._pool = np.resize(self._pool, 2 * end)
    if number + 1 == len(self._ends):
      self._ends = np.resize(self._ends, 2 * len(self._ends))
    self._pool[start:end] = ids
    self._ends[number + 1] = end
    self[string] = number
    return number

  def gather(self, strings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Ids of all pieces end to end, and the number of pieces of each string."""
    with self._lock:
      if len(self) > _MAX_CACHE:
        self._reset()
      numbers = np.fromiter(
          map(self.__getitem__, strings), np.int32, len(strings)
      )
      pool, all_ends = self._pool, self._ends
    starts = all_ends[numbers]
    counts = all_ends[numbers + 1] - starts
    if not len(counts):
      return np.zeros(0, np.int32), counts
    ends = np.cumsum(counts, dtype=np.int32)
    # Piece j of word i stands at starts[i] + j: count up within each word.
    places = np.arange(ends[-1], dtype=np.int32)
    places += np.repeat(starts + counts - ends, counts)
    return pool[places], counts


def _in_ascii(word: str) -> str:
  """Spells what is not printable ASCII as `\\xx` of its UTF-8 bytes."""
  if word.isascii() and word.isprintable() and ' ' not in word:
    return word
  return ''.join(
      chr(b) if 33 <= b < 127 else f'\\{b:02x}'
      for b in word.encode(errors='replace')
  )


def train(word_counts: Mapping[str, int], vocab_size: int = 8192) -> Tokenizer:
  """Trains a vocabulary (WordPiece; Schuster and Nakajima, 2012).

  The same counts give the same vocabulary, whatever their order.

  Args:
    word_counts: how often each word of normalised IR occurs.
    vocab_size: pieces at most, special ones and characters included.

  Raises:
    ValueError: if the size does not even hold those.
  """
  minimum = len(SPECIALS) + 2 * len(_ASCII)
  if vocab_size < minimum:
    raise ValueError(f'vocab_size {vocab_size} is below {minimum}')
  total = sum(word_counts.values())
  scale = min(1.0, _MAX_TRAINING_WORDS / max(total, 1))
  tokenizer = tokenizers.Tokenizer(
      tokenizers.models.WordPiece(unk_token='[UNK]')
  )
  tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
  continued = ['##' + letter for letter in _ASCII]
  # The trainer numbers continued letters in the order of a randomly seeded
  # hash map, and breaks ties by number: named beforehand, they are fixed.
  trainer = tokenizers.trainers.WordPieceTrainer(
      vocab_size=vocab_size,
      initial_alphabet=_ASCII,
      show_progress=False,
      special_tokens=[*SPECIALS, *continued],
  )
  tokenizer.train_from_iterator(_repeat(word_counts, scale), trainer)
  learned = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
  vocab = [*SPECIALS, *_ASCII, *continued]
  known = set(vocab)
  vocab += [piece for piece, _ in learned if piece not in known]
  return Tokenizer(vocab[:vocab_size])


def _repeat(word_counts: Mapping[str, int], scale: float) -> Iterable[str]:
  """Words as often as they occur, thinned out evenly; rare ones once."""
  for word in sorted(word_counts):
    spelled = _in_ascii(word)[:_MAX_WORD]
    count = max(1, round(word_counts[word] * scale))
    for start in range(0, count, 1000):
      yield ' '.join([spelled] * min(1000, count - start))
