"""The two tasks that a worker does for `data.corpus`: read a file, encode it.

Station in the flow: `ir.read_module` and `data.example.featurize`, in processes
of `data.worker_pool`. Both are pure functions of what they are given.
"""

import collections
import functools
import hashlib
import pathlib
import pickle
import zlib
from typing import Any

from mirencoder_jax import ir
from mirencoder_jax.data import example as example_lib


def read_file(task: dict[str, Any]) -> tuple[dict[str, Any], bytes, bytes]:
  """A file's functions, their word counts and the module, in a worker."""
  data = task['data']
  if task['path'] is not None:
    data = pathlib.Path(task['path']).read_bytes()
  module = ir.read_module(data, name=task['name'])
  summary = {
      'functions': [[_text(f.name), f.hash] for f in module.functions],
      'unverified': bool(module.unverified),
      'llvm': _text(module.producer_llvm or ''),
      'counts': dict(module.counts),
  }
  words = [dict(collections.Counter(f.words)) for f in module.functions]
  return summary, pack(words), pack(module)


def encode(
    modules: str, vocab: str, task: dict[str, Any]
) -> list[tuple[int, example_lib.Example, int]]:
  """The examples of the wanted functions of a module, in a worker."""
  tokenizer = _load_tokenizer(vocab)
  start, end = task['span']
  with open(modules, 'rb') as file:
    file.seek(start)
    module = unpack(file.read(end - start))
  functions = [module.functions[index] for index in task['indices']]
  examples = example_lib.featurize(
      module, tokenizer, provenance=task['provenance'], functions=functions
  )
  results = []
  for index, group, example in zip(
      task['indices'], task['groups'], examples, strict=True
  ):
    example['program'] = group
    example['source'] = f"{group}/{example['function']}"
    for name in example_lib.STRINGS:
      example[name] = _text(example[name])
    results.append((index, example, _digest(example)))
  return results


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
  paths = sorted(pathlib.Path(ir.__file__).parent.glob('*.py'))
  state = hashlib.sha256()
  for path in [*paths, pathlib.Path(example_lib.__file__)]:
    state.update(path.read_bytes())
  return state.hexdigest()[:16]


def pack(value: Any) -> bytes:
  return zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), level=1)


def unpack(data: bytes) -> Any:
  return pickle.loads(zlib.decompress(data))


def _text(text: str) -> str:
  """Symbols may hold bytes that are no UTF-8; the shards hold their escapes."""
  return text.encode('utf-8', 'backslashreplace').decode('utf-8')
