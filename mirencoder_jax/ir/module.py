"""`Module`, `Function` and `IRError`: IR as normalised data.

Everything that a compiler does not guarantee is gone: names of values, structs
and user symbols, metadata, debug info, numbers of attributes. What was dropped
is counted.
"""

import dataclasses
import hashlib

from mirencoder_jax.ir import names


class IRError(ValueError):
  """IR that cannot be read.

  Attributes:
    file: name of the file, or of what the text was called.
    line: line of the text, from 1; None where there is none (bitcode).
  """

  def __init__(self, message: str, file: str = '', line: int | None = None):
    place = file or '<ir>'
    if line is not None:
      place += f':{line}'
    super().__init__(f'{place}: {message}')
    self.file = file
    self.line = line
    self.message = message


@dataclasses.dataclass(slots=True, eq=False)
class Constant:
  """A distinct constant of a module; equal only to itself.

  Attributes:
    type_text: node text of its type, as ProGraML has it.
    words: its type and value as words, joined by blanks.
  """

  type_text: str
  words: str


@dataclasses.dataclass(slots=True)
class Function:
  """One function definition, as parallel lists over its instructions.

  Instruction numbers count from 0 in text order; block numbers too.

  Attributes:
    symbol: its name in the file.
    words: normalised words: signature, globals used, then the instructions.
    offsets: instruction k owns words[offsets[k]:offsets[k + 1]]; what stands
      before offsets[0] is the signature. A label counts to its first
      instruction.
    opcodes: LLVM's opcode of each instruction.
    types: node text of each instruction's result type, `void` if none.
    texts: words that describe each instruction without its values.
    block_of: block number of each instruction.
    block_starts: first instruction of each block, and the total at the end.
    successors: of each block, in LLVM's order.
    parameters: (node text, word) of each parameter's type.
    use_users, use_positions, use_types, use_definitions: operands that are
      results of instructions: the instruction that uses it, operand position,
      node text of the type, and the instruction that defines it.
    parameter_users, parameter_positions, parameter_numbers: operands that are
      parameters, with the parameter's number.
    constant_users, constant_positions, constants: operands that are constants;
      objects of `Module.constants`.
    calls: (instruction, symbol) of every direct `call`.
    num_dropped: debug instructions and records that were left out.
  """

  symbol: str
  words: list[str]
  offsets: list[int]
  opcodes: list[str]
  types: list[str]
  texts: list[str]
  block_of: list[int]
  block_starts: list[int]
  successors: list[list[int]]
  parameters: list[tuple[str, str]]
  use_users: list[int]
  use_positions: list[int]
  use_types: list[str]
  use_definitions: list[int]
  parameter_users: list[int]
  parameter_positions: list[int]
  parameter_numbers: list[int]
  constant_users: list[int]
  constant_positions: list[int]
  constants: list[Constant]
  calls: list[tuple[int, str]]
  num_dropped: int = 0

  @property
  def name(self) -> str:
    """The symbol without quotes."""
    return self.symbol.strip('"')

  @property
  def num_instructions(self) -> int:
    return len(self.opcodes)

  @property
  def hash(self) -> str:
    """128 bits over the normalised words, hexadecimal; equal = same code."""
    text = ' '.join(self.words).encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


@dataclasses.dataclass(slots=True)
class Module:
  """What was read from one file.

  Attributes:
    name: file name, or what the caller called it.
    functions: definitions, in file order.
    symbols: every function, defined or declared, in file order: symbol -> the
      word under which it is kept (`@sqrt`, or `@f` for a user's).
    constants: every distinct constant of the definitions, by (type, text).
    unverified: True if LLVM did not accept the text, nor what it surely was
      before an older LLVM wrote it; `refusal` then says why.
    refusal: LLVM's message, or ''.
    producer_llvm: version of the producer as `!llvm.ident` has it, or ''.
    counts: what was left out: `debug_records`, `metadata_lines`; of text that
      LLVM refused `lost_functions`, and `unknown_instructions`, which were read
      by their operands alone. Those that are 0 may be missing.
    triple: of the target, such as `x86_64-unknown-linux-gnu`, or ''.
  """

  name: str
  functions: list[Function]
  symbols: dict[str, str]
  constants: dict[tuple[str, str], Constant]
  unverified: bool = False
  refusal: str = ''
  producer_llvm: str = ''
  counts: dict[str, int] = dataclasses.field(default_factory=dict)
  triple: str = ''

  def function(self, name: str) -> Function:
    """The definition of that name.

    Args:
      name: a symbol, or what `names.readable` makes of one, with or without
        parameters: `_Z4axpyif`, `axpy(int, float)`, `axpy`.

    Raises:
      KeyError: if the module does not define it, or several are so named; the
        message lists them, or some that it defines.
    """
    found = names.find(name, (f.name for f in self.functions))
    for function in self.functions:
      if [function.name] == found:
        return function
    if found:
      raise KeyError(
          f'{self.name} defines several functions {name!r}: {", ".join(found)}'
      )
    known = ', '.join(names.readable(f.name) for f in self.functions[:8])
    raise KeyError(f'{self.name} does not define {name!r}; it defines {known}')
