"""Pre-trains an encoder: `python train.py` trains on the starter corpus.

The work is in `mirencoder_jax.training.pretrain`.
"""

import os
import pathlib
import subprocess
import sys

from absl import flags, logging

from mirencoder_jax.storage import command_line, object_store
from mirencoder_jax.training import experiment, pretrain

ROOT = pathlib.Path(__file__).resolve().parent
STARTER = 'starter_ir'  # prepared from what the repository ships

_CONFIG = command_line.define_config()
_WORKDIR = flags.DEFINE_string(
    'workdir',
    None,
    'Checkpoints and metrics; an interrupted run goes on from here. By default '
    'runs/<name of the recipe>, as in runs/tiny.',
)
_DATA_DIR = flags.DEFINE_string(
    'data_dir',
    os.environ.get('TFDS_DATA_DIR', f'{ROOT}/runs/data'),
    'Folder of prepared datasets, or gs:// or s3:// of a copy of one.',
)


def main(argv: list[str]) -> None:
  del argv  # all of it is flags
  logging.set_verbosity(logging.WARNING)
  try:
    _train(_CONFIG.value, _DATA_DIR.value)
  except pretrain.USER_ERRORS as error:
    sys.exit(f'train.py: {error}')
  except KeyboardInterrupt:  # later ones save
    print('train.py: Ctrl-C, before training began', file=sys.stderr)
    sys.exit(130)  # as shells have it


def _train(config, data_dir) -> None:
  pretrain.checked(experiment.check_settings, config)
  is_here = object_store.is_url(data_dir) or list(
      pathlib.Path(data_dir, STARTER).glob('*/dataset_info.json')
  )
  if config.data.name == STARTER and not is_here:
    print(f'preparing {STARTER} in {data_dir}, once', flush=True)
    prepare = [sys.executable, ROOT / 'datasets' / 'prepare.py', STARTER]
    if subprocess.run([*prepare, f'--data_dir={data_dir}']).returncode:
      sys.exit(f'train.py: {STARTER} could not be prepared; see above')
  workdir = _WORKDIR.value or ROOT / 'runs' / config.name
  pretrain.train_and_evaluate(config, workdir, data_dir)


if __name__ == '__main__':
  command_line.run(main, f'{ROOT}/configs/pretrain.py:tiny')
