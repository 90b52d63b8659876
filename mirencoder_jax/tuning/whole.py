"""A module before passes, and objects of it: some functions by other passes.

Station: between the functions that `functions` tries by themselves and what it
keeps. Every step is a pass of LLVM's over a whole module.
"""

import dataclasses

from mirencoder_jax.frontend import isolation
from mirencoder_jax.measure import elf, pipelines, size_passes
from mirencoder_jax.tuning import gating

_ORDER = tuple(pipelines.PIPELINES)
_INLINED = 1.05  # what it may cost to inline first


@dataclasses.dataclass
class Built:
  """A whole module behind its passes.

  Attributes:
    text: of it.
    made: its object.
    sizes: of the object.
  """

  text: str
  made: bytes
  sizes: elf.Sizes

  def is_sound(self, base: elf.Sizes) -> bool:
    """Whether it defines what another does, and needs nothing more."""
    allowed = base.undefined | size_passes.RUNTIME
    new = size_passes.unknown(self.sizes.undefined, allowed)
    return base.defined <= self.sizes.defined and not new


class Whole:
  """A module before passes.

  Attributes:
    parts: its functions by themselves.
    base: what -Oz makes of it.
    symbols: of functions that -Oz keeps, the largest first.
  """

  def __init__(self, text: str, file: str, worker: size_passes.SizeWorker):
    """Takes text that `SizeWorker.resolve` gave.

    Raises:
      SizeError: -Oz fails, or its object cannot be read.
      ElfError: likewise.
    """
    self._text, self._file, self._worker = text, file, worker
    self.parts = isolation.Module(text, file)
    if not self.parts.triple.startswith(size_passes.ARCHITECTURES):
      raise size_passes.SizeError(
          f'no object code is read of {self.parts.triple!r}'
      )
    self.base = self.build({})
    functions = self.base.sizes.functions
    self.symbols = sorted(
        (s for s in self.parts.symbols if functions.get(s)),
        key=lambda s: -functions[s],
    )

  def inlined(self) -> 'Whole | None':
    """The module with what -Oz inlines everywhere inlined first.

    A function by itself is then what -Oz makes it of. None where that is
    nothing, or costs more than next to nothing.
    """
    sizes = self.base.sizes
    # Nothing calls them any more, and nobody else may.
    gone = set(self.parts.symbols) - set(sizes.functions) - sizes.undefined
    if not gone:
      return None
    text = gating.demand_inlining(self._text, gone)
    try:
      text = self._worker.resolve(text.encode('utf-8', 'replace'))
      found = Whole(text, self._file, self._worker)
    except (size_passes.SizeError, elf.ElfError):
      return None
    is_large = found.base.sizes.text > _INLINED * sizes.text
    return None if is_large else found

  def build(self, choices: dict[str, str]) -> Built:
    """The module, functions of `choices` by pipelines of their own.

    Raises:
      SizeError: that cannot be.
      ElfError: likewise.
    """
    text = self._text
    for name in sorted(set(choices.values()), key=_ORDER.index):
      mine = {symbol for symbol in choices if choices[symbol] == name}
      gated = gating.gate(text, set(self.parts.symbols) - mine)
      text = self._worker.run(gated, pipelines.PIPELINES[name])
      text = gating.ungate(text)
    text = self._worker.run(gating.gate(text, choices), 'Oz')
    text = gating.ungate(text)
    made = self._worker.emit(text)
    return Built(text, made, elf.read_sizes(made))
