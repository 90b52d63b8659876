"""`mirencoder profile`: IR with guessed branch weights."""

import pathlib
import tempfile

import click

from mirencoder_jax.cli import console, options, reading


@options.command(
    examples=(
        'mirencoder profile kernel.ll --out guessed',
        'mirencoder profile kernel.c --out guessed',
    ),
    call='branch_profile.load().annotate(data)',
)
@options.paths
@click.option(
    '--out',
    type=options.FILE,
    required=True,
    metavar='FOLDER',
    help='gets a .ll file for each program',
)
@click.option(
    '--model',
    type=options.FILE,
    metavar='FILE',
    help='of datasets/branch_probability/fit_profile.py (default: what ships)',
)
@click.option(
    '--opt',
    metavar='NAME',
    help='of LLVM 17 or newer, whose own guess is averaged with ours (default: '
    'one on the PATH); `none` for none',
)
@options.sources
def command(
    paths: tuple[str, ...],
    out: str,
    model: str | None,
    opt: str | None,
    reader: reading.Reader,
    as_json: bool,
) -> int:
  """Write how likely branches are into IR, as `!prof`, without a run.

  What a measured profile would leave there, guessed; branches that have one
  keep it. `clang -O2 -c FOLDER/NAME.ll` goes on from there; on 32 programs that
  was no faster than without (docs/experiments/branch_probability.md).
  """
  from mirencoder_jax.downstream.predictor import branch_profile
  from mirencoder_jax.frontend import bounded
  from mirencoder_jax.ir import IRError
  from mirencoder_jax.measure import profile_tools

  opt = profile_tools.find_opt() if opt is None else opt
  other = None if opt in (None, 'none') else _asker(str(opt))
  if other is None and not reader.is_quiet:
    console.say(
        'without an opt of LLVM 17 or newer: ours alone, which is as good as '
        'what LLVM guesses itself; the mean of both is better'
    )
  profile = branch_profile.load(model or branch_profile.SHIPPED)
  files = reader.find(paths)
  folder = pathlib.Path(out)
  folder.mkdir(parents=True, exist_ok=True)
  rows, errors, taken = [], {}, set()
  for program in reader.read_all(files):
    name = pathlib.Path(program.path).stem + '.ll'
    try:
      if program.error is not None:
        raise program.error
      if name in taken:
        raise IRError(f'another program is written to {name}', program.path)
      data = (
          program.text.encode(errors='replace')
          if program.text is not None
          else pathlib.Path(program.path).read_bytes()
      )
      text, written, kept = profile.annotate(data, program.path, other)
    except (IRError, bounded.RunError) as error:
      errors[program.path] = error
      continue
    taken.add(name)
    (folder / name).write_text(text)
    rows.append((program.path, str(folder / name), written, kept))
  console.tell_errors(errors, len(files))
  if as_json:
    keys = ('file', 'output', 'guessed', 'kept')
    console.show_json(
        {
            'programs': [dict(zip(keys, row, strict=True)) for row in rows],
            'errors': console.failures(errors),
        }
    )
  else:
    console.show_table(('file', 'output', 'guessed', 'kept'), rows)
  return console.PARTLY if errors else console.OK


def _asker(opt: str):
  """What LLVM guesses of a text's branches, by the symbol of a function."""
  from mirencoder_jax.measure import llvm_guess

  def ask(text, functions):
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'asked.ll')
      path.write_text(text)
      found = llvm_guess.guess(opt, path, functions)
    return {name: [g.probability for g in of] for name, of in found.items()}

  return ask
