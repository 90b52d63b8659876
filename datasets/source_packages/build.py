"""Fetches and compiles the packages of a tier into a folder of bitcode.

    python datasets/source_packages/build.py --tier=musl --output=BITCODE

`prepare.py source_packages` does the same and goes on to shards. The folder
holds `bc/<package>/<source>.bc`, `manifest.csv` with one row a module,
`report.md` and `report.json`, and in state/ what became of each file, from
which the same command goes on after an interruption.

Exits with 0 if all packages were there, 3 if some were not, 1 if nothing could
be compiled or the disk is full, 130 if it was interrupted; what there is by
then is in the manifest each time.
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import signal
import sys
from collections.abc import Iterator

import tqdm

ROOT = pathlib.Path(__file__).resolve().parents[2]
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(ROOT))

from datasets.source_packages import (  # noqa: E402
    compiling,
    crates,
    fetch,
    packages,
    report,
    toolchain,
    units,
)
from datasets.source_packages import state as state_lib  # noqa: E402
from mirencoder_jax.frontend import bounded  # noqa: E402
from mirencoder_jax.storage import machine  # noqa: E402

# A new number compiles all again: for a change here that changes bitcode.
_RECIPE = 1
# Files between two writings of the manifest, for those who read it meanwhile.
_EVERY = 500
# Fields that say which files there are, not how one is compiled.
_NOT_IN_KEY = ('max_units', 'tier', 'exclude', 'include', 'languages')


@dataclasses.dataclass(frozen=True)
class BuildConfig:
  """How bitcode is made.

  Attributes:
    tier: which packages, one of `packages.TIERS`.
    manifest: path of the manifest; its folder is what `origin = 'folder'` is
      relative to.
    only: names of packages; all of the tier if empty.
    retry: whether files that failed in an earlier run are tried again.
    processes: compilers at a time; 0 for one per core.
    bounds: of one compilation.
    progress: whether to draw progress bars on stderr.
  """

  tier: str = 'default'
  manifest: str | os.PathLike = packages.MANIFEST
  only: tuple[str, ...] = ()
  retry: bool = False
  processes: int = 0
  bounds: bounded.Bounds = bounded.Bounds()
  progress: bool = True


class Build:
  """One job: call `run`.

  Attributes:
    report: `report.Report`, complete after `run`, also after one that raised.
  """

  def __init__(
      self,
      output: str | os.PathLike,
      cache: str | os.PathLike,
      config: BuildConfig,
  ):
    """A job.

    Args:
      output: folder that the bitcode goes to.
      cache: folder for what is downloaded.
      config: what is made and how.

    Raises:
      ManifestError: for a manifest or names that make no sense.
      ToolchainError: if there is no compiler.
    """
    self._output = pathlib.Path(output)
    self._cache = pathlib.Path(cache)
    self._config = config
    self._manifest = packages.load_manifest(config.manifest)
    self._packages = self._manifest.select(config.tier)
    if config.only:
      names = {package.name for package in self._packages}
      if unknown := set(config.only) - names:
        raise packages.ManifestError(
            f'tier {config.tier} has no package {", ".join(sorted(unknown))}'
        )
      self._packages = [p for p in self._packages if p.name in config.only]
    self._tools = toolchain.find_toolchain()
    self._states: dict[str, state_lib.State] = {}
    self._listed: dict[str, list[units.Unit]] = {}
    self.report = report.Report(config.tier)

  def run(self) -> None:
    """Fetches, compiles, and writes the manifest and the report.

    Raises:
      DiskFullError: if the disk is full.
      KeyboardInterrupt: if interrupted.
    """
    self._output.mkdir(parents=True, exist_ok=True)
    try:
      try:
        self._compile(self._fetch())
      finally:
        # Also of a run that ends early.
        self._write_manifest()
        self.report.save(self._output)
        for state in self._states.values():
          state.close()
    except OSError as error:
      if error.errno in bounded.DISK_FULL:
        raise bounded.DiskFullError(error.errno, error.strerror) from error
      raise

  def _fetch(self) -> list[units.Sources]:
    """The sources of each package that is to be had."""
    found = []
    all_crates = None
    if self._tools.rustc is not None:
      all_crates = crates.Crates(
          self._tools.rustc.command[0],
          self._output / 'crates',
          self._config.bounds,
      )
    folder = pathlib.Path(self._config.manifest).parent
    for package in self._bar(self._packages, 'fetch', 'packages'):
      if not self._is_compilable(package):
        continue
      try:
        root = fetch.fetch(package, self._cache, folder)
      except fetch.FetchError as error:
        self.report.missing[package.name] = str(error)
        continue
      found.append(
          units.Sources(
              package,
              root,
              self._tools,
              self._manifest.licences,
              self._output,
              all_crates,
          )
      )
    return found

  def _is_compilable(self, package: packages.Package) -> bool:
    """False for a package that no compiler here is for."""
    languages = package.languages
    if any(self._tools.compiler(language) for language in languages):
      return True
    self.report.missing[package.name] = (
        f'there is no compiler for {", ".join(languages)}'
    )
    return False

  def _compile(self, all_sources: list[units.Sources]) -> None:
    tasks = []
    for sources in all_sources:
      package = sources.package
      state = state_lib.State(
          self._output / 'state' / f'{package.name}.jsonl', self._key(package)
      )
      self._states[package.name] = state
      listed, num_over = units.find_units(package, sources.root)
      self._listed[package.name] = listed
      self.report.add_package(package, len(listed), num_over)
      for unit in listed:
        outcome = state.outcomes.get(unit.source)
        if outcome is not None and self._is_done(unit, outcome):
          self.report.add(package, outcome, is_resumed=True)
        else:
          tasks.append((unit, sources))
    tasks = units.interleave(tasks)
    with self._bar(None, 'compile', 'files', len(tasks)) as bar:
      for unit, outcome in self._outcomes(tasks):
        self._states[unit.package.name].add(outcome)
        self.report.add(unit.package, outcome)
        bar.update()
        if bar.n % _EVERY == 0:
          self._write_manifest()

  def _is_done(self, unit: units.Unit, outcome: compiling.Outcome) -> bool:
    if outcome.status != compiling.COMPILED:
      return not self._config.retry
    path = self._output / unit.path
    return path.exists() and path.stat().st_size == outcome.num_bytes

  def _outcomes(
      self, tasks: list[tuple[units.Unit, units.Sources]]
  ) -> Iterator[tuple[units.Unit, compiling.Outcome]]:
    """Compiles; threads are enough, as the work is in other processes."""
    executor = concurrent.futures.ThreadPoolExecutor(
        self._config.processes or machine.num_cores()
    )
    settings = self._tools, self._output, self._config.bounds
    try:
      units_of = {
          executor.submit(compiling.compile_unit, *task, *settings): task[0]
          for task in tasks
      }
      for future in concurrent.futures.as_completed(units_of):
        yield units_of[future], future.result()
    finally:
      executor.shutdown(cancel_futures=True)

  def _key(self, package: packages.Package) -> str:
    """Changes when any unit of the package could compile otherwise."""
    described = {
        name: value
        for name, value in dataclasses.asdict(package).items()
        # Empty as if not there, for fields that come later.
        if value and name not in _NOT_IN_KEY
    }
    stamps = [self._tools.stamp(language) for language in package.languages]
    text = repr((_RECIPE, sorted(described.items()), stamps))
    return hashlib.sha256(text.encode()).hexdigest()

  def _write_manifest(self) -> None:
    rows = []
    for package in self._packages:
      for unit in self._listed.get(package.name, ()):
        outcome = self._states[package.name].outcomes.get(unit.source)
        if outcome is not None and outcome.status == compiling.COMPILED:
          rows.append(state_lib.manifest_row(package, outcome, self._tools))
    state_lib.write_manifest(self._output, rows)

  def _bar(self, items, what: str, unit: str, total: int | None = None):
    return tqdm.tqdm(
        items,
        desc=what,
        unit=f' {unit}',
        total=total,
        disable=not self._config.progress,
        dynamic_ncols=True,
        file=sys.stderr,
    )


def add_flags(parser: argparse.ArgumentParser) -> None:
  """The flags of `BuildConfig`, for the commands that build."""
  defaults = BuildConfig()
  bounds = bounded.Bounds()
  parser.add_argument(
      '--tier',
      choices=packages.TIERS,
      default=defaults.tier,
      help='musl: a minute, no download; default: an hour of CPU; full: '
      'every file (default: %(default)s)',
  )
  parser.add_argument(
      '--packages',
      default='',
      help='names of packages of the tier, with commas; by default all',
  )
  parser.add_argument(
      '--packages_manifest',
      default=str(packages.MANIFEST),
      help='TOML file of the packages (default: the one of this repository)',
  )
  parser.add_argument(
      '--cache',
      help='folder for what is downloaded (default: beside the bitcode)',
  )
  parser.add_argument(
      '--retry',
      action='store_true',
      help='tries again the files that an earlier run could not compile',
  )
  parser.add_argument(
      '--compile_timeout',
      type=int,
      default=bounds.seconds,
      help='seconds that one file may take (default: %(default)s)',
  )
  parser.add_argument(
      '--compile_memory_mb',
      type=int,
      default=bounds.memory_mb,
      help='memory that one compiler may take (default: %(default)s)',
  )


def config_of(args: argparse.Namespace) -> BuildConfig:
  """The `BuildConfig` that flags ask for."""
  return BuildConfig(
      tier=args.tier,
      manifest=args.packages_manifest,
      only=tuple(filter(None, args.packages.split(','))),
      retry=args.retry,
      processes=args.processes,
      bounds=bounded.Bounds(args.compile_timeout, args.compile_memory_mb),
  )


def run(
    output: str | os.PathLike, cache: str | os.PathLike, config: BuildConfig
) -> int:
  """Builds and prints the report; returns the exit code."""
  try:
    build = Build(output, cache, config)
  except (packages.ManifestError, toolchain.ToolchainError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  code = None
  # A machine that is taken away is an interruption too.
  before = signal.signal(signal.SIGTERM, signal.default_int_handler)
  try:
    build.run()
  except bounded.DiskFullError:
    print(
        f'error: the disk of {output} is full; make room and run this again '
        '(what was compiled is kept)',
        file=sys.stderr,
    )
    code = 1
  except KeyboardInterrupt:
    print('interrupted; the same command goes on from here', file=sys.stderr)
    code = 130
  finally:
    signal.signal(signal.SIGTERM, before)
  print(build.report.as_markdown())
  print(build.report.summary())
  return build.report.exit_code if code is None else code


def main(argv: list[str] | None = None) -> int:
  parser = argparse.ArgumentParser(
      prog='python datasets/source_packages/build.py',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  add_flags(parser)
  parser.add_argument(
      '--output',
      default=str(ROOT / 'runs' / 'bitcode'),
      help='folder for the bitcode (default: %(default)s)',
  )
  parser.add_argument(
      '--processes',
      type=int,
      default=0,
      help='compilers at a time; 0 for one per core (default: %(default)s)',
  )
  args = parser.parse_args(argv)
  cache = args.cache or pathlib.Path(args.output).parent / 'source_cache'
  return run(args.output, cache, config_of(args))


if __name__ == '__main__':
  sys.exit(main())
