"""Text that holds more than one module: refused, with the way out.

Two modules read as one would lend each other types, globals and functions.
What a compiler driver or a pass manager writes has marks that are looked for
in every text; the rest is told once LLVM refuses it.
"""

import re
from collections.abc import Iterable

from mirencoder_jax.ir.module import IRError

_BUNDLE = '__CLANG_OFFLOAD_BUNDLE__'
_DUMP = '*** IR Dump '
_DUMP_LINE = re.compile(r'^[;#\s]*\*\*\* IR Dump ', re.MULTILINE)
_MODULE_ID = '; ModuleID = '
_HEAD_LINE = re.compile(f'^{_MODULE_ID}', re.MULTILINE)
_STATEMENT = re.compile(r'^\s*[^\s;]', re.MULTILINE)
# Of these a module has one, before all else.
_ONCE = re.compile(r'(source_filename|target (?:triple|datalayout))\s*=')
_ENTITY = re.compile(r'define\b|declare\b|[@%]')
_METADATA = re.compile(r'!([0-9]+)\s*=')


def check_marks(text: str, name: str) -> None:
  """Looks for the marks of bundles and of dumps; cheap.

  Raises:
    IRError: if the text is a bundle, or more than one dump of a pass manager.
  """
  at = text.find(_BUNDLE)
  if at >= 0:
    raise IRError(
        'this is a bundle of host and device code, a module for each: compile '
        'with --offload-device-only or --offload-host-only, or split it with '
        '`clang-offload-bundler -type=ll -unbundle`',
        name,
        text.count('\n', 0, at) + 1,
    )
  if text.count(_MODULE_ID) > 1:
    heads = [match.start() for match in _HEAD_LINE.finditer(text)]
    if len(heads) > 1 and _STATEMENT.search(text, heads[0], heads[1]):
      line = text[heads[1] :].partition('\n')[0]
      raise _second(line, name, text.count('\n', 0, heads[1]) + 1)
  if _DUMP in text:
    dumps = [match.start() for match in _DUMP_LINE.finditer(text)]
    if len(dumps) > 1:
      raise IRError(
          f'these are {len(dumps)} dumps of a pass manager, not one module: '
          'give each for itself (this line begins the second), or what '
          '`opt -S` writes behind the pass',
          name,
          text.count('\n', 0, dumps[1]) + 1,
      )


def check_heads(lines: Iterable[str], name: str) -> None:
  """Looks for the head of a second module in text that LLVM refuses.

  Args:
    lines: of the text as it is.
    name: of the file.

  Raises:
    IRError: naming the line where the second module begins.
  """
  seen: set[str] = set()
  has_entity = False
  for number, line in enumerate(lines, 1):
    if match := _ONCE.match(line):
      mark = match.group(1)
      if not has_entity and mark in seen:
        continue  # said twice by hand
    elif match := _METADATA.match(line):
      mark = match.group()
    else:
      has_entity = has_entity or bool(_ENTITY.match(line))
      continue
    if mark in seen:
      raise _second(line, name, number)
    seen.add(mark)


def _second(line: str, name: str, number: int) -> IRError:
  return IRError(
      f'a second module begins here or above ({line.strip()[:40]!r}): give '
      'each for itself, or link them with llvm-link',
      name,
      number,
  )
