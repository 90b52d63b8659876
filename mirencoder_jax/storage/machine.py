"""The machine that this process runs on, described once."""

import os
import pathlib
import platform
from typing import Any


def processor() -> str:
  """Model of the processor, as far as the system tells."""
  for line in _read('/proc/cpuinfo').splitlines():
    if line.startswith('model name'):
      return line.partition(':')[2].strip()
  return platform.processor() or platform.machine()


def num_cores() -> int:
  """Cores that this process may use."""
  # Not every system can bind a process to some of its cores.
  if hasattr(os, 'sched_getaffinity'):
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def describe_hardware() -> str:
  """Processor and the number of cores that this process may use."""
  return f'{num_cores()} core(s) of {processor()}'


def describe_machine() -> dict[str, Any]:
  """What tells one machine from another, however much of it is in use."""
  return dict(
      cpu=processor(),
      architecture=platform.machine(),
      num_cpus=os.cpu_count(),
      system=f'{platform.system()} {platform.release()}',
  )


def available_memory() -> int | None:
  """Bytes that this process may still take; None where nobody tells.

  What the system can hand out without swapping, or less where a container's
  limit (cgroup, version 1 or 2) leaves less.
  """
  found = []
  for line in _read('/proc/meminfo').splitlines():
    name, _, value = line.partition(':')
    if name == 'MemAvailable':
      found.append(int(value.split()[0]) * 1024)
  found += [
      limit - used
      for limit, used in map(_cgroup_memory, _cgroups())
      if limit is not None
  ]
  return max(0, min(found)) if found else None


# Of a cgroup's memory: limit, use, and the cache of files in that, which is
# given back when something else needs it.
_MEMORY_FILES = (
    ('memory.max', 'memory.current', 'inactive_file'),
    ('memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'),
)


def _cgroups() -> list[pathlib.Path]:
  """Folders of the control groups around this process, inmost first."""
  found = []
  for line in _read('/proc/self/cgroup').splitlines():
    _, controllers, path = line.split(':', 2)
    root = pathlib.Path('/sys/fs/cgroup')
    if 'memory' in controllers.split(','):
      root /= 'memory'
    elif controllers:
      continue
    group = root / path.lstrip('/')
    # Inside a container the path may be that of the host.
    found += [g for g in (group, *group.parents) if g.is_relative_to(root)]
  return found


def _cgroup_memory(folder: pathlib.Path) -> tuple[int | None, int]:
  for limit_file, use_file, cache in _MEMORY_FILES:
    limit, used = _read(folder / limit_file), _read(folder / use_file)
    if limit.strip().isdigit() and used.strip().isdigit():
      stats = dict(
          line.split() for line in _read(folder / 'memory.stat').splitlines()
      )
      return int(limit), int(used) - int(stats.get(cache, 0))
  return None, 0


def _read(path: str | os.PathLike) -> str:
  """A file of the system; '' where there is none."""
  try:
    return pathlib.Path(path).read_text()
  except OSError:
    return ''
