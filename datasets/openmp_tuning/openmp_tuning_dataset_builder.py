"""`openmp_tuning`: OpenMP regions by threads, nodes, placement and HT.

    python datasets/prepare.py openmp_tuning --manual_dir=FOLDER

A slice of `numa_prefetch`, from the same files: page policy and prefetchers
stay at their default, so that 16 configurations are left. README.md says which
files FOLDER holds and where they come from; nothing is downloaded.
"""

from datasets.numa_prefetch import (
    numa_prefetch_dataset_builder as numa_prefetch,
)


class Builder(numa_prefetch.Builder):
  """The slice; every field means what it means in `numa_prefetch`."""

  kept = {'prefetch_mask': '0', 'page': 'ori'}
