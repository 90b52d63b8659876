"""Feeds the reader mutated modules; names what crashes, hangs, swells, differs.

    python benchmarks/fuzz_reader.py --output=fuzz --minutes=60
    python benchmarks/fuzz_reader.py --output=fuzz --replay=1234
    python benchmarks/fuzz_reader.py --output=fuzz --minutes=60 --coverage

Input i is a function of the seed and i: a module of the starter corpus (or of
`--source`) as text, bitcode or in an archive, with bytes, tokens or lines
changed. Each is read, made a graph and featurized in a child process with
limits of time and memory. Where LLVM verifies a module, ours must have as many
functions, blocks and instructions as LLVM counts itself. A second run goes on
behind the first; findings are kept as files in the output folder.

With `--coverage` (`pip install atheris`) texts are mutated from those that
reached new lines of the reader, in one process, which ends at a finding.
"""

import argparse
import collections
import io
import json
import multiprocessing
import os
import pathlib
import random
import resource
import signal
import sys
import tarfile
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

STARTER = ROOT / 'datasets' / 'starter_ir' / 'starter_ir.tar.xz'
KINDS = ('text', 'text', 'text', 'bitcode', 'bitcode', 'archive')
# Small enough that thousands are read in an hour.
MAX_BYTES = 24_000
_TOKENS = (
    'i1 i32 i65 i8388608 <4 x i32> [0 x i8] [4294967295 x i8] {} ptr void '
    'label metadata token half x86_fp80 vscale null undef poison true -1 0 1 '
    '18446744073709551615 99999999999999999999999999999999 0x7FF8000000000000 '
    'nan zeroinitializer %0 %1 @f !0 #0 , ( ) [ ] { } < > = * ... " ; : | / '
    'c"\\00" %"a b" @"" add call load store br ret switch phi getelementptr '
    'invoke unreachable select alloca asm blockaddress define declare }'
).split(' ')


def corpus(source: pathlib.Path) -> list[bytes]:
  """Texts of the small modules of an archive or a folder, in order."""
  if source.is_dir():
    paths = sorted(p for p in source.rglob('*.ll') if p.is_file())
    texts = [path.read_bytes() for path in paths]
  else:
    with tarfile.open(source) as tar:
      members = sorted(
          (m for m in tar if m.name.endswith('.ll')), key=lambda m: m.name
      )
      texts = [tar.extractfile(member).read() for member in members]
  return [text for text in texts if len(text) <= MAX_BYTES]


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
  """Flips, overwrites, cuts, repeats or moves some bytes."""
  data = bytearray(data)
  for _ in range(rng.choice((1, 1, 2, 4, 16))):
    if len(data) < 8:
      break
    at, length = rng.randrange(len(data)), rng.choice((1, 1, 4, 32, 512))
    other = rng.randrange(len(data))
    match rng.randrange(7):
      case 0 | 1:
        data[at] ^= 1 << rng.randrange(8)
      case 2:
        data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
      case 3:
        del data[at : at + length]
      case 4:
        data[at:at] = data[other : other + length]
      case 5:
        data[at : at + length] = data[other : other + length]
      case 6:
        del data[at if rng.random() < 0.2 else max(at, len(data) - 64) :]
  return bytes(data)


def mutate_text(text: str, other: str, rng: random.Random) -> str:
  """Changes tokens and lines; some come from another module."""
  for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
    lines = text.split('\n')
    at = rng.randrange(len(lines))
    kind = rng.randrange(14)
    if kind <= 4:
      # A line of code, if there is one: most are of it.
      tokens = lines[at].split(' ')
      place = rng.randrange(len(tokens))
      if kind == 0:
        tokens[place] = rng.choice(_TOKENS)
      elif kind == 1:
        tokens.insert(place, rng.choice(_TOKENS))
      elif kind == 2:
        del tokens[place]
      elif kind == 3:
        tokens[place] = rng.choice(rng.choice(lines).split(' '))
      else:
        tokens[place] *= rng.choice((2, 3, 50, 5000))
      lines[at] = ' '.join(tokens)
    elif kind == 5:
      del lines[at : at + rng.choice((1, 1, 1, 5, 50))]
    elif kind == 6:
      lines.insert(at, rng.choice(lines))
    elif kind == 7:
      lines.insert(at, rng.choice(other.split('\n')))
    elif kind == 8:
      where = rng.randrange(len(lines))
      lines[at], lines[where] = lines[where], lines[at]
    elif kind == 9:
      lines[at] = lines[at].replace(' ', rng.choice(('', '\t', '\r', '\n')))
    elif kind == 10:
      size = rng.choice((2, 8, 40))
      lines[at:at] = lines[at : at + size] * rng.choice((1, 2, 20))
    else:  # everywhere alike, which LLVM often accepts
      tokens = lines[at].split()
      if tokens:
        old = rng.choice(tokens).strip(',()')
        new = rng.choice((*_TOKENS, *rng.choice(lines).split()))
        return text.replace(old, new) if len(old) > 1 else text
    text = '\n'.join(lines)
  return text


