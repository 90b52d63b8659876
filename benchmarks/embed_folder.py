"""A folder to vectors on one core, beside IR2Vec, in modules a CPU second.

    python benchmarks/embed_folder.py --checkpoint=runs/tiny FOLDER

Takes the first 1,000 `.ll` files of the folder, in the order of their names.
Everything runs on one core, and CPU seconds are counted (of the process in
which LLVM reads, too), so that other jobs do not matter. Ours is timed twice:
from the start (loading, compiling for the shapes that occur, reading,
embedding) and without loading and compiling. IR2Vec (`pip install ir2vec`, or
--ir2vec_python for one elsewhere) reads files one by one, in a process of its
own that goes on behind a file that ends it; what it cannot read is not timed.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

from absl import app, flags, logging

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

_CHECKPOINT = flags.DEFINE_string('checkpoint', None, 'As for mir.load.')
_MODULES = flags.DEFINE_integer('modules', 1000, 'Files, at most.')
_IR2VEC_PYTHON = flags.DEFINE_string(
    'ir2vec_python', sys.executable, 'An interpreter that has ir2vec.'
)
flags.mark_flag_as_required('checkpoint')

# Reads names of files, one a line, and answers with seconds, or -1.
_IR2VEC = """
import sys, time
import ir2vec
for line in sys.stdin:
  start = time.process_time()
  try:
    ir2vec.initEmbedding(line.strip(), sys.argv[1], 'f').getFunctionVectors()
    print('seconds', time.process_time() - start, flush=True)
  except Exception:
    print('seconds', -1, flush=True)
"""


def main(argv: list[str]) -> None:
  if len(argv) != 2:
    raise app.UsageError('give one folder')
  os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before JAX
  import mirencoder_jax as mir

  logging.set_verbosity(logging.WARNING)
  files = sorted(map(str, pathlib.Path(argv[1]).rglob('*.ll')))
  files = files[: _MODULES.value]
  rows = []
  start = _cpu_seconds()
  encoder = mir.load(_CHECKPOINT.value)
  found = mir.embed_files(encoder, files, level='function')
  rows.append(('mirencoder_jax, from the start', _cpu_seconds() - start))
  start = _cpu_seconds()
  found = mir.embed_files(encoder, files, level='function')
  rows.append(('mirencoder_jax, warm', _cpu_seconds() - start))
  num_read = len(files) - len(found.errors)
  print(
      f'{len(files):,} modules, {len(found):,} functions, '
      f'{found.num_instructions.sum():,} instructions; one core'
  )
  print('encoder                         modules read  modules/CPU s')
  for name, seconds in rows:
    print(f'{name:32}{num_read:12,}{num_read / seconds:15.1f}')
  for mode in ('sym', 'fa'):
    read, seconds = _time_ir2vec(files, mode)
    speed = f'{read / seconds:15.1f}' if read else 'not installed, or none'
    print(f'{"ir2vec, " + mode:32}{read:12,}{speed}')


def _cpu_seconds() -> float:
  """Of this process and of the one in which LLVM reads."""
  from mirencoder_jax.ir import llvm

  pid = llvm.worker.pid
  if pid is None:
    return time.process_time()
  fields = pathlib.Path(f'/proc/{pid}/stat').read_text().split()
  ticks = int(fields[13]) + int(fields[14])  # utime, stime
  return time.process_time() + ticks / os.sysconf('SC_CLK_TCK')


def _time_ir2vec(files: list[str], mode: str) -> tuple[int, float]:
  """Files that were read, and the seconds of those."""
  num_read, seconds, at = 0, 0.0, 0
  while at < len(files):
    with subprocess.Popen(
        [_IR2VEC_PYTHON.value, '-c', _IR2VEC, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
      started = at
      while at < len(files):
        answer = _ask(process, files[at])
        at += 1
        if answer is None:  # the file ended it
          break
        if answer >= 0:
          num_read += 1
          seconds += answer
      process.stdin.close()
      process.kill()
    if num_read == 0 and at - started == 1 and at > 20:
      break  # nothing works: not installed
  return num_read, seconds


def _ask(process: subprocess.Popen, file: str) -> float | None:
  try:
    process.stdin.write(file + '\n')
    process.stdin.flush()
  except BrokenPipeError:
    return None
  for line in process.stdout:
    if line.startswith('seconds '):  # it prints other things too
      return json.loads(line.split()[1])
  return None


if __name__ == '__main__':
  app.run(main)
