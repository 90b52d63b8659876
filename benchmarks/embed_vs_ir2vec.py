"""File to vector on a CPU, beside IR2Vec, in one run.

    python benchmarks/embed_vs_ir2vec.py --checkpoint=runs/tiny FILE.ll

Every encoder embeds the same file again and again in turn, warm; printed are
medians of CPU and wall milliseconds and their ratios. IR2Vec (`pip install
ir2vec`) is left out with a message where it is not installed or cannot read the
file. IR newer than its LLVM ends the process with LLVM's message: give it IR of
an older one.
"""

import statistics
import time

from absl import app, flags, logging

import mirencoder_jax as mir

_CHECKPOINT = flags.DEFINE_string('checkpoint', None, 'As for mir.load.')
_RUNS = flags.DEFINE_integer('runs', 20, 'Timed rounds.')
flags.mark_flag_as_required('checkpoint')


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


def main(argv: list[str]) -> None:
  if len(argv) != 2:
    raise app.UsageError('give one IR file')
  logging.set_verbosity(logging.WARNING)
  path = argv[1]
  encoder = mir.load(_CHECKPOINT.value)
  encoding = encoder.encode(path)
  print(
      f'{path}: {encoding.num_instructions.sum()} instructions, '
      f'{encoding.report["tokens"]} tokens'
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


if __name__ == '__main__':
  app.run(main)
