"""LLVM type texts: canonical spelling, token word, and size.

A type has three spellings here:

  LLVM's text        `[10 x %struct.S*]`, `i32 addrspace(3)*`, `{ i8, i64 }`
  node text          `[10 x ptr]`, `ptr addrspace(3)`, `struct`   (ProGraML's)
  word for tokens    `[10xptr]`, `ptr3`, `{i8,i64}`

`T*` and `ptr` are one type. The name of a struct says nothing a compiler
guarantees, its size does: `%struct.S` becomes `struct:<bytes>`, with natural
alignment and 8-byte pointers.

Nothing here recurses: depth of nesting is bounded by memory only.
"""

import itertools
import re
from collections.abc import Callable, Mapping

from mirencoder_jax.ir.parsing import constant_text

_TOKEN = re.compile(
    r'target\("(?:[^"\\]|\\..)*"[^)]*\)|addrspace\([^)]*\)|\.\.\.'
    r'|%(?:"(?:[^"\\]|\\..)*"|[-\w.$]+)|[-\w.$]+|[][<>{}(),*]'
)
_SIZES = {
    'half': 2, 'bfloat': 2, 'float': 4, 'double': 8, 'fp128': 16,
    'x86_fp80': 16, 'ppc_fp128': 16, 'x86_mmx': 8, 'x86_amx': 1024, 'ptr': 8,
}  # bytes  # fmt: skip
# No real size has more; a file may hold anything.
_MAX_DIGITS = 30
_MAX_SIZE = 1 << 64
_CLOSE = {'[': ']', '<': '>', '{': '}', '(': ')'}


def spell(text: str, struct_word: Callable[[str], str]) -> tuple[str, str]:
  """Returns the node text and the token word of a type.

  Args:
    text: a type as LLVM prints it, typed or opaque pointers.
    struct_word: gives `struct:<bytes>` for the name (with its `%`) of a struct.

  Returns:
    (node text as ProGraML has it, one word without blanks for the tokens).
  """
  word = _spell(text, struct_word, '')
  if word.startswith('struct') or word.startswith('{') or word[:2] == '<{':
    return 'struct', word
  return _spell(text, lambda _: 'struct', ' '), word


def _spell(text: str, struct_word: Callable[[str], str], blank: str) -> str:
  """One pass over the type's tokens with an explicit stack of open brackets.

  The spelling grows at its end only, so that depth costs nothing.
  """
  out: list[str] = []
  # Of each open bracket: itself, how many pieces are in it (a type, an extent,
  # `x`), where in `out` the last one begins, number of the address space.
  level = ['', 0, 0, '']
  stack = [level]

  def begin_piece() -> None:
    if level[1]:
      out.append(',' if level[0] in '{(' else blank)
    level[1] += 1
    level[2] = len(out)

  for token in _TOKEN.findall(text):
    if token in _CLOSE:
      if token == '(' and level[1]:
        out.append(token)  # goes on with the type before it
      else:
        begin_piece()
        out.append('void(' if token == '(' else token)
      level = [token, 0, 0, '']
      stack.append(level)
    elif token in (']', '>', '}', ')'):
      if len(stack) == 1 or _CLOSE[level[0]] != token:
        raise ValueError(f'{_quoted(text)}: unexpected {token!r}')
      if token in ']>' and not level[1]:
        raise ValueError(f'{_quoted(text)}: nothing in brackets')
      out.append(token)
      stack.pop()
      level = stack[-1]
    elif token == ',':
      continue
    elif token == '*':
      if not level[1]:
        raise ValueError(f'{_quoted(text)}: `*` without a type')
      del out[level[2] :]
      out.append(_pointer(level[3], blank))
      level[3] = ''
    elif token.startswith('addrspace('):
      space = token[10:-1]
      if level[1] and out[level[2] :] == ['ptr']:
        out[-1] = _pointer(space, blank)
      else:
        level[3] = space
    else:
      begin_piece()
      if token[0] == '%':
        token = struct_word(token)
      elif token.isdecimal() and not blank:
        token = constant_text.integer_word(token)
      out.append(token)
  if len(stack) != 1 or level[1] != 1:
    raise ValueError(f'{_quoted(text)} is not a type')
  return ''.join(out)


def _quoted(text: str) -> str:
  return repr(text if len(text) < 60 else text[:57] + '...')


def _pointer(space: str, blank: str) -> str:
  if space in ('', '0'):
    return 'ptr'
  return f'ptr addrspace({space})' if blank else f'ptr{space}'


