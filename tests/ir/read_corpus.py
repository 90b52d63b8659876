"""Reads modules of an archive; prints what came of it as JSON.

    python tests/ir/read_corpus.py kernels_ir.tar.xz 4  # every fourth

Started by `corpora_test.py`: in a process of its own nothing checks the types
of every call, which takes longer than the calls.
"""

import collections
import json
import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from mirencoder_jax import ir  # noqa: E402
from mirencoder_jax.data import example  # noqa: E402
from mirencoder_jax.ir.parsing import plan as plan_lib  # noqa: E402


class NoPlans(dict):
  """Forgets everything, so that every line is parsed for itself."""

  def __getitem__(self, shape):
    raise KeyError(shape)

  def get(self, shape, default=None):
    return default

  def __setitem__(self, shape, plan):
    pass


def read_without_memory(name: str, data: bytes) -> ir.Module:
  """Reads a module as if no line had been read before."""
  remembered = plan_lib.plans
  plan_lib.plans = NoPlans()
  try:
    return ir.read_module(data, name=name)
  finally:
    plan_lib.plans = remembered


def check(name: str, data: bytes, tokenizer: ir.Tokenizer) -> ir.Module:
  """Reads and featurizes one module, and checks what must be true of it."""
  module = ir.read_module(data, name=name)
  examples = example.featurize(module, tokenizer)
  ir.program_graph.validate(ir.build_graph(module))
  for function, item in zip(module.functions, examples, strict=True):
    ends = [*function.offsets[1:], len(function.words)]
    spans = zip(function.offsets, ends, function.opcodes, strict=True)
    if not all(opcode in function.words[a:b] for a, b, opcode in spans):
      raise AssertionError(f'{name}: a span without its opcode')
    if not all(word and ' ' not in word for word in function.words):
      raise AssertionError(f'{name}: a word with a blank')
    if tokenizer.unk_id in item['tokens']:
      raise AssertionError(f'{name}: an unknown token')
    if item['instruction_offset'][-1] != len(item['tokens']):
      raise AssertionError(f'{name}: spans do not end with the tokens')
  for function, fresh in zip(
      module.functions, read_without_memory(name, data).functions, strict=True
  ):
    for field in ('hash', 'words', 'texts', 'types', 'use_types'):
      if list(getattr(function, field)) != list(getattr(fresh, field)):
        raise AssertionError(f'{name}: {field} hangs on what was read before')
  return module


def main() -> None:
  tokenizer = ir.tokenizer.train({'add': 9, 'i32': 9, 'load': 5}, 512)
  counts = collections.Counter()
  unverified = []
  with tarfile.open(sys.argv[1]) as tar:
    infos = [info for info in tar if info.name.endswith('.ll')]
    for info in infos[:: int(sys.argv[2])]:
      module = check(info.name, tar.extractfile(info).read(), tokenizer)
      counts['modules'] += 1
      counts['functions'] += len(module.functions)
      for function in module.functions:
        counts['instructions'] += function.num_instructions
      if module.unverified:
        unverified.append(pathlib.PurePath(info.name).name)
  print(json.dumps({**counts, 'unverified': unverified}))


if __name__ == '__main__':
  main()
