"""Child process that holds LLVM: IR in, one canonical text out.

Station in the flow: started by `ir.llvm` as a script, so that an abort inside
LLVM costs one file and not the caller. It imports llvmlite and nothing of ours.

Protocol on stdin and stdout, little endian. Request: uint64 length, payload
(bitcode, or UTF-8 text). Answer: one byte, `+` or `-`, uint64 length, payload
(the module's text, or LLVM's message).
"""

import os
import struct
import sys


def canonical_text(data: bytes) -> str:
  """Parses bitcode or text with LLVM and prints it.

  Raises:
    RuntimeError: LLVM's message if it refuses the input.
  """
  import llvmlite.binding as llvm

  if data[:4] in (b'BC\xc0\xde', b'\xde\xc0\x17\x0b'):
    module = llvm.parse_bitcode(data)
  else:
    module = llvm.parse_assembly(data.decode())
  return str(module)


def main() -> None:
  # LLVM writes to stdout and stderr as it likes: keep the channel apart.
  answers = os.fdopen(os.dup(1), 'wb')
  os.dup2(2, 1)
  requests = sys.stdin.buffer
  while True:
    head = requests.read(8)
    if len(head) < 8:
      return
    data = requests.read(struct.unpack('<Q', head)[0])
    try:
      status, text = b'+', canonical_text(data)
    except Exception as error:  # whatever it is, it is this file's error
      status, text = b'-', str(error) or type(error).__name__
    del data
    answer = text.encode(errors='replace')
    answers.write(status + struct.pack('<Q', len(answer)))
    answers.write(answer)
    answers.flush()


if __name__ == '__main__':
  main()
