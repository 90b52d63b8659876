"""A long module to vectors: seconds of CPU, and peak memory.

    python benchmarks/embed_long.py --checkpoint=small --num_instructions=100000
    python benchmarks/embed_long.py --checkpoint=small-fast \
        --num_instructions=1000000 --num_functions=1000

The module is generated (`file_to_example.generate`). Once, behind a short one;
compiling for the longest shape counts, unless it is in the cache on disk.
"""

import pathlib
import sys
import tempfile

from absl import app, flags, logging

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import mirencoder_jax as mir  # noqa: E402
from benchmarks import file_to_example  # noqa: E402

_CHECKPOINT = flags.DEFINE_string('checkpoint', None, 'As for mir.load.')
_INSTRUCTIONS = flags.DEFINE_integer(
    'num_instructions', 100_000, 'About so many.'
)
_FUNCTIONS = flags.DEFINE_integer('num_functions', 1, 'In so many functions.')
flags.mark_flag_as_required('checkpoint')


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError('takes flags only')
  logging.set_verbosity(logging.WARNING)
  encoder = mir.load(_CHECKPOINT.value)
  with tempfile.TemporaryDirectory() as folder:
    short, long = (pathlib.Path(folder, f'{n}.ll') for n in ('short', 'long'))
    short.write_text(file_to_example.generate(525, 5))
    long.write_text(
        file_to_example.generate(_INSTRUCTIONS.value, _FUNCTIONS.value)
    )
    encoder.embed(short)
    start = file_to_example.cpu_seconds()
    found = encoder.encode(long)
    seconds = file_to_example.cpu_seconds() - start
  ours, child = file_to_example.peak_megabytes()
  print(
      f'{_CHECKPOINT.value}: {found.num_instructions.sum():,} instructions in '
      f'{len(found.functions):,} functions, {seconds:.1f} s of CPU, peak '
      f'{ours:,.0f} MB, and {child:,.0f} MB where LLVM reads'
  )


if __name__ == '__main__':
  app.run(main)
