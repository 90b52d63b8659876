"""Fits the static profile that `mirencoder profile` writes.

    python datasets/prepare.py branch_probability
    python datasets/branch_probability/fit_profile.py

First with programs held out, five folds, beside LLVM's own guess: what may be
said of it stands in the file. Then on all rows.
"""

import argparse
import json
import os
import pathlib
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
# First, because elsewhere `datasets` is another package's name.
sys.path.insert(0, str(FOLDER.parents[1]))

from mirencoder_jax.downstream.predictor import branch_profile  # noqa: E402

_NUM_FOLDS = 5


def measure(truth: np.ndarray, said: np.ndarray) -> dict[str, float]:
  """As the table of the task has it, each branch counted once."""
  side = (said > 0.5) + 0.5 * (said == 0.5)
  sure = np.clip(said, 1e-3, 1 - 1e-3)
  entropy = -(truth * np.log(sure) + (1 - truth) * np.log(1 - sure))
  values = dict(
      direction=side * truth + (1 - side) * (1 - truth),
      mean_error=np.abs(truth - said),
      cross_entropy=entropy,
  )
  found = {name: round(float(v.mean()), 4) for name, v in values.items()}
  error = np.sqrt(np.square(truth - said).mean())
  return found | dict(root_mean_square=round(float(error), 4))


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
  data = os.environ.get('TFDS_DATA_DIR', str(FOLDER.parents[1] / 'runs/data'))
  parser.add_argument('--data_dir', default=data, help='of prepared data')
  parser.add_argument('--output', default=str(branch_profile.SHIPPED))
  arguments = parser.parse_args()
  import tensorflow_datasets as tfds

  builder = tfds.builder('branch_probability', data_dir=arguments.data_dir)
  rows = list(builder.as_data_source(split='train'))
  features = np.array([row['seen'] for row in rows], np.float64)
  truth = np.array([row['probability'] for row in rows])
  llvm = np.array([row['llvm_probability'] for row in rows])
  names, program = np.unique(
      [row['program'] for row in rows], return_inverse=True
  )
  fold = np.random.RandomState(0).permutation(len(names))[program] % _NUM_FOLDS
  said = np.zeros(len(rows))
  for k in range(_NUM_FOLDS):
    model = branch_profile.fit(features[fold != k], truth[fold != k])
    said[fold == k] = model.probabilities(features[fold == k])
  about = dict(
      num_branches=len(rows),
      num_programs=len(names),
      programs_held_out=measure(truth, said),
      llvm=measure(truth, llvm),
  )
  print(json.dumps(about, indent=1))
  branch_profile.fit(features, truth, **about).save(arguments.output)


if __name__ == '__main__':
  main()
