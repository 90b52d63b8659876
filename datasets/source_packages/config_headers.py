"""Headers that a configure script would have written, without running one.

Where a package has the template of a missing header (autoconf's `config.h.in`,
CMake's `config.h.cmake`), its questions are answered from the headers of the
compiler's C library; where a `config.h` has no template, it says which of these
headers there are. Switches of a package's own stay off.
"""

import functools
import os
import pathlib
import posixpath
import re
from collections.abc import Callable

from datasets.source_packages import includes, packages, toolchain

# Bytes -> types.
_BY_SIZE = {
    1: 'CHAR BOOL _BOOL INT8_T',
    2: 'SHORT SHORT_INT INT16_T',
    4: 'WCHAR_T INT UNSIGNED_INT UNSIGNED FLOAT INT32_T',
    8: 'LONG LONG_INT UNSIGNED_LONG LONG_LONG UNSIGNED_LONG_LONG DOUBLE VOIDP '
    'VOID_P VOID_PTR SIZE_T SSIZE_T PTRDIFF_T OFF_T TIME_T INTPTR_T UINTPTR_T '
    'INT64_T',
    16: 'LONG_DOUBLE',
}
_SIZES = {t: size for size, names in _BY_SIZE.items() for t in names.split()}
# What holds of every C compiler today, or of this one.
_TRUE = {
    'STDC_HEADERS',
    '_GNU_SOURCE',
    '_ALL_SOURCE',
    '_POSIX_PTHREAD_SEMANTICS',
    '__EXTENSIONS__',
    'TIME_WITH_SYS_TIME',
    'HAVE_VARIADIC_MACROS',
    'HAVE_LONG_LONG',
    'HAVE_LONG_LONG_INT',
    'HAVE_UNSIGNED_LONG_LONG_INT',
    'HAVE_LONG_DOUBLE',
    'HAVE__BOOL',
    'HAVE_PTHREAD',
    'HAVE_PTHREADS',
    'HAVE_VISIBILITY',
    'HAVE_C99',
    'HAVE_C_VARARRAYS',
    'HAVE_GCC_ATOMICS',
    'HAVE_SOCKADDR_IN6_SIN6_SCOPE_ID',
    'HAVE_STRUCT_TIMEVAL',
    'HAVE_STRUCT_ADDRINFO',
    'HAVE_STRUCT_SOCKADDR_STORAGE',
    'HAVE_STRUCT_STAT_ST_BLKSIZE',
    'HAVE_STRUCT_STAT_ST_BLOCKS',
    'HAVE_STRUCT_STAT_ST_RDEV',
    'HAVE_STRUCT_TM_TM_ZONE',
    'HAVE_STRUCT_TM_TM_GMTOFF',
    'HAVE_TM_GMTOFF',
}
_COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)
_IDENTIFIER = re.compile(r'\b([A-Za-z_]\w*)\b')
_UNDEF = re.compile(r'^[ \t]*#[ \t]*undef[ \t]+(\w+).*$', re.MULTILINE)
_CMAKE = re.compile(
    r'^[ \t]*#[ \t]*(cmakedefine01|cmakedefine|mesondefine)[ \t]+(\w+)(.*)$',
    re.MULTILINE,
)
_SUBSTITUTED = re.compile(r'@(\w+)@|\$\{(\w+)\}')
_ALONE = re.compile(r'^[ \t]*@(\w+)@[ \t]*$', re.MULTILINE)
_PREFIX = re.compile(r'^[A-Z0-9]+_+(?=(?:HAVE|SIZEOF)_)')
_VERSION = re.compile(r'VERSION|RELEASE')


