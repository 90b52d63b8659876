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
# it learned is shown. On a CPU, a GPU or a TPU. The first cell installs what is
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

from colabs.support import notebook

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
    for member in chosen:
      path = pathlib.Path(SOURCE, member.name)
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(archive.extractfile(member).read())

DATA = OUT / 'data'
notebook.run([
    sys.executable, 'datasets/prepare.py', 'ir_folder',
    f'--source={SOURCE}', f'--data_dir={DATA}', '--overwrite',
])  # fmt: skip

# %% [markdown]
# ## Training
#
# `tiny` has about a million parameters. `num_steps` decides how long it takes:
# minutes on a CPU, far less on an accelerator. Run the cell again after an
# interruption, and it goes on from the last checkpoint.

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
notebook.run(command)

# %% [markdown]
# ## Curves
#
# Training in thin lines, held-out programs in dots, and dashed what a guess
# reaches. The first row is what it is trained on, the second what that is good
# for.

# %%
import json

import numpy as np

from mirencoder_jax.pages import plot_style

rows = [
    json.loads(line)
    for line in (OUT / 'run' / 'metrics.jsonl').read_text().splitlines()
]
# A guess says the most frequent token, or tosses a coin.
unigram = [r for r in rows if 'eval/mlm_unigram_accuracy' in r][-1]
SHOWN = (
    ('loss/mlm', 'masked tokens', 'nats',
     np.log(unigram['eval/mlm_unigram_perplexity'])),
    ('loss/edge', 'edges', 'nats', None),
    ('loss/matching', 'text and graph', 'nats', None),
    ('mlm_accuracy', 'masked tokens', 'share that is right',
     unigram['eval/mlm_unigram_accuracy']),
    ('edge_auc', 'edges', 'area under the curve', 0.5),
    ('matching_accuracy', 'text and graph', 'share that is matched', 0.5),
)  # fmt: skip
with plot_style.drawing(OUT / 'curves.png', (9, 4.6), 2, 3) as panels:
  for axes, (name, title, unit, chance) in zip(panels, SHOWN, strict=True):
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
    if chance is not None:
      axes.axhline(
          chance, color=plot_style.COLORS['rule'], linewidth=0.9,
          linestyle='--', label='a guess',
      )  # fmt: skip
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.set_xlabel('step')
  panels[0].legend()
notebook.show(OUT / 'curves.png')

# %% [markdown]
# ## What it is good for
#
# The checkpoint embeds like any other; `mirencoder export` makes weights of it
# that are small enough to hand on, with a model card.

# %%
import mirencoder_jax as mir

encoder = mir.load(OUT / 'run')
files = sorted(pathlib.Path(SOURCE).rglob('*.ll'))[:6]
progress = notebook.Progress()
vectors = mir.embed_files(
    encoder, files, on_program=lambda program: progress(f'at {program.path}')
)
progress('embedded', last=True)
hits = mir.Index(vectors).search(vectors, 2)
for row in range(0, len(vectors), max(1, len(vectors) // 6)):
  nearest = hits[row][-1]
  print(
      f'{nearest.similarity:.3f}  {vectors.functions[row]}  '
      f'{vectors.functions[nearest.row]}'
  )

# %%
notebook.run([
    sys.executable, '-m', 'mirencoder_jax', 'export',
    f'{OUT}/run', f'{OUT}/weights', '--name=mine',
])  # fmt: skip
print((OUT / 'weights' / 'MODEL_CARD.md').read_text()[:400])
