"""The model card that lies beside weights: what a person should know of them.

Written by `mirencoder export` from the run itself, from
the report of the data it read and from the tables of `eval.py`. Nothing in it
is typed in by hand; what was not handed over is said to be missing.
"""

import contextlib
import datetime
import json
import os
from collections.abc import Mapping
from typing import Any

import jax
from etils import epath

from mirencoder_jax import objectives
from mirencoder_jax.models import create, mirencoder
from mirencoder_jax.storage.checkpoint import Checkpoint

_CARD = """\
# Model card: {name}

An encoder of LLVM IR: a function, as text and as a program graph, becomes one
vector of {width} numbers. Made by mirencoder_jax for performance work: its
frozen vectors feed small heads that choose a device, a factor, a
configuration. Card generated {date} from step {step} of the run.

```python
import mirencoder_jax as mir
vectors = mir.load({path!r}).embed('kernel.ll')  # float32 [1, {width}]
```

## Sizes

| | |
|---|---|
| parameters | {num_params:,}, matrices stored in bfloat16 |
| width of a vector | {width} |
| vocabulary | {vocab_size:,} pieces, hash `{vocab_hash}` |
| fingerprint | {fingerprint}: vectors of encoders with another do not compare |
| {places} a window | {num_tokens} |

Settings of the model: {model}.

## Training data

{data}

## Objectives

{objectives}

{num_steps:,} steps of {batch_size} packs of {num_rows} x {num_tokens} {places},
seed {seed}. {cost}

## Figures

Held-out programs of the training corpus, at step {step}:

{figures}

Downstream:

{results}

## Limits

- It has seen what the training data above holds and nothing else; on other
  languages, compilers or targets its vectors are untested.
- It reads code only. Problem sizes and machines are a head's inputs.
- Functions longer than a pack are split and their parts pooled;
  `encode(...).report` counts what that cost.
- Vectors of two models, or of two versions of one, cannot be compared.
- Nearness of vectors is no proof that two functions compute the same.

## Licence

{licence} {licences}
"""


def model_card(
    checkpoint: Checkpoint,
    name: str,
    *,
    path: str | None = None,
    metrics: Mapping[str, float] | None = None,
    cost: Mapping[str, float] | None = None,
    corpus: Mapping[str, Any] | None = None,
    results: str | None = None,
    licence: str | None = None,
) -> str:
  """The card of a checkpoint, headed by what the Hugging Face hub reads.

  Args:
    checkpoint: what is described.
    name: of the weights.
    path: what `mir.load` takes; the name by default.
    metrics: of the last evaluation while training, as in `metrics.jsonl`.
    cost: of the run, as `read_cost` gives it; with `watts` also in energy.
    corpus: the `report.json` that lies beside the shards it was trained on.
    results: Markdown tables of `eval.py`, `results.md`.
    licence: of the weights, as SPDX names it; the card claims none without.
  """
  import huggingface_hub  # takes long, and most commands write no card

  config = checkpoint.config
  vocab = checkpoint.vocab
  num_params = sum(x.size for x in jax.tree.leaves(checkpoint.params))
  hidden = ('vocab_size', 'width')
  text = _CARD.format(
      name=name,
      path=path or name,
      date=datetime.date.today().isoformat(),
      step=checkpoint.step,
      num_params=num_params,
      width=create.joint_width(
          mirencoder.MIREncoderConfig.from_dict(config['model'])
      ),
      vocab_size=len(vocab['vocab']),
      vocab_hash=vocab.get('hash', 'not recorded'),
      fingerprint=f'`{checkpoint.fingerprint}`'
      if checkpoint.fingerprint
      else 'not recorded',
      num_tokens=config['data']['num_tokens'],
      # Where instructions are read, rows hold these.
      places='units' if 'reads' in config['model'] else 'tokens',
      num_rows=config['data']['num_rows'],
      batch_size=config['data']['batch_size'],
      num_steps=config['train']['num_steps'],
      seed=config['train']['seed'],
      model=', '.join(
          f'`{k}` {v}' for k, v in config['model'].items() if k not in hidden
      ),
      data=_data(config['data']['name'], corpus),
      objectives=_objectives(config['objectives']),
      cost=_cost(cost),
      figures=_figures(metrics),
      results=(
          results.strip()
          if results
          else 'Not evaluated on a task for this card; `python eval.py '
          '--checkpoint=...` does.'
      ),
      licence=f'Weights: {licence}.'
      if licence
      else 'None was named for these weights; ask who made them.',
      licences=_licences(corpus),
  )
  data = huggingface_hub.ModelCardData(
      license=licence and licence.lower(),
      library_name='mirencoder_jax',
      tags=['llvm-ir', 'code', 'embeddings'],
  )
  return str(huggingface_hub.ModelCard(f'---\n{data.to_yaml()}\n---\n{text}'))


