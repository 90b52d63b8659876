"""First pass over a function: whole instructions, blocks, numbers of values."""

import array
import itertools
import re
from collections.abc import Iterable

from mirencoder_jax.ir.parsing import instruction, line_shape, unknown
from mirencoder_jax.ir.parsing.signature import Signature

_LABEL = re.compile(r'([-\w.$]+):')
_DEBUG_CALL = re.compile(r'call [^@"]*\bvoid @llvm\.dbg\.')
# Instructions that LLVM prints over several lines.
_CONTINUATIONS = {
    'landingpad': ('catch', 'filter', 'cleanup', 'personality'),
    'invoke': ('to', 'unwind'),
    'callbr': ('to', '['),
    'switch': ('[',),
}
_RESULT_TERMINATORS = ('invoke ', 'callbr ', 'catchswitch ')


class BodyError(ValueError):
  """A body that cannot be read; `offset` is the line behind the `define`."""

  def __init__(self, message: str, offset: int):
    super().__init__(message)
    self.message = message
    self.offset = offset


# Numbers of values and blocks begin again here. A window of tokens sees a few
# hundred, so they stay distinct where it matters, and the words of a function
# of a million instructions are not a million.
NUM_NUMBERS = 1 << 13
_VALUE_WORDS = [f'%{i}' for i in range(NUM_NUMBERS)]


class Scan:
  """What the lines of a function are.

  Attributes:
    lines: one for each instruction, from its opcode on.
    values: for each instruction the word of its result, or ''.
    offsets: of each line in the body, from 1.
    starts: first instruction of each block.
    labels: name of a block with its `%` -> its number.
    definitions: name of a value with its `%` -> the instruction that defines
      it, or -1 - i for parameter i.
    words: name of a value or a block with its `%` -> its word.
    num_dropped: debug calls and records that are left out.
  """

  def __init__(self, signature: Signature, quotes: line_shape.Quotes):
    self.lines: list[str] = []
    self.values: list[str] = []
    self.offsets = array.array('l')
    self.starts: list[int] = []
    self.labels: dict[str, int] = {}
    self.definitions: dict[str, int] = {}
    self.words: dict[str, str] = {}
    self.num_dropped = 0
    self._quotes = quotes
    unnamed = 0
    for i, (_, _, name) in enumerate(signature.parameters):
      if name is None:
        name = f'%{unnamed}'
      if name[1:].isdecimal():
        unnamed += 1
      self.definitions[name] = -1 - i
      self.words[name] = f'%a{i}'

  def read(self, body: Iterable[str]) -> None:
    """Goes over the lines of a body, up to its closing `}`.

    Raises:
      BodyError: for a line that cannot be part of a function.
    """
    lines, values, offsets = self.lines, self.values, self.offsets
    definitions, words = self.definitions, self.words
    value_words = itertools.cycle(_VALUE_WORDS)
    more: dict[int, list[str]] = {}  # instruction -> its further lines
    open_switch = False
    terminated = True  # the entry block needs no label
    for offset, line in enumerate(body, 1):
      if '"' in line:
        line = self._quotes.replace(line)
      if line[:3] == '  %':
        # The common case: an instruction with a result.
        equals = line.find(' = ')
        name = line[2:equals]
        line = line[equals + 3 :]
        if terminated:
          self._implicit_block(name)
        if name in words or equals < 0:
          raise BodyError(_bad_result(name, line, equals), offset)
        terminated = line.startswith(_RESULT_TERMINATORS)
        definitions[name] = len(lines)
        words[name] = word = next(value_words)
        values.append(word)
        lines.append(line)
        offsets.append(offset)
        continue
      if not line or line[0] == ';' or line.isspace():
        continue
      if line[0] != ' ':
        self._block(line, offset)
        terminated = False
        continue
      word = line.split(None, 1)[0]
      if word[-1] == ',':  # `unreachable, !dbg !5`
        word = word[:-1]
      if line[2:3] == ' ' or open_switch or word not in instruction.STARTS:
        if word.startswith('#dbg_'):
          self.num_dropped += 1
          continue
        if not open_switch and not self._continues(word):
          if not unknown.is_opcode(word):
            raise BodyError(f'unknown instruction {word[:40]!r}', offset)
          if terminated:
            self._implicit_block()
          terminated = ' label %' in line
          lines.append(line[2:])
          values.append('')
          offsets.append(offset)
          continue
        more.setdefault(len(lines) - 1, []).append(line.strip())
        if open_switch and word[0] == ']':
          open_switch = False
        continue
      if '@llvm.dbg.' in line and _DEBUG_CALL.search(line):
        self.num_dropped += 1
        continue
      if terminated:
        self._implicit_block()
      terminated = word in instruction.TERMINATORS
      open_switch = word == 'switch' and line.count('[') > line.count(']')
      lines.append(line[2:])
      values.append('')
      offsets.append(offset)
    if not lines:
      raise BodyError('the function has no instructions', 0)
    for number, further in more.items():
      lines[number] = ' '.join([lines[number], *further])

  def _continues(self, word: str) -> bool:
    """Whether a word may go on with the instruction above it."""
    if not self.lines:
      return False
    opcode = self.lines[-1].split(None, 1)[0]
    return word in _CONTINUATIONS.get(opcode, ())

  def _block(self, line: str, offset: int) -> None:
    match = _LABEL.match(line)
    if not match:
      raise BodyError(f'{line.strip()[:60]!r} is not LLVM IR', offset)
    name = '%' + match.group(1)
    if name in self.words:
      raise BodyError(f'{name[:40]!r} is defined twice', offset)
    self._start_block(name)

  def _start_block(self, name: str) -> None:
    self.labels[name] = len(self.starts)
    self.words[name] = f'b{len(self.starts) % NUM_NUMBERS}'
    self.starts.append(len(self.lines))

  def _implicit_block(self, first: str = '') -> None:
    """A block without a label: the entry, or one that has only a number.

    Args:
      first: the name of its first instruction's result, if it has one.
    """
    if first[1:].isdecimal() and len(first) < 12:
      number = int(first[1:]) - 1
    else:
      # Behind the last one that has only a number; found soon, because it is
      # at least the last block without a label.
      last = (n for n in reversed(self.words) if n[1:].isdecimal())
      number = int(next(last, '%-1')[1:12]) + 1
    self._start_block(f'%{number}')


def _bad_result(name: str, line: str, equals: int) -> str:
  if equals < 0:
    return f'{name[:60]!r} is not an instruction'
  return f'{name[:40]!r} is defined twice'
