"""Text that LLVM refuses, mended until it accepts it.

Between `ir.reader` and the LLVM worker, for refused text only. First what older
LLVMs wrote is made what ours takes (`parsing.upgrade`); that is as sure as the
upgrade of bitcode. Then LLVM's messages lead: metadata and initial values that
it does not take go, of which no word is made; what a pasted function leaves out
is declared, and words that LLVM does not know are dropped, which is a guess.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from mirencoder_jax.ir import llvm
from mirencoder_jax.ir import source as source_lib
from mirencoder_jax.ir.parsing import (
    constant_expressions,
    instruction,
    layout,
    line_shape,
    operands,
    undeclared,
    upgrade,
)
from mirencoder_jax.ir.parsing.layout import Laid

_DIAGNOSTIC = re.compile(r'<string>:(\d+):(\d+): error: ([^\n]*)')
_WORD = re.compile(r'[a-z_][\w.]*')
_NUMBERED = re.compile(r'(![0-9]+)\s*=')
_NAMED = re.compile(r'![a-zA-Z]')
_DEBUG = re.compile(r'  (?:#dbg_|(?:(?:tail|notail) )?call [^@]*@llvm\.dbg\.)')
_ATTACHED = re.compile(r',?\s*![a-zA-Z][-\w.$]*\s+![0-9]+(?![-\w.$])')
_INTRINSIC = re.compile(r'@llvm\.(?!dbg\.)[-\w.$]+')
_HIDDEN = '@hidden.llvm.'  # no intrinsic for LLVM
_MAX_ROUNDS = 40
_KNOWN = (
    instruction.STARTS
    | operands.FLAGS
    | operands.PLAIN_CONSTANTS
    | operands.EXPRESSIONS
    | frozenset(
        'define declare global constant alias ifunc type opaque void ptr label '
        'half bfloat float double fp128 x86_fp80 ppc_fp128 x86_amx token '
        'metadata to unwind x vscale asm align section comdat addrspace'.split()
    )
)


class Mended(NamedTuple):
  """What became of a refused text.

  Attributes:
    laid: the text for a reader without LLVM, one statement a line.
    canonical: LLVM's text of the mended module, or None if it refuses that.
    is_sure: whether LLVM would have made the same of the module's bitcode.
    num_debug: debug calls and records that were taken out.
  """

  laid: Laid
  canonical: str | None
  is_sure: bool
  num_debug: int


def mend(laid: Laid) -> Mended:
  """Mends a text that LLVM refuses, or dies of."""
  laid = upgrade.upgrade(laid)
  state = _State(laid)
  canonical = None
  for _ in range(_MAX_ROUNDS):
    try:
      canonical = llvm.canonical_text(_encoded(state.laid))
      break
    except llvm.LlvmRefusal as error:
      if not state.react(str(error)):
        break
    except llvm.LlvmAbort:
      state.is_sure = False
      if state.strip_metadata():
        continue
      canonical = _without_deadly(state.laid)
      break
  completed = undeclared.complete(laid)
  if canonical is not None:
    canonical = undeclared.without_sizes(canonical.replace(_HIDDEN, '@llvm.'))
  return Mended(
      upgrade.finish(completed or laid),
      canonical,
      state.is_sure,
      state.num_debug if canonical is not None else 0,
  )


def mend_bytes(data: bytes) -> bytes | None:
  """A refused text as LLVM accepts it; None if that takes a guess."""
  if source_lib.is_bitcode(data):
    return None
  mended = mend(layout.lay_out(data.decode()))
  if mended.canonical is None or not mended.is_sure:
    return None
  return mended.canonical.encode()


class _State:
  """A text on its way, and what was tried."""

  def __init__(self, laid: Laid):
    self.laid = laid
    self.is_sure = True
    self.num_debug = 0
    self._tried: set[str] = set()

  def react(self, message: str) -> bool:
    """Changes the text where LLVM points; False if nothing can be done."""
    if 'sized' in message and self._complete():
      return True
    if 'sized' in message and self._once('sized'):
      sized = undeclared.with_sizes(self.laid)
      if sized is not None:
        self.is_sure = False
        self.laid = sized
        return True
    found = _DIAGNOSTIC.search(message)
    if not found:
      return False
    line = self.laid.lines[int(found.group(1)) - 1]
    what = found.group(3)
    if line[:1] == '@' and self._once('globals'):
      self._globals()
      return True
    is_node = line[:1] == '!' or 'metadata' in what or 'debug' in what
    if is_node and self.strip_metadata():
      return True
    if line.startswith('target datalayout') and self._once('layout'):
      self.is_sure = False
      self._map(lambda line: '' if line.startswith('target datal') else line)
      return True
    names = set(_INTRINSIC.findall(line)) if 'intrinsic' in what else ()
    if names and self._once(min(names)):
      # Bitcode that calls what is no more is read as it is.
      self._map(lambda line: _hide(line, names))
      return True
    if 'use of undefined' in what and self._complete():
      return True
    return 'opcode' not in what and self._drop(line, int(found.group(2)) - 1)

  def _complete(self) -> bool:
    """Adds what a pasted function leaves out; False if that was done."""
    if not self._once('undefined'):
      return False
    self.is_sure = False
    completed = undeclared.complete(self.laid)
    self.laid = completed or self.laid
    return completed is not None

  def _once(self, what: str) -> bool:
    is_new = what not in self._tried
    self._tried.add(what)
    return is_new

  def _map(self, change: Callable[[str], str]) -> None:
    lines = [change(line) for line in self.laid.lines]
    self.laid = self.laid._replace(lines=lines)

  def _globals(self) -> None:
    quotes = line_shape.Quotes()

    def change(line: str) -> str:
      if line[:1] != '@' or '(' not in line:
        return line
      line = quotes.replace(line)
      return quotes.restore_all(
          constant_expressions.without_initial_value(line)
      )

    self._map(change)

  def strip_metadata(self) -> bool:
    """Empties all metadata but the producer's name; False if it was done."""
    if not self._once('metadata'):
      return False

    def change(line: str) -> str:
      if line[:1] == '!':
        if _NUMBERED.match(line):
          is_string = '!{!"' in line
          return line if is_string else line.partition('=')[0] + '= !{}'
        return line if line.startswith('!llvm.ident') else ''
      if _DEBUG.match(line):
        self.num_debug += 1
        return ''
      return _ATTACHED.sub('', line) if '!' in line else line

    self._map(change)
    return True

  def _drop(self, line: str, column: int) -> bool:
    """Drops a word that LLVM does not know, wherever it stands."""
    word = _WORD.match(line, column)
    if not word or word.group() in _KNOWN or not self._once(word.group()):
      return False
    pattern = re.compile(
        rf'(?<![-\w.$%@!"]){re.escape(word.group())}(?![-\w.$"])'
        r'(?:\([^()]*(?:\([^()]*\)[^()]*)*\))? ?'
    )
    quotes = line_shape.Quotes()
    self.is_sure = False

    def change(line: str) -> str:
      if word.group() not in line:
        return line
      return quotes.restore_all(pattern.sub('', quotes.replace(line)))

    self._map(change)
    return True


