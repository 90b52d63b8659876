"""Makes one `.ll` file for each kernel or parallel region of a user's sources.

    python -m mirencoder_jax.frontend.extract REGIONS.csv OUT_DIR
    python -m mirencoder_jax.frontend.extract bfs.cpp OUT --line=135 -- -fopenmp

The table has the columns `name` (of the `.ll` file), `source` (relative to the
table, or to --source_dir), `symbol` (the function's name, as the source or the
IR has it) or `line` (of the `#pragma omp parallel`, or of the function), and,
if need be, `flags` for the compiler. Words after `--` are flags for every row.

Each source is compiled with clang (on the PATH, or of the `ziglang` wheel), the
function is found, is optimised by LLVM together with everything that it calls
and nothing else, and is written without debug records. CUDA needs no SDK: a few
declarations of our own stand in for its headers. OUT_DIR gets `extract.csv`,
which says for each row what became of it. Exits with 1 if a row has come to
nothing; the others are written nevertheless.
"""

import argparse
import collections
import csv
import pathlib
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mirencoder_jax.frontend import compile_units, compilers, slicing
from mirencoder_jax.ir.module import IRError
from mirencoder_jax.ir.reader import read_module

_REPORT = 'extract.csv'
# A place, as OpenMP's runtime is told it: `;folder/a.c;function;line;column;;`.
_PLACE = re.compile(
    r'^(?P<name>@\S+) = (?P<kind>[^\n]*)\[(?P<size>\d+) x i8\] '
    r'c";(?P<file>[^;"\n]*)(?P<rest>;[^"\n]*)\\00"',
    re.MULTILINE,
)


class Wanted(NamedTuple):
  """A function that is to become a file."""

  name: str
  source: pathlib.Path
  symbol: str = ''
  line: int = 0
  flags: tuple[str, ...] = ()


class Result(NamedTuple):
  """What became of it; `error` is '' where a file was written."""

  name: str
  source: str
  symbol: str = ''
  line: int = 0
  functions: int = 0
  instructions: int = 0
  command: str = ''
  error: str = ''


def read_table(
    path: pathlib.Path,
    source_dir: pathlib.Path | None = None,
    flags: Sequence[str] = (),
) -> list[Wanted]:
  """The rows of a table.

  Args:
    path: of the CSV file.
    source_dir: what its sources are relative to; by default its own folder.
    flags: for the compiler, before those of a row.

  Raises:
    IRError: with the file and line of what is wrong with it.
  """
  folder = source_dir or path.parent
  try:
    with path.open(newline='', encoding='utf-8') as file:
      reader = csv.DictReader(file)
      columns = set(reader.fieldnames or ())
      rows = [(reader.line_num, row) for row in reader]
  except (OSError, UnicodeDecodeError, csv.Error) as error:
    raise IRError(str(error), str(path)) from error
  for needed in ({'name'}, {'source'}, {'symbol', 'line'}):
    if not needed & columns:
      raise IRError(f'no column {" or ".join(sorted(needed))}', str(path), 1)
  wanted = [
      _read_row(row, folder, flags, str(path), number) for number, row in rows
  ]
  names = collections.Counter(want.name for want in wanted)
  twice = [name for name, count in names.items() if count > 1]
  if twice:
    raise IRError(f'more than one row is called {twice[0]!r}', str(path))
  if not wanted:
    raise IRError('the table has no rows', str(path))
  return wanted


def _read_row(row, folder, flags, file: str, number: int) -> Wanted:
  cells = {k: (v or '').strip() for k, v in row.items() if isinstance(k, str)}
  symbol, line = cells.get('symbol', ''), cells.get('line', '')
  if not re.fullmatch(r'[^/\\\0]+', cells['name']) or not cells['source']:
    raise IRError('name (a file name) and source are needed', file, number)
  if not symbol and not re.fullmatch(r'[1-9]\d*', line):
    raise IRError(f'line {line!r} is none, and no symbol', file, number)
  try:
    own = shlex.split(cells.get('flags', ''))
  except ValueError as error:
    raise IRError(f'flags: {error}', file, number) from None
  return Wanted(
      name=cells['name'].removesuffix('.ll'),
      source=folder / cells['source'],
      symbol=symbol,
      line=int(line) if line.isdigit() else 0,
      flags=(*flags, *own),
  )


