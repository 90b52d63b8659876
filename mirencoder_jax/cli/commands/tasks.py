"""`mirencoder tasks`: what can be decided, and what must be known for it."""

from mirencoder_jax.cli import console, options
from mirencoder_jax.cli.commands import predict


@options.command(
    examples=('mirencoder tasks',),
    call='mir.load_predictor(task).seen_inputs(target)',
)
def command(as_json: bool, is_quiet: bool) -> int:
  """List the tasks that `predict` decides, with their inputs and units."""
  del is_quiet
  found = {
      name: _describe(path) for name, path in predict.known_tasks().items()
  }
  if as_json:
    console.show_json(found)
    return console.OK
  for number, (name, about) in enumerate(found.items()):
    console.show(f'{chr(10) * bool(number)}{name}: {about["title"] or "yours"}')
    for target in about['targets']:
      console.show(
          f'  {target["name"]}: {", ".join(target["choices"])}; default: '
          f'{target["default"] or "of each row"}'
      )
      for given in target['inputs']:
        console.show(
            f'    --input {given["name"]}=NUMBER  {given["meaning"] or "?"}; '
            f'{given["low"]:.4g} to {given["high"]:.4g} in what was fitted'
        )
  if not found:
    console.show('none; `python eval.py --save_predictor` fits one')
  return console.OK


def _describe(path) -> dict:
  from mirencoder_jax.downstream.predictor import meaning, predictor_checkpoint

  predictor = predictor_checkpoint.load_predictor(path)
  known = meaning.MEANINGS.get(predictor.task)
  return {
      'folder': str(path),
      'title': known.title if known else '',
      'targets': [
          {
              'name': target.name,
              'choices': list(target.choices),
              'default': target.default,
              'held_out': target.held_out,
              'inputs': [
                  {
                      'name': name,
                      'meaning': meaning.input_title(predictor.task, name),
                      'low': low,
                      'high': high,
                  }
                  for name, (low, high) in predictor.seen_inputs(
                      target.name
                  ).items()
              ],
          }
          for target in predictor.targets.values()
      ],
  }
