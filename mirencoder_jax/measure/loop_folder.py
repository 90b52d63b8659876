"""Labels a folder of loops, resumes, and sums up.

Station: `python -m mirencoder_jax.measure loops`. One bad file never stops the
others: its record says what was wrong.
"""

import dataclasses
import hashlib
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mirencoder_jax.measure import (
    compiler,
    label_file,
    loop_program,
    loop_source,
    loops,
)


def label_folder(
    folder: pathlib.Path,
    output: pathlib.Path,
    config: loops.LoopsConfig,
    clang: compiler.Compiler,
    *,
    limit: int | None = None,
) -> dict[str, Any]:
  """Labels every `.c` file of a folder that has no label yet.

  The IR of each file goes into a folder `ir` beside the labels, where the TFDS
  builder looks for it.

  Args:
    folder: where the files are.
    output: the label file.
    config: how long to measure.
    clang: the compiler.
    limit: stop behind this many new labels.

  Returns:
    Name -> record, of this and of earlier runs, without files that are gone.

  Raises:
    LabelFileError: `output` is another machine's.
    FileNotFoundError: there are no `.c` files.
  """
  paths = sorted(folder.glob('*.c'))
  if not paths:
    raise FileNotFoundError(f'{folder}: no .c files')
  header = dict(
      kind='loops',
      **label_file.describe_machine(),
      compiler=clang.name,
      compiler_version=clang.version,
      choices=loop_program.NAMES,
      **dataclasses.asdict(config),
  )
  with (
      label_file.open_labels(output, header) as labels,
      tempfile.TemporaryDirectory(prefix='loop-driver-') as driver,
  ):
    todo = [p for p in paths if not _is_done(p, labels.records)][:limit]
    ir_folder = output.parent / 'ir'
    if todo:
      ir_folder.mkdir(exist_ok=True)
      loops.prepare_driver(clang, pathlib.Path(driver))
    times: list[float] = []
    for number, path in enumerate(todo):
      start = time.monotonic()
      record = _label(path, clang, pathlib.Path(driver), config)
      if record['status'] == 'ok':
        (ir_folder / f'{path.stem}.ll').write_text(
            loops.compile_ir(path, clang)
        )
      times.append(time.monotonic() - start)
      record['seconds'] = round(times[-1], 3)
      labels.add(record)
      left = statistics.median(times) * (len(todo) - number - 1) / 60
      reason = f': {record["reason"]}' if 'reason' in record else ''
      print(
          f'[{number + 1}/{len(todo)}] {path.name} {record["status"]}{reason} '
          f'({times[-1]:.1f} s, about {left:.0f} min left)',
          file=sys.stderr,
          flush=True,
      )
    names = {path.stem for path in paths}
    return {k: v for k, v in labels.records.items() if k in names}


def _digest(path: pathlib.Path) -> str:
  text = path.read_text(errors='replace')
  return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_done(path: pathlib.Path, records: Mapping[str, Any]) -> bool:
  record = records.get(path.stem)
  return record is not None and record['digest'] == _digest(path)


def _label(path, clang, driver, config) -> dict[str, Any]:
  try:
    return loops.label_loop(path, clang, driver, config)
  except (loop_source.LoopError, compiler.RunError, OSError) as error:
    return dict(
        name=path.stem,
        digest=_digest(path),
        status='failed',
        reason=str(error),
    )


def _geometric_mean(values: Iterable[float]) -> float:
  return float(np.exp(np.mean(np.log(list(values)))))


def _speedups(records: list[Mapping[str, Any]]) -> dict[str, Any]:
  """Over the compiler's own choice, as geometric means."""
  compiler_at = loop_program.COMPILER
  costs = np.array(
      [[np.nan if c is None else c for c in r['costs']] for r in records]
  )
  gains = costs[:, compiler_at, None] / costs  # [n, C]
  complete = np.isfinite(gains).all(axis=0)
  mean = np.where(complete, np.nanmean(np.log(gains), axis=0), -np.inf)
  best = int(np.argmax(mean))
  honest = []
  for record in records:
    clones = record['clones']
    default = clones.index(record['same'][compiler_at])
    for first, second in (record['passes'], record['passes'][::-1]):
      honest.append(second[default] / second[int(np.argmin(first))])
  return dict(
      num_loops=len(records),
      oracle=round(_geometric_mean(np.nanmax(gains, axis=1)), 4),
      # Chosen by one pass, counted by the other: no luck of the minimum.
      oracle_of_other_pass=round(_geometric_mean(honest), 4),
      best_constant=loop_program.NAMES[best],
      best_constant_speedup=round(float(np.exp(mean[best])), 4),
  )


def summarize(records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
  """Counts, agreement of the passes, and what there is to gain."""
  every = list(records.values())
  kept = [r for r in every if r['status'] == 'ok']
  measured = [r for r in every if r['status'] != 'failed']
  summary: dict[str, Any] = dict(
      num_files=len(every),
      num_ok=len(kept),
      num_disagree=len(measured) - len(kept),
      num_failed=len(every) - len(measured),
      failed={r['name']: r['reason'] for r in every if r['status'] == 'failed'},
      num_repeated=sum(r['attempts'] > 1 for r in measured),
      num_wrong_clones=sum(len(r['wrong']) for r in measured),
  )
  if not kept:
    return summary

  def quantiles(key, shares):
    values = np.array([r[key] for r in measured], float)
    values = values[np.isfinite(values)]
    if not values.size:
      return {}
    return {
        f'{share:g}': round(float(np.quantile(values, share)), 4)
        for share in shares
    }

  families: dict[str, list[Mapping[str, Any]]] = {}
  for record in kept:
    families.setdefault(record['family'], []).append(record)
  return summary | dict(
      num_distinct_code_median=float(
          np.median([len(set(r['same'])) for r in kept])
      ),
      num_not_vectorized=sum(
          all(tuple(m)[0] == 1 for m in r['made']) for r in kept
      ),
      correlation=quantiles('correlation', (0.05, 0.1, 0.5)),
      regret=quantiles('regret', (0.5, 0.9, 0.99, 1)),
      difference=quantiles('difference', (0.5, 0.9, 0.99)),
      seconds=quantiles('seconds', (0.5, 0.9)),
      all=_speedups(kept),
      families={name: _speedups(rows) for name, rows in families.items()},
  )
