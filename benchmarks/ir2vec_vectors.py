"""IR2Vec vectors of the functions that a view retrieval searches among.

    python eval.py --config=configs/pretraining_eval.py --checkpoint=small \
        --workdir=runs/heldout
    python benchmarks/ir2vec_vectors.py --functions=runs/heldout/functions.csv \
        --bitcode=DATA/bitcode/default --output=ir2vec_sym.npz
    python eval.py --config=configs/pretraining_eval.py --checkpoint=small \
        --compare='IR2Vec symbolic=ir2vec_sym.npz'

Makes each module's view again as the corpus did and keeps the vectors of the
wanted functions under their hashes. Each function is read alone, with what it
uses declared, under a plain name, in a process of its own, and without
attributes, metadata and the flags that LLVM has since 18: IR2Vec 2.1.1 ends the
process on much of that, on Rust's names, and by chance on large modules, or
does not end. None of what is taken out has a place in its vocabulary, and its
symbolic vector of a function alone is that of the function in its module. What
is missing is counted by reason, and evaluated as never found.
"""

import collections
import csv
import pathlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from mirencoder_jax.ir import llvm  # noqa: E402

_FUNCTIONS = flags.DEFINE_string('functions', None, 'The `functions.csv`.')
_BITCODE = flags.DEFINE_string('bitcode', None, 'Folder of the corpus.')
_OUTPUT = flags.DEFINE_string('output', None, 'The .npz to write.')
_MODE = flags.DEFINE_enum('mode', 'sym', ['sym', 'fa'], 'Of IR2Vec.')
_PYTHON = flags.DEFINE_string(
    'ir2vec_python', sys.executable, 'An interpreter that has ir2vec.'
)
flags.mark_flags_as_required(['functions', 'bitcode', 'output'])

# Reads "IR file, tab, output file" lines; a child for each, as it may die.
_CHILD = """
import os, signal, sys
import ir2vec, numpy
for line in sys.stdin:
  source, target = line.rstrip('\\n').split('\\t')
  pid = os.fork()
  if not pid:
    signal.alarm(20)  # it may not end, either
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    found = ir2vec.initEmbedding(source, sys.argv[1], 'f').getFunctionVectors()
    (row,) = found.values()
    numpy.save(target, numpy.array(row['vector'], 'float32'))
    os._exit(0)
  print('status', os.waitpid(pid, 0)[1], flush=True)
"""
_NEWER = [
    # Metadata too: half of the text, and nothing to it.
    (re.compile(r'^(?:!| *#dbg_).*\n', re.M), ''),
    (re.compile(r'^.*@llvm\.experimental\.noalias\.scope\..*\n', re.M), ''),
    (re.compile(r',? ![\w.]+ !\d+'), ''),
    # Attributes end it, too.
    (re.compile(r'^attributes #.*\n', re.M), ''),
    (re.compile(r' #\d+(?=[ ,\n])'), ''),
    # Once these were told a size.
    (re.compile(r'(call void @llvm\.lifetime\.\S+?)\(ptr'), r'\1(i64 -1, ptr'),
    (re.compile(r'(declare void @llvm\.lifetime\.\S+?)\(ptr'), r'\1(i64, ptr'),
    (re.compile(r'(getelementptr(?: inbounds)?)((?: nusw| nuw)+)'), r'\1'),
    (re.compile(r'\b(icmp) samesign\b'), r'\1'),
    (re.compile(r'\b(trunc)((?: nuw| nsw)+)'), r'\1'),
    (re.compile(r'\b(zext|uitofp) nneg\b'), r'\1'),
    (re.compile(r'\b(or) disjoint\b'), r'\1'),
    (re.compile(r' (?:captures|range|nofpclass|inrange)\([^()]*\)'), ''),
    (re.compile(r' initializes\((?:\([^()]*\)(?:, )?)+\)'), ''),
    (
        re.compile(
            r' (?:dead_on_unwind|dead_on_return|writable|coro_[a-z_]+|'
            r'nocreateundeforpoison|noext)\b'
        ),
        '',
    ),
    (re.compile(r' memory\([^()]*(?:errnomem|target_mem)[^()]*\)'), ''),
]
_SPLAT = re.compile(r'\bsplat \(([^()]*)\)')
_LANES = re.compile(r'<(\d+) x ')
_SYMBOL = re.compile(r'@("[^"]*"|[-\w.$]+)')
_COMDAT = re.compile(r',? comdat(?:\(\$[^()]*\))?(?=[ ,\n])')
# What only a definition may have.
_OF_DEFINITIONS = re.compile(
    r'\b(?:private|internal|linkonce|linkonce_odr|weak|weak_odr|'
    r'available_externally|dso_local) '
    r'| personality ptr @(?:"[^"]*"|[-\w.$]+)'
)