class Inputs:
  """Input i of a seed; `texts` are the modules that inputs are made of."""

  def __init__(self, source: pathlib.Path, seed: int):
    self.texts, self._seed = corpus(source), seed
    if not self.texts:
      raise SystemExit(f'{source}: no .ll file of at most {MAX_BYTES} bytes')

  def make(self, number: int) -> tuple[str, bytes]:
    """Kind and bytes."""
    rng = random.Random(f'{self._seed}:{number}')
    kind = rng.choice(KINDS)
    text, other = rng.choice(self.texts), rng.choice(self.texts)
    if kind == 'text':
      if rng.random() < 0.15:
        return kind, mutate_bytes(text, rng)
      changed = mutate_text(text.decode(), other.decode(), rng)
      return kind, changed.encode(errors='replace')
    if kind == 'bitcode':
      return kind, mutate_bytes(bitcode(text), rng)
    buffer = io.BytesIO()
    mode = rng.choice(('w', 'w:gz', 'w:xz'))
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
      for name, data in (
          ('a/one.ll', text),
          ('b/two.ll', other),
          ('../three.ll', text),
          ('manifest.csv', b'path,program\na/one.ll,x\n'),
      ):
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return kind, mutate_bytes(buffer.getvalue(), rng)


def bitcode(text: bytes) -> bytes:
  """LLVM's bitcode of a text that it verifies."""
  import llvmlite.binding as llvm_binding

  return llvm_binding.parse_assembly(text.decode()).as_bitcode()


def count_by_llvm(data: bytes) -> list[tuple[str, int, int]] | None:
  """Name, blocks and instructions of every definition; None if not verified."""
  import llvmlite.binding as llvm_binding

  try:
    if data[:4] in (b'BC\xc0\xde', b'\xde\xc0\x17\x0b'):
      module = llvm_binding.parse_bitcode(data)
    else:
      module = llvm_binding.parse_assembly(data.decode())
    module.verify()
  except (RuntimeError, UnicodeDecodeError):
    return None
  found = []
  for function in module.functions:
    if not function.is_declaration:
      blocks = [len(list(block.instructions)) for block in function.blocks]
      found.append((function.name, len(blocks), sum(blocks)))
  return found


def read(kind: str, data: bytes) -> tuple[str, list | None]:
  """What becomes of an input, and counts of the module."""
  from mirencoder_jax import ir
  from mirencoder_jax.corpus import files
  from mirencoder_jax.data import example
  from mirencoder_jax.ir import reader

  if kind == 'archive':
    with tempfile.TemporaryDirectory() as folder:
      path = pathlib.Path(folder, 'x.tar')
      path.write_bytes(data)
      try:
        found = files.CorpusFiles(path)
        members = list(found.read(found.files))
      except files.CorpusError:
        return 'refused', None
      if os.listdir(folder) != ['x.tar']:
        raise AssertionError('an archive wrote files')
    return f'archive of {len(members)}', None
  try:
    module = ir.read_module(data, 'x.ll')
  except ir.IRError as error:
    if error.file != 'x.ll':
      raise AssertionError(f'an error of {error.file!r}') from error
    if reader.BROKE in str(error):
      raise error.__cause__ from None
    if 'LLVM aborted' in str(error):
      return 'aborted', None
    # LLVM does not mind the heads of two modules, and takes them for comments.
    several = 'a second module begins' in str(error)
    return 'several' if several else 'refused', None
  ir.program_graph.validate(ir.build_graph(module))
  examples = example.featurize(module, _tokenizer())
  for function, item in zip(module.functions, examples, strict=True):
    ir.program_graph.validate(ir.build_graph(module, [function]))
    if item['instruction_offset'][-1] != len(item['tokens']):
      raise AssertionError('spans do not end with the tokens')
  counts = [
      (
          f.name,
          len(f.block_starts) - 1,
          f.num_instructions,
          f.num_dropped,
      )
      for f in module.functions
  ]
  return 'unverified' if module.unverified else 'read', counts


