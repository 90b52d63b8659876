"""What is searched for a program, and what was found, whatever the goal."""

import dataclasses

# Which of the two sizes is to be small.
KINDS = ('text', 'image')


@dataclasses.dataclass(frozen=True)
class Settings:
  """What is tried, and how long.

  Attributes:
    kind: `text`, what is run; or `image`, with read-only data and unwind
      tables, as `size` counts text.
    trials: choices that are tried beside what the compiler does by itself; None
      for as many as the goal tries. Of flags 0 is for the set that serves
      everyone, which is checked.
    seconds: for a unit, on the clock; None for no limit.
    clang: a name on the PATH, a path or `ziglang`; '' for the first found.
    flags: more for sources, such as `-Iinclude`.
    target: what `clang --target` gets, '' for the unit's own.
    without: flags of `size_flags.FLAGS` that no set has.
  """

  kind: str = 'text'
  trials: int | None = None
  seconds: float | None = None
  clang: str = ''
  flags: tuple[str, ...] = ()
  target: str = ''
  without: tuple[str, ...] = ()


@dataclasses.dataclass
class Tuned:
  """What was found.

  Attributes:
    path: of the source or IR.
    choice: the best one, '' for what the compiler does by itself.
    base: bytes, or seconds, of what the compiler does by itself.
    best: the same of the best choice; `base` at most.
    trials: choice -> bytes or seconds, or why there are none, in the order of
      trying.
    seconds: on the clock.
    command: that gives the result without us; or a pragma, or an environment.
    error: why nothing could be tried, '' if something was.
    stopped: what ended it: '' (nothing is left to try), `trials`, `seconds`, or
      `Ctrl-C`.
    interval: 95 % of `gain`, where it was measured and not counted.
    notes: more to know, above all why not to trust it.
  """

  path: str
  choice: str = ''
  base: float = 0
  best: float = 0
  trials: dict[str, float | str] = dataclasses.field(default_factory=dict)
  seconds: float = 0.0
  command: str = ''
  error: str = ''
  stopped: str = ''
  interval: tuple[float, float] | None = None
  notes: list[str] = dataclasses.field(default_factory=list)

  @property
  def gain(self) -> float:
    """Share of `base` that is saved."""
    return 1 - self.best / self.base if self.base else 0.0


def hint(reason: str) -> str:
  """What to do where IR cannot be tuned for size, if that is known."""
  if 'optnone' not in reason:
    return ''
  return (
      '. This IR is of -O0: make it by `clang -Oz -Xclang '
      '-disable-llvm-passes -c -emit-llvm`'
  )