def _hide(text: str, names: Collection[str]) -> str:
  """The text with other names for some intrinsics."""
  if not names:
    return text
  return _INTRINSIC.sub(
      lambda match: (
          _HIDDEN + match.group()[len('@llvm.') :]
          if match.group() in names
          else match.group()
      ),
      text,
  )


def _encoded(laid: Laid) -> bytes:
  return laid.text.encode(errors='replace')


def _without_deadly(laid: Laid) -> str | None:
  """LLVM's text where it dies of upgrading an intrinsic: that one is hidden.

  Of all names the fewest are hidden from it, found by halving.
  """
  text = laid.text
  names = sorted(set(_INTRINSIC.findall(text)))
  hidden: set[str] = set()
  while True:
    last = _first_that_works(text, names, hidden)
    if last is None:
      return None
    canonical, number = last
    if not number:
      return canonical
    hidden.add(names[number - 1])


def _first_that_works(
    text: str, names: Sequence[str], hidden: set[str]
) -> tuple[str, int] | None:
  """How many of the names must be hidden beside these, and what comes then."""
  low, high = 0, len(names)
  best = None
  for number in (0, high):
    canonical = _hiding(text, {*hidden, *names[:number]})
    if canonical is not None:
      best = canonical, number
      break
  if best is None or not best[1]:
    return best
  while low + 1 < high:
    middle = (low + high) // 2
    canonical = _hiding(text, {*hidden, *names[:middle]})
    if canonical is None:
      low = middle
    else:
      high, best = middle, (canonical, middle)
  return best


def _hiding(text: str, names: set[str]) -> str | None:
  """LLVM's text with some intrinsics hidden from it, or None."""
  try:
    return llvm.canonical_text(_hide(text, names).encode(errors='replace'))
  except (llvm.LlvmRefusal, llvm.LlvmAbort):
    return None