def extract(
    wanted: Iterable[Wanted],
    out_dir: pathlib.Path,
    *,
    compiler: str | None = None,
    opt_level: str = 'O1',
    cuda_toolkit: bool = False,
) -> Iterator[Result]:
  """Writes the file of each wanted function, one after the other.

  Args:
    wanted: functions; those of equal source and flags compile once if they
      follow each other.
    out_dir: gets `<name>.ll`.
    compiler: as `compilers.find_compiler` takes it.
    opt_level: one of `compilers.OPT_LEVELS`.
    cuda_toolkit: whether CUDA sources see an installed toolkit's headers.

  Yields:
    What became of each, in order. None raises.
  """
  out_dir.mkdir(parents=True, exist_ok=True)
  key = compiled = failure = None
  for want in wanted:
    if key != (want.source, want.flags):
      key, compiled, failure = (want.source, want.flags), None, None
      try:
        compiled = compilers.compile_source(
            want.source,
            compiler=compiler,
            opt_level=opt_level,
            debug_lines=True,
            cuda_toolkit=cuda_toolkit,
            # Passes come after a function is found: they inline and drop some.
            flags=(*want.flags, *compile_units.NO_PASSES),
        )
      except IRError as error:
        failure = error.message
    result = Result(want.name, str(want.source), want.symbol, want.line)
    if compiled is None:
      yield result._replace(error=failure or '')
      continue
    result = result._replace(command=shlex.join(compiled.command))
    try:
      found = slicing.find_function(
          compiled.text, symbol=want.symbol, line=want.line
      )
      pipeline = '' if opt_level == 'O0' else opt_level
      text = slicing.slice_function(
          compiled.text, found.symbol, pipeline=pipeline
      )
      text = _without_folders(text)
      module = read_module(text, want.name)
    except IRError as error:
      yield result._replace(error=error.message)
      continue
    (out_dir / f'{want.name}.ll').write_text(text, encoding='utf-8')
    yield result._replace(
        symbol=found.symbol,
        line=found.line,
        functions=len(module.functions),
        instructions=sum(f.num_instructions for f in module.functions),
    )


def _without_folders(text: str) -> str:
  """IR whose places of OpenMP name files without their folders.

  Clang up to 16 writes there what it was given, later ones less.
  """
  for place in _PLACE.finditer(text):
    name, size = place['name'], int(place['size'])
    lost = place['file'].rpartition('/')[0]
    if not lost:
      continue
    # An escape such as \\C3 is one byte.
    shorter = size - len(re.sub(r'\\[0-9A-F]{2}', 'x', lost)) - 1
    file = place['file'].removeprefix(f'{lost}/')
    text = text.replace(
        place[0],
        f'{name} = {place["kind"]}[{shorter} x i8] '
        f'c";{file}{place["rest"]}\\00"',
    )
    # A place is kept with its length.
    text = text.replace(
        f'i32 {size - 1}, ptr {name} }}', f'i32 {shorter - 1}, ptr {name} }}'
    )
  return text


def write_report(path: pathlib.Path, results: Iterable[Result]) -> None:
  """Writes a row for each result."""
  with path.open('w', newline='', encoding='utf-8') as file:
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(Result._fields)
    writer.writerows(results)


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(
      prog='python -m mirencoder_jax.frontend.extract',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add = parser.add_argument
  add('input', type=pathlib.Path, help='a table (.csv), or one source file')
  add('out_dir', type=pathlib.Path, help='gets the .ll files and extract.csv')
  add('--line', type=int, default=0, help='of the one source file')
  add('--symbol', default='', help='likewise, in place of a line')
  add('--name', help='of its .ll file (default: as the source, with the line)')
  add(
      '--source_dir',
      type=pathlib.Path,
      help='what the sources of a table are relative to (default: its folder)',
  )
  add('--compiler', help='a clang by name or path, or `ziglang`')
  add(
      '--opt_level',
      choices=compilers.OPT_LEVELS,
      default='O1',
      help='(default: %(default)s)',
  )
  add(
      '--cuda_toolkit',
      action='store_true',
      help="compiles CUDA with an installed toolkit's headers",
  )
  return parser


def main(argv: list[str] | None = None) -> int:
  argv = sys.argv[1:] if argv is None else argv
  parser = _parser()
  end = argv.index('--') if '--' in argv else len(argv)
  args, flags = parser.parse_args(argv[:end]), argv[end + 1 :]
  try:
    if args.input.suffix == '.csv':
      wanted = read_table(args.input, args.source_dir, flags)
    elif args.line or args.symbol:
      place = args.symbol or str(args.line)
      name = args.name or f'{args.input.stem}_{place}'
      wanted = [Wanted(name, args.input, args.symbol, args.line, tuple(flags))]
    else:
      parser.error('of a source file, --line or --symbol is needed')
  except IRError as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  results = []
  for result in extract(
      wanted,
      args.out_dir,
      compiler=args.compiler,
      opt_level=args.opt_level,
      cuda_toolkit=args.cuda_toolkit,
  ):
    results.append(result)
    if result.error:
      print(f'{result.name}: {result.source}: {result.error}', file=sys.stderr)
    else:
      print(
          f'{result.name}: {result.symbol}, {result.functions} function(s), '
          f'{result.instructions} instructions'
      )
  write_report(args.out_dir / _REPORT, results)
  found = sum(not result.error for result in results)
  print(f'{found} of {len(results)} written to {args.out_dir}')
  return 0 if found == len(results) else 1


if __name__ == '__main__':
  sys.exit(main())
