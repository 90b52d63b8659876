"""`Report`: what was tried, what was compiled, what failed and why."""

import collections
import json
import pathlib

from datasets.source_packages import compiling, packages
from mirencoder_jax.pages import markdown

_MAX_REASONS = 20


class Report:
  """Counts of one job.

  Attributes:
    missing: package -> why its sources are not there.
  """

  def __init__(self, tier: str):
    self._tier = tier
    self._packages: dict[str, dict] = {}
    self._languages = collections.defaultdict(collections.Counter)
    self._licences = collections.Counter()
    self._ways = collections.Counter()
    self._reasons = collections.defaultdict(collections.Counter)
    self._refused: list[dict] = []
    self._failed: list[dict] = []
    self._seconds = 0.0
    self._num_resumed = 0
    self.missing: dict[str, str] = {}

  def add_package(
      self, package: packages.Package, num_units: int, num_over: int
  ) -> None:
    """Notes a package whose sources are there, before its units."""
    self._packages[package.name] = {
        'version': package.version,
        'licence': package.licence,
        'origin': package.origin,
        'units': num_units,
        'over_limit': num_over,
        compiling.COMPILED: 0,
        compiling.FAILED: 0,
        compiling.REFUSED: 0,
        'num_bytes': 0,
        'seconds': 0.0,
    }

  def add(
      self,
      package: packages.Package,
      outcome: compiling.Outcome,
      is_resumed: bool = False,
  ) -> None:
    """Counts one outcome; `is_resumed` if an earlier run made it."""
    counts = self._packages[package.name]
    counts[outcome.status] += 1
    counts['num_bytes'] += outcome.num_bytes
    counts['seconds'] = round(counts['seconds'] + outcome.seconds, 3)
    self._seconds += outcome.seconds
    self._num_resumed += is_resumed
    language = self._languages[outcome.language]
    language[outcome.status] += 1
    language['seconds'] += outcome.seconds
    language['num_bytes'] += outcome.num_bytes
    entry = {
        'package': package.name,
        'source': outcome.source,
        'reason': outcome.reason,
    }
    if outcome.status == compiling.COMPILED:
      self._licences[outcome.licence] += 1
      self._ways[outcome.way] += 1
    elif outcome.status == compiling.REFUSED:
      self._refused.append(entry)
    else:
      self._failed.append(entry)
      self._reasons[outcome.language][outcome.reason] += 1

  @property
  def num_compiled(self) -> int:
    return self._total(compiling.COMPILED)

  @property
  def is_complete(self) -> bool:
    """Whether each package was there and each unit has an outcome."""
    return not self.missing and self._num_left == 0

  @property
  def exit_code(self) -> int:
    """0 if complete, 3 if not, 1 if nothing was compiled."""
    if not self.num_compiled:
      return 1
    return 0 if self.is_complete else 3

  @property
  def _num_left(self) -> int:
    done = sum(map(self._total, (compiling.FAILED, compiling.REFUSED)))
    return self._total('units') - self.num_compiled - done

  def _total(self, key: str) -> int:
    return sum(counts[key] for counts in self._packages.values())

  def as_dict(self) -> dict:
    """All of it, for JSON."""
    return {
        'tier': self._tier,
        'packages': self._packages,
        'missing': self.missing,
        'languages': {k: dict(v) for k, v in sorted(self._languages.items())},
        'licences': dict(self._licences.most_common()),
        'ways': dict(self._ways.most_common()),
        'seconds': round(self._seconds, 1),
        'refused': sorted(self._refused, key=_place),
        'failed': sorted(self._failed, key=_place),
    }

  def save(self, folder: pathlib.Path) -> None:
    """Writes `report.json` and `report.md`."""
    (folder / 'report.json').write_text(
        json.dumps(self.as_dict(), indent=1) + '\n', encoding='utf-8'
    )
    (folder / 'report.md').write_text(
        f'{self.as_markdown()}\n{self.summary()}\n', encoding='utf-8'
    )

  def as_markdown(self) -> str:
    """The tables."""
    lines = [f'# Bitcode of the tier {self._tier}', '']
    lines += _table(
        ('language', 'compiled', 'failed', 'refused', 'MB', 'CPU s'),
        ((k, *_figures(v)) for k, v in sorted(self._languages.items())),
    )
    lines += _table(
        (
            *('package', 'version', 'licence'),
            *('compiled', 'failed', 'refused', 'over limit', 'MB', 'CPU s'),
        ),
        (
            (k, v['version'], v['licence'], *_figures(v, v['over_limit']))
            for k, v in sorted(self._packages.items())
        ),
    )
    lines += _table(
        ('licence of the file', 'compiled'), self._licences.most_common()
    )
    lines += _table(('flags found by', 'compiled'), self._ways.most_common())
    lines += _table(
        ('language', 'failed', 'because'),
        (
            (language, number, f'`{reason}`')
            for language, reasons in sorted(self._reasons.items())
            for reason, number in reasons.most_common(_MAX_REASONS)
        ),
    )
    refusals = collections.Counter(
        (entry['package'], entry['reason'].split(' of ')[0])
        for entry in self._refused
    )
    lines += _table(
        ('package', 'refused', 'because'),
        (
            (name, number, reason)
            for (name, reason), number in sorted(refusals.items())
        ),
    )
    lines += _table(
        ('package that is not there', 'because'), sorted(self.missing.items())
    )
    return '\n'.join(lines)

  def summary(self) -> str:
    """How complete the bitcode is, in a few lines."""
    num_packages = len(self._packages)
    lines = [
        f'{self.num_compiled:,} of {self._total("units"):,} files compiled, of '
        f'{num_packages:,} packages, in {self._seconds:,.0f} s of CPU; '
        f'{self._total(compiling.FAILED):,} failed, '
        f'{self._total(compiling.REFUSED):,} refused for their licence.'
    ]
    if self._num_resumed:
      lines.append(f'{self._num_resumed:,} are of an earlier run.')
    if self._num_left:
      lines.append(f'INCOMPLETE: {self._num_left:,} files are still to come.')
    if self.missing:
      lines.append(
          f'INCOMPLETE: {len(self.missing)} of '
          f'{num_packages + len(self.missing)} packages are not there: '
          f'{", ".join(sorted(self.missing))}.'
      )
    if self.is_complete:
      lines.append('Complete: all packages were there.')
    return '\n'.join(lines)


def _place(entry: dict) -> tuple[str, str]:
  return entry['package'], entry['source']


def _figures(counts, *more) -> tuple:
  states = (compiling.COMPILED, compiling.FAILED, compiling.REFUSED)
  megabytes = f'{counts["num_bytes"] / 1e6:.1f}'
  seconds = f'{counts["seconds"]:.0f}'
  return *(counts[state] for state in states), *more, megabytes, seconds


def _table(header, rows) -> list[str]:
  """Lines of a table and an empty one; none without rows."""
  rows = list(rows)
  return [*markdown.table(header, rows), ''] if rows else []
