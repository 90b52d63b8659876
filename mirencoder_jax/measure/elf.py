"""What an ELF object says of sizes: sections, functions, undefined symbols."""

import struct
from typing import NamedTuple

_WRITE, _ALLOC, _EXEC = 1, 2, 4
_SYMTAB, _NOBITS = 2, 8
_FUNC, _GNU_IFUNC = 2, 10


class ElfError(ValueError):
  """The bytes are no ELF object."""


class Sizes(NamedTuple):
  """Sizes in bytes.

  Attributes:
    text: of the sections that are run.
    berkeley: the same with read-only data and unwind tables, as `size` has it.
    functions: of each defined function, by symbol.
    defined: every global symbol that is defined.
    undefined: every symbol that is not.
  """

  text: int
  berkeley: int
  functions: dict[str, int]
  defined: frozenset[str]
  undefined: frozenset[str]


def read_sizes(data: bytes) -> Sizes:
  """Reads the sections and the symbol table of an object.

  Raises:
    ElfError: it is none.
  """
  try:
    return _read(data)
  except (struct.error, IndexError, ValueError) as error:
    raise ElfError(f'no ELF object: {error}') from None


def _read(data: bytes) -> Sizes:
  if data[:4] != b'\x7fELF':
    raise ElfError('no magic number')
  is_64, order = data[4] == 2, '<' if data[5] == 1 else '>'
  if is_64:
    at, count = *struct.unpack_from(f'{order}Q', data, 40), 60
    head = struct.Struct(f'{order}IIQQQQIIQQ')
    symbol = struct.Struct(f'{order}IBBHQQ')
  else:
    at, count = *struct.unpack_from(f'{order}I', data, 32), 48
    head = struct.Struct(f'{order}IIIIIIIIII')
    symbol = struct.Struct(f'{order}IIIBBH')
  (number,) = struct.unpack_from(f'{order}H', data, count)
  sections = [head.unpack_from(data, at)] if at else []
  number = number or (sections[0][5] if sections else 0)
  sections = [head.unpack_from(data, at + i * head.size) for i in range(number)]
  text = berkeley = 0
  functions: dict[str, int] = {}
  defined, undefined = set(), set()
  for _, kind, flags, _, start, size, link, *_ in sections:
    if flags & _ALLOC and kind != _NOBITS:
      text += size if flags & _EXEC else 0
      berkeley += size if flags & _EXEC or not flags & _WRITE else 0
    if kind != _SYMTAB:
      continue
    names_at, names_size = sections[link][4:6]
    names = data[names_at : names_at + names_size]
    for i in range(1, size // symbol.size):
      fields = symbol.unpack_from(data, start + i * symbol.size)
      if is_64:
        name_at, info, _, place, _, length = fields
      else:
        name_at, _, length, info, _, place = fields
      name = names[name_at : names.index(b'\0', name_at)].decode(
          'utf-8', 'replace'
      )
      if place == 0 and name:
        undefined.add(name)
      elif info >> 4 == 1:  # neither local nor weak
        defined.add(name)
      if place and info & 15 in (_FUNC, _GNU_IFUNC):
        functions[name] = functions.get(name, 0) + length
  return Sizes(
      text, berkeley, functions, frozenset(defined), frozenset(undefined)
  )
