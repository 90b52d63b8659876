"""Vectors of a task's modules by LLVM's own `llvm-ir2vec`, for --compare.

    python benchmarks/llvm_ir2vec_vectors.py --task=code_size \
        --data_dir=DATA --vocabulary=seedEmbeddingVocab.txt --output=sym.npz
    python eval.py --config=configs/tasks.py:code_size --data_dir=DATA \
        --compare=IR2Vec_symbolic=sym.npz

LLVM 22 or newer has the tool; it reads what IR2Vec's package, which is of an
older LLVM, does not. The vocabulary is the one that `pip install ir2vec` has;
LLVM's entities that it lacks (predicates of comparisons, a few opcodes) are
zeros. A module's vector is the sum of its functions'; where rows are branches,
a row has the vectors of the same instructions as ours. What the tool does not
read is counted, and has no vector.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks import llvm_ir2vec  # noqa: E402
from configs import tasks as recipes  # noqa: E402
from mirencoder_jax import ir  # noqa: E402
from mirencoder_jax.downstream.tasks import places, tasks  # noqa: E402
from mirencoder_jax.evaluation import results  # noqa: E402
from mirencoder_jax.inference import vectors  # noqa: E402

_TASK = flags.DEFINE_string('task', None, 'Of configs/tasks.py.')
_DATA = flags.DEFINE_string('data_dir', None, 'Of prepared data.')
_MANUAL = flags.DEFINE_string('manual_dir', None, 'To prepare it from.')
_VOCABULARY = flags.DEFINE_string('vocabulary', None, "IR2Vec's text file.")
_KIND = flags.DEFINE_enum(
    'kind', 'symbolic', ['symbolic', 'flow-aware'], 'Of embeddings.'
)
_OUTPUT = flags.DEFINE_string('output', None, 'The .npz to write.')
flags.mark_flags_as_required(['task', 'data_dir', 'vocabulary', 'output'])

_VECTOR = re.compile(r'\[((?:\s+-?\d+\.\d+)+)\s*\]')
_FUNCTION = re.compile(r'^Function: (.*)$', re.MULTILINE)


def rows_of(text: str) -> np.ndarray:
  """The vectors that the tool printed, float32 [n, D]."""
  return np.array([x.split() for x in _VECTOR.findall(text)], np.float32)


def branches_of(
    task: tasks.Task, number: int, module: ir.Module, printed: str
) -> dict[str, np.ndarray]:
  """Row -> vector of the branches of a module, of its instructions' vectors."""
  _, *parts = _FUNCTION.split(printed)
  states = dict(zip(parts[::2], map(rows_of, parts[1::2]), strict=True))
  tables = {
      f.hash: places.around(states[f.name], f)
      for f in module.functions
      if len(states.get(f.name, ())) == f.num_instructions
  }
  return {
      row: tables[place.function][place.number]
      for row, place, of in zip(
          task.rows, task.places, task.module_index, strict=True
      )
      if of == number and place.function in tables
  }


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError('takes flags only')
  tool = llvm_ir2vec.find_tool()
  if tool is None:
    raise app.UsageError('llvm-ir2vec is not on the PATH: apt install llvm-22')
  (evaluation,) = results.read(recipes.get_config(_TASK.value).to_dict())
  task = tasks.load_task(
      evaluation.recipe.task, data_dir=_DATA.value, manual_dir=_MANUAL.value
  )
  given = {}
  for line in pathlib.Path(_VOCABULARY.value).read_text().splitlines():
    name, _, row = line.partition(':')
    given[name.lower()] = json.loads(row.rstrip(','))
  width = len(next(iter(given.values())))
  found, counts = {}, collections.Counter()
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'module.ll')

    def row_of(entity: str) -> list[float]:
      counts['entities without a row'] += entity.lower() not in given
      return given.get(entity.lower(), [0.0] * width)

    file = llvm_ir2vec.write_vocabulary(tool, row_of, folder)
    command = [
        *(tool, 'embeddings', f'--level={"inst" if task.places else "func"}'),
        *(f'--ir2vec-kind={_KIND.value}', f'--ir2vec-vocab-path={file}'),
        str(path),
    ]
    for number, text in enumerate(task.ir):
      path.write_bytes(text)
      done = subprocess.run(command, capture_output=True, text=True)
      if done.returncode or not _VECTOR.search(done.stdout):
        counts['not read'] += 1
        continue
      counts['read'] += 1
      if task.places:
        module = ir.read_module(text, task.modules[number])
        found |= branches_of(task, number, module, done.stdout)
      else:
        found[task.modules[number]] = rows_of(done.stdout).sum(axis=0)
  if task.places:
    counts['rows'] = len(found)
  print(dict(counts))
  if not found:
    raise SystemExit('nothing was read')
  vectors.of_names(list(found), np.stack(list(found.values())), '').save(
      pathlib.Path(_OUTPUT.value)
  )


if __name__ == '__main__':
  app.run(main)
