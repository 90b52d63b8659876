"""Pre-trains an encoder: `python train.py` trains on the starter corpus.

Kept short so that everything can be imported and tested; the work is in
`mirencoder_jax.training.pretrain`.
"""

import os
import pathlib
import subprocess
import sys

from absl import app, flags, logging
from ml_collections import config_flags

from mirencoder_jax.training import pretrain

ROOT = pathlib.Path(__file__).resolve().parent
STARTER = 'starter_ir'  # prepared from what the repository ships

_CONFIG = config_flags.DEFINE_config_file(
    'config', f'{ROOT}/configs/pretrain.py:tiny', 'Recipe.', lock_config=True
)
_WORKDIR = flags.DEFINE_string(
    'workdir',
    None,
    'Checkpoints and metrics; an interrupted run goes on from here. By default '
    'runs/<name of the recipe>, as in runs/tiny.',
)
_DATA_DIR = flags.DEFINE_string(
    'data_dir',
    os.environ.get('TFDS_DATA_DIR', f'{ROOT}/runs/data'),
    'Folder of prepared datasets.',
)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f'not understood: {" ".join(argv[1:])}')
  logging.set_verbosity(logging.WARNING)
  config, data_dir = _CONFIG.value, _DATA_DIR.value
  if config.data.name == STARTER and not list(
      pathlib.Path(data_dir, STARTER).glob('*/dataset_info.json')
  ):
    print(f'preparing {STARTER} in {data_dir}, once', flush=True)
    prepare = [sys.executable, ROOT / 'datasets' / 'prepare.py', STARTER]
    subprocess.run([*prepare, f'--data_dir={data_dir}'], check=True)
  workdir = _WORKDIR.value or ROOT / 'runs' / config.name
  try:
    pretrain.train_and_evaluate(config, workdir, data_dir)
  except pretrain.USER_ERRORS as error:
    sys.exit(f'train.py: {error}')


if __name__ == '__main__':
  app.run(main)
