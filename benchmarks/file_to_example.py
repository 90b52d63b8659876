"""How fast files become examples: read, normalise, tokenise, build the graph.

    python benchmarks/file_to_example.py [FILE.ll ...]
    python benchmarks/file_to_example.py --programl_python=OTHER/bin/python

Times are CPU seconds of this process and of its LLVM child together, so they
hold on a busy machine, too. Three parts:

* the given files, by default the starter corpus: instructions a second;
* generated modules of 10,000 and 1,000,000 instructions, each in a process of
  its own: time for one instruction, their ratio, and peak memory;
* a generated module of about 460 instructions beside the Python call of
  ProGraML (`programl` 0.3.2), which wants an older Python than we do: give
  that with `--programl_python`. Its generated code runs with protobuf 3.20 at
  most; with the newer one that pip installs, only in protobuf's Python mode.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from absl import app, flags  # noqa: E402

from mirencoder_jax import ir  # noqa: E402
from mirencoder_jax.data import example  # noqa: E402
from mirencoder_jax.ir import llvm  # noqa: E402

STARTER = ROOT / 'datasets' / 'starter_ir' / 'starter_ir.tar.xz'
SIZES = (10_000, 1_000_000)

_PROGRAML_PYTHON = flags.DEFINE_string(
    'programl_python', None, 'interpreter that has `programl`'
)
_REPEATS = flags.DEFINE_integer('repeats', 3, 'the best of so many counts')
_SIZE = flags.DEFINE_integer(
    'size', None, 'only measure one generated module of so many instructions'
)
_FUNCTIONS = flags.DEFINE_integer('functions', 1, 'functions of that module')

# Run by the interpreter that has it. It starts `llvm2graph` for each call.
_PROGRAML = """
import resource, sys, time
try:
  import programl
except ImportError as error:
  sys.exit(f'no programl here: {error}')
text = sys.stdin.read()
def seconds():
  children = resource.getrusage(resource.RUSAGE_CHILDREN)
  return time.process_time() + children.ru_utime + children.ru_stime
times = []
for _ in range(7):
  start = seconds()
  programl.from_llvm_ir(text)
  times.append(seconds() - start)
