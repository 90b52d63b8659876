"""File to vector on a CPU, beside IR2Vec, in one run.

    python benchmarks/embed_vs_ir2vec.py --checkpoint=runs/tiny FILE.ll
    python benchmarks/embed_vs_ir2vec.py --checkpoint=small-fast
    python benchmarks/embed_vs_ir2vec.py --model=small [FILE.ll]

Time does not hang on the weights: without a checkpoint they are random, the
vocabulary is that of the starter corpus, and without a file a generated module
of some 460 instructions is embedded.

Every encoder embeds the same file again and again in turn, warm; printed are
medians of CPU and wall milliseconds and their ratios. IR2Vec (`pip install
ir2vec`) is left out with a message where it is not installed or cannot read the
file. IR newer than its LLVM ends the process with LLVM's message: give it IR of
an older one.

LLVM's `llvm-ir2vec`, where it is on the PATH, is timed as the process it is,
with a vocabulary of random numbers (time does not hang on them), beside a
process that loads the encoder and embeds the file.
"""

import os
import pathlib
import random
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from absl import app, flags, logging  # noqa: E402

import mirencoder_jax as mir  # noqa: E402
from benchmarks import file_to_example, llvm_ir2vec  # noqa: E402
from configs import models, pretrain  # noqa: E402
from mirencoder_jax import ir  # noqa: E402
from mirencoder_jax.inference import encoder as inference  # noqa: E402
from mirencoder_jax.models import mirencoder  # noqa: E402

_CHECKPOINT = flags.DEFINE_string('checkpoint', None, 'As for mir.load.')
_MODEL = flags.DEFINE_enum(
    'model', 'small', sorted(models.MODELS), 'Without a checkpoint: the model.'
)
_RUNS = flags.DEFINE_integer('runs', 20, 'Timed rounds.')


def _random_encoder(size: str) -> inference.Encoder:
  """An encoder that was never trained, with a vocabulary of real IR."""
  counts: dict[str, int] = {}
  with tarfile.open(file_to_example.STARTER) as tar:
    for member in tar:
      if not member.name.endswith('.ll'):
        continue
      for function in ir.read_module(tar.extractfile(member).read()).functions:
        for word in function.words:
          counts[word] = counts.get(word, 0) + 1
  tokenizer = ir.tokenizer.train(counts)
  config = mirencoder.MIREncoderConfig(
      vocab_size=tokenizer.vocab_size, **models.MODELS[size]
  )
  num_tokens = pretrain.get_config(size).data.num_tokens
  return inference.Encoder(config, None, tokenizer, num_tokens).untrained()


def _ir2vec_modes(path: str):
  """Functions that embed the file with IR2Vec, by mode; empty without it."""
  try:
    import ir2vec
  except ImportError as error:
    print(f'ir2vec is left out: {error}')
    return {}

  def run(mode):
    return lambda: ir2vec.initEmbedding(path, mode, 'p').getProgramVector()

  modes = {'ir2vec symbolic': run('sym'), 'ir2vec flow-aware': run('fa')}
  try:
    for embed in modes.values():
      embed()
  except Exception as error:  # whatever it raises for IR that it can't read
    print(f'ir2vec is left out: {error}')
    return {}
  return modes


def _processes(path: str, folder: str) -> dict[str, list[str]]:
  """Command lines that embed the file from nothing, by name."""
  found = {}
  if _CHECKPOINT.value:
    script = (
        'import sys, mirencoder_jax as mir; '
        'mir.load(sys.argv[1]).embed(sys.argv[2])'
    )
    found['mirencoder_jax, a process'] = [
        *(sys.executable, '-c', script, _CHECKPOINT.value, path)
    ]
  tool = llvm_ir2vec.find_tool()
  if tool is None:
    print('llvm-ir2vec is left out: it is not on the PATH')
    return found
  file = llvm_ir2vec.write_vocabulary(
      tool, lambda _: [random.gauss(0, 0.1) for _ in range(75)], folder
  )
  for kind in ('symbolic', 'flow-aware'):
    found[f'llvm-ir2vec {kind}, a process'] = [
        *(tool, 'embeddings', '--level=func', f'--ir2vec-kind={kind}'),
        *(f'--ir2vec-vocab-path={file}', path),
    ]
  return found


def _child_seconds() -> float:
  times = os.times()
  return times.children_user + times.children_system


def main(argv: list[str]) -> None:
  if len(argv) > 2:
    raise app.UsageError('give one IR file')
  logging.set_verbosity(logging.WARNING)
  folder = tempfile.TemporaryDirectory()
  if len(argv) == 2:
    path = argv[1]
  else:
    path = f'{folder.name}/generated.ll'
    pathlib.Path(path).write_text(file_to_example.generate(525, 5))
  if _CHECKPOINT.value:
    encoder = mir.load(_CHECKPOINT.value)
  else:
    encoder = _random_encoder(_MODEL.value)
  encoding = encoder.encode(path)
  print(
      f'{path}: {encoding.num_instructions.sum()} instructions, '
      f'{encoding.report.get("tokens", "no")} tokens'
  )
  candidates = {
      'mirencoder_jax': lambda: encoder.embed(path),
      'mirencoder_jax, reading only': lambda: mir.read_module(path),
      **_ir2vec_modes(path),
  }
  cpu = {name: [] for name in candidates}
  wall = {name: [] for name in candidates}
  for embed in candidates.values():
    embed()  # warm
  for _ in range(_RUNS.value):
    for name, embed in candidates.items():
      start_cpu, start = time.process_time(), time.perf_counter()
      embed()
      cpu[name].append(1e3 * (time.process_time() - start_cpu))
      wall[name].append(1e3 * (time.perf_counter() - start))
  ours = statistics.median(wall['mirencoder_jax'])
  print('encoder                          CPU ms  wall ms  wall, ours / this')
  for name in candidates:
    median = statistics.median(wall[name])
    print(
        f'{name:30} {statistics.median(cpu[name]):8.1f} {median:8.1f} '
        f'{ours / median:8.2f}'
    )
  for name, command in _processes(path, folder.name).items():
    pairs = []
    for _ in range(5):
      start_cpu, start = _child_seconds(), time.perf_counter()
      subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
      end = time.perf_counter() - start
      pairs.append((1e3 * (_child_seconds() - start_cpu), 1e3 * end))
    of_cpu, of_wall = map(statistics.median, zip(*pairs, strict=True))
    print(f'{name:34}{of_cpu:5.0f} {of_wall:8.0f}')


if __name__ == '__main__':
  app.run(main)
