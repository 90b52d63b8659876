"""Evaluates a task: `python eval.py --config=configs/tasks.py:device_mapping`.

Kept short so that everything can be imported and tested; the work is in
`mirencoder_jax.downstream`.
"""

import os
import pathlib

from absl import app, flags, logging
from ml_collections import config_flags

import mirencoder_jax as mir
from mirencoder_jax.downstream import table, tasks

ROOT = pathlib.Path(__file__).resolve().parent

_CONFIG = config_flags.DEFINE_config_file(
    'config', f'{ROOT}/configs/tasks.py:device_mapping', lock_config=True
)
_CHECKPOINT = flags.DEFINE_string(
    'checkpoint', None, 'What train.py wrote. Without it: baselines only.'
)
_WORKDIR = flags.DEFINE_string(
    'workdir', None, 'Gets results.json, results.md and our vectors.'
)
_DATA_DIR = flags.DEFINE_string(
    'data_dir',
    os.environ.get('TFDS_DATA_DIR', f'{ROOT}/runs/data'),
    'Folder of prepared datasets.',
)
_MANUAL_DIR = flags.DEFINE_string(
    'manual_dir', None, 'Files to prepare it from: datasets/<task>/README.md.'
)
_COMPARE = flags.DEFINE_multi_string(
    'compare', [], 'NAME=VECTORS.npz with arrays names and vecs; repeatable.'
)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f'not understood: {" ".join(argv[1:])}')
  logging.set_verbosity(logging.INFO)
  config = _CONFIG.value.to_dict()
  compared = tasks.parse_named_paths(_COMPARE.value)
  encoder = mir.load(_CHECKPOINT.value) if _CHECKPOINT.value else None
  task = tasks.load_task(
      tasks.TaskConfig(**config['task']),
      data_dir=_DATA_DIR.value,
      manual_dir=_MANUAL_DIR.value,
  )
  _, text = table.evaluate(
      config, task, encoder=encoder, compared=compared, workdir=_WORKDIR.value
  )
  print(text)


if __name__ == '__main__':
  app.run(main)
