"""A line of IR as its shape and its holes.

Station in the flow: used by `ir.function_reader` for every line. A line is
split at its blanks into *pieces*; a piece holds at most one *hole*: a name or
a number. What remains is the line's *shape*. Lines of one shape are read in one
way (`ir.plan`), so a line is parsed once for all lines like it, and finding its
shape takes no more than looking up its pieces, most of which come again and
again.

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
_LOCAL = re.compile(r'(%[-\w.$]+)([,)]*)$')
# Numbers of attribute groups and metadata say nothing.
_SIGIL = re.compile('[%@]')
_REFERENCE = re.compile(r'(?<=#)[0-9]+|(?<=!)[-\w.$\\]+')
_TOKEN = re.compile(
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


def is_number(token: str) -> bool:
  return bool(_IS_NUMBER.match(token))


def tokenize(text: str) -> list[str]:
  """The lexical tokens of a piece of IR, or of a whole line."""
  return _TOKEN.findall(text)


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


class Lexicon:
  """What is known of pieces; shared by all functions until it is full.

  Attributes:
    literals: of every piece seen, the piece with its hole closed.
    holes: of every piece seen, its hole, or ''.
  """

  def __init__(self):
    self.literals: dict[str, str] = {}
    self.holes: dict[str, str] = {}

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
      if piece in literals:
        result.append(piece)
      elif match := _LOCAL.match(piece):
        # As below, but sooner: names of values are what is new in a line.
        self.holes[piece], rest = match.groups()
        literals[piece] = '%' + rest
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