print(sorted(times)[3])
"""


def cpu_seconds() -> float:
  """CPU time of this process and of its LLVM child."""
  seconds = time.process_time()
  if llvm.worker.pid is not None:
    # The name of the process, in brackets, may hold anything.
    fields = proc('stat').rpartition(')')[2].split()
    seconds += (int(fields[11]) + int(fields[12])) / 100
  return seconds


def proc(name: str) -> str:
  return pathlib.Path(f'/proc/{llvm.worker.pid}/{name}').read_text()


def peak_megabytes() -> tuple[float, float]:
  """Of this process, and of its LLVM child."""
  ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
  child = proc('status').partition('VmHWM:')[2].split()[0]
  return ours, int(child) / 1024


def generate(num_instructions: int, num_functions: int) -> str:
  """A module of loops over arrays, in the syntax of any LLVM since 7."""
  lines = []
  for f in range(num_functions):
    num_blocks = num_instructions // num_functions // 8
    lines.append(f'define void @f{f}(i32* %a, i32 %n) {{\n  br label %1')
    number = 1
    for _ in range(num_blocks):
      v = range(number + 1, number + 6)
      lines.append(
          f'{number}:\n'
          f'  %{v[0]} = getelementptr inbounds i32, i32* %a, i64 {number}\n'
          f'  %{v[1]} = load i32, i32* %{v[0]}, align 4\n'
          f'  %{v[2]} = mul nsw i32 %{v[1]}, {number % 300}\n'
          f'  %{v[3]} = add nsw i32 %{v[2]}, %n\n'
          f'  store i32 %{v[3]}, i32* %{v[0]}, align 4\n'
          f'  %{v[4]} = icmp slt i32 %{v[3]}, %{v[1]}\n'
          f'  br i1 %{v[4]}, label %{number}, label %{number + 6}'
      )
      number += 6
    lines.append(f'{number}:\n  ret void\n}}')
  return '\n'.join(lines)


def train(modules: list[ir.Module]) -> ir.Tokenizer:
  counts: dict[str, int] = {}
  for module in modules:
    for function in module.functions:
      for word in function.words:
        counts[word] = counts.get(word, 0) + 1
  return ir.tokenizer.train(counts)


def measure(sources: list[bytes], tokenizer: ir.Tokenizer) -> tuple[int, float]:
  """Number of instructions, and CPU seconds from bytes to examples."""
  start = cpu_seconds()
  count = 0
  for source in sources:
    module = ir.read_module(source)
    example.featurize(module, tokenizer)
    count += sum(function.num_instructions for function in module.functions)
  return count, cpu_seconds() - start


def files_part(paths: list[str]) -> None:
  if paths:
    sources = [pathlib.Path(path).read_bytes() for path in paths]
    title = f'{len(paths)} files'
  elif STARTER.exists():
    with tarfile.open(STARTER) as tar:
      sources = [
          tar.extractfile(member).read()
          for member in tar
          if member.name.endswith('.ll')
      ]
    title = f'starter corpus, {len(sources)} modules'
  else:
    print(f'files: skipped, no {STARTER} and no file given')
    return
  tokenizer = train([ir.read_module(source) for source in sources[::10]])
  measured = [measure(sources, tokenizer) for _ in range(_REPEATS.value)]
  count, seconds = min(measured, key=lambda m: m[1])
  print(
      f'{title}: {count:,} instructions, {seconds:.2f} CPU s, '
      f'{count / seconds:,.0f} instructions/s (target 60,000)'
  )


def size_part(size: int, num_functions: int) -> dict[str, float]:
  """Measures one generated module in this process."""
  tokenizer = train([ir.read_module(generate(1000, 10))])
  source = generate(size, num_functions).encode()
  count, seconds = measure([source], tokenizer)
  ours, child = peak_megabytes()
  return {
      'count': count,
      'microseconds': 1e6 * seconds / count,
      'ours': ours,
      'child': child,
  }


def growth_part() -> None:
  for title, per_function in (('one function', None), ('of 100', 100)):
    found = []
    for size in SIZES:
      functions = 1 if per_function is None else size // per_function
      output = subprocess.run(
          [sys.executable, __file__, f'--size={size}',
           f'--functions={functions}'],
          capture_output=True, text=True, check=True,
      ).stdout  # fmt: skip
      found.append(json.loads(output))
      print(
          f'generated, {size:,} instructions, {title}: '
          f'{found[-1]["microseconds"]:.1f} us an instruction, peak memory '
          f'{found[-1]["ours"]:,.0f} MB and LLVM {found[-1]["child"]:,.0f} MB'
      )
    ratio = found[1]['microseconds'] / found[0]['microseconds']
    print(f'  ratio of the two: {ratio:.2f} (target below 1.5)')


def programl_part() -> None:
  text = generate(525, 5)
  tokenizer = train([ir.read_module(text)])
  repeats = 50
  times = []
  for _ in range(7):
    start = cpu_seconds()
    for _ in range(repeats):
      count, _ = measure([text.encode()], tokenizer)
    times.append((cpu_seconds() - start) / repeats)
  ours = statistics.median(times)
  print(f'module of {count} instructions: ours {1e3 * ours:.1f} ms CPU')
  for implementation, title in (
      ('python', 'as pip installs it, protobuf in Python'),
      ('cpp', 'with protobuf pinned to 3.20, in C++'),
  ):
    done = subprocess.run(
        [_PROGRAML_PYTHON.value or sys.executable, '-c', _PROGRAML],
        input=text, capture_output=True, text=True,
        env=os.environ
        | {'PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION': implementation},
    )  # fmt: skip
    if done.returncode:
      reason = (done.stderr.strip() or 'it failed').splitlines()[-1]
      print(f'  programl {title}: skipped, {reason} (see --programl_python)')
      continue
    theirs = float(done.stdout.split()[-1])
    print(
        f'  programl {title}: {1e3 * theirs:.1f} ms CPU, '
        f'{theirs / ours:.1f} times ours (target 10)'
    )


def main(argv: list[str]) -> None:
  if _SIZE.value is not None:
    print(json.dumps(size_part(_SIZE.value, _FUNCTIONS.value)))
    return
  files_part(argv[1:])
  growth_part()
  programl_part()


if __name__ == '__main__':
  app.run(main)
