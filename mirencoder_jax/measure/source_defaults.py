"""Settings of a file that has none: as its own `main` calls the function.

The loops of NeuroVectorizer, for one, are files of a few global arrays, one
function and a `main` that measures it:

    unsigned int ub[1024], uc[1024];
    void example9(unsigned *ret) { ... }
    int main(...) { ... BENCH("Example9", example9(&dummy), ...); ... }

What the call names is what the function gets: a global array or a number. An
address of something else becomes a small array. Global arrays hold random
numbers.
"""

import re
from collections.abc import Mapping, Sequence

from mirencoder_jax.measure import source_settings
from mirencoder_jax.measure.source_settings import Array

# What a pointer to a local variable of `main` becomes.
_NUM_LOCAL = 64
_QUALIFIER = re.compile(
    r'\b(?:static|extern|const|volatile|register|restrict|__restrict)\b|'
    r'__attribute__\s*\(\(.*?\)\)'
)
_DECLARATION = re.compile(
    r'(?P<type>(?:\b(?:un)?signed\s+)?\b[a-z_]\w*(?:\s+(?:int|char|long))?)'
    r'\s+(?P<names>\w+\s*\[[^;{}()=]*)(?:=[^;]*)?;'
)


def _default(name: str, spelling: str, count: int, **keywords) -> Array | None:
  spelling = ' '.join(spelling.split())
  scalar = source_settings.SCALARS.get(spelling)
  if scalar is None:
    return None
  kind, size = scalar
  return Array(
      name=name,
      kind=kind,
      size=size,
      count=count,
      content='uniform',
      numbers=(0.0, 1.0) if kind == 'f' else (0.0, 99.0),
      **keywords,
  )


def default_globals(code: str) -> dict[str, Array]:
  """Global arrays of scalars by name.

  Args:
    code: of a file without its functions.
  """
  code = re.sub(r'^[ \t]*#[^\n]*', '', code, flags=re.MULTILINE)
  arrays = {}
  for match in _DECLARATION.finditer(_QUALIFIER.sub(' ', code)):
    for name in re.findall(r'(\w+)\s*\[', re.sub(r'\[\w+\]', '[', match[0])):
      # Its length may be a macro: the compiler counts.
      array = _default(name, match['type'], 0, writable=True, is_global=True)
      if array is not None:
        arrays[name] = array
  return arrays


def default_local(name: str, declaration: str) -> Array | None:
  """A small array for a pointer parameter; None if its type is no scalar."""
  spelling = re.split(r'[*\[(]', _QUALIFIER.sub(' ', declaration))[0]
  if '*' not in declaration:  # as in `int x[]`
    spelling = spelling.rsplit(None, 1)[0]
  writable = not re.search(r'\bconst\b', declaration)
  return _default(
      name, spelling, _NUM_LOCAL, writable=writable, is_global=False
  )


def bind_call(
    names: Sequence[str],
    declarations: Mapping[str, str],
    call: Sequence[str],
    known: Mapping[str, Array],
) -> tuple[dict[str, str], list[Array]]:
  """Arguments of the parameters that a call gives a meaning to.

  Args:
    names: of all parameters, in order.
    declarations: of those without a setting.
    call: arguments of the call in `main`; empty if there is none.
    known: global arrays.

  Returns:
    Parameter -> argument, and small arrays for addresses of locals.
  """
  arguments, arrays = {}, []
  if len(call) != len(names):
    return arguments, arrays
  for name, given in zip(names, call, strict=True):
    if name not in declarations:
      continue
    word = given.strip().lstrip('&').split('[')[0].strip()
    if source_settings.is_number(given.strip()):
      arguments[name] = given.strip()
    elif word in known:
      arguments[name] = word
    elif re.search(r'[*\[]', declarations[name]):
      array = default_local(name, declarations[name])
      if array is not None:
        arguments[name] = name
        arrays.append(array)
  return arguments, arrays
