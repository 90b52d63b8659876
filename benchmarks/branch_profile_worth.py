"""What a branch profile is worth in speed: guessed, and measured.

    python benchmarks/branch_profile_worth.py --programs=40

The programs of `datasets/branch_probability`, whose IR and counts ship: each is
compiled by `clang -O2` as it is; with the weights that `mirencoder profile`
writes, of a model that has seen no program of its family, averaged with LLVM's;
with the weights that were counted; and with the profile of a run, which has
counts of functions and a summary as well. What counts is user and system time
of a run, the least of several, variants in turns. A run is repeated until it
takes a tenth of a second; programs below a millisecond are left out. Output has
to be the same. Geometric means of speedups over -O2, and intervals of 95 % by a
bootstrap over families.

It needs the clang, opt, llvm-profdata and runtime that `measure branches` does.
"""

import argparse
import json
import lzma
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mirencoder_jax import ir as ir_lib  # noqa: E402
from mirencoder_jax.downstream.predictor import branch_profile  # noqa: E402
from mirencoder_jax.downstream.tasks import branch_features  # noqa: E402
from mirencoder_jax.ir import branch_weights, llvm  # noqa: E402
from mirencoder_jax.measure import llvm_guess, profile_tools  # noqa: E402

DATA = ROOT / 'datasets/branch_probability'
VARIANTS = ('O2', 'guessed', 'counted weights', 'profile of a run')
MIN_COUNT = 20  # of a branch that a model learns from
LEAST_SECONDS, SAMPLE_SECONDS = 1e-3, 0.1


class Program:
  """IR of a program, and how its branches went.

  Attributes:
    name, family: of it.
    text: of its IR, after the first passes.
    features: of branches that ran, float [n, F]; `truth`, how likely their
      condition was, float [n].
    counted: probabilities of all branches by symbol, one half where none ran.
  """

  def __init__(self, record, text: str):
    self.name, self.family = record['name'], record['family']
    self.text = llvm.canonical_text(text.encode())
    module = ir_lib.read_module(self.text.encode(), self.name)
    by_hash = {f.hash: f for f in module.functions}
    features, truth = [], []
    self.counted = {}
    for function in record['functions']:
      if not function['branches']:
        continue
      pairs = np.array(function['branches'], float)
      total = pairs.sum(axis=1)
      shares = np.where(total > 0, pairs[:, 0] / np.maximum(total, 1), 0.5)
      self.counted[function['symbol']] = shares
      seen = branch_features.describe(by_hash[function['hash']])
      features.append(np.array(seen)[total >= MIN_COUNT])
      truth.append(shares[total >= MIN_COUNT])
    self.features = np.concatenate(features) if features else None
    self.truth = np.concatenate(truth) if truth else None


def read_programs() -> list[Program]:
  """Those that have branches, in the order of the labels."""
  with tarfile.open(DATA / 'programs_ir.tar.xz') as archive:
    texts = {
        pathlib.Path(m.name).stem: archive.extractfile(m).read().decode()
        for m in archive.getmembers()
        if m.isfile()
    }
  with lzma.open(DATA / 'labels.jsonl.xz', 'rt') as file:
    records = [json.loads(line) for line in file][1:]
  found = [
      Program(record, texts[record['name']])
      for record in records
      if record['status'] == 'ok' and record['name'] in texts
  ]
  return [program for program in found if program.truth is not None]


def call(*words) -> None:
  done = subprocess.run(
      [*map(str, words)], capture_output=True, text=True, timeout=600
  )
  if done.returncode:
    raise RuntimeError(f'{words[0]}: {done.stderr.strip()[:200]}')


def guess(program: Program, everything, tools, folder: pathlib.Path) -> str:
  """Text with guessed weights, of a model that saw no program of its family."""
  others = [p for p in everything if p.family != program.family]
  model = branch_profile.fit(
      np.concatenate([p.features for p in others]),
      np.concatenate([p.truth for p in others]),
  )

  def ask(text, functions):
    path = folder / 'asked.ll'
    path.write_text(text)
    found = llvm_guess.guess(tools.opt, path, functions)
    return {name: [g.probability for g in of] for name, of in found.items()}

  text, *_ = model.annotate(program.text.encode(), program.name, ask)
  return text


