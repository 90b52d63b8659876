"""Times a corpus: IR to shards, and shards to batches.

    python benchmarks/read_corpus.py --source=my_ir --processes=1,2
    python benchmarks/read_corpus.py --name=ir_folder/mine --data_dir=runs/data

The first reads, plans and encodes a source in a temporary folder, once for each
number of processes (each time in a fresh interpreter, as a user would), and
prints instructions of IR read (of all views) a second, from the bytes of the
files to the examples of the shards, and a CPU second of all processes, which
holds on a busy machine, too. The second reads and packs a prepared corpus in
one thread and prints examples, tokens and packs a CPU second, and what of the
packs is padding.
"""

import argparse
import concurrent.futures
import itertools
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from mirencoder_jax.corpus import corpus, files
from mirencoder_jax.data import input_pipeline, packed_dataset


def time_source(source: str, processes: int, views: tuple[str, ...]) -> dict:
  """Seconds of one whole job, and what it read."""
  config = corpus.CorpusConfig(processes=processes, views=views, progress=False)
  with tempfile.TemporaryDirectory() as work_dir:
    start, start_cpu = time.perf_counter(), time.process_time()
    job = corpus.Corpus(files.CorpusFiles(source), work_dir, config)
    try:
      job.prepare()
      for split in job.splits:
        for _ in job.examples(split):
          pass
      seconds = time.perf_counter() - start
      cpu = time.process_time() - start_cpu + descendants_cpu_seconds()
    finally:
      job.close()
    report = job.report.as_dict()
  return {
      'seconds': seconds,
      'cpu_seconds': cpu,
      'read': report['functions']['instructions_read'],
      'written': report['totals']['instructions'],
      'functions': report['functions']['written'],
  }


def descendants_cpu_seconds() -> float:
  """Of the workers and their LLVMs, which run still (Linux)."""
  parents, seconds = {}, {}
  for path in pathlib.Path('/proc').glob('[0-9]*/stat'):
    try:
      fields = path.read_text().rpartition(')')[2].split()
    except OSError:  # it ended meanwhile
      continue
    pid = int(path.parent.name)
    parents[pid] = int(fields[1])
    ticks = int(fields[11]) + int(fields[12])
    seconds[pid] = ticks / os.sysconf('SC_CLK_TCK')

  def is_ours(pid):
    while pid in parents and pid != os.getpid():
      pid = parents[pid]
    return pid == os.getpid()

  return sum(
      seconds[pid] for pid in parents if pid != os.getpid() and is_ours(pid)
  )


def time_reading(args: argparse.Namespace) -> None:
  builder = packed_dataset.open_builder(args.name, args.data_dir)
  source = packed_dataset.PreparedSource(builder, 'train')
  dataset = packed_dataset.PackedDataset(source, args.rows, args.tokens)
  stream = input_pipeline.make_train_iterator(
      dataset, args.batch_size, seed=0, pair_views=True
  )
  next(stream)  # plans the first block
  total = dict.fromkeys(
      ('tokens', 'token_places', 'nodes', 'node_places', 'examples'), 0
  )
  start, start_cpu = time.perf_counter(), time.process_time()
  num_batches = 0
  for fed in itertools.islice(stream, args.num_batches):
    num_batches += 1
    for name in total:
      total[name] += fed.counts[name]
    if time.perf_counter() - start > args.seconds:
      break
  cpu = time.process_time() - start_cpu
  print(
      f'reading and packing, one thread: {total["examples"] / cpu:,.0f} '
      f'examples, {total["tokens"] / cpu:,.0f} tokens, '
      f'{num_batches * args.batch_size / cpu:,.1f} packs of '
      f'{args.rows} x {args.tokens} a CPU second'
  )
  for name in ('token', 'node'):
    padding = 1 - total[f'{name}s'] / total[f'{name}_places']
    print(f'padding of {name}s: {100 * padding:.1f} %')


def main() -> None:
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('--source', help='IR, as for prepare.py ir_folder')
  parser.add_argument('--processes', default='1,2')
  parser.add_argument('--views', default='', help='as for prepare.py')
  parser.add_argument('--name', help='prepared corpus to read')
  parser.add_argument('--data_dir', default=os.environ.get('TFDS_DATA_DIR'))
  parser.add_argument('--rows', type=int, default=16)
  parser.add_argument('--tokens', type=int, default=512)
  parser.add_argument('--batch_size', type=int, default=4, help='packs')
  parser.add_argument('--num_batches', type=int, default=10_000)
  parser.add_argument('--seconds', type=float, default=20.0)
  args = parser.parse_args()
  if args.source:
    views = tuple(args.views.split(',')) if args.views else ()
    first = None
    for processes in map(int, args.processes.split(',')):
      # The trainer's threads are fixed once in a process.
      with concurrent.futures.ProcessPoolExecutor(
          1, multiprocessing.get_context('spawn')
      ) as fresh:
        row = fresh.submit(time_source, args.source, processes, views).result()
      first = first or row['seconds']
      print(
          f'{processes} processes: {row["read"]:,} instructions read, '
          f'{row["written"]:,} in {row["functions"]:,} functions written, in '
          f'{row["seconds"]:.1f} s: {row["read"] / row["seconds"]:,.0f} '
          f'instructions a second, {first / row["seconds"]:.2f} x the first; '
          f'{row["read"] / row["cpu_seconds"]:,.0f} a CPU second'
      )
  if args.name:
    time_reading(args)


if __name__ == '__main__':
  main()
