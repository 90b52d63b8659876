"""The two tasks that a worker does for `corpus.corpus`: read a file, encode it.

`ir.read_module` and `data.example.featurize`, in processes of
`corpus.worker_pool`. Both are pure functions of what they are given.
"""

import collections
import functools
import hashlib
import io
import pathlib
import pickle
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from mirencoder_jax import ir
from mirencoder_jax.corpus import fingerprints, origins, plan, tally
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.ir import views as ir_views


def read_file(
    views: Sequence[str], timeout: float, task: dict[str, Any]
) -> dict[str, Any]:
  """What the first pass makes of a file, in a worker.

  Args:
    views: names of views, see `ir.views`, to make besides the file itself.
    timeout: seconds that LLVM may take for one view.
    task: `name`, and `data` or `path`.

  Returns:
    `modules`: for the file and each view, a summary (fields of
      `plan.ModuleRead`) and three byte strings: word counts of the
      functions, their fingerprints, the module.
    `lost`: view, pipeline, reason and message of each view that LLVM could not
      make.
  """
  name, data = task['name'], task['data']
  if task['path'] is not None:
    data = pathlib.Path(task['path']).read_bytes()
  module = ir.read_module(data, name=name)
  modules, lost = [_record(name, module)], []
  if views and module.unverified:
    lost = [[view, '', 'unverified', module.refusal] for view in views]
    views = ()
  for result in ir_views.read_views(data, name, views, timeout):
    if isinstance(result, ir_views.LostView):
      lost.append([*result.view, result.reason, result.message])
    else:
      view, module = result
      modules.append(_record(name, module, view))
  return {'modules': modules, 'lost': lost}


def _record(
    name: str, module: ir.Module, view: ir_views.View | None = None
) -> tuple[dict[str, Any], tuple[bytes, bytes, bytes]]:
  functions = module.functions
  summary = {
      # The pipeline says more than `random1`.
      'name': name if view is None else f'{name}@{view.pipeline}',
      'file': name,
      'view': '' if view is None else view.name,
      'opt_level': '' if view is None else view.opt_level,
      'functions': [
          [_text(f.name), f.hash, f.num_instructions] for f in functions
      ],
      'unverified': bool(module.unverified),
      'llvm': _text(module.producer_llvm or ''),
      'counts': dict(module.counts),
  }
  words = [dict(collections.Counter(f.words)) for f in functions]
  signatures = fingerprints.signatures(functions)
  return summary, (dumps(words), signatures.tobytes(), dumps(module))


def encode_task(
    summary: Mapping[str, Any],
    origin: origins.Origin,
    indices: Sequence[int],
    groups: Sequence[str],
) -> dict[str, Any]:
  """What `encode_module` wants to know.

  Args:
    summary: of the module, as `read_file` has it.
    origin: of its file.
    indices: numbers of the functions to take.
    groups: what each belongs to.
  """
  return {
      'name': summary['name'],
      'indices': list(indices),
      'groups': list(groups),
      'program': origin.program,
      'unit': origin.unit,
      'provenance': {
          'module': summary['name'],
          'language': origin.language,
          'opt_level': summary['opt_level'] or origin.opt_level,
          'llvm': origin.llvm or summary['llvm'],
      },
  }


def count_words(
    modules: str, tasks: Sequence[dict[str, Any]]
) -> dict[str, int]:
  """How often some functions of some modules have each word, in a worker.

  Args:
    modules: the working file.
    tasks: `span` of a module's words in it, `indices` of its functions.
  """
  total = collections.Counter()
  with open(modules, 'rb') as file:
    for task in tasks:
      start, end = task['span']
      file.seek(start)
      words = loads(file.read(end - start))
      for index in task['indices']:
        total.update(words[index])
  return dict(total)


def encode(
    modules: str, vocab: str, task: dict[str, Any]
) -> tuple[list[tuple[int, example_lib.Example, int]], dict[str, int]]:
  """The examples of the wanted functions of a module, in a worker.

  Returns:
    Number of the function in its module, example and digest of each; and how
    the vocabulary covers them, see `tally.measure_coverage`.
  """
  start, end = task['span']
  with open(modules, 'rb') as file:
    file.seek(start)
    data = file.read(end - start)
  return encode_module(data, _load_tokenizer(vocab), task)


def encode_module(
    data: bytes, tokenizer: ir.Tokenizer, task: dict[str, Any]
) -> tuple[list[tuple[int, example_lib.Example, int]], dict[str, int]]:
  """As `encode`, of the module that `read_file` packed."""
  module = loads(data)
  functions = [module.functions[index] for index in task['indices']]
  examples = example_lib.featurize(
      module, tokenizer, provenance=task['provenance'], functions=functions
  )
  results = []
  for index, group, example in zip(
      task['indices'], task['groups'], examples, strict=True
  ):
    example['program'] = group
    example['source'] = plan.source_of(
        task['program'], task['unit'], example['function']
    )
    for name in example_lib.STRINGS:
      example[name] = _text(example[name])
    results.append((index, example, _digest(example)))
  return results, tally.measure_coverage(tokenizer, functions)


@functools.cache
def _load_tokenizer(path: str):
  return ir.Tokenizer.load(path)


def _digest(example: example_lib.Example) -> int:
  """A number for the content; sums of them do not depend on an order."""
  state = hashlib.sha256()
  for name in example_lib.ARRAYS:
    state.update(f'{name}{example[name].shape}'.encode())
    state.update(example[name].tobytes())
  for name in example_lib.STRINGS:
    state.update(f'{name}={example[name]}\0'.encode())
  return int(state.hexdigest()[:32], 16)


@functools.cache
def code_stamp() -> str:
  """Changes when the code between a file and its examples does."""
  reading = sorted(pathlib.Path(ir.__file__).parent.rglob('*.py'))
  state = hashlib.sha256()
  for path in [*reading, pathlib.Path(example_lib.__file__)]:
    state.update(path.read_bytes())
  return state.hexdigest()[:16]


@functools.cache
def read_stamp() -> str:
  """Changes when anything does that the first pass leaves behind."""
  state = hashlib.sha256(code_stamp().encode())
  for module in (fingerprints.__file__, __file__):
    state.update(pathlib.Path(module).read_bytes())
  return state.hexdigest()[:16]


def dumps(value: Any) -> bytes:
  return zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), level=1)


def loads(data: bytes) -> Any:
  """What `dumps` packed; runs nothing that the data name.

  Raises:
    pickle.UnpicklingError, zlib.error: they are not of `dumps`.
  """
  return _Unpickler(io.BytesIO(zlib.decompress(data))).load()


_KNOWN = {
    *((ir.Module.__module__, x) for x in ('Constant', 'Function', 'Module')),
    # Arrays of examples, which Beam carries from worker to worker.
    ('numpy', 'dtype'),
    ('numpy', 'ndarray'),
    ('numpy._core.multiarray', '_reconstruct'),
    ('numpy._core.numeric', '_frombuffer'),
}


class _Unpickler(pickle.Unpickler):
  """Knows modules of IR and arrays, and of all else nothing."""

  def find_class(self, module: str, name: str) -> Any:
    if (module, name) not in _KNOWN:
      raise pickle.UnpicklingError(f'{module}.{name} is no part of a module')
    return super().find_class(module, name)


def _text(text: str) -> str:
  """Symbols may hold bytes that are no UTF-8; the shards hold their escapes."""
  return text.encode('utf-8', 'backslashreplace').decode('utf-8')
