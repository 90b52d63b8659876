# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # 4. Add your own task from a CSV
#
# Programs, choices, and what each choice cost: a CSV file and a folder of LLVM
# IR say whether an embedding helps to choose. The first cell installs what is
# missing, in Jupyter and in Colab; outside a clone of the repository, it says
# what to set.

# %%
import os
import pathlib
import subprocess
import sys

# Outside a clone of the repository: its address (or a folder) to clone.
REPOSITORY = ''
HERE = pathlib.Path.cwd()
CLONE = HERE / 'mirencoder_jax'


def is_clone(folder):
  return (folder / 'train.py').is_file() and (folder / 'colabs').is_dir()


if REPOSITORY and not any(map(is_clone, [HERE, *HERE.parents, CLONE])):
  subprocess.run(['git', 'clone', '-q', REPOSITORY, str(CLONE)], check=True)
ROOT = next(filter(is_clone, [HERE, *HERE.parents, CLONE]), None)
if ROOT is None:
  raise SystemExit(
      f'No clone of the repository is at or above {HERE}: set REPOSITORY, at '
      'the top of this cell, to its address and run the cell again.'
  )
os.chdir(ROOT)
sys.path.insert(0, str(ROOT))
QUICK = bool(os.environ.get('COLAB_QUICK'))  # the tests run a small part
if not QUICK:  # only what is missing: a runtime keeps its JAX and NumPy
  subprocess.run(
      [sys.executable, 'colabs/support/install.py', 'train', 'plots'],
      check=True,
  )
OUT = pathlib.Path(os.environ.get('COLAB_OUT', 'runs/colabs/your_task'))
OUT.mkdir(parents=True, exist_ok=True)
# %% [markdown]
# ## Table and IR
#
# Set `TABLE` and `IR_DIR` to yours. Else we take the example that
# `docs/custom_task.md` writes down, with what each column means: a time for
# each choice, numbers known beforehand, groups that must not be torn apart.
# %%
import re

from colabs.support import notebook

TABLE = ''
IR_DIR = ''

if not TABLE:
  page = pathlib.Path('docs/custom_task.md').read_text()
  for name, text in re.findall(
      r'^```\w+ file=(\S+)\n(.*?)^```', page, re.MULTILINE | re.DOTALL
  ):
    path = OUT / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
  TABLE, IR_DIR = f'{OUT}/table.csv', f'{OUT}/ir'
print(pathlib.Path(TABLE).read_text())

# %% [markdown]
# ## Does an embedding help?
#
# Rules that read no code, features without an encoder, and the encoder's, each
# on programs that it was not fitted on. With a handful of programs the
# intervals are as wide as they should be.

# %%
command = [
    sys.executable, 'eval.py',
    '--config=configs/tasks.py:custom',
    f'--config.task.table={TABLE}',
    f'--config.task.ir_dir={IR_DIR}',
    f'--checkpoint={os.environ.get("COLAB_CHECKPOINT", "small")}',
    f'--workdir={OUT}/results',
    '--config.table.num_seeds=1',
    "--config.fit.heads=('kernel',)",
]  # fmt: skip
if QUICK:
  command += [
      '--config.table.num_null=1', '--config.trees.num_trees=2',
      '--config.trees.num_seeds=1', '--config.report.num_resamples=20',
      "--config.table.splits=('program',)",
      '--config.table.num_inner_folds=2',
      '--config.fit.grids.kernel.penalty=(1.0,)',
  ]  # fmt: skip
notebook.run(command, shown=0)


# %%
notebook.show(OUT / 'results' / 'results.md')
for picture in sorted((OUT / 'results').rglob('*.png')):
  notebook.show(picture)
