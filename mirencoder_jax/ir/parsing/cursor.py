"""A place in the tokens of one line of IR.

Moves over tokens and bracketed groups and knows which tokens are holes of the
line; nothing here recurses on the depth of the input.
"""

from collections.abc import Sequence

from mirencoder_jax.ir.parsing import line_shape
from mirencoder_jax.ir.parsing.plan import LineError

OPEN = frozenset('[<{(')
CLOSE = frozenset(']>})')


class Cursor:
  """Tokens of one line, read from left to right.

  Attributes:
    tokens: the tokens.
    at: index of the next one.
  """

  def __init__(self, pieces: Sequence[str]):
    self.tokens: list[str] = []
    self._piece_of: list[int] = []
    for i, piece in enumerate(pieces):
      tokens = line_shape.tokenize(piece)
      self.tokens += tokens
      self._piece_of += [i] * len(tokens)
    self.at = 0

  def is_hole(self, i: int) -> bool:
    """Whether a token's content is free."""
    token = self.tokens[i]
    if token[0] in '%@':
      return True
    if not line_shape.is_number(token):
      return False
    if i > 1 and self.tokens[i - 1] == '(':
      if self.tokens[i - 2] == 'addrspace':
        return False
    return not (i + 1 < len(self.tokens) and self.tokens[i + 1] == 'x')

  def holes(self) -> list[tuple[int, str]]:
    """The piece and the token of every hole."""
    return [
        (self._piece_of[i], token)
        for i, token in enumerate(self.tokens)
        if self.is_hole(i)
    ]

  def hole(self, i: int | None = None) -> int:
    """The number of the hole at a token; of the next one by default."""
    i = self.at if i is None else i
    if i >= len(self.tokens) or not self.is_hole(i):
      self.refuse('a name or a number')
    return self._piece_of[i]

  def peek(self, ahead: int = 0) -> str:
    i = self.at + ahead
    return self.tokens[i] if i < len(self.tokens) else ''

  def next(self) -> str:
    """The next token; once '' behind the last, then an error.

    So whoever looks for a token that is not there does not look for ever.
    """
    if self.at > len(self.tokens):
      self.refuse('more')
    token = self.peek()
    self.at += 1
    return token

  def accept(self, token: str) -> bool:
    if self.peek() == token:
      self.at += 1
      return True
    return False

  def expect(self, token: str) -> None:
    if not self.accept(token):
      self.refuse(repr(token))

  def refuse(self, expected: str) -> None:
    found = self.peek()
    raise LineError(
        f'expected {expected}, found '
        + (repr(found[:40]) if found else 'the end of the line')
    )

  def until(self, close: str) -> bool:
    """False once the closing bracket was taken; refuses an open one."""
    if self.at >= len(self.tokens):
      self.refuse(repr(close))
    return not self.accept(close)

  def skip_to(self, *tokens: str) -> None:
    """Skips tokens until one of these is next, or the line is over."""
    while self.peek() and self.peek() not in tokens:
      self.at += 1

  def skip_group(self) -> None:
    """Skips a bracketed group, from its opening to its closing token."""
    depth = 0
    while self.at < len(self.tokens):
      token = self.next()
      if token in OPEN:
        depth += 1
      elif token in CLOSE:
        depth -= 1
        if depth == 0:
          return
    raise LineError('a bracket is not closed')
