"""Condenses runs of `train.py` to one line of JSON each, to be kept.

    python benchmarks/record_run.py runs/small --recipe=small_cpu \
        --note='both cores' --output=docs/experiments/runs.jsonl

A line holds what was trained (the recipe, and where the run departs from it),
the curve of every evaluation, and what it cost: steps, tokens, and hours of
steps on what hardware. A line of the same name is replaced.
"""

import argparse
import datetime
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from configs import pretrain  # noqa: E402
from mirencoder_jax import objectives  # noqa: E402
from mirencoder_jax.pages import model_card  # noqa: E402
from mirencoder_jax.storage import checkpoint, files, machine  # noqa: E402
from mirencoder_jax.training import training_log  # noqa: E402


def departures(config: dict, recipe: dict, prefix: str = '') -> dict:
  """Dotted name -> value, for what a config does not share with its recipe."""
  found = {}
  for name, known in recipe.items():
    value = config.get(name)
    if isinstance(known, dict):
      found |= departures(value or {}, known, f'{prefix}{name}.')
    elif name in config and known not in (value, 'auto'):
      found[prefix + name] = value
  return found


def summary(workdir: pathlib.Path, recipe: str, note: str) -> dict:
  """What a run was, as JSON.

  Args:
    workdir: of the run.
    recipe: variant of configs/pretrain.py that it followed.
    note: a remark to keep with it.

  Raises:
    CheckpointError: if there is no checkpoint.
    OSError: if there is no log.
  """
  config, _ = checkpoint.read_config(workdir)
  lines = [
      json.loads(line)
      for line in (workdir / training_log.FILE).read_text().splitlines()
  ]
  curve = [x for x in lines if 'eval/loss' in x]
  metrics = (objectives.LOSS, *objectives.metrics().values())
  names = [f'eval/{metric.name}' for metric in metrics]
  names = [name for name in names if any(name in x for x in curve)]
  num_steps = max(x['step'] for x in lines)
  cost = model_card.read_cost(workdir, num_steps)
  changed = (workdir / training_log.FILE).stat().st_mtime
  return {
      'name': workdir.name,
      'date': datetime.date.fromtimestamp(changed).isoformat(),
      'recipe': recipe,
      'departures': departures(config, pretrain.get_config(recipe).to_dict()),
      'note': note,
      'hardware': machine.describe_machine(),
      'steps': num_steps,
      'million_tokens': round(cost['tokens'] / 1e6, 2),
      'hours': round(cost['seconds'] / 3600, 3),
      'curve': {
          'step': [x['step'] for x in curve],
          **{
              name.removeprefix('eval/'): [
                  float(f'{x[name]:.4g}') if name in x else None for x in curve
              ]
              for name in names
          },
      },
  }


def main(argv: list[str] | None = None) -> int:
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawTextHelpFormatter
  )
  parser.add_argument('workdirs', nargs='+', type=pathlib.Path)
  parser.add_argument('--recipe', default='tiny')
  parser.add_argument('--note', default='', help='a remark, kept with each')
  parser.add_argument(
      '--output',
      type=pathlib.Path,
      default=ROOT / 'docs' / 'experiments' / 'runs.jsonl',
  )
  args = parser.parse_args(argv)
  lines = {}
  if args.output.exists():
    for text in args.output.read_text().splitlines():
      lines[json.loads(text)['name']] = text
  try:
    for workdir in args.workdirs:
      lines[workdir.name] = json.dumps(summary(workdir, args.recipe, args.note))
  except (checkpoint.CheckpointError, OSError, ValueError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  with files.writing(args.output) as aside:
    aside.write_text(''.join(f'{text}\n' for text in lines.values()))
  return 0


if __name__ == '__main__':
  sys.exit(main())
