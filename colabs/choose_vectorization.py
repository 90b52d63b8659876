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
# # 3. A performance task, end to end, with honest splits
#
# How wide should a loop be vectorised? The data set `loop_vectorization` ships
# with the repository: loops of 64 families, each measured with every width and
# interleave count. The first cell installs what is missing, in Jupyter and in
# Colab; outside a clone of the repository, it says what to set. On a CPU this
# takes ten minutes.

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
OUT = pathlib.Path(os.environ.get('COLAB_OUT', 'runs/colabs/vectorization'))
OUT.mkdir(parents=True, exist_ok=True)
# %% [markdown]
# ## The table
#
# Every row is a loop: its IR, what is known when it is entered (trip counts,
# bytes), and the seconds of each choice. What is to be gained at all? The best
# choice of each loop against what the compiler does by itself.
# %%
import numpy as np

from colabs.support import notebook
from configs import tasks as task_configs
from mirencoder_jax.downstream.tasks import tasks
from mirencoder_jax.pages import plot_style

DATA = OUT / 'data'
notebook.run([
    sys.executable, 'datasets/prepare.py', 'loop_vectorization',
    f'--data_dir={DATA}',
])  # fmt: skip

# %%
config = task_configs.get_config('loop_vectorization').to_dict()
task = tasks.load_task(tasks.TaskConfig(**config['task']), data_dir=str(DATA))
(target,) = task.targets
choices = list(target.choices)
seconds = np.asarray(target.costs)[target.valid]  # [row, choice]
compiler = seconds[:, choices.index('compiler')]
best = np.nanmin(seconds, axis=1)
gain = compiler / best
print(f'{len(gain)} loops, {len(choices)} choices')
print(f'oracle: {np.exp(np.log(gain).mean()):.3f} times the compiler')
print('a single choice for all loops, the best five:')
means = np.exp(np.nanmean(np.log(compiler[:, None] / seconds), axis=0))
for i in np.argsort(-means)[:5]:
  print(f'  {means[i]:.3f}  {choices[i]}')


with plot_style.drawing(OUT / 'gains.png', (6.4, 3.2)) as (axes,):
  axes.plot(np.sort(gain)[::-1], color=plot_style.COLORS['oracle'])
  axes.axhline(1, color=plot_style.COLORS['rule'], linewidth=0.8)
  axes.set_yscale('log')
  axes.set_yticks([1, 1.5, 2, 3, 5], ['1', '1.5', '2', '3', '5'])
  axes.minorticks_off()
  axes.text(0, 1, ' the compiler', va='top', color=plot_style.QUIET)
  axes.set_xlabel('loops, sorted by what is to be gained')
  axes.set_ylabel('times faster, log')
  axes.set_title('best choice of each loop over the compiler')
notebook.show(OUT / 'gains.png')

# %% [markdown]
# ## Splits that do not leak
#
# Loops of one family are near copies of each other. Split at random, a model
# meets the copies of what it was fitted on; split by family, it meets code of a
# kind that it has not seen, as it would in use. Both are printed, beside rules
# and features without an encoder. Read the right column.

# %%
command = [
    sys.executable, 'eval.py',
    '--config=configs/tasks.py:loop_vectorization',
    f'--data_dir={DATA}',
    f'--workdir={OUT}/results',
    "--config.table.splits=('random','family')",
    '--config.table.num_seeds=1',
    "--config.fit.heads=('kernel',)",
]  # fmt: skip
if QUICK:  # baselines only, on a few loops
  command += [
      '--config.task.split=train[:128]',
      "--config.table.splits=('family',)", '--config.table.num_null=1',
      '--config.trees.num_trees=2', '--config.trees.num_seeds=1',
      '--config.trees.max_depth=2', '--config.report.num_resamples=20',
      '--config.table.num_inner_folds=2', '--config.splits.family.num_folds=3',
      "--config.fit.heads=('neighbour',)", '--config.table.null_head=neighbour',
      '--config.table.recipe=neighbour cost',
  ]  # fmt: skip
else:
  command.append(
      f'--checkpoint={os.environ.get("COLAB_CHECKPOINT", "small")}'
  )
notebook.run(command, shown=0)

# %%
notebook.show(OUT / 'results' / 'results.md')
for picture in sorted((OUT / 'results').rglob('*.png')):
  notebook.show(picture)

# %% [markdown]
# ## What next
#
# `results.json` beside the pictures has every figure of the table with its
# interval. With `--save_predictor=FOLDER` the same command keeps a head that is
# fitted on all rows; `mirencoder predict FILE --task FOLDER` asks it.