def read_metrics(
    workdir: str | os.PathLike, step: int
) -> dict[str, float] | None:
  """The evaluation nearest before or at a step, of a run's `metrics.jsonl`."""
  found = [row for row in _rows(workdir, step) if 'eval/loss' in row]
  return found[-1] if found else None


def read_cost(workdir: str | os.PathLike, step: int) -> dict[str, float]:
  """Seconds and tokens of a run's steps up to one, of its `metrics.jsonl`.

  Interruptions, compilation and evaluations are not in it.
  """
  rows = _rows(workdir, step)
  return {
      name: sum((row.get(f'speed/{name}', 0.0) for row in rows), 0.0)
      for name in ('seconds', 'tokens')
  }


def _rows(workdir: str | os.PathLike, step: int) -> list[dict[str, float]]:
  """What a run logged up to a step; nothing where it has no log."""
  path = epath.Path(workdir) / 'metrics.jsonl'
  rows = []
  for line in path.read_text().splitlines() if path.exists() else ():
    with contextlib.suppress(ValueError):  # cut off by a crash
      rows.append(json.loads(line))
  return [row for row in rows if row.get('step', 0) <= step]


def _cost(cost: Mapping[str, float] | None) -> str:
  if not cost or not cost['seconds']:
    return 'The run left no record of its time.'
  hours = cost['seconds'] / 3600
  text = f'{cost["tokens"]:,.0f} tokens were read in {hours:.2f} hours of steps'
  if 'watts' not in cost:
    return f'{text}.'
  energy = cost['watts'] * hours / 1000
  return (
      f'{text}: {energy:.3g} kWh, if the machine draws {cost["watts"]:g} W for '
      'it (an estimate, not measured).'
  )


def _data(name: str, corpus: Mapping[str, Any] | None) -> str:
  if corpus is None:
    return (
        f'The prepared data set `{name}`; its report was not handed over when '
        'this card was made.'
    )
  train = corpus['splits'].get('train', {})
  held = corpus['splits'].get('validation', {})
  totals = corpus['totals']
  rows = [
      ('data set', f'`{name}`, content hash `{corpus["content_hash"]}`'),
      (
          'functions',
          f'{corpus["functions"]["written"]:,} distinct of '
          f'{corpus["functions"]["found"]:,} in {corpus["files"]["read"]:,} '
          'modules',
      ),
      (
          'to train on',
          f'{train.get("examples", 0):,} functions of '
          f'{train.get("programs", 0):,} programs',
      ),
      (
          'held out',
          f'{held.get("examples", 0):,} functions of '
          f'{held.get("programs", 0):,} programs',
      ),
      (
          'altogether',
          f'{totals["instructions"]:,} instructions, {totals["tokens"]:,} '
          f'tokens, {totals["nodes"]:,} nodes, {totals["edges"]:,} edges',
      ),
  ]
  for key in ('language', 'opt_level', 'llvm'):
    counts = corpus.get(key) or {}
    text = ', '.join(f'{k} {v:,}' for k, v in counts.items() if k)
    if text:
      rows.append((f'functions by {key}', text))
  removed = corpus['functions'].get('decontaminated')
  if removed is not None:
    rows.append(('taken out, as benchmarks have them', f'{removed:,}'))
  return _table(('', ''), rows)


def _objectives(settings: Mapping[str, Any]) -> str:
  titles = objectives.loss_titles(objectives.ObjectivesConfig)
  rows = [
      (titles.get(key.removesuffix('_weight'), f'`{key}`'), f'{value:g}')
      for key, value in settings.items()
      if key.endswith('_weight') and key != 'hard_negative_weight' and value
  ]
  rest = ', '.join(
      f'`{k}` {v}' for k, v in settings.items() if k.endswith('_rate')
  )
  return _table(('objective', 'weight'), rows) + f'\n\nRates: {rest}.'


def _figures(metrics: Mapping[str, float] | None) -> str:
  if not metrics:
    return 'The run left no evaluation.'
  values = {
      key.removeprefix('eval/'): value
      for key, value in metrics.items()
      if key.startswith('eval/')
  }
  rows = [
      (
          metric.title,
          metric.text(values[metric.name]),
          metric.text(metric.guessed(values)),
      )
      for metric in (*objectives.metrics().values(), objectives.LOSS)
      if metric.name in values
  ]
  return _table(('held out', 'this model', 'guess'), rows)


def _licences(corpus: Mapping[str, Any] | None) -> str:
  counts = (corpus or {}).get('licence') or {}
  if not counts:
    return 'The report of the training data names no licences of its sources.'
  named = ', '.join(f'{k} ({v:,})' for k, v in counts.items())
  return f'Licences of the sources it was trained on, in functions: {named}.'


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
  lines = [head, ('---',) * len(head), *rows]
  return '\n'.join(f'| {" | ".join(line)} |' for line in lines)
