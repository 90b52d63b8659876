"""`mirencoder compile`: the IR of everything that a build compiles."""

import pathlib
import re

import click

from mirencoder_jax.cli import console, options


@options.command(
    examples=(
        'mirencoder compile build/compile_commands.json --out ir',
        'mirencoder compile build --out kernels --device --kernels',
        'mirencoder compile build --out ir --moved /home/them/src=src',
    ),
    call='compile_units.compile_units(units, out_dir, settings)',
)
@click.argument('database', metavar='DATABASE', type=options.FILE)
@click.option(
    '--out',
    type=options.FILE,
    required=True,
    metavar='FOLDER',
    help='gets the .ll files and manifest.csv',
)
@click.option(
    '--device',
    is_flag=True,
    help="of CUDA and OpenMP offload the accelerator's code, not the host's",
)
@click.option(
    '--kernels',
    is_flag=True,
    help='a file for each kernel and what it calls, not for each unit',
)
@click.option(
    '--arch', default='', metavar='NAME', help='of the device, such as sm_86'
)
@click.option(
    '--cuda-path',
    default='',
    type=options.FILE,
    metavar='FOLDER',
    help='of a CUDA toolkit (default: our few declarations)',
)
@click.option(
    '--moved',
    multiple=True,
    metavar='FROM=TO',
    help='begins paths in another way than the database; repeatable',
)
@click.option(
    '--only', default='', metavar='REGEX', help='units whose name has this'
)
@click.option('--compiler', metavar='NAME', help='a clang by name or path')
@click.option(
    '--opt-level',
    type=options.Choice(options.OPT_LEVELS),
    default='O1',
    help='of what is written (default: O1)',
)
@options.flags
def command(
    database: str,
    out: str,
    device: bool,
    kernels: bool,
    arch: str,
    cuda_path: str,
    moved: tuple[str, ...],
    only: str,
    compiler: str | None,
    opt_level: str,
    flags: tuple[str, ...],
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Compile what a compile_commands.json names to LLVM IR, with its flags."""
  from mirencoder_jax.frontend import compile_database, compile_units

  places = []
  for pair in moved:
    before, equals, after = pair.partition('=')
    if not (before and equals and after):
      raise console.UsageError(f'--moved is {pair!r}, not FROM=TO')
    places.append((before.rstrip('/'), str(pathlib.Path(after).resolve())))
  try:
    wanted = re.compile(only)
  except re.error as error:
    raise console.UsageError(f'--only is {only!r}: {error}') from None
  units = [
      compile_units.move(unit, places)
      for unit in compile_database.read_database(database, each_once=False)
      if wanted.search(unit.output or unit.file)
  ]
  if not units:
    raise console.UsageError(f'{database} names no unit like {only!r}')
  settings = compile_units.Settings(
      compiler=compiler,
      device=device,
      kernels=kernels,
      arch=arch,
      cuda_path=str(pathlib.Path(cuda_path).resolve()) if cuda_path else '',
      opt_level=opt_level,
      flags=flags,
  )
  written, failed = 0, []
  with console.progress(len(units), 'units', is_quiet) as advance:
    for pieces in compile_units.compile_units(
        units, pathlib.Path(out), settings
    ):
      advance()
      written += sum(bool(piece.ir) for piece in pieces)
      for piece in pieces:
        if piece.error:
          failed.append(piece)
          if not is_quiet:
            name = ' '.join(filter(None, (piece.unit, piece.symbol)))
            console.say(f'{name}: {piece.error}')
  if as_json:
    console.show_json({
        'units': len(units),
        'files': written,
        'failed': [
            {'unit': p.unit, 'symbol': p.symbol or None, 'error': p.error}
            for p in failed
        ],
    })  # fmt: skip
  else:
    console.show(
        f'{len(units)} units: {written} files of IR in {out}; {len(failed)} '
        'came to nothing, as manifest.csv says'
    )
  return console.PARTLY if failed else console.OK
