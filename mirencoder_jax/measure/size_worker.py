"""Child process that runs pipelines of passes over functions; LLVM is in it.

It imports llvmlite and nothing of ours. Some orders of passes abort LLVM, and
some never end: then the child is gone, and whoever asked (`size_passes`) knows
by the answers so far which pipeline it was.

Protocol: a request is a line of JSON, then as many bytes as its `size` says.
`op` is `resolve` (a module -> its text, always-inline calls made and the
attribute dropped), `mark` (a module -> bitcode, `minsize optsize` on its
functions), `compile` (a function's module -> an object for each of
`pipelines`), `run` (a module -> its text behind `pipeline`) or `emit` (a module
-> its object, no pass run). An answer is one byte, `+` or `-`, its length
(uint64, little endian) and text, object or message; the first `-` ends a
request.
"""

import functools
import json
import os
import re
import resource
import struct
import sys

_SMALL = ('minsize', 'optsize')


def _parse(data: bytes):
  import llvmlite.binding as llvm

  # Of its own: what the global context interns is never given back.
  context = llvm.create_context()
  if data[:4] in (b'BC\xc0\xde', b'\xde\xc0\x17\x0b'):
    return llvm.parse_bitcode(data, context)
  return llvm.parse_assembly(data.decode('utf-8', 'replace'), context)


@functools.cache
def _machine(triple: str, cpu: str, features: str):
  import llvmlite.binding as llvm

  llvm.initialize_all_targets()
  llvm.initialize_all_asmprinters()
  llvm.initialize_native_asmparser()  # of inline assembly
  return llvm.Target.from_triple(triple).create_target_machine(
      cpu=cpu, features=features, opt=2, reloc='pic', codemodel='default'
  )


def _run(module, machine, pipeline: str) -> None:
  """Runs stages: `Oz`, `O1` to `O3`, or names of llvmlite's passes."""
  import llvmlite.binding as llvm

  stages: list[list[str]] = []
  for word in pipeline.split():
    is_level = re.fullmatch('O[123z]', word)
    if is_level or not stages or re.fullmatch('O[123z]', stages[-1][0]):
      stages.append([word])
    else:
      stages[-1].append(word)
  for stage in stages:
    level = re.fullmatch('O([123z])', stage[0])
    speed = 2 if level is None or level[1] == 'z' else int(level[1])
    options = llvm.create_pipeline_tuning_options(speed)
    is_oz = level is not None and level[1] == 'z'
    options.loop_vectorization = not is_oz
    options.slp_vectorization = True  # clang does, at -Oz as well
    options.loop_interleaving = not is_oz
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    if level is not None:
      manager = builder.getModulePassManager()
    else:
      manager = llvm.create_new_module_pass_manager()
      for name in stage:
        getattr(manager, f'add_{name}_pass')()
    manager.run(module, builder)


def _resolve(data: bytes) -> bytes:
  import llvmlite.binding as llvm

  module = _parse(data)
  manager = llvm.create_new_module_pass_manager()
  manager.add_always_inliner_pass()
  builder = llvm.create_pass_builder(
      _machine(llvm.get_default_triple(), '', ''),
      llvm.create_pipeline_tuning_options(2),
  )
  manager.run(module, builder)
  module.verify()
  text = re.sub(r'\balwaysinline ', '', str(module))
  # LLVM reads no empty group; it knows no attribute of this name.
  text = text.replace(' = { }', ' = { "always-inlined" }')
  return text.encode()


def _mark(data: bytes) -> bytes:
  module = _parse(data)
  _add_attributes(module, _SMALL)
  module.verify()
  return module.as_bitcode()


def _add_attributes(module, attributes) -> None:
  for function in module.functions:
    if not function.is_declaration:
      for attribute in attributes:
        function.add_function_attribute(attribute)


def _parse_for(data: bytes, request: dict):
  """Module and machine of its target, or of the one that is asked for."""
  module = _parse(data)
  module.verify()
  triple = request['triple'] or module.triple
  machine = _machine(
      triple, request.get('cpu', ''), request.get('features', '')
  )
  module.triple = triple
  module.data_layout = str(machine.target_data)
  return module, machine


def _transform(data: bytes, request: dict) -> bytes:
  """Text behind a pipeline, or the object, of a module as it is."""
  module, machine = _parse_for(data, request)
  _limit(request['seconds'])
  if request['op'] == 'emit':
    return machine.emit_object(module)
  _run(module, machine, request['pipeline'])
  module.verify()
  return str(module).encode()


def _compile(data: bytes, request: dict):
  """Yields an object for each pipeline."""
  base, machine = _parse_for(data, request)
  _add_attributes(base, (*_SMALL, 'noinline'))
  for pipeline in request['pipelines']:
    _limit(request['seconds'])
    module = base.clone()
    _run(module, machine, pipeline)
    module.verify()
    yield machine.emit_object(module)


def _limit(seconds: int | None) -> None:
  """Lets the system end this process when it has worked that much longer."""
  usage = resource.getrusage(resource.RUSAGE_SELF)
  hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
  soft = hard
  if seconds is not None:
    soft = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
  resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def main() -> None:
  # LLVM writes to stdout and stderr as it likes: keep the channel apart.
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
  requests = sys.stdin.buffer

  def answer(ok: bool, body: bytes) -> None:
    answers.write(struct.pack('<cQ', b'+' if ok else b'-', len(body)) + body)
    answers.flush()

  while line := requests.readline():
    request = json.loads(line)
    data = requests.read(request['size'])
    try:
      if request['op'] == 'resolve':
        answer(True, _resolve(data))
      elif request['op'] == 'mark':
        answer(True, _mark(data))
      elif request['op'] in ('run', 'emit'):
        answer(True, _transform(data, request))
      else:
        for body in _compile(data, request):
          answer(True, body)
    except Exception as error:  # whatever it is, it is this module's error
      answer(False, (str(error) or type(error).__name__).encode())
    _limit(None)


if __name__ == '__main__':
  main()
