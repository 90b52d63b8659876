"""Reads the tests of an older LLVM as text, and beside it as its bitcode.

    python benchmarks/read_llvm_tests.py llvm-14/llvm/test --llvm_as=llvm-as-14

What that LLVM accepts is valid; what our LLVM refuses of it is read without it
(`unverified`) and should come out as the bitcode of the same file does, which
every LLVM since reads. Prints how many files there are of each kind. A line of
JSON for each goes into `--report` as soon as it is read; what is there already
is not read again. The order is random and always the same, so that what was
read until a stop is a sample of all.
"""

import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from mirencoder_jax import ir
from mirencoder_jax.ir import llvm, program_graph

_TIMEOUT = 60.0  # seconds for one file


def assemble(llvm_as: str, path: str, bitcode: str) -> bool:
  """Makes the bitcode of a text; False if that LLVM refuses it."""
  try:
    done = subprocess.run(
        [llvm_as, path, '-o', f'{bitcode}.part'],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_TIMEOUT,
    )
  except subprocess.TimeoutExpired:
    return False
  if done.returncode == 0:
    os.replace(f'{bitcode}.part', bitcode)
  return done.returncode == 0


def is_refused(path: str) -> bool:
  """Whether our LLVM takes the text only when it is mended."""
  try:
    llvm.canonical_text(pathlib.Path(path).read_bytes())
  except (llvm.LlvmRefusal, llvm.LlvmAbort):
    return True
  return False


def same_words(one: ir.Module, other: ir.Module) -> bool:
  return [(f.name, f.words) for f in one.functions] == [
      (f.name, f.words) for f in other.functions
  ]


def compare_graphs(one: ir.Module, other: ir.Module) -> str:
  """`same`; `order` if only that of declared functions differs; or `differ`."""
  left, right = ir.build_graph(one), ir.build_graph(other)
  program_graph.validate(left)
  if all(
      getattr(left, name) == getattr(right, name)
      for name in ('node_texts', 'descriptions', 'functions')
  ) and all(
      getattr(left, name).tolist() == getattr(right, name).tolist()
      for name in ('description', 'senders', 'receivers', 'flow', 'position')
  ):
    return 'same'
  return 'order' if _edges(left) == _edges(right) else 'differ'


def _edges(graph: program_graph.ProgramGraph) -> collections.Counter:
  """Edges between instructions by number and other nodes by what they are."""
  nodes = [
      i if i <= graph.num_instructions else (
          graph.node_texts[i],
          graph.descriptions[graph.description[i]],
          graph.functions[graph.function[i]],
      )
      for i in range(graph.num_nodes)
  ]  # fmt: skip
  return collections.Counter(
      (nodes[sender], nodes[receiver], flow, position)
      for sender, receiver, flow, position in zip(
          graph.senders.tolist(), graph.receivers.tolist(),
          graph.flow.tolist(), graph.position.tolist(), strict=True,
      )  # fmt: skip
  )


def timed(row: tuple[str, str, str, bool]) -> dict[str, Any]:
  start = time.perf_counter()
  found = judge(*row)
  return found | {'seconds': round(time.perf_counter() - start, 3)}


def judge(
    path: str, llvm_as: str, folder: str, compare: bool
) -> dict[str, str]:
  """What became of one file, and the seconds that it took.

  Args:
    path: the text.
    llvm_as: of the LLVM that wrote it.
    folder: where its bitcode is kept.
    compare: with its bitcode, also where our LLVM accepts the text.
  """
  found = {'file': path}
  if b'define' not in pathlib.Path(path).read_bytes():
    return {**found, 'kind': 'no function'}
  bitcode = os.path.join(folder, path.strip('/').replace('/', '+') + '.bc')
  if not os.path.exists(bitcode) and not assemble(llvm_as, path, bitcode):
    pathlib.Path(bitcode).write_bytes(b'')
  if not os.path.getsize(bitcode):
    return {**found, 'kind': 'invalid'}
  try:
    text = ir.read_module(path)
  except ir.IRError as error:
    if 'defines no function' in error.message:
      return {**found, 'kind': 'no function'}
    return {**found, 'kind': 'error', 'why': str(error)}
  except Exception as error:
    return {**found, 'kind': 'crash', 'why': repr(error)}
  if text.unverified:
    kind = 'unverified'
  else:
    kind = 'mended' if is_refused(path) else 'verified'
  found |= {'kind': kind, 'why': text.refusal}
  try:
    program_graph.validate(ir.build_graph(text))
  except ValueError as error:
    found['graph'] = f'invalid: {error}'
  if kind == 'verified' and not compare:
    return found
  try:
    other = ir.read_module(bitcode)
  except ir.IRError as error:
    return {**found, 'words': 'no bitcode', 'bitcode': str(error)[-200:]}
  found['words'] = 'same' if same_words(text, other) else 'differ'
  if 'graph' not in found:
    found['graph'] = compare_graphs(text, other)
  return found


def read_report(path: str | None) -> list[dict[str, Any]]:
  if not path or not os.path.exists(path):
    return []
  return [json.loads(line) for line in open(path)]


def tell(every: list[dict[str, Any]], count: int) -> None:
  """Prints how many files there are of each kind."""
  kinds = collections.Counter(
      (f['kind'], f.get('words', ''), f.get('graph', '')[:7]) for f in every
  )
  seconds = sum(f['seconds'] for f in every)
  print(f'{len(every)} of {count} files, {seconds:.0f} s')
  for (kind, words, graph), number in sorted(kinds.items()):
    print(f'  {kind:11} words {words:10} graph {graph:8} {number:6}')


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
  parser.add_argument('tree', help='a folder of .ll files, or a list of them')
  parser.add_argument('--llvm_as', default='llvm-as', help='of that LLVM')
  parser.add_argument('--bitcode', help='a folder that keeps the bitcode')
  parser.add_argument('--report', help='a file for a line of JSON each')
  parser.add_argument('--processes', type=int, default=os.cpu_count())
  parser.add_argument(
      '--every', type=int, default=20,
      help='of the files that our LLVM accepts, how many are compared',
  )  # fmt: skip
  parser.add_argument(
      '--seconds', type=float, default=float('inf'), help='stop behind them'
  )
  args = parser.parse_args()
  stop = time.perf_counter() + args.seconds
  tree = pathlib.Path(args.tree)
  if tree.is_dir():
    paths = sorted(str(path) for path in tree.rglob('*.ll'))
  else:
    paths = tree.read_text().split('\n')[:-1]
  random.Random(0).shuffle(paths)
  every = read_report(args.report)
  known = {found['file'] for found in every}
  with (
      tempfile.TemporaryDirectory() as temporary,
      multiprocessing.Pool(args.processes) as pool,
      open(args.report or os.devnull, 'a') as report,
  ):
    rows = [
        (path, args.llvm_as, args.bitcode or temporary, i % args.every == 0)
        for i, path in enumerate(paths)
        if path not in known
    ]
    for found in pool.imap(timed, rows, chunksize=4):
      every.append(found)
      report.write(json.dumps(found) + '\n')
      report.flush()
      if time.perf_counter() > stop:
        break
  tell(every, len(paths))


if __name__ == '__main__':
  main()
