"""What the inputs and choices of a task mean to a person, and how to use one.

A task without a row here works all the same: its inputs have their names only.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping

from mirencoder_jax.ir import Module, loops

LOG = 'log_'  # inputs of such a name are logarithms to base 2
# Of the targets that run kernels, by how their triples begin.
_DEVICES = ('nvptx', 'spir', 'amdgcn', 'r600')


@dataclasses.dataclass(frozen=True)
class Meaning:
  """A task, for people.

  Attributes:
    title: what is decided.
    inputs: of each input, what it is and its unit.
    use: how a choice is put to use: a pragma, a flag, a launch shape.
    runs_on: `cpu` or `gpu` where the task is of such programs only, else ''.
  """

  title: str
  inputs: Mapping[str, str]
  use: Callable[[str], str]
  runs_on: str = ''


def _pragma(choice: str) -> str:
  found = re.fullmatch(r'vf(\d+)_if(\d+)', choice)
  if found is None:
    return 'no pragma: what the compiler does by itself'
  width, count = found.groups()
  return (
      f'#pragma clang loop vectorize_width({width}) interleave_count({count})'
  )


def _openmp(choice: str) -> str:
  parts = choice.split('-')
  if len(parts) != 6:
    return choice
  threads, nodes, mapping, hyper, mask, page = parts
  bind = 'close' if mapping == 'compact' else 'spread'
  return (
      f'OMP_NUM_THREADS={threads} OMP_PROC_BIND={bind}, {nodes} NUMA nodes, '
      f'hyper-threading {hyper}, prefetcher mask {mask}, pages {page}'
  )


def _block(choice: str) -> str:
  found = re.fullmatch(r'(\d+)x(\d+)', choice)
  if found is None:
    return 'the launch shape of the program'
  return f'kernel<<<grid, dim3({found[1]}, {found[2]})>>>'


_GPUS = ('Cypress', 'Tahiti', 'Fermi', 'Kepler')
_OPENMP = Meaning(
    'settings of an OpenMP region on a NUMA machine',
    {'larger': '1 for the larger input, 0 for the smaller, 0.5 for the only'},
    _openmp,
    'cpu',
)
MEANINGS = {
    'loop_vectorization': Meaning(
        'vector width and interleave count of a CPU loop',
        {
            'log_trip_count': 'log2 of the iterations of one entry, the mean',
            'log_iterations': 'log2 of all iterations of a call',
            'log_bytes': 'log2 of the bytes of all arrays',
        },
        _pragma,
        'cpu',
    ),
    'device_mapping': Meaning(
        'CPU or GPU for an OpenCL kernel',
        {
            'transfer': 'bytes between host and device',
            'wgsize': 'work items of a group',
        },
        lambda choice: f'clGetDeviceIDs(..., CL_DEVICE_TYPE_{choice}, ...)',
    ),
    'thread_coarsening': Meaning(
        'threads of an OpenCL kernel that become one',
        {f'on_{gpu}': f'1 on {gpu}, else 0' for gpu in _GPUS},
        lambda choice: f'coarsening factor {choice}',
    ),
    'cuda_block': Meaning(
        'shape of a CUDA thread block',
        {'n': 'size of the problem along an edge'},
        _block,
        'gpu',
    ),
    'openmp_tuning': _OPENMP,
    'numa_prefetch': _OPENMP,
}


def input_title(task: str, name: str) -> str:
  """What an input is, with its unit; '' if it is not known."""
  meaning = MEANINGS.get(task)
  title = meaning.inputs.get(name, '') if meaning else ''
  if not title and name.startswith(LOG):
    return f'log2 of {name.removeprefix(LOG).replace("_", " ")}'
  return title


def wrong_unit(
    task: str, name: str, value: float, low: float, high: float
) -> str:
  """What is wrong with a value that is of another unit altogether, or ''.

  A little outside `low` to `high` of the fitted rows is no such thing.
  """
  title = input_title(task, name)
  said = f'input {name!r} is {value:.10g}'
  seen = f'was {low:.4g} to {high:.4g} where this was fitted'
  if name.startswith(LOG) and value > 2 * max(high, 1):
    return (
        f'{said}; it is {title} and {seen}: did you mean '
        f'{name}={math.log2(value):.2f}, which '
        f'{name.removeprefix(LOG)}={value:.10g} is too?'
    )
  # 4194304 given as 22; flags and shares, of a few values, are never that.
  if not name.startswith(LOG) and high > 1000 and 1 < value < low <= 2**64:
    if low <= 2 ** min(value, 64) <= high:
      return (
          f'{said}; it {seen}, and is no logarithm: did you mean '
          f'{name}={2**value:g}?'
      )
  return ''


def use(task: str, choice: str) -> str:
  """How to put a choice to use; '' if that is not known."""
  return MEANINGS[task].use(choice) if task in MEANINGS else ''


def is_device_code(module: Module) -> bool:
  """Whether a program is of kernels for a device, such as OpenCL and CUDA."""
  return module.triple.startswith(_DEVICES) or any(
      'kernel' in function.words[:4] for function in module.functions
  )


def mismatch(task: str, module: Module) -> str:
  """Why a program is none that the task decides for; '' if it may be one."""
  runs_on = MEANINGS[task].runs_on if task in MEANINGS else ''
  is_device = is_device_code(module)
  if runs_on == 'cpu' and is_device:
    return f'device code, and {task} decides for programs of a CPU'
  if task == 'loop_vectorization' and not any(
      any(loops.loop_depths(f.successors)) for f in module.functions
  ):
    return 'a program without a loop'
  if runs_on == 'gpu' and not is_device:
    return f'no device code, and {task} decides for kernels of a GPU'
  return ''
