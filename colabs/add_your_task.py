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
# IR say whether an embedding helps to choose. Run the cells from a clone of the
# repository; the first installs what is missing.

# %%
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path.cwd()
ROOT = next(p for p in [HERE, *HERE.parents] if (p / 'train.py').is_file())
os.chdir(ROOT)
sys.path.insert(0, str(ROOT))  # where this runs as a script, too
if 'google.colab' in sys.modules:
  subprocess.run(
      [sys.executable, '-m', 'pip', 'install', '-q', f'{ROOT}[colab,tasks]'],
      check=True,
  )
QUICK = bool(os.environ.get('COLAB_QUICK'))  # the tests run a small part
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
done = subprocess.run(command, capture_output=True, text=True)
print(done.stdout)
print('\n'.join(done.stderr.splitlines()[-3:]) if done.returncode else '')
done.check_returncode()


# %%
def show(path):
  """The picture in a notebook; its path elsewhere."""
  try:
    from IPython import display
  except ImportError:
    print(path)
  else:
    display.display(display.Image(filename=str(path)))


for picture in sorted((OUT / 'results').rglob('*.png')):
  show(picture)
