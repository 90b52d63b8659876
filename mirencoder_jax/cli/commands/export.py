"""`mirencoder export`: weights of a run, with their card."""

import json
import pathlib

import click

from mirencoder_jax.cli import console, options


@options.command(
    examples=('mirencoder export runs/small weights/small',),
    call='mirencoder_jax.storage.weights.export(checkpoint, folder, card)',
)
@click.argument('run', metavar='RUN', type=options.FILE)
@click.argument('folder', metavar='FOLDER', type=options.FILE)
@click.option('--name', help='on the card (default: of the folder)')
@click.option(
    '--licence',
    metavar='SPDX',
    help='of the weights, for the card, as in apache-2.0; none by default',
)
@click.option(
    '--corpus',
    type=options.FILE,
    metavar='report.json',
    help='beside the shards, for the card',
)
@click.option(
    '--results',
    type=options.FILE,
    metavar='results.md',
    help='of eval.py, for the card',
)
@click.option(
    '--watts',
    type=float,
    help='what the machine draws, to estimate the energy in the card',
)
def command(
    run: str,
    folder: str,
    name: str | None,
    licence: str | None,
    corpus: str | None,
    results: str | None,
    watts: float | None,
    as_json: bool,
    is_quiet: bool,
) -> int:
  """Make weights of a run: bfloat16 parameters, vocabulary, model card."""
  del is_quiet
  from mirencoder_jax.inference import encoder
  from mirencoder_jax.pages import model_card
  from mirencoder_jax.storage import weights

  target = pathlib.Path(folder)
  checkpoint = encoder.load_checkpoint(run)
  workdir = _workdir(pathlib.Path(str(checkpoint.directory)))
  cost = model_card.read_cost(workdir, checkpoint.step)
  if watts is not None:
    cost['watts'] = watts
  card = model_card.model_card(
      checkpoint,
      name or target.name,
      # Weights that ship are loaded by their name.
      path=target.name
      if target.resolve().parent == weights.SHIPPED
      else folder,
      licence=licence,
      metrics=model_card.read_metrics(workdir, checkpoint.step),
      cost=cost,
      corpus=_read_json(corpus),
      results=pathlib.Path(results).read_text() if results else None,
  )
  written = weights.export(checkpoint, folder, card)
  if as_json:
    console.show_json({'folder': folder, **written})
  else:
    console.show(
        f'{folder}: {written["num_params"]:,} parameters of step '
        f'{checkpoint.step}, {written["num_bytes"] / 1e6:.1f} MB, with '
        f'{weights.CARD}'
    )
  return console.OK


def _workdir(directory: pathlib.Path) -> pathlib.Path:
  """Of a step's folder `<workdir>/checkpoints/<step>`."""
  return directory.parent.parent if directory.name.isdigit() else directory


def _read_json(path: str | None):
  if path is None:
    return None
  try:
    return json.loads(pathlib.Path(path).read_text())
  except ValueError:
    raise console.UsageError(f'{path} is no JSON') from None
