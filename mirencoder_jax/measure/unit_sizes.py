"""`measure size --units`: what flags on top of `clang -Oz` make of a unit.

The functions of a module get `minsize` and `optsize`, as `clang -Oz` writes
them, and the module is compiled by `clang -Oz -x ir` with each set of flags.
Sizes are `.text` (what is run), and Berkeley's text, with read-only data and
unwind tables, since outliners buy the one with the other. A set that crashes
clang, loses a symbol or calls something new has no size there, and is named.
"""

import dataclasses
import hashlib
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mirencoder_jax import ir
from mirencoder_jax.frontend import bounded
from mirencoder_jax.ir import llvm
from mirencoder_jax.measure import (
    compiler,
    elf,
    label_file,
    size_flags,
    size_modules,
    size_passes,
)

_BOUNDS = bounded.Bounds(seconds=60, memory_mb=4096, wait_seconds=900)

# Bytes of .text and of Berkeley's text; or why there are none.
Size = list[int] | str


@dataclasses.dataclass(frozen=True)
class UnitsConfig:
  """What is measured of which units.

  Attributes:
    sets: names of sets of flags; `''`, -Oz alone, is always measured.
    target: what `clang --target` gets, '' for the module's own.
    max_megabytes: of a unit's file; larger ones are named and skipped.
    min_bytes: of `.text` under -Oz; smaller units are named and skipped.
  """

  sets: Sequence[str] = ()
  target: str = ''
  max_megabytes: float = 2
  min_bytes: int = 256

  def header(self, clang: compiler.Compiler) -> dict[str, Any]:
    """What sizes hang on; they do not on the machine."""
    return dict(
        kind='unit_sizes',
        compiler=clang.name,
        compiler_version=clang.version,
        flags=dict(size_flags.FLAGS),
        target=self.target,
        max_megabytes=self.max_megabytes,
        min_bytes=self.min_bytes,
    )


class Unit:
  """A module that clang compiles; its sizes are kept in the label file.

  Attributes:
    name: of its file.
    record: of the label file: `package`, `hash` (of the hashes of its
      functions), `sizes`; or `reason`, why it is not measured.
  """

  def __init__(self, module: size_modules.IrModule, session: 'Session'):
    self.name = module.name
    self._module = module
    self._session = session
    self._path: pathlib.Path | None = None
    self._base: elf.Sizes | None = None
    digest = module.digest()
    if session.labels.is_done(module.name, digest):
      self.record = session.labels.records[module.name]
      return
    self.record = dict(name=module.name, digest=digest, package=module.package)
    try:
      self.record |= self._describe()
      base = self.size('')
    except (ir.IRError, size_passes.SizeError, OSError) as error:
      base = str(error)
    if not isinstance(base, str):
      small = base[0] < session.config.min_bytes
      base = f'below {session.config.min_bytes} bytes' if small else ''
    if base:
      self.record |= dict(reason=base)
      session.labels.add(self.record)

  def _describe(self) -> dict[str, Any]:
    limit = self._session.config.max_megabytes
    if self._module.path.stat().st_size > limit * 2**20:
      raise size_passes.SizeError(f'over {limit:g} MB')
    read = ir.read_module(self._module.path.read_bytes(), self.name)
    if not read.triple.startswith(size_passes.ARCHITECTURES):
      raise size_passes.SizeError(f'no object code is read of {read.triple!r}')
    return dict(
        hash=hash_of(read),
        num_functions=len(read.functions),
        num_instructions=sum(f.num_instructions for f in read.functions),
        sizes={},
    )

  def size(self, flags: str) -> Size:
    """Sizes under a set of flags, compiled if they are not known yet."""
    sizes = self.record['sizes']
    if flags not in sizes:
      if self._base is None:
        base = self._compile('')
        if isinstance(base, str):
          return base
        self._base = base
        sizes[''] = [base.text, base.berkeley]
      if flags:
        sizes[flags] = self._checked(self._compile(flags))
      self._session.labels.add(self.record)
    return sizes[flags]

  def _checked(self, found: elf.Sizes | str) -> Size:
    if isinstance(found, str):
      return found
    assert self._base is not None
    if lost := self._base.defined - found.defined:
      return f'lost {min(lost)}'
    allowed = self._base.undefined | size_passes.RUNTIME
    if size_passes.unknown(found.undefined, allowed):
      # What the source names and -Oz deletes may stay.
      text = llvm.canonical_text(self._module.path.read_bytes())
      allowed |= size_passes.named(text)
    if new := size_passes.unknown(found.undefined, allowed):
      return f'calls {min(new)}, which the source does not'
    return [found.text, found.berkeley]

  def _compile(self, flags: str) -> elf.Sizes | str:
    session = self._session
    if self._path is None:
      self._path = session.folder / f'{len(self.name)}-{self.record["hash"]}.bc'
      self._path.write_bytes(
          session.worker.mark(self._module.path.read_bytes())
      )
    output = session.folder / 'unit.o'
    output.unlink(missing_ok=True)
    target = session.config.target
    done = bounded.run(
        [
            *session.clang.compile,
            *([f'--target={target}'] if target else ()),
            *('-Oz', '-x', 'ir', '-c', '-Wno-override-module'),
            '-fno-crash-diagnostics',
            *size_flags.words_of(flags),
            *(str(self._path), '-o', str(output)),
        ],
        _BOUNDS,
        environment=dict(LLVM_DISABLE_SYMBOLIZATION='1'),
    )
    if done.problem:
      errors = [line for line in done.error.splitlines() if 'rror' in line]
      return ' '.join(f'{done.problem} {"".join(errors[:1])}'.split())[:160]
    try:
      return elf.read_sizes(output.read_bytes())
    except elf.ElfError as error:
      return str(error)


