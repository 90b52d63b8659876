"""Evaluates tasks: `python eval.py --config=configs/tasks.py:device_mapping`.

Also `configs/pretraining_eval.py`: held-out functions. The work is done in
`mirencoder_jax.evaluation.results`.
"""

import os
import pathlib
import sys

from absl import flags

from mirencoder_jax.evaluation import results
from mirencoder_jax.storage import command_line

ROOT = pathlib.Path(__file__).resolve().parent
DATA = os.environ.get('TFDS_DATA_DIR', f'{ROOT}/runs/data')

_CONFIG = command_line.define_config()
_CHECKPOINT = flags.DEFINE_string('checkpoint', None, 'A run; None: baselines.')
_WORKDIR = flags.DEFINE_string(
    'workdir', None, 'Gets results.json, results.md, pictures, our vectors.'
)
_DATA_DIR = flags.DEFINE_string('data_dir', DATA, 'Of prepared datasets.')
_MANUAL_DIR = flags.DEFINE_string(
    'manual_dir', None, 'Files to prepare it from: datasets/<task>/README.md.'
)
_COMPARE = flags.DEFINE_multi_string('compare', [], '[TASK:]NAME=vectors.npz')
_PREDICTOR = flags.DEFINE_string(
    'save_predictor', None, 'Folder for what mir.load_predictor reads.'
)
_CACHE = flags.DEFINE_string(
    'cache', f'{ROOT}/runs/embeddings', "Keeps our vectors by content; '': no."
)
_PAGES = flags.DEFINE_multi_string(
    'results_page', [], 'Markdown, such as docs/RESULTS.md.'
)


def main(_) -> None:
  results.set_up_log()
  try:
    request = results.Request(
        checkpoint=_CHECKPOINT.value,
        workdir=_WORKDIR.value,
        data_dir=_DATA_DIR.value,
        manual_dir=_MANUAL_DIR.value,
        compared=tuple(_COMPARE.value),
        predictor=_PREDICTOR.value,
        cache=_CACHE.value or None,
    )
    failed = results.run(_CONFIG.value.to_dict(), request, _PAGES.value)
  except results.USER_ERRORS as error:
    sys.exit(f'eval.py: {error}')
  if failed:
    sys.exit('eval.py: no results for ' + ', '.join(f.task for f in failed))


if __name__ == '__main__':
  command_line.run(main, f'{ROOT}/configs/tasks.py:device_mapping')