def for_an_older_llvm(text: str) -> str:
  """Textual IR without what LLVM 18 and later have added to it."""
  for pattern, replacement in _NEWER:
    text = pattern.sub(replacement, text)
  if 'splat (' not in text:
    return text
  return '\n'.join([_without_splat(line) for line in text.split('\n')])


def _without_splat(line: str) -> str:
  lanes = _LANES.search(line)
  if lanes is None or 'splat (' not in line:
    return line
  count = int(lanes[1])
  return _SPLAT.sub(lambda m: '<' + ', '.join([m[1]] * count) + '>', line)


def one_at_a_time(text: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
  """Modules with one of these functions each, and what it needs declared.

  Args:
    text: of a module, as LLVM prints it.
    names: of functions that it defines.

  Yields:
    A name, and a module that defines it alone, as `the_function`.
  """
  types, definitions, others = [], {}, {}
  body = None
  for line in _COMDAT.sub('', text).splitlines(keepends=True):
    if body is not None:
      body.append(line)
      if line == '}\n':
        body = None
    elif line.startswith('define '):
      symbol = _SYMBOL.search(line)[0]
      body = definitions[symbol] = [line]
      head = line.removeprefix('define ').rpartition(' {')[0]
      others[symbol] = f'declare {_OF_DEFINITIONS.sub("", head)}\n'
    elif line.startswith(('declare ', '@')):
      others[_SYMBOL.search(line)[0]] = line
    elif line.startswith(('%', 'target ')):
      types.append(line)
  symbol_of = {symbol[1:].strip('"'): symbol for symbol in definitions}
  for name in names:
    if name not in symbol_of:
      continue
    own = symbol_of[name]
    alone = ''.join(definitions[own])
    used, new = {own}, [alone]
    while new:
      line = new.pop()
      for match in _SYMBOL.finditer(line):
        if match[0] in others and match[0] not in used:
          used.add(match[0])
          new.append(others[match[0]])
    used.remove(own)
    alone = ''.join([*types, *[others[s] for s in others if s in used], alone])
    yield name, re.sub(re.escape(own) + r'(?![-\w.$])', '@the_function', alone)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError('takes flags only')
  wanted = collections.defaultdict(dict)
  with open(_FUNCTIONS.value, newline='') as file:
    for row in csv.DictReader(file):
      wanted[row['module']][row['function']] = row['hash']
  found, counts = {}, collections.Counter()
  with (
      tempfile.TemporaryDirectory() as folder,
      subprocess.Popen(
          [_PYTHON.value, '-c', _CHILD, _MODE.value],
          stdin=subprocess.PIPE,
          stdout=subprocess.PIPE,
          stderr=subprocess.DEVNULL,
          text=True,
      ) as child,
  ):
    source, target = f'{folder}/module.ll', f'{folder}/vector.npy'
    for number, (module, functions) in enumerate(wanted.items()):
      path, _, pipeline = module.partition('@')
      try:
        data = pathlib.Path(_BITCODE.value, path).read_bytes()
        text = llvm.canonical_text(data, pipeline=pipeline)
      except (OSError, llvm.LlvmAbort, llvm.LlvmRefusal) as error:
        counts[f'no view: {type(error).__name__}'] += len(functions)
        continue
      modules = dict(one_at_a_time(for_an_older_llvm(text), list(functions)))
      counts['not in its module'] += len(functions) - len(modules)
      for name, alone in modules.items():
        pathlib.Path(source).write_text(alone)
        child.stdin.write(f'{source}\t{target}\n')
        child.stdin.flush()
        status = next((x for x in child.stdout if x.startswith('status')), '')
        if not status:
          raise app.UsageError(f'{_PYTHON.value} has no ir2vec')
        if status.split() == ['status', '0']:
          counts['found'] += 1
          found[functions[name]] = np.load(target)
        else:
          counts['not read by IR2Vec'] += 1
      if number % 200 == 0:
        counts_so_far = dict(counts)
        print(f'{number:,} of {len(wanted):,} modules: {counts_so_far}')
    child.stdin.close()
  if not found:
    raise SystemExit(f'nothing found: {dict(counts)}')
  np.savez(
      _OUTPUT.value,
      names=np.array(list(found)),
      vecs=np.stack(list(found.values())),
  )
  print(f'{_OUTPUT.value}: {dict(counts)}')


if __name__ == '__main__':
  app.run(main)