class StructWords(dict):
  """Word of a module's named structs, by name with its `%`: `struct:<bytes>`.

  Worked out on demand; `struct:opaque` where the module has no body.
  """

  def __init__(self, bodies: Mapping[str, str]):
    """Takes the right-hand sides of `%name = type ...`, by name with its %."""
    super().__init__()
    self._bodies = bodies
    self._sizes: dict[str, tuple[int, int] | None] = {}

  def __missing__(self, name: str) -> str:
    size = self._size(name)
    if size is None:
      word = 'struct:opaque'
    else:
      word = 'struct:' + constant_text.integer_word(str(size[0]))
    self[name] = word
    return word

  def _size(self, name: str) -> tuple[int, int] | None:
    """Size and alignment of a named type; an explicit stack, no recursion."""
    stack = [name]
    open_names = {name}  # whose members are being measured
    while stack:
      top = stack[-1]
      if top not in self._sizes:
        body = self._bodies.get(top, 'opaque')
        missing = [
            t
            for t in _value_names(body)
            if t not in self._sizes and t not in open_names
        ]
        if missing:
          stack.extend(missing)
          open_names.update(missing)
          continue
        self._sizes[top] = _measure(body, self._sizes)
      stack.pop()
    return self._sizes[name]


def _value_names(body: str) -> list[str]:
  """Names of the types that a body holds by value, not behind `*`."""
  tokens = _TOKEN.findall(body)
  names = []
  depth = 0  # of brackets with types of parameters
  for token, behind in itertools.pairwise([*tokens, '']):
    depth += (token == '(') - (token == ')')
    if token[0] == '%' and depth == 0:
      if behind != '*' and not behind.startswith('addrspace('):
        names.append(token)
  return names


def _measure(
    body: str, named: Mapping[str, tuple[int, int] | None]
) -> tuple[int, int] | None:
  """Size and alignment in bytes of a type text; None where it is opaque."""
  stack: list[list] = [['', []]]
  tokens = _TOKEN.findall(body)
  for token in tokens:
    pieces = stack[-1][1]
    if token in _CLOSE:
      stack.append([token, []])
    elif token in (']', '>', '}', ')'):
      bracket, inner = stack.pop()
      if not stack or _CLOSE.get(bracket) != token:
        return None
      outer = stack[-1][1]
      if token == ')':
        if outer:
          outer.pop()
        outer.append((0, 1))
      elif token == '}':
        outer.append(_struct(inner, packed=stack[-1][0] == '<'))
      elif len(inner) == 1:  # <{ ... }>
        outer.append(inner[0])
      else:
        outer.append(_repeat(inner, vector=token == '>'))
    elif token == '*':
      if pieces:
        pieces[-1] = (8, 8)
    elif token in (',', 'x', 'vscale') or token.startswith('addrspace('):
      continue
    elif token[0] == '%':
      pieces.append(named.get(token))
    elif token.isdecimal():
      pieces.append(int(token[:_MAX_DIGITS]))
    elif token[0] in 'ib' and token[1:].isdecimal():
      bits = int(token[1 : 1 + _MAX_DIGITS])
      size = 1 << max(0, (bits + 7) // 8 - 1).bit_length()
      pieces.append((size, min(size, 16)))
    elif token in _SIZES:
      pieces.append((_SIZES[token], min(_SIZES[token], 16)))
    elif token == 'opaque':
      return None
    else:
      pieces.append((8, 8))
  pieces = stack[0][1]
  if len(stack) != 1 or len(pieces) != 1 or isinstance(pieces[0], int):
    return None
  return pieces[0]


def _struct(fields: list, packed: bool) -> tuple[int, int] | None:
  size, align = 0, 1
  for field in fields:
    if not isinstance(field, tuple):
      return None
    if packed:
      size += field[0]
      continue
    size = -(-size // field[1]) * field[1] + field[0]
    align = max(align, field[1])
  return -(-size // align) * align, align


def _repeat(pieces: list, vector: bool) -> tuple[int, int] | None:
  *extents, element = pieces
  if not isinstance(element, tuple):
    return None
  size = element[0]
  for extent in extents:
    if not isinstance(extent, int):
      return None
    size = min(size * extent, _MAX_SIZE)
  if vector:
    # Of a scalable one the least: one unit.
    size = 1 << max(0, size - 1).bit_length()
    return size, min(max(size, 1), 16)
  return size, element[1]
