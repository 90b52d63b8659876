"""What a user hands us as IR: a path, bytes or text; and what it is instead.

Everything wrong with the input that can be told without parsing it is told
here, with the way out.
"""

import os
import pathlib
import re
import stat

from mirencoder_jax.ir.module import IRError
from mirencoder_jax.ir.parsing import layout, several

_BITCODE = (b'BC\xc0\xde', b'\xde\xc0\x17\x0b')
_MAX_BYTES = 1 << 30
_COMPILE = 'compile the source first, e.g. `clang -S -emit-llvm -O1 file.c`'
_EMBEDDED = (
    'compile with -emit-llvm; from an object made with -fembed-bitcode, '
    '`llvm-objcopy -O binary --only-section=.llvmbc` takes the bitcode'
)
_BUNDLE = (
    'compile with --offload-device-only or --offload-host-only, or split it '
    'with clang-offload-bundler'
)
# First bytes of what is often handed over instead of IR.
_OTHER = {
    b'\x7fELF': f'an ELF object or program: {_EMBEDDED}',
    b'\xcf\xfa\xed\xfe': f'a Mach-O object or program: {_EMBEDDED}',
    b'\xce\xfa\xed\xfe': f'a Mach-O object or program: {_EMBEDDED}',
    b'\xca\xfe\xba\xbe': f'a universal Mach-O file: {_EMBEDDED}',
    b'MZ': f'a Windows program: {_EMBEDDED}',
    b'!<arch>\n': 'an archive of objects: unpack it with `ar x`',
    b'!<thin>\n': 'an archive of objects: give its members',
    b'\x1f\x8b': 'compressed with gzip: unpack it first',
    b'BZh': 'compressed with bzip2: unpack it first',
    b'\xfd7zXZ': 'compressed with xz: unpack it first',
    b'\x28\xb5\x2f\xfd': 'compressed with zstd: unpack it first',
    b'PK\x03\x04': 'a zip file: unpack it first',
    b'__CLANG_OFFLOAD_BUNDLE__': f'a bundle of host and device code: {_BUNDLE}',
    b'CCOB': f'a compressed bundle of host and device code: {_BUNDLE}',
    b'\x10\xff\x10\xad': (
        'a bundle of offload code: split it with clang-offload-packager'
    ),
    b'ML\xefR': 'MLIR bytecode: use `mlir-translate --mlir-to-llvmir`',
    b'\x03\x02\x23\x07': 'SPIR-V: use `llvm-spirv -r`',
}
_SOME_IR = re.compile(
    r'^\s*(?:define\b|declare\b|target\b|source_filename\b|[@%!$;])',
    re.MULTILINE,
)
_MLIR = re.compile(
    r'^\s*(?:module\s*(?:@\S+\s*)?\{|func\.func|llvm\.func)', re.MULTILINE
)


def shown(path: str | os.PathLike) -> str:
  """A path as texts can hold it and screens show it.

  Names may have bytes that are no UTF-8, line breaks and other controls.
  """
  text = os.fsencode(path).decode('utf-8', 'backslashreplace')
  if text.isprintable():
    return text
  return ''.join(
      c if c.isprintable() else c.encode('unicode_escape').decode()
      for c in text
  )


def refused_kind(path: str | os.PathLike) -> str | None:
  """What a path is that no read of a whole folder may wait for.

  Returns:
    None for a file, for what is not there, and for a folder; else what it is.
  """
  try:
    mode = os.stat(path).st_mode
  except (OSError, ValueError):  # whoever reads it says why
    return None
  kinds = {
      stat.S_ISFIFO: 'a named pipe',
      stat.S_ISSOCK: 'a socket',
      stat.S_ISCHR: 'a device',
      stat.S_ISBLK: 'a device',
  }
  return next((what for test, what in kinds.items() if test(mode)), None)


def load(
    source: str | bytes | os.PathLike, name: str | None
) -> tuple[bytes, str]:
  """The bytes of the source, and what to call it in messages.

  Raises:
    IRError: if it cannot be read, is empty, or is known to be something else.
  """
  data, name = _bytes(source, name)
  if not data.strip(b' \t\r\n\0'):
    if data.strip():
      raise IRError(
          f'{len(data):,} bytes that are all zero: whoever wrote this file did '
          'not finish; make it again',
          name,
      )
    raise IRError('the file is empty', name)
  for magic, what in _OTHER.items():
    if data.startswith(magic):
      raise IRError(f'this is not LLVM IR but {what}', name)
  return data, name