def run_profile(program: Program, tools, folder: pathlib.Path) -> str:
  """Text with the profile of a run, counts of functions and a summary too."""
  plain, made = folder / 'plain.ll', folder / 'counting.ll'
  plain.write_text(program.text)
  call(tools.opt, '-passes=pgo-instr-gen,instrprof', '-S', plain, '-o', made)
  binary, merged = folder / 'counting', folder / 'merged'
  call(
      tools.clang, '-w', '-O1', '-fprofile-generate', made, '-lm', '-o', binary
  )
  subprocess.run(
      [str(binary)],
      env={**os.environ, 'LLVM_PROFILE_FILE': f'{folder}/raw.profraw'},
      stdout=subprocess.DEVNULL,
      timeout=600,
      check=True,
  )
  call(tools.profdata, 'merge', folder / 'raw.profraw', '-o', merged)
  call(
      *(tools.opt, '-passes=pgo-instr-use', '-S', plain, '-o', made),
      f'-pgo-test-profile-file={merged}',
  )
  return made.read_text()


def build(program, everything, tools, folder: pathlib.Path) -> dict[str, str]:
  """Binary of each variant."""
  weights, *_ = branch_weights.write_weights(program.text, program.counted)
  texts = dict(
      zip(
          VARIANTS,
          (
              program.text,
              guess(program, everything, tools, folder),
              weights,
              run_profile(program, tools, folder),
          ),
          strict=True,
      )
  )
  binaries = {}
  for number, (variant, text) in enumerate(texts.items()):
    path = folder / f'{number}.ll'
    path.write_text(text)
    binaries[variant] = str(folder / f'{number}')
    call(
        *(tools.clang, '-w', '-O2', '-x', 'ir', path, '-x', 'none', '-lm'),
        *('-o', binaries[variant]),
    )
  return binaries


def seconds(binary: str, repeats: int) -> float:
  """User and system time of a run."""
  total = 0.0
  for _ in range(repeats):
    process = subprocess.Popen([binary], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
      raise RuntimeError(f'exit {process.returncode}')
    total += usage.ru_utime + usage.ru_stime
  return total / repeats


def speedups(binaries: dict[str, str], rounds: int) -> list[float] | None:
  """Over -O2, of each variant; None where a run is too short."""
  printed = {
      subprocess.run([b], capture_output=True, check=True).stdout
      for b in binaries.values()
  }
  if len(printed) > 1:
    raise RuntimeError('variants print different things')
  once = min(seconds(binaries['O2'], 1) for _ in range(3))
  if once < LEAST_SECONDS:
    return None
  repeats = max(1, round(SAMPLE_SECONDS / once))
  least = dict.fromkeys(binaries, float('inf'))
  chooser = random.Random(0)
  for _ in range(rounds):
    for variant in chooser.sample([*binaries], len(binaries)):
      found = seconds(binaries[variant], repeats)
      least[variant] = min(least[variant], found)
  return [least['O2'] / least[variant] for variant in VARIANTS[1:]]


def interval(logs: np.ndarray, families: list[str]) -> str:
  """Geometric mean as a gain, with 95 % over families."""
  groups = [np.array(families) == f for f in sorted(set(families))]
  chooser = np.random.default_rng(0)
  means = []
  for _ in range(1000):
    drawn = chooser.integers(len(groups), size=len(groups))
    means.append(np.concatenate([logs[groups[i]] for i in drawn]).mean())
  values = (logs.mean(), *np.quantile(means, (0.025, 0.975)))
  mean, low, high = (100 * np.expm1(v) for v in values)
  return f'{mean:+.2f} % [{low:+.2f}, {high:+.2f}]'


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  parser.add_argument('--programs', type=int, default=40, help='at most')
  parser.add_argument('--rounds', type=int, default=9, help='of each variant')
  parser.add_argument('--clang', help='name or path')
  arguments = parser.parse_args()
  tools = profile_tools.find_tools(arguments.clang)
  everything = read_programs()
  order = random.Random(0).sample(everything, len(everything))
  rows, families = [], []
  for program in order:
    if len(rows) >= arguments.programs:
      break
    with tempfile.TemporaryDirectory() as folder:
      try:
        binaries = build(program, everything, tools, pathlib.Path(folder))
        found = speedups(binaries, arguments.rounds)
      except (RuntimeError, subprocess.SubprocessError) as error:
        print(f'{program.name}: {error}', flush=True)
        continue
    if found is None:
      continue
    rows.append(np.log(found))
    families.append(program.family)
    shown = ', '.join(
        f'{variant} {value:.3f}'
        for variant, value in zip(VARIANTS[1:], found, strict=True)
    )
    print(f'[{len(rows)}] {program.name}: {shown}', flush=True)
  logs = np.array(rows)
  print(f'LLVM {tools.version}, load {os.getloadavg()[1]:.1f} over 5 minutes')
  print(f'{len(rows)} programs of {len(set(families))} families, over -O2:')
  for variant, column in zip(VARIANTS[1:], logs.T, strict=True):
    print(
        f'  {variant}: {interval(column, families)}, median '
        f'{100 * np.expm1(np.median(column)):+.2f} %'
    )


if __name__ == '__main__':
  main()