class ConfigHeaders:
  """Writes the missing headers of one package.

  Attributes:
    folder: they go to; made when there is one.
  """

  def __init__(
      self,
      package: packages.Package,
      root: pathlib.Path,
      resolver: includes.IncludeResolver,
      tools: toolchain.Toolchain,
      folder: pathlib.Path,
  ):
    self._package = package
    self._root = root
    self._resolver = resolver
    self._tools = tools
    self._made: dict[str, bool] = {}
    self.folder = folder

  def make(self, missing: tuple[str, ...]) -> bool:
    """Writes those of the missing headers that it can; False if none."""
    # What the manifest gives may be included by what is made.
    given = self._package.headers if missing else ()
    return any([self._make_one(name) for name in (*missing, *given)])

  def _make_one(self, name: str) -> bool:
    if name not in self._made:
      text = self._text(name)
      self._made[name] = text is not None
      target = self.folder / posixpath.normpath('/' + name)[1:]
      if text is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Threads may write it at a time, and a compiler read it.
        scratch = target.with_name(f'.{os.getpid()}-{id(text)}')
        scratch.write_text(text)
        os.replace(scratch, target)
    return self._made[name]

  def _text(self, name: str) -> str | None:
    given = self._package.headers.get(name, '')
    if given and not given.startswith('@'):
      return given
    template = given[1:] or self._template(name)
    if template is not None:
      text = (self._root / template).read_text(encoding='latin-1')
      return fill_template(text, self._answer, self._package.version)
    if posixpath.basename(name) == 'config.h':
      return self._plain()
    return None

  def _template(self, name: str) -> str | None:
    folder, base = posixpath.split(name)
    stem, suffix = posixpath.splitext(base)
    for candidate in (
        f'{base}.in',
        f'{base}.cmake',
        f'{base}.cmake.in',
        f'{base}.in.cmake',
        f'{base}.cmakein',
        f'{base}in',
        f'{base}.meson',
        f'{stem}.in{suffix}',
        f'{stem}.cmake{suffix}',
    ):
      found = self._resolver.find(posixpath.join(folder, candidate))
      found = found or self._resolver.find(candidate)
      if found:
        return min(found, key=lambda path: (path.count('/'), path))
    return None

  def _answer(self, name: str) -> str | None:
    """What `name` is defined as; None if it is not defined."""
    if name in self._package.answers:
      return self._package.answers[name]
    # Some packages put their own name before it, as in H5_HAVE_STAT.
    name = _PREFIX.sub('', name)
    if name in _TRUE:
      return '1'
    if name.startswith('SIZEOF_'):
      size = _SIZES.get(name.removeprefix('SIZEOF_'))
      return None if size is None else str(size)
    for prefix in ('HAVE_DECL_', 'HAVE_FUNC_', 'HAVE_SYS_', 'HAVE_', 'HAS_'):
      what = name.removeprefix(prefix)
      if what == name:
        continue
      if what.endswith('_H') and _flat(what) in self._headers:
        return '1'
      if prefix == 'HAVE_SYS_' and _flat(f'SYS_{what}') in self._headers:
        return '1'
      if what.lower() in _identifiers(self._tools):
        return '1'
    if name in ('PACKAGE_VERSION', 'VERSION'):
      return f'"{self._package.version}"'
    if name.startswith('PACKAGE'):
      return '"package"'
    return None

  @functools.cached_property
  def _headers(self) -> frozenset[str]:
    return frozenset(map(_flat, _c_headers(self._tools)))

  def _plain(self) -> str:
    """A `config.h` for a package that has no template of one."""
    lines = [
        f'#define HAVE_{_flat(name)} 1'
        for name in sorted(_c_headers(self._tools))
        if re.fullmatch(r'(?:sys/|net/|netinet/|arpa/)?\w+\.h', name)
    ]
    lines += [f'#define {name} 1' for name in sorted(_TRUE)]
    lines += [f'#define SIZEOF_{name} {size}' for name, size in _SIZES.items()]
    lines += [
        f'#define HAVE_{name.upper()} 1'
        for name in sorted(_identifiers(self._tools))
        if name.islower() and not name.startswith('_') and name not in _TYPES
    ]
    lines.append(f'#define PACKAGE_VERSION "{self._package.version}"')
    lines.append('#define PACKAGE_NAME "package"')
    # _GNU_SOURCE may be there from the command line.
    guarded = []
    for line in dict.fromkeys(lines):
      macro = line.split()[1]
      guarded += [f'#ifndef {macro}', line, '#endif']
    return '\n'.join(guarded) + '\n'


# Words of C in those headers, which a configure script asks otherwise about.
_TYPES = {'inline', 'const', 'volatile', 'restrict'}


def fill_template(
    text: str, answer: Callable[[str], str | None], version: str
) -> str:
  """Answers the questions of a template.

  Args:
    text: with autoconf's `#undef NAME`, CMake's `#cmakedefine NAME`, Meson's
      `#mesondefine NAME`, and `@NAME@` or `${NAME}`.
    answer: name -> what it is defined as; None leaves it undefined.
    version: of the package.

  Returns:
    The header.
  """

  def undef(match: re.Match) -> str:
    value = answer(match[1])
    if value is None:
      return f'/* {match[1]} is not defined */'
    return f'#ifndef {match[1]}\n#define {match[1]} {value}\n#endif'

  def cmake(match: re.Match) -> str:
    kind, name, rest = match.groups()
    value = answer(name)
    if kind == 'cmakedefine01':
      return f'#define {name} {0 if value is None else 1}'
    if value is None:
      return f'/* {name} is not defined */'
    if kind == 'cmakedefine' and rest.strip():
      return f'#define {name}{rest}'
    return f'#define {name} {value}'

  numbers = (re.findall(r'\d+', version) + ['0', '0', '0'])[:3]

  def substituted(match: re.Match) -> str:
    name = (match[1] or match[2]).upper()
    value = answer(name)
    if value is not None:
      return value.strip('"')
    for part, number in zip(('MAJOR', 'MINOR', 'PATCH'), numbers, strict=True):
      if part in name:
        return number
    return version if _VERSION.search(name) else '0'

  text = _UNDEF.sub(undef, text)
  # A line of its own is a whole directive, or none.
  text = _ALONE.sub(lambda match: answer(match[1]) or '', text)
  return _SUBSTITUTED.sub(substituted, _CMAKE.sub(cmake, text))


def _flat(name: str) -> str:
  """`sys/stat.h` as configure scripts write it: `SYS_STAT_H`."""
  return re.sub(r'\W', '_', name).upper()


@functools.cache
def _c_headers(tools: toolchain.Toolchain) -> frozenset[str]:
  return toolchain.header_names(tools.libc_dirs, '*.h', '*/*.h')


@functools.cache
def _identifiers(tools: toolchain.Toolchain) -> frozenset[str]:
  """All words in the headers of the C library, but not in comments."""
  words: set[str] = set()
  for folder in tools.libc_dirs[1:3]:
    for path in [*folder.glob('*.h'), *folder.glob('*/*.h')]:
      text = _COMMENT.sub(' ', path.read_text(encoding='latin-1'))
      words.update(_IDENTIFIER.findall(text))
  return frozenset(words)