def is_bitcode(data: bytes) -> bool:
  return data[:4] in _BITCODE


def decode(data: bytes, name: str) -> str:
  """The text of a file that is not bitcode.

  Raises:
    IRError: if it is no text, or none that has anything of LLVM IR.
  """
  if data[:2] in (b'\xff\xfe', b'\xfe\xff'):
    # What the redirections of some Windows shells write.
    text = data.decode('utf-16', errors='replace')
  elif data[:4:2] == b'\0\0' or data[1:4:2] == b'\0\0':
    order = 'be' if data[:1] == b'\0' else 'le'
    text = data.decode(f'utf-16-{order}', errors='replace')
  else:
    text = _decode(data, name)
  if '\0' in text and _SOME_IR.search(text):
    text = _without_nul(text, name)
  several.check_marks(text, name)
  # The search takes a twentieth of the reading; MLIR defines nothing so.
  if '\ndefine ' not in text and _MLIR.search(text):
    raise IRError(
        'this is MLIR, not LLVM IR: use `mlir-translate --mlir-to-llvmir`', name
    )
  if not _SOME_IR.search(text):
    raise IRError(
        f'this is neither LLVM bitcode nor LLVM IR text; {_COMPILE}', name
    )
  return text


def _bytes(
    source: str | bytes | os.PathLike, name: str | None
) -> tuple[bytes, str]:
  if isinstance(source, bytes):
    return source, name or '<bytes>'
  if isinstance(source, str) and '\n' in source:
    return source.encode(errors='surrogatepass'), name or '<text>'
  path = pathlib.Path(source)
  name = name or shown(path)[:200]
  try:
    if path.is_dir():
      raise IRError(
          'this is a folder; give its files one by one, or make a dataset of '
          'it (datasets/ir_folder)',
          name,
      )
    size = path.stat().st_size
    if size > _MAX_BYTES:
      raise IRError(
          f'{size:,} bytes; the limit is {_MAX_BYTES:,}: split the module with '
          'llvm-split or llvm-extract',
          name,
      )
    return path.read_bytes(), name
  except FileNotFoundError:
    raise IRError('there is no such file', name) from None
  except OSError as error:
    raise IRError(f'cannot be read: {error.strerror or error}', name) from None
  except ValueError as error:
    if isinstance(error, IRError):
      raise
    raise IRError('this is neither a path nor LLVM IR', name) from None


def _without_nul(text: str, name: str) -> str:
  """LLVM reads a text up to its first NUL: none may stand before code."""
  text = text.rstrip('\0 \t\r\n') + '\n'
  at = text.find('\0')
  while at >= 0:
    start = text.rfind('\n', 0, at) + 1
    line = text[start : text.find('\n', at)]
    if '\0' in layout.without_comment(line):
      raise IRError(
          f'byte {len(text[:at].encode(errors="replace")):,} of the text is a '
          'NUL, behind which LLVM reads nothing; remove it, or make the file '
          'again',
          name,
          text.count('\n', 0, at) + 1,
      )
    text = text[:start] + line.replace('\0', ' ') + text[start + len(line) :]
    at = text.find('\0', start)
  return text


def _decode(data: bytes, name: str) -> str:
  """IR text is UTF-8; only comments may hold anything else."""
  try:
    return data.decode('utf-8-sig')
  except UnicodeDecodeError:
    pass
  lines = data.split(b'\n')
  for number, line in enumerate(lines, 1):
    try:
      line.decode()
    except UnicodeDecodeError as error:
      code = layout.without_comment(line.decode('latin-1'))
      if code.isascii():
        lines[number - 1] = code.encode()
        continue
      raise IRError(
          f'byte 0x{line[error.start]:02x} is not UTF-8 text; LLVM prints such '
          'bytes as \\xx, so this file is damaged or not LLVM IR',
          name,
          number,
      ) from None
  return b'\n'.join(lines).decode('utf-8-sig')