def hash_of(module: ir.Module) -> str:
  """128 bits over the hashes of a unit's functions, hexadecimal."""
  text = '\n'.join(sorted(function.hash for function in module.functions))
  return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclasses.dataclass
class Session:
  """What all units of a run share."""

  labels: label_file.LabelWriter
  clang: compiler.Compiler
  config: UnitsConfig
  folder: pathlib.Path
  worker: size_passes.SizeWorker


def label_modules(
    sources: Sequence[pathlib.Path],
    output: pathlib.Path,
    config: UnitsConfig,
    clang: compiler.Compiler,
    *,
    limit: int | None = None,
    minutes: float | None = None,
    search: Callable[[list[Unit]], object] | None = None,
) -> dict[str, Any]:
  """Sizes of units under sets of flags; a second run adds what is missing.

  Args:
    sources: folders and files of IR.
    output: the label file.
    config: what is measured.
    clang: new enough to read bitcode of llvmlite's LLVM.
    limit: stop behind so many units that have sizes.
    minutes: stop behind the unit in which they are over.
    search: called with the units that have sizes, before they are closed.

  Returns:
    Name -> record of each module that was measured.

  Raises:
    FileNotFoundError: there is no IR.
    LabelFileError: `output` has labels of other settings.
  """
  modules = size_modules.find_modules(sources)
  start = time.monotonic()
  units: list[Unit] = []
  with (
      label_file.open_labels(output, config.header(clang)) as labels,
      size_passes.SizeWorker() as worker,
      tempfile.TemporaryDirectory() as folder,
  ):
    session = Session(labels, clang, config, pathlib.Path(folder), worker)
    for number, module in enumerate(modules, 1):
      seconds = time.monotonic() - start
      if limit is not None and len(units) >= limit:
        break
      if minutes is not None and seconds > 60 * minutes:
        break
      unit = Unit(module, session)
      reason = unit.record.get('reason', '')
      if not reason:
        for flags in config.sets:
          unit.size(flags)
        units.append(unit)
      print(
          f'[{number}/{len(modules)}] {module.name} {reason or "ok"} '
          f'({len(units)} units, {seconds:.0f} s)',
          file=sys.stderr,
          flush=True,
      )
    if search is not None and units:
      search(units)
    return dict(labels.records)


def failures(records: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
  """Unit and set of flags -> why there is no size."""
  return {
      f'{name} {flags}': size
      for name, record in records.items()
      for flags, size in record.get('sizes', {}).items()
      if isinstance(size, str)
  }
