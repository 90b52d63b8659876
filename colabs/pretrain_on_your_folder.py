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
# # 2. Pre-train on your own folder in ten minutes
#
# A folder of LLVM IR becomes shards, a small model is trained on them, and what
# it learned is shown. On a CPU, a GPU or a TPU. Run the cells from a clone of
# the repository; the first installs what is missing.

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
      [sys.executable, '-m', 'pip', 'install', '-q', f'{ROOT}[colab]'],
      check=True,
  )
QUICK = bool(os.environ.get('COLAB_QUICK'))  # the tests run a small part
OUT = pathlib.Path(os.environ.get('COLAB_OUT', 'runs/colabs/pretrain'))
OUT.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Data
#
# Set `SOURCE` to a folder, a tar archive or a quoted glob of `.ll` and `.bc`
# files: `clang -S -emit-llvm -O1 file.c` makes one. Else we take the C programs
# of the starter corpus. Functions are de-duplicated and whole programs are held
# out; the report says what became of every file.

# %%
import tarfile

SOURCE = ''

if not SOURCE:
  SOURCE = str(OUT / 'programs')
  with tarfile.open('datasets/starter_ir/starter_ir.tar.xz') as archive:
    chosen = [
        member
        for member in archive
        if '/c/' in member.name
        and (not QUICK or ('O1' in member.name and 'scans' in member.name))
        or QUICK and '/O1/c/hashing' in member.name
    ]
    archive.extractall(SOURCE, chosen, filter='data')

DATA = OUT / 'data'
subprocess.run(
    [
        sys.executable, 'datasets/prepare.py', 'ir_folder',
        f'--source={SOURCE}', f'--data_dir={DATA}', '--overwrite',
    ],
    check=True,
)  # fmt: skip

# %% [markdown]
# ## Training
#
# `tiny` has 1.0 M parameters. `num_steps` decides how long it takes: about a
# second a step on two cores, far less on an accelerator. Run the cell again
# after an interruption, and it goes on from the last checkpoint.

# %%
NUM_STEPS = 2 if QUICK else 300
command = [
    sys.executable, 'train.py',
    '--config=configs/pretrain.py:tiny',
    '--config.data.name=ir_folder',
    f'--config.train.num_steps={NUM_STEPS}',
    f'--config.optimizer.num_warmup_steps={max(1, NUM_STEPS // 15)}',
    f'--config.train.every_log_steps={max(1, NUM_STEPS // 15)}',
    f'--config.train.every_eval_steps={max(2, NUM_STEPS // 5)}',
    f'--config.train.every_checkpoint_steps={max(2, NUM_STEPS // 2)}',
    f'--data_dir={DATA}',
    f'--workdir={OUT}/run',
]  # fmt: skip
if QUICK:  # smaller still
  command += [
      '--config.model.width=24', '--config.model.token_layers=1',
      '--config.model.graph_layers=1', '--config.data.num_tokens=128',
      '--config.data.num_rows=8', '--config.train.num_eval_batches=1',
  ]  # fmt: skip
done = subprocess.run(command, capture_output=True, text=True)
lines = (done.stdout + done.stderr).splitlines()
print('\n'.join(lines[-12:]))
done.check_returncode()

# %% [markdown]
# ## Curves
#
# Training in thin lines, held-out programs in dots. The first row is what it is
# trained on, the second what that is good for.

# %%
import json

import numpy as np

from mirencoder_jax.pages import plot_style


def show(path):
  """The picture in a notebook; its path elsewhere."""
  try:
    from IPython import display
  except ImportError:
    print(path)
  else:
    display.display(display.Image(filename=str(path)))


rows = [
    json.loads(line)
    for line in (OUT / 'run' / 'metrics.jsonl').read_text().splitlines()
]
SHOWN = (
    ('loss/mlm', 'masked tokens, nats'),
    ('loss/edge', 'edges, nats'),
    ('loss/matching', 'text and graph, nats'),
    ('mlm_accuracy', 'masked tokens right'),
    ('edge_auc', 'edges, AUC'),
    ('matching_accuracy', 'text and graph matched'),
)
with plot_style.drawing(OUT / 'curves.png', (9, 4.6), 2, 3) as panels:
  for axes, (name, title) in zip(panels, SHOWN, strict=True):
    for split, style in (
        ('train', dict(color=plot_style.COLORS['baseline'], linewidth=0.9)),
        ('eval', dict(color=plot_style.COLORS['ours'], marker='o',
                      linewidth=0)),
    ):  # fmt: skip
      curve = [
          (row['step'], row[f'{split}/{name}'])
          for row in rows
          if f'{split}/{name}' in row
      ]
      if curve:
        axes.plot(*np.transpose(curve), label=split, **style)
    axes.set_title(title)
  panels[0].legend()
show(OUT / 'curves.png')

# %% [markdown]
# ## What it is good for
#
# The checkpoint embeds like any other; `mirencoder export` makes weights of it
# that are small enough to hand on, with a model card.

# %%
import mirencoder_jax as mir

encoder = mir.load(OUT / 'run')
files = sorted(pathlib.Path(SOURCE).rglob('*.ll'))[:6]
vectors = mir.embed_files(encoder, files)
hits = mir.Index(vectors).search(vectors, 2)
for row in range(0, len(vectors), max(1, len(vectors) // 6)):
  nearest = hits[row][-1]
  print(
      f'{nearest.similarity:.3f}  {vectors.functions[row]}  '
      f'{vectors.functions[nearest.row]}'
  )

# %%
subprocess.run(
    [
        sys.executable, '-m', 'mirencoder_jax', 'export',
        f'{OUT}/run', f'{OUT}/weights', '--name=mine',
    ],
    check=True,
)  # fmt: skip
print((OUT / 'weights' / 'MODEL_CARD.md').read_text()[:400])