_CACHE = {}


def _tokenizer():
  from mirencoder_jax import ir

  if not _CACHE:
    _CACHE['tokenizer'] = ir.tokenizer.train(
        {'add': 9, 'i32': 9, 'load': 5}, 512
    )
  return _CACHE['tokenizer']


def compare(ours: list | None, llvm: list, outcome: str) -> str:
  """What we lost of a module that LLVM verifies; '' if nothing."""
  if not llvm or outcome == 'several':  # nothing to encode is refused
    return ''
  if ours is None or outcome != 'read':
    return f'LLVM verifies it, ours: {outcome}'
  if len(ours) != len(llvm):
    return f'{len(ours)} functions, LLVM has {len(llvm)}'
  for (name, blocks, instructions, dropped), (_, *theirs) in zip(
      ours, llvm, strict=True
  ):
    # Debug records are no instructions to LLVM 22, debug intrinsics are.
    some = range(instructions, instructions + dropped + 1)
    if blocks != theirs[0] or theirs[1] not in some:
      return f'{name}: {blocks} blocks, {instructions} instr., LLVM {theirs}'
  return ''


def serve(what: str, memory: int, pipe) -> None:
  """A child: answers requests until the pipe closes."""
  resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
  os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
  while True:
    try:
      kind, data = pipe.recv()
    except EOFError:
      return
    try:
      answer = count_by_llvm(data) if what == 'count' else read(kind, data)
    except MemoryError:
      pipe.send(('memory', traceback.format_exc(limit=-4)))
    except BaseException:
      pipe.send(('crash', traceback.format_exc()))
    else:
      pipe.send(('', answer))


class Child:
  """A process with limits that is started anew when it is gone."""

  def __init__(self, what: str, seconds: float, memory: int):
    self._arguments, self._seconds, self._process = (
        (what, memory),
        seconds,
        None,
    )

  def ask(self, kind: str, data: bytes) -> tuple[str, object]:
    """A kind of finding ('' for none), and the answer or what happened."""
    if self._process is None:
      context = multiprocessing.get_context('spawn')
      self._pipe, theirs = context.Pipe()
      self._process = context.Process(
          target=serve, args=(*self._arguments, theirs), daemon=True
      )
      self._process.start()
      theirs.close()
      self._pipe.send(('text', b'define void @f() {\n  ret void\n}\n'))
      self._pipe.recv()  # all is imported, which takes seconds
    self._pipe.send((kind, data))
    start = time.monotonic()
    used = self._cpu_seconds()
    try:
      # Of its own time, for the machine may have other work; a wait without
      # work is an end, too, if it is long enough.
      while (
          self._cpu_seconds() - used < self._seconds
          and time.monotonic() - start < 30 * self._seconds
      ):
        if self._pipe.poll(1.0):
          return self._pipe.recv()
    except (EOFError, ConnectionResetError):
      pass
    dead = self._process.exitcode is not None or not self._process.is_alive()
    self.close()
    return ('death', 'the process died') if dead else ('hang', 'no end')

  def _cpu_seconds(self) -> float:
    """Of the process and of LLVM's."""
    pid = self._process.pid
    return sum(map(_cpu_seconds, [pid, *_children(pid)]))

  def close(self) -> None:
    """Ends the process and LLVM's, which is a child of it."""
    if self._process is None:
      return
    for pid in _children(self._process.pid):
      try:
        os.kill(pid, signal.SIGKILL)
      except ProcessLookupError:
        pass
    self._process.kill()
    self._process.join()
    self._pipe.close()
    self._process = None


