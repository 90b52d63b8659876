"""What LLVM's refusal of a file means, and what to do about it."""

import re

from mirencoder_jax.ir import llvm

_DIAGNOSTIC = re.compile(r'<string>:(\d+):\d+: error: ([^\n]*)')
_PRODUCER = re.compile(
    r"Producer: 'LLVM(([0-9]+)[^' ]*)' Reader: 'LLVM ([0-9]+)"
)
_RETIRED = re.compile(r'unsupported constant expression of type (\w+)')
# Of damage, and as well of a retired constant where there must be one, or of a
# struct that has a function of itself in it.
_VAGUE = re.compile('Invalid (?:record|function argument type|TYPE table)')
_LAST_TO_RETIRE = 20  # the last LLVM with expressions that ours has no more
# Of bits that mean nothing; what means something is older than LLVM's rules.
_DAMAGE = re.compile(
    "invalid|malformed block|unexpected end|can't skip|too soon|no operands|"
    'conflicting|corrupt|abbrev|before seeing|unknown|unrecognized',
    re.IGNORECASE,
)
LLVM_DIS = 'give the text that `llvm-dis` of the LLVM that wrote it makes of it'


def reason(error: llvm.LlvmRefusal) -> str:
  """LLVM's message without what it quotes of the file."""
  message = str(error)
  match = _DIAGNOSTIC.search(message)
  if match:
    return f'line {match.group(1)}: {match.group(2)}'
  return ' '.join(message.split())[:200]


def bitcode_advice(message: str) -> str:
  """What to do about bitcode that LLVM refuses: damaged, older or newer."""
  producer = _PRODUCER.search(message)
  retired = _RETIRED.search(message)
  writer = f'LLVM {producer.group(1)}' if producer else 'its LLVM'
  if retired:
    return (
        f'it is whole, but {writer} wrote a constant expression '
        f'{retired.group(1)!r} into the value of a global, which LLVM has no '
        f'more; {LLVM_DIS}'
    )
  if 'single module' in message:
    return (
        'it is cut off before the first module, or holds several: take them '
        'apart with llvm-modextract, or link them with llvm-link'
    )
  if 'epoch' in message or (
      producer and int(producer.group(2)) > int(producer.group(3))
  ):
    return (
        f'{writer} wrote it, which is newer than that of llvmlite: upgrade '
        f'llvmlite, or {LLVM_DIS}'
    )
  if not _DAMAGE.search(message):
    return (
        f'{writer} wrote it, and LLVM accepts no more what it says; {LLVM_DIS}'
    )
  if (
      producer
      and int(producer.group(2)) <= _LAST_TO_RETIRE
      and _VAGUE.search(message)
  ):
    return (
        f'{writer} wrote it: it is damaged, or has a constant expression or a '
        f'type that LLVM has no more; {LLVM_DIS}, or make it again'
    )
  if producer:
    return (
        f'{writer} wrote it, which LLVM {producer.group(3)} reads, so it is '
        'damaged: make it again'
    )
  return 'it is cut off or damaged: make it again'
