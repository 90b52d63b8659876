"""`mirencoder export`: weights of a run, with their card."""

import argparse
import json
import pathlib

from mirencoder_jax.cli import console
from mirencoder_jax.inference import encoder
from mirencoder_jax.pages import model_card
from mirencoder_jax.storage import weights


def run(options: argparse.Namespace) -> int:
  """Writes weights that `mir.load` reads."""
  folder = pathlib.Path(options.folder)
  checkpoint = encoder.load_checkpoint(options.run)
  workdir = _workdir(pathlib.Path(str(checkpoint.directory)))
  cost = model_card.read_cost(workdir, checkpoint.step)
  if options.watts is not None:
    cost['watts'] = options.watts
  card = model_card.model_card(
      checkpoint,
      options.name or folder.name,
      # Weights that ship are loaded by their name.
      path=folder.name
      if folder.resolve().parent == weights.SHIPPED
      else options.folder,
      licence=options.licence,
      metrics=model_card.read_metrics(workdir, checkpoint.step),
      cost=cost,
      corpus=_read_json(options.corpus),
      results=pathlib.Path(options.results).read_text()
      if options.results
      else None,
  )
  written = weights.export(checkpoint, options.folder, card)
  if options.json:
    console.show_json({'folder': options.folder, **written})
  else:
    console.show(
        f'{options.folder}: {written["num_params"]:,} parameters of step '
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
