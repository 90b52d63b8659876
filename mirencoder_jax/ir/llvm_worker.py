"""Child process that holds LLVM: IR in, one canonical text out.

It imports llvmlite and nothing of ours.

Protocol on stdin and stdout, little endian. Request: uint64 length, pipeline
(what to run before printing, see `ir.views`; empty for nothing), uint64 length,
payload (bitcode, or UTF-8 text). Answer: one byte, `+` or `-`, uint64 length,
payload (the module's text, or LLVM's message).
"""

import functools
import os
import re
import struct
import sys


def canonical_text(data: bytes, pipeline: str = '') -> str:
  """Parses bitcode or text with LLVM, runs a pipeline and prints it.

  Raises:
    RuntimeError: LLVM's message if it refuses the input, or if what the
      pipeline made of it is broken.
  """
  import llvmlite.binding as llvm

  if data[:4] in (b'BC\xc0\xde', b'\xde\xc0\x17\x0b'):
    module = llvm.parse_bitcode(data)
  else:
    module = llvm.parse_assembly(data.decode())
  if pipeline:
    _optimise(module, pipeline)
    module.verify()
  try:
    text = str(module)
  except UnicodeDecodeError:
    text = _escaped(module)
  text = _on_one_line(text)
  defined = sum(not function.is_declaration for function in module.functions)
  if text.count('\ndefine ') + text.startswith('define ') != defined:
    raise RuntimeError(
        "a name of an attribute holds a text of LLVM's own: not the functions "
        'of the module would be read'
    )
  return text


def _on_one_line(text: str) -> str:
  """The text with escapes where a name of an attribute breaks a line.

  LLVM prints those names, and names of collectors of garbage, as they are.
  """
  for start in ('attributes #', 'define ', 'declare ', 'target '):
    parts, kept = [], 0
    at = text.find('\n' + start)
    while at >= 0:
      line, is_open = at + 1, False
      while True:
        end = text.find('\n', line)
        end = len(text) if end < 0 else end
        is_open ^= text.count('"', line, end) % 2
        if not is_open or end == len(text):
          break
        parts += [text[kept:end], '\\0A']
        kept = line = end + 1
      at = text.find('\n' + start, end)
    text = ''.join([*parts, text[kept:]]) if parts else text
  return text


def _escaped(module) -> str:
  """The text of a module in which LLVM leaves bytes that are no UTF-8.

  It does so in names of attributes and collectors of garbage; elsewhere it
  escapes them, as is done here.
  """
  from llvmlite.binding import ffi

  with ffi.OutputString() as output:
    ffi.lib.LLVMPY_PrintModuleToString(module, output)
    text = output.bytes.decode(errors='surrogateescape')
  return re.sub(
      '[\udc80-\udcff]', lambda c: f'\\{ord(c[0]) - 0xDC00:02X}', text
  )


def _optimise(module, pipeline: str) -> None:
  """Runs a level of clang (`O1`) or passes of llvmlite (`sroa,new_gvn`)."""
  import llvmlite.binding as llvm

  level = re.fullmatch('O([0-3s])', pipeline)
  if level is not None and level[1] == 's':
    # As clang has it: the pipeline of O2 over functions marked so.
    for function in module.functions:
      if not function.is_declaration:
        function.add_function_attribute('optsize')
  speed = 2 if level is None or level[1] == 's' else int(level[1])
  builder = llvm.create_pass_builder(
      _machine(module.triple), llvm.create_pipeline_tuning_options(speed)
  )
  if level is not None:
    manager = builder.getModulePassManager()
  else:
    manager = llvm.create_new_module_pass_manager()
    for name in pipeline.split(','):
      getattr(manager, f'add_{name}_pass')()
  manager.run(module, builder)


@functools.cache
def _machine(triple: str):
  """What the pipeline optimises for; this machine where LLVM lacks the one."""
  import llvmlite.binding as llvm

  llvm.initialize_all_targets()
  try:
    target = llvm.Target.from_triple(triple)
  except RuntimeError:  # spir, for one
    target = llvm.Target.from_default_triple()
  return target.create_target_machine(opt=2)


def _read(requests) -> bytes | None:
  """The next field of a request, None at the end."""
  head = requests.read(8)
  if len(head) < 8:
    return None
  return requests.read(struct.unpack('<Q', head)[0])


def main() -> None:
  # LLVM writes to stdout and stderr as it likes: keep the channel apart.
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)
  requests = sys.stdin.buffer
  while True:
    pipeline = _read(requests)
    data = _read(requests)
    if data is None:
      return
    try:
      status, text = b'+', canonical_text(data, pipeline.decode())
    except Exception as error:  # whatever it is, it is this file's error
      status, text = b'-', str(error) or type(error).__name__
    del data
    answer = text.encode(errors='replace')
    answers.write(status + struct.pack('<Q', len(answer)))
    answers.write(answer)
    answers.flush()


if __name__ == '__main__':
  main()
