"""Command lines of `train.py` and `eval.py`: a mistyped word costs a sentence.

absl and ml_collections answer a wrong recipe, variant or field with the stack
of their own parser, some of it before `main` is reached. Here the recipe is
looked at first, and every mistake names the word, its place and what it may
have meant.
"""

import dataclasses
import difflib
import os
import pathlib
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from absl import app, flags

_FLAG = 'config'
_MAX_LISTED = 12  # words, for a sentence that can be read
Section = TypeVar('Section')


def suggest(word: object, known: Iterable[object]) -> str:
  """The end of a sentence: the nearest known word, or all if they are few."""
  words = [str(other) for other in known]
  if near := difflib.get_close_matches(str(word), words, 1):
    return f'; did you mean {near[0]!r}?'
  if not words or len(words) > _MAX_LISTED:
    return ''
  return f'; there are {", ".join(words)}'


def choose(word: str, known: Iterable[str], what: str) -> str:
  """The word, if it is known.

  Raises:
    ValueError: it is not.
  """
  known = list(known)
  if word not in known:
    raise ValueError(f'{what} {word!r} is unknown{suggest(word, known)}')
  return word


def make_section(
    section: Callable[..., Section], values: Mapping[str, Any], place: str
) -> Section:
  """A section of a recipe as the dataclass that reads it.

  Args:
    section: the dataclass.
    values: its fields.
    place: of the section in the recipe, such as `config.train`.

  Raises:
    ValueError: a field that is unknown, missing, of another type, or refused.
  """
  if not hasattr(values, 'items'):
    raise ValueError(f'{place} is {values!r}, and should be fields and values')
  fields = {f.name: f for f in dataclasses.fields(section) if f.init}
  for name in values:
    if name not in fields:
      raise ValueError(f'{place} has no {name!r}{suggest(name, fields)}')
  for name, field in fields.items():
    has_default = (field.default, field.default_factory) != (
        dataclasses.MISSING,
        dataclasses.MISSING,
    )
    if name not in values and not has_default:
      raise ValueError(f'{place}.{name} is missing')
  kinds = typing.get_type_hints(section)
  for name, value in values.items():
    if not _fits(value, kinds[name]):
      expected = getattr(kinds[name], '__name__', str(kinds[name]))
      raise ValueError(f'{place}.{name} is {value!r}, and no {expected}')
  try:
    return section(**values)
  except ValueError as error:
    raise ValueError(f'{place}: {error}') from error


def _fits(value: Any, kind: Any) -> bool:
  """Whether a value may stand in a field; looks at plain types only."""
  if isinstance(kind, types.UnionType):
    return any(_fits(value, part) for part in typing.get_args(kind))
  if kind is float:
    return isinstance(value, int | float) and not isinstance(value, bool)
  if kind is int:
    return isinstance(value, int) and not isinstance(value, bool)
  if typing.get_origin(kind) is tuple:
    return isinstance(value, tuple | list)
  return kind not in (bool, str, types.NoneType) or isinstance(value, kind)


def define_config() -> flags.FlagHolder:
  """The flag `--config`, which is read in `run` and no sooner."""
  # Comes with the extra [train]; what predicts does without.
  from ml_collections import config_flags

  return config_flags.DEFINE_config_file(
      _FLAG, None, 'Recipe, FILE.py:VARIANT.'
  )


def run(main: Callable[[list[str]], None], default: str) -> None:
  """`app.run` of a command with `define_config`.

  Args:
    main: is given what is no flag, which is the command's name alone.
    default: `FILE.py:VARIANT`, where none is named.
  """
  app.run(main, flags_parser=lambda argv: _parse(argv, default))


def _parse(argv: Sequence[str], default: str) -> list[str]:
  command = pathlib.Path(argv[0]).name
  words = list(argv)
  if _value(argv) is None:
    words.insert(1, f'--{_FLAG}={default}')
  try:
    for problem in (_find_wrong_recipe, _find_wrong_field):
      problem(words)
    rest = flags.FLAGS(words)
  except flags.UnrecognizedFlagError as error:
    name = error.flagname
    sys.exit(
        f'{command}: there is no option --{name}{suggest(name, flags.FLAGS)}'
    )
  except flags.Error as error:
    # Its message has lines, and names a flag in a way that is not typed.
    text = ' '.join(str(error).split()).replace('flag --', '--')
    sys.exit(f'{command}: {text.removesuffix(".")}')
  except ValueError as error:
    sys.exit(f'{command}: {error}')
  if len(rest) > 1:
    sys.exit(f'{command}: not understood: {" ".join(rest[1:])}')
  return rest


def _value(words: Sequence[str]) -> str | None:
  for number, word in enumerate(words):
    if word in (f'--{_FLAG}', f'-{_FLAG}'):
      return words[number + 1] if number + 1 < len(words) else ''
    if word.startswith((f'--{_FLAG}=', f'-{_FLAG}=')):
      return word.partition('=')[2]
  return None


def _load(words: Sequence[str]) -> Any:
  return flags.FLAGS[_FLAG].parser.parse(_value(words))


def _find_wrong_recipe(words: Sequence[str]) -> None:
  """Raises ValueError for a file or a variant that is not there."""
  path, _, variant = (_value(words) or '').partition(':')
  if not path:
    raise ValueError(f'--{_FLAG} needs a FILE.py')
  if not os.path.isfile(path):
    folders = (pathlib.Path(path).parent, pathlib.Path('configs'))
    there = [str(file) for f in folders for file in sorted(f.glob('*.py'))]
    raise ValueError(
        f'--{_FLAG}: there is no file {path}{suggest(path, there)}'
    )
  try:
    _load(words)
  except (TypeError, ValueError) as error:
    # The parser's own error has a stack for its text.
    cause = error.__context__ or error
    where = f'--{_FLAG}={_short(path)}' + (f':{variant}' if variant else '')
    raise ValueError(f'{where}: {cause}') from error


def _find_wrong_field(words: Sequence[str]) -> None:
  """Raises ValueError for an option of a field that the recipe has not."""
  config = _load(words)
  for word in words[1:]:
    option = word.partition('=')[0].lstrip('-')
    if not (word.startswith('-') and option.startswith(f'{_FLAG}.')):
      continue
    section, place = config, _FLAG
    for name in option.split('.')[1:]:
      if not hasattr(section, 'keys'):
        raise ValueError(f'--{option}: {place} is a value and has no fields')
      known = [str(key) for key in section.keys()]
      if name not in known:
        raise ValueError(
            f'--{option}: {place} has no {name!r}{suggest(name, known)}'
        )
      section, place = section[name], f'{place}.{name}'


def _short(path: str) -> str:
  """A path as seen from here, if it is below."""
  here = f'{pathlib.Path.cwd()}{os.sep}'
  return path.removeprefix(here)