def fuzz_by_coverage(args: argparse.Namespace, inputs: Inputs) -> None:
  """Texts by what they reach of the reader's Python; LLVM is not looked into.

  What reached something new is kept in `output/reached` for the next run.
  """
  import atheris

  rng = random.Random(args.seed)
  reached = args.output / 'reached'
  reached.mkdir(exist_ok=True)
  for number, text in enumerate(inputs.texts):
    (reached / f'module-{number}').write_bytes(text)
  with atheris.instrument_imports(include=['mirencoder_jax']):
    read('text', b'define void @f() {\n  ret void\n}\n')  # imports all

  def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    del seed
    text = data.decode(errors='replace')
    if len(text) < 8 or rng.random() < 0.2:
      return atheris.Mutate(data, max_size)
    other = rng.choice(inputs.texts).decode()
    return mutate_text(text, other, rng).encode(errors='replace')[:max_size]

  options = [
      f'-max_total_time={round(60 * args.minutes)}',
      f'-timeout={round(10 * args.seconds)}',  # of the clock, not of CPU
      f'-rss_limit_mb={round(1024 * args.gigabytes)}',
      f'-max_len={2 * MAX_BYTES}',
      f'-artifact_prefix={args.output}/coverage-',
      str(reached),
  ]
  atheris.Setup(
      [sys.argv[0], *options],
      lambda data: read('text', data),
      custom_mutator=mutate,
  )
  atheris.Fuzz()  # ends the process


def _cpu_seconds(pid: int) -> float:
  try:
    text = pathlib.Path(f'/proc/{pid}/stat').read_text()
  except OSError:
    return 0.0
  user, system = text.rpartition(')')[2].split()[11:13]
  return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def _children(pid: int) -> list[int]:
  try:
    text = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text()
  except OSError:
    return []
  return [int(word) for word in text.split()]


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
  parser.add_argument('--output', type=pathlib.Path, required=True)
  parser.add_argument('--source', type=pathlib.Path, default=STARTER)
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--minutes', type=float, default=1.0)
  parser.add_argument(
      '--seconds', type=float, default=20.0, help='of CPU, an input'
  )
  parser.add_argument('--gigabytes', type=float, default=2.0, help='of memory')
  parser.add_argument('--replay', type=int, help='this input, verbosely')
  parser.add_argument('--coverage', action='store_true', help='with atheris')
  args = parser.parse_args()
  args.output.mkdir(parents=True, exist_ok=True)
  inputs = Inputs(args.source, args.seed)
  if args.coverage:
    return fuzz_by_coverage(args, inputs)
  memory = int(args.gigabytes * 2**30)
  reader = Child('read', args.seconds, memory)
  counter = Child('count', args.seconds, memory)
  state_path = args.output / f'state-{args.seed}.json'
  state = {'next': 0, 'seconds': 0.0, 'outcomes': {}}
  if state_path.exists():
    state = json.loads(state_path.read_text())
  outcomes = collections.Counter(state['outcomes'])
  number = state['next'] if args.replay is None else args.replay
  begin = time.monotonic()
  slowest = (0.0, -1)
  while time.monotonic() - begin < 60 * args.minutes:
    kind, data = inputs.make(number)
    start = time.monotonic()
    finding, answer = reader.ask(kind, data)
    slowest = max(slowest, (time.monotonic() - start, number))
    outcome = finding
    if not finding:
      outcome, counts = answer
      outcome = 'archive' if kind == 'archive' else outcome
      if kind != 'archive' and outcome != 'aborted':
        refused, llvm = counter.ask(kind, data)
        if not refused and llvm is not None:
          outcomes['verified by LLVM'] += 1
          answer = compare(counts, llvm, outcome)
          if answer:
            finding = 'loss'
    outcomes[f'{kind}: {finding or outcome}'] += 1
    if finding:
      path = args.output / f'{args.seed}-{number}.{finding}.{kind}'
      path.write_bytes(data)
      last = str(answer).strip().splitlines()[-1]
      print(f'{number} {kind} {finding}: {last}', flush=True)
    if args.replay is not None:
      print(kind, len(data), finding or outcome, answer, sep='\n')
      break
    number += 1
    if not number % 50:
      _save(state_path, state, number, begin, outcomes)
  if args.replay is None:
    _save(state_path, state, number, begin, outcomes)
    total = state['seconds'] + time.monotonic() - begin
    print(f'{number} inputs, {total / 60:.1f} minutes in all')
    print(f'slowest of this run: {slowest[0]:.1f} s, input {slowest[1]}')
    for name, count in sorted(outcomes.items()):
      print(f'  {name:28} {count:7}')
  reader.close()
  counter.close()


def _save(path, state, number, begin, outcomes) -> None:
  done = state['seconds'] + time.monotonic() - begin
  document = {'next': number, 'seconds': done, 'outcomes': dict(outcomes)}
  aside = path.with_suffix('.part')
  aside.write_text(json.dumps(document, indent=1))
  os.replace(aside, path)


if __name__ == '__main__':
  main()
