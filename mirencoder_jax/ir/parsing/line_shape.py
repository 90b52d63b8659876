"""A line of IR as its shape and its holes.

A line is split at its blanks into *pieces*; a piece holds at most one *hole*: a
name or a number. What remains is the line's *shape*. Lines of one shape are
read in one way (`ir.plan`), so a line is parsed once for all lines like it, and
finding its shape takes no more than looking up its pieces, most of which come
again and again.

Quoted names and strings would break the splitting: `Quotes` replaces them.
"""

import re
from collections.abc import Sequence

NUMBER = (
    r'-?(?:0x[KLMHR]?[0-9A-Fa-f]+|[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+)'
    # What LLVM after 22 prints, and what it reads but never prints.
    r'|[fus]0x[0-9A-Fa-f]+|[-+](?:inf|qnan|s?nan\(0x[0-9A-Fa-f]+\))'
)
_IS_NUMBER = re.compile(rf'(?:{NUMBER})$')
# Extents (`[4 x`) and address spaces belong to the shape of a line.
_HOLE = re.compile(
    r'[%@][-\w.$]+'
    rf'|(?<![-\w.$%@#!\[<])(?<!addrspace\()(?:{NUMBER})(?![-\w.$])'
)
# What most pieces are: the name of a value or a small number, alone.
_PLAIN = re.compile(r'(%[-\w.$]+|-?[0-9]+)([,)]*)$')
# Numbers of attribute groups and metadata say nothing.
_SIGIL = re.compile('[%@]')
_REFERENCE = re.compile(r'(?<=#)[0-9]+|(?<=!)[-\w.$\\]+')
TOKEN = re.compile(
    r'[c!#$]?"[^"]*"|[%@][-\w.$]+|![-\w.$\\]*|#[0-9]+'
    rf'|(?:{NUMBER})(?![-\w.$])|\.\.\.|[-\w.$]+|[][<>{{}}(),=*|:]'
)
_QUOTED = re.compile(r'([%@$]?)"([^"]*)"(:?)')
_PLAIN_NAME = re.compile(r'[-a-zA-Z$._][-\w.$]*$')
_PLAIN_STRING = re.compile(r'[-\w.]*$')
# A letter that LLVM never prints in a name without quotes.
ALIAS = '\xaa'
_ALIASED = re.compile(rf'"?{ALIAS}[0-9]+"?')
_MAX_PIECES = 200_000
_MAX_PLAIN = 1 << 15


def is_number(token: str) -> bool:
  return bool(_IS_NUMBER.match(token))


def tokenize(text: str) -> list[str]:
  """The lexical tokens of a piece of IR, or of a whole line."""
  return TOKEN.findall(text)


class Quotes:
  """Names and strings of one module that stand in quotes, under aliases.

  `%"class.A<B>"` becomes `%\xaa0`: a name like any other. Strings with blanks
  or brackets in them get an alias too; equal texts get equal aliases.
  """

  def __init__(self):
    self._alias: dict[str, str] = {}
    self._original: dict[str, str] = {}

  def replace(self, line: str) -> str:
    """The line without quoted names, and without blanks in its strings."""
    return _QUOTED.sub(self._replacement, line)

  def restore(self, name: str) -> str:
    """A name as the file has it, with its quotes."""
    return self._original.get(name, name)

  def restore_all(self, text: str) -> str:
    """A text that speaks of a line, with the quotes that the line had."""
    return _ALIASED.sub(lambda m: self.restore(m.group().strip('"')), text)

  def _replacement(self, match: re.Match) -> str:
    sigil, text, colon = match.groups()
    if sigil or colon:
      if _PLAIN_NAME.match(text):
        return sigil + text + colon
      return sigil + self._alias_of(text) + colon
    return f'"{text if _PLAIN_STRING.match(text) else self._alias_of(text)}"'

  def _alias_of(self, text: str) -> str:
    alias = self._alias.get(text)
    if alias is None:
      alias = self._alias[text] = f'{ALIAS}{len(self._alias)}'
      self._original[alias] = f'"{text}"'
    return alias


class _Holes(dict):
  """piece -> its hole, or ''."""

  def __missing__(self, piece: str) -> str:
    match = _PLAIN.match(piece)
    if not match:
      raise KeyError(piece)
    return match.group(1)


class _Literals(dict):
  """piece -> the piece with its hole closed."""

  def __init__(self, holes: dict[str, str]):
    super().__init__()
    self._holes = holes
    self._plain: list[str] = []
    # Equal literals are one object: there are few, used all the time.
    self._shared: dict[str, str] = {}

  def __missing__(self, piece: str) -> str:
    match = _PLAIN.match(piece)
    if not match:
      raise KeyError(piece)
    hole, rest = match.groups()
    literal = '%' + rest if piece[0] == '%' else '0' + rest
    if len(self._plain) >= _MAX_PLAIN:
      self._forget()
    self._plain.append(piece)
    self._holes[piece] = hole if rest else piece
    self[piece] = literal = self._shared.setdefault(literal, literal)
    return literal

  def _forget(self) -> None:
    """Names that a large function does not need again must not fill memory."""
    for piece in self._plain:
      del self[piece], self._holes[piece]
    self._plain.clear()


class Lexicon:
  """What is known of pieces; shared by all functions until it is full.

  Names of values and plain numbers, which are what is new in a line, are known
  without being learned, and may be forgotten again.

  Attributes:
    literals: of every piece known, the piece with its hole closed.
    holes: of every piece known, its hole, or ''.
  """

  def __init__(self):
    self.holes: dict[str, str] = _Holes()
    self.literals: dict[str, str] = _Literals(self.holes)

  @property
  def is_full(self) -> bool:
    return len(self.literals) > _MAX_PIECES

  def learn(self, pieces: Sequence[str]) -> list[str]:
    """Makes sure that all pieces of a line are known.

    Returns:
      The pieces; those that hold several holes are split into tokens.
    """
    literals = self.literals
    result = []
    for piece in pieces:
      if piece in literals or _PLAIN.match(piece):
        result.append(piece)
      elif len(_HOLE.findall(piece)) < 2:
        self._learn(piece)
        result.append(piece)
      else:
        result += self.learn_tokens(piece)
    return result

  def learn_tokens(self, text: str) -> list[str]:
    """Makes a piece of every token of a text."""
    tokens = tokenize(text)
    for token in tokens:
      if token not in self.literals:
        self._learn(token)
    return tokens

  def shape(self, pieces: Sequence[str]) -> str:
    """The shape of a line; KeyError if a piece of it is not known."""
    return ' '.join([self.literals[piece] for piece in pieces])

  def _learn(self, piece: str) -> None:
    match = _HOLE.search(piece)
    hole = self.holes[piece] = match.group() if match else ''
    if not hole:
      literal = _REFERENCE.sub('', piece)
      # A bare sigil must not pass for a closed hole.
      self.literals[piece] = '\0' + literal if _SIGIL.search(piece) else literal
      return
    kind = hole[0] if hole[0] in '%@' else '0'
    around = piece[: match.start()], piece[match.end() :]
    self.literals[piece] = kind.join(around)


_lexicon = Lexicon()


def lexicon() -> Lexicon:
  """The lexicon that all share; a new one if that is full."""
  global _lexicon
  if _lexicon.is_full:
    _lexicon = Lexicon()
  return _lexicon
