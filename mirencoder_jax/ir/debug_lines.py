"""Source lines of instructions, for modules that were compiled with them.

Instructions are numbered as in `ir.Function`.
"""

import os
import re

import numpy as np

from mirencoder_jax.ir import llvm
from mirencoder_jax.ir import source as source_lib
from mirencoder_jax.ir.parsing import layout, line_shape, type_text
from mirencoder_jax.ir.parsing.function_scan import BodyError, Scan
from mirencoder_jax.ir.parsing.plan import LineError
from mirencoder_jax.ir.parsing.signature import parse_signature

_DBG = re.compile(r', !dbg !(\d+)')
_LOCATION = re.compile(
    r'^!(\d+) = (?:distinct )?!DILocation\(line: (\d+)(.*)\)$', re.MULTILINE
)
_INLINED = re.compile(r'inlinedAt: !(\d+)')
_STRUCT = re.compile(r'^(%[^ ]+) = type (.*)$', re.MULTILINE)
_MAX_INLINED = 1000  # deeper is a cycle in damaged metadata


def read_source_lines(
    source: str | bytes | os.PathLike, name: str | None = None
) -> list[np.ndarray]:
  """The source line of every instruction of a module.

  Args:
    source: as for `ir.read_module`.
    name: likewise.

  Returns:
    For each function, in the order of `Module.functions`, int32
    [n_instruction]: the line in the function's own source file (of what was
    inlined, the line of the call), 0 where there is none.

  Raises:
    IRError: if it cannot be read.
  """
  data, name = source_lib.load(source, name)
  if not source_lib.is_bitcode(data):
    data = source_lib.decode(data, name).encode(errors='replace')
  try:
    text = llvm.canonical_text(data)
  except (llvm.LlvmRefusal, llvm.LlvmAbort):
    # Read as it is, like `read_module` does.
    text = layout.tidy(data.decode(errors='replace'))
  locations = {
      number: (int(line), _INLINED.search(rest))
      for number, line, rest in _LOCATION.findall(text)
  }
  line_of = {number: _outermost(number, locations) for number in locations}
  quotes = line_shape.Quotes()
  structs = type_text.StructWords(dict(_STRUCT.findall(text)))
  return [
      _lines(first, body, quotes, structs, line_of)
      for first, body in _bodies(text)
  ]


def _bodies(text: str):
  """The first line and the body of every definition."""
  at = 0 if text.startswith('define') else text.find('\ndefine') + 1
  while at or text.startswith('define'):
    end = text.find('\n', at)
    close = text.find('\n}', end - 1)
    if end < 0 or close < 0:
      return
    yield text[at:end], text[end + 1 : close].split('\n')
    at = text.find('\ndefine', close) + 1
    if not at:
      return


def _outermost(number: str, locations) -> int:
  """The line at which what was inlined was called."""
  for _ in range(_MAX_INLINED):
    line, inlined = locations[number]
    if inlined is None or inlined.group(1) not in locations:
      return line
    number = inlined.group(1)
  return 0


def _lines(first, body, quotes, structs, line_of) -> np.ndarray:
  first = quotes.replace(first) if '"' in first else first
  try:
    scan = Scan(parse_signature(first, structs), quotes)
    scan.read(body)
  except (BodyError, LineError):  # `read_module` says what is wrong
    return np.zeros(0, np.int32)
  found = np.zeros(len(scan.lines), np.int32)
  for number, line in enumerate(scan.lines):
    match = _DBG.search(line)
    if match:
      found[number] = line_of.get(match.group(1), 0)
  return found
