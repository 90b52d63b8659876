"""WordPiece over the words of normalised IR.

Words come from `ir.function_reader` (an opcode, a type, a value's name, a
number, a symbol); the vocabulary is trained on them with Hugging Face
`tokenizers`. Every printable ASCII character is a piece, at the start of a word
and inside one, and anything else is spelled in ASCII first: no IR becomes
`[UNK]`.
"""

import array
import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
  num_special = len(SPECIALS)  # ids below are special

  def __init__(self, vocab: Sequence[str]):
    if tuple(vocab[: len(SPECIALS)]) != SPECIALS:
      raise ValueError(f'a vocabulary begins with {SPECIALS}')
    self.vocab = tuple(vocab)
    if len(set(self.vocab)) != len(self.vocab):
      raise ValueError('the vocabulary has a piece twice')
    digest = hashlib.blake2b('\n'.join(self.vocab).encode(), digest_size=8)
    self.hash = digest.hexdigest()
    # A word that is spelled like a special piece is not one.
    first, further = _Known(self.unk_id), _Known(self.unk_id)
    for i, piece in enumerate(self.vocab[len(SPECIALS) :], len(SPECIALS)):
      if piece.startswith('##') and len(piece) > 2:
        further.add(piece[2:], i)
      # `##` is where a word may begin, too.
      first.add(piece, i)
    self._first, self._further = first, further
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

  def encode_texts(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
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
    ids: list[int] = []
    for begin in range(0, len(word), _MAX_WORD):
      part, known = word[begin : begin + _MAX_WORD], self._first
      while part:
        number, size = known.match(part)
        ids.append(number)
        part, known = part[size:], self._further
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


class _Known:
  """Pieces that may stand at one place of a word: its start, or inside it."""

  def __init__(self, unk_id: int):
    self._unk_id = unk_id
    self._id_of: dict[str, int] = {}
    self._longest: dict[str, int] = {}  # by the letter a piece begins with

  def add(self, piece: str, number: int) -> None:
    self._id_of[piece] = number
    size = max(len(piece), self._longest.get(piece[0], 0))
    self._longest[piece[0]] = size

  def match(self, text: str) -> tuple[int, int]:
    """The longest piece that a text begins with, and its length."""
    get = self._id_of.get
    for size in range(self._longest.get(text[0], 0), 0, -1):
      number = get(text[:size])
      if number is not None:
        return number, min(size, len(text))
    return self._unk_id, len(text)  # never in a vocabulary that `train` made


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
    self._pool = array.array('i')
    self._ends = array.array('i', [0])  # where the pieces of a word end

  def __missing__(self, string: str) -> int:
    number = len(self)
    self._pool.extend(self._encode(string))
    self._ends.append(len(self._pool))
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
      # An array cannot grow while numpy looks at it: under the lock.
      return _gather(
          np.frombuffer(self._pool, np.int32) if self._pool else _EMPTY,
          np.frombuffer(self._ends, np.int32),
          numbers,
      )


_EMPTY = np.zeros(0, np.int32)


def _gather(
    pool: np.ndarray, all_ends: np.ndarray, numbers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """The runs of a pool of these numbers, end to end, and their sizes."""
  starts = all_ends[numbers]
  counts = all_ends[numbers + 1] - starts
  if not len(counts):
    return _EMPTY, counts
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


def train(
    word_counts: Mapping[str, int],
    vocab_size: int = 8192,
    num_threads: int = 1,
) -> Tokenizer:
  """Trains a vocabulary (WordPiece; Schuster and Nakajima, 2012).

  The same counts give the same vocabulary, whatever their order.

  Args:
    word_counts: how often each word of normalised IR occurs.
    vocab_size: pieces at most, special ones and characters included.
    num_threads: to train with; what the first call of a process says, holds
      for all. It does not change the vocabulary.

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
  with _rayon_threads(num_threads):
    tokenizer.train_from_iterator(_repeat(word_counts, scale), trainer)
  learned = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
  vocab = [*SPECIALS, *_ASCII, *continued]
  known = set(vocab)
  vocab += [piece for piece, _ in learned if piece not in known]
  return Tokenizer(vocab[:vocab_size])


@contextlib.contextmanager
def _rayon_threads(number: int) -> Iterator[None]:
  """The trainer's threads: its library asks the environment when it starts."""
  name = 'RAYON_NUM_THREADS'
  before = os.environ.get(name)
  os.environ[name] = str(number)
  try:
    yield
  finally:
    if before is None:
      del os.environ[name]
    else:
      os.environ[name] = before


def _repeat(word_counts: Mapping[str, int], scale: float) -> Iterable[str]:
  """Words as often as they occur, thinned out evenly; rare ones once."""
  for word in sorted(word_counts):
    spelled = _in_ascii(word)[:_MAX_WORD]
    count = max(1, round(word_counts[word] * scale))
    for start in range(0, count, 1000):
      yield ' '.join([spelled] * min(1000, count - start))
