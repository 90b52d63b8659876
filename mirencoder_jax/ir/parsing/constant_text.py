"""Numbers in IR as words: exact while small or common, else sign and size.

Problem size is in these numbers and performance hangs on it, so none is
replaced by one symbol for all; and their number of distinct words is bounded,
so that a vocabulary can hold them.

  integers   -256..256, powers of two, 2^k - 1, powers of ten: as they are;
             others `~2^17.1` / `-~2^17.1`: 2^17 x (1 + 1/4) or a little more.
  floats     m / 16 for whole |m| <= 256: as decimal; powers of two and ten;
             others `f~2^-3.2`; `inf`, `-inf`, `nan`.
"""

import functools
import math
import re
import struct

_EXACT = frozenset(
    [str(i) for i in range(-256, 257)]
    + [str(s * (1 << k)) for k in range(129) for s in (1, -1)]
    + [str(s * ((1 << k) - 1)) for k in range(1, 129) for s in (1, -1)]
    + [str(s * 10**k) for k in range(20) for s in (1, -1)]
)
_FLOAT = re.compile(r'[-+]?\d+\.\d*(?:[eE][-+]?\d+)?$|[-+](?:inf|qnan|s?nan\()')

_HEXADECIMAL = re.compile('[0-9a-fA-F]+$')


def integer_word(text: str) -> str:
  """The word of a decimal integer of any length."""
  if text in _EXACT:
    return text
  return _magnitude_of_integer(text)


@functools.lru_cache(maxsize=1 << 16)
def _magnitude_of_integer(text: str) -> str:
  sign = '-' if text.startswith('-') else ''
  digits = text.lstrip('-')
  _, x, hexadecimal = digits[:1000].partition('0x')
  if x:  # u0x1F, s0x1F; 0x1F is a float's, and no LLVM takes it here
    value = int(hexadecimal, 16) if _HEXADECIMAL.match(hexadecimal) else 0
    text = digits = str(value)
  # Python refuses to convert more than 4,300 digits; no such constant is
  # real, but a file may hold anything: size by its number of digits.
  if len(digits) > 4000:
    return f'{sign}~2^{int(len(digits) * math.log2(10))}.0'
  value = int(digits)
  exponent = value.bit_length() - 1
  if exponent < 2:
    return text
  quarter = (value >> (exponent - 2)) & 3
  return f'{sign}~2^{exponent}.{quarter}'


def is_float(text: str) -> bool:
  """Whether a numeric token is a float: `1.0e+00`, `0xK...`, `+inf`."""
  return text.startswith(('0x', 'f0x')) or bool(_FLOAT.match(text))


@functools.lru_cache(maxsize=1 << 16)
def float_word(text: str) -> str:
  """The word of a float constant as LLVM prints it."""
  value = _float_value(text)
  if value is None:
    return 'f~long'
  if math.isnan(value):
    return 'nan'
  if math.isinf(value):
    return 'inf' if value > 0 else '-inf'
  if value == 0:
    return '-0.0' if math.copysign(1, value) < 0 else '0.0'
  mantissa, exponent = math.frexp(abs(value))  # 0.5 <= mantissa < 1
  sign = '-' if value < 0 else ''
  if abs(value) <= 256 and (value * 16) == int(value * 16):
    return repr(value)
  if mantissa == 0.5:
    return f'{sign}f2^{exponent - 1}'
  power = round(math.log10(abs(value)))
  # As float32 or float64: 1e-05 is not a float32, its neighbour is printed.
  if abs(power) <= 30 and abs(abs(value) / 10.0**power - 1) < 1e-7:
    return f'{sign}1e{power}'
  quarter = int((mantissa * 2 - 1) * 4)
  return f'{sign}f~2^{exponent - 1}.{quarter}'


def _float_value(text: str) -> float | None:
  """Value of a float literal; long formats are rounded to a double."""
  if text.startswith('f0x'):  # since LLVM 23: the bits of its own format
    kind = 'H' if len(text) == 7 else ''
    if len(text) == 11:
      return struct.unpack('<f', bytes.fromhex(text[3:])[::-1])[0]
    text = '0x' + kind + text[3:]
  if not text.startswith('0x'):
    try:
      return math.nan if 'nan' in text else float(text)
    except ValueError:
      return None
  digits = text[2:]
  kind = digits[0] if digits[:1] in 'KLMHR' else ''
  bits = int(digits[len(kind) :] or '0', 16)
  if kind == 'H':
    return struct.unpack('<e', struct.pack('<H', bits & 0xFFFF))[0]
  if kind == 'R':
    return struct.unpack('<f', struct.pack('<I', (bits & 0xFFFF) << 16))[0]
  if kind == 'K':  # 1 sign, 15 exponent, 64 mantissa with explicit one
    return _assemble(bits >> 79, (bits >> 64) & 0x7FFF, bits & (2**64 - 1), 63)
  if kind == 'L':  # low 64 bits are printed first
    bits = ((bits & (2**64 - 1)) << 64) | (bits >> 64)
    fraction = bits & (2**112 - 1)
    exponent = (bits >> 112) & 0x7FFF
    whole = fraction | (1 << 112) if exponent else fraction
    return _assemble(bits >> 127, exponent, whole, 112)
  if kind == 'M':  # a pair of doubles, the large one first
    bits >>= 64
  return struct.unpack('<d', struct.pack('<Q', bits & (2**64 - 1)))[0]


def _assemble(sign: int, exponent: int, mantissa: int, point: int) -> float:
  if exponent == 0x7FFF:
    body = mantissa & ((1 << point) - 1)
    return math.nan if body else (-math.inf if sign else math.inf)
  try:
    value = math.ldexp(float(mantissa), exponent - 16383 - point)
  except OverflowError:
    value = math.inf
  return -value if sign else value
