"""`mirencoder tasks`: what can be decided, and what must be known for it."""

from mirencoder_jax.cli import console, options
from mirencoder_jax.cli.commands import predict

_OTHERS = """
Decided by trying, and not by `predict`:
  mirencoder tune FILE                 flags of clang or passes for size
  mirencoder tune FILE --for loops     vector width of a loop, measured here
  mirencoder tune FILE --for openmp    threads and binding of a region, too
Written into the IR:
  mirencoder profile FILE              which way branches go, guessed"""


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
    if about['runs_on']:
      console.show(f'  for programs of a {about["runs_on"].upper()}')
    for target in about['targets']:
      console.show(
          f'  {target["name"]}: {", ".join(target["choices"])}; default: '
          f'{target["default"] or "of each row"}'
      )
      if target['held_out']:
        console.show(f'    {_say_held_out(target["held_out"])}')
      for given in target['inputs']:
        console.show(
            f'    --input {given["name"]}=NUMBER  {given["meaning"] or "?"}; '
            f'{given["low"]:.4g} to {given["high"]:.4g} in what was fitted'
        )
  if not found:
    console.show('none; `python eval.py --save_predictor` fits one')
  console.show(_OTHERS)
  return console.OK


def _say_held_out(measured: dict[str, float]) -> str:
  """What a decision was worth where nothing related was fitted on."""
  said = f'held-out groups: the best choice in {measured["accuracy"]:.1%}'
  if 'geomean' not in measured:
    return said
  said += f', {measured["geomean"]:.3f} times the speed of the default'
  if measured['geomean'] <= 1:
    said += ': no gain; measure before you take it'
  return said


def _describe(path) -> dict:
  from mirencoder_jax.downstream.predictor import meaning, predictor_checkpoint

  predictor = predictor_checkpoint.load_predictor(path)
  known = meaning.MEANINGS.get(predictor.task)
  return {
      'folder': str(path),
      'title': known.title if known else '',
      'runs_on': known.runs_on if known else '',
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
