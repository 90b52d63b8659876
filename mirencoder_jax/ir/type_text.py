"""LLVM type texts: canonical spelling, token word, and size.

Station in the flow: used by `ir.instruction` while a line of IR is read. A
type has three spellings here:

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

from mirencoder_jax.ir import constant_text

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
  """One pass over the type's tokens with an explicit stack of open brackets."""
  # Each level is [bracket, finished pieces, number of the address space].
  # A piece is a finished type, an extent, `x` or `vscale`.
  stack = [['', [], '']]
  for token in _TOKEN.findall(text):
    level = stack[-1]
    pieces = level[1]
    if token in _CLOSE:
      stack.append([token, [], ''])
    elif token in (']', '>', '}', ')'):
      if len(stack) == 1 or _CLOSE[level[0]] != token:
        raise ValueError(f'type {text!r}: unexpected {token!r}')
      stack.pop()
      outer = stack[-1][1]
      if token == ')':
        # A function type: the piece before it is what it returns.
        result = outer.pop() if outer else 'void'
        outer.append(f'{result}({",".join(pieces)})')
      elif token == '}':
        outer.append('{' + ','.join(pieces) + '}')
      elif len(pieces) == 1:  # the body of a packed struct: <{ ... }>
        outer.append(level[0] + pieces[0] + token)
      else:
        *extents, element = pieces
        body = blank.join(extents + [element])
        outer.append(level[0] + body + token)
    elif token == ',':
      continue
    elif token == '*':
      if not pieces:
        raise ValueError(f'type {text!r}: `*` without a type')
      pieces[-1] = _pointer(level[2], blank)
      level[2] = ''
    elif token.startswith('addrspace('):
      space = token[10:-1]
      if pieces and pieces[-1] == 'ptr':
        pieces[-1] = _pointer(space, blank)
      else:
        level[2] = space
    elif token[0] == '%':
      pieces.append(struct_word(token))
    elif token.isdecimal():
      pieces.append(token if blank else constant_text.integer_word(token))
    else:
      pieces.append(token)
  if len(stack) != 1 or len(stack[0][1]) != 1:
    raise ValueError(f'{text!r} is not a type')
  return stack[0][1][0]


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
        outer.append(_struct(inner))
      elif len(inner) == 1:  # <{ ... }>
        outer.append(inner[0])
      else:
        outer.append(_repeat(inner))
    elif token == '*':
      if pieces:
        pieces[-1] = (8, 8)
    elif token in (',', 'x', 'vscale') or token.startswith('addrspace('):
      continue
    elif token[0] == '%':
      pieces.append(named.get(token))
    elif token.isdecimal():
      pieces.append(int(token[:_MAX_DIGITS]))
    elif token[0] == 'i' and token[1:].isdecimal():
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


def _struct(fields: list) -> tuple[int, int] | None:
  size, align = 0, 1
  for field in fields:
    if not isinstance(field, tuple):
      return None
    size = -(-size // field[1]) * field[1] + field[0]
    align = max(align, field[1])
  return -(-size // align) * align, align


def _repeat(pieces: list) -> tuple[int, int] | None:
  *extents, element = pieces
  if not isinstance(element, tuple):
    return None
  size = element[0]
  for extent in extents:
    if not isinstance(extent, int):
      return None
    size = min(size * extent, _MAX_SIZE)
  return size, element[1]
