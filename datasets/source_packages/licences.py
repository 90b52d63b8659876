"""The licence of one source file, from what stands at its top.

`compiling` asks it about each file and each header that goes into a module. It
knows the common licences by their SPDX line or by their own words; a file that
says nothing has the licence of its package. It is no lawyer: what it does not
know it leaves out.
"""

import re
from collections.abc import Collection

# What stands after the top of a file is about something else.
_TOP = 6000
_SPDX = re.compile(r'SPDX-License-Identifier:\s*([^\n*]+)')
# Phrases that no other licence has, most restrictive first. Spaces stand for
# any white space and comment marks.
_PHRASES = (
    ('AGPL', r'affero general public licen[sc]e'),
    ('LGPL', r'(?:lesser|library) general public licen[sc]e|\blgpl\b'),
    ('GPL', r'gnu (?:general )?public licen[sc]e|\bgpl\s?v?[23]?\b'),
    ('CC-BY-NC', r'creative commons[^.]{0,80}non-?commercial|cc[- ]by[- ]nc'),
    ('CC-BY-SA', r'creative commons[^.]{0,80}share-?alike|cc[- ]by[- ]sa'),
    ('EPL', r'eclipse public licen[sc]e'),
    ('CDDL', r'common development and distribution licen[sc]e'),
    ('CPL', r'common public licen[sc]e'),
    ('CeCILL', r'\bcecill\b'),
    ('MPL-2.0', r'mozilla public licen[sc]e'),
    (
        'LicenseRef-proprietary',
        r'retains? all intellectual property|proprietary and confidential|'
        r'confidential and proprietary|unpublished proprietary|'
        r'numerical recipes software|non-?commercial use only|'
        r'strictly prohibited',
    ),
    ('BSD-4-Clause', r'all advertising materials mentioning'),
    ('Apache-2.0', r'apache licen[sc]e,? (?:version|v)?\s?2'),
    ('MIT', r'permission is hereby granted, free of charge'),
    ('BSL-1.0', r'boost software licen[sc]e'),
    (
        'Zlib',
        r'altered source versions must be plainly marked|'
        r'zlib\.h for conditions|zlib/libpng licen[sc]e',
    ),
    ('BSD-3-Clause', r'neither the names? of|may not be used to endorse'),
    ('BSD-2-Clause', r'redistributions? of source code must retain'),
    (
        'ISC',
        r'permission to use, copy, modify,? (?:and/or|and|or) distribute this '
        r'software (?:and its documentation )?for any purpose',
    ),
    ('CC0-1.0', r'\bcc0\b|creative commons zero'),
    ('Unlicense', r'free and unencumbered software'),
    (
        'LicenseRef-public-domain',
        r'(?:in|into|to|is|as) (?:the )?public[- ]domain|public domain code',
    ),
    # By name only, after all that bring their own words.
    (
        'MIT',
        r'\bmit(?:-style| style| expat)? licen[sc]e|licen[sc]ed? .{0,30}mit\b',
    ),
    ('BSD-3-Clause', r'\bbsd(?:-style| style|-like)? licen[sc]e|3-clause bsd'),
)
_PATTERNS = tuple(
    (name, re.compile(phrase.replace(' ', r'\s'))) for name, phrase in _PHRASES
)
# One of them is in each of the phrases.
_WORDS = (
    'licen',
    'permission',
    'redistribution',
    'public',
    'gpl',
    'commons',
    'cecill',
    'property',
    'proprietary',
    'confidential',
    'prohibited',
    'neither the name',
    'endorse',
    'altered source',
    'zlib',
    'cc0',
    'cc-by',
    'cc by',
    'unencumbered',
    'advertising',
)
_COPYLEFT = ('AGPL', 'LGPL', 'GPL')
# A file that may be taken under either of two licences.
_CHOICE = re.compile(
    r'alternatively|you may select|at your (?:option|choice)|dual.licen[sc]e|'
    r'either (?:the |of )|under both|choice of'
)
_GENERATED = re.compile(
    r'special exception.{0,200}?(?:bison parser|configure script|skeleton)'
)
# The name of a header is no statement.
_INCLUDE = re.compile(r'^\s*#\s*include.*$', re.MULTILINE)
_MARKS = re.compile(r'[\s*/#;!]+|\bdnl\b')


def detect(text: str) -> str:
  """The licence that a file states.

  Args:
    text: of the file, or its first few thousand characters.

  Returns:
    An SPDX identifier or expression; `GPL`, `LGPL`, `AGPL` and others of any
    version without their number; '' if the file states none that is known.
  """
  top = text[:_TOP]
  if (spdx := _SPDX.search(top)) is not None:
    return re.sub(r'\s+', ' ', spdx[1]).strip(' "\'/->')
  plain = _MARKS.sub(' ', _INCLUDE.sub('', top)).lower()
  if not any(word in plain for word in _WORDS):
    return ''  # quick: most files end here
  found = [name for name, pattern in _PATTERNS if pattern.search(plain)]
  if not found:
    return ''
  if found[0] in _COPYLEFT:
    if _GENERATED.search(plain):
      return 'GPL WITH Bison-exception'
    others = [name for name in found if name not in _COPYLEFT]
    if others and _CHOICE.search(plain):
      return f'{found[0]} OR {others[0]}'
  return found[0]


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
  """Whether an SPDX expression can be met with the licences of `allowed`.

  Of alternatives (OR) one is enough, of a sum (AND) all count. `A WITH B` is
  allowed if it is there itself, or if A is. Capitals do not matter.
  """
  allowed = {licence.lower() for licence in allowed}
  expression = expression.replace('(', ' ').replace(')', ' ')
  return any(
      all(
          _is_one_allowed(' '.join(part.split()), allowed)
          for part in re.split(r'\bAND\b', choice)
      )
      for choice in re.split(r'\bOR\b', expression)
  )


def _is_one_allowed(licence: str, allowed: Collection[str]) -> bool:
  licence = licence.lower()
  if licence in allowed:
    return True
  name, _, exception = licence.partition(' with ')
  return bool(exception) and name in allowed
