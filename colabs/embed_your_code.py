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
# # 1. Embed your code and see it
#
# Every function of some programs becomes a vector; near vectors are code that
# the encoder finds alike. Works on CPU, GPU and TPU runtimes. The first cell
# installs what is missing, in Jupyter and in Colab; outside a clone of the
# repository, it says what to set.

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
OUT = pathlib.Path(os.environ.get('COLAB_OUT', 'runs/colabs/embed_your_code'))
OUT.mkdir(parents=True, exist_ok=True)
# %% [markdown]
# ## Programs
#
# Set `FOLDER` to a folder of your own, with `.ll` and `.bc` files, or with
# sources if there is a clang. Else we take C programs of the starter corpus,
# each compiled without optimisation and with all of it.
# %%
import tarfile

from colabs.support import notebook

FOLDER = ''

if FOLDER:
  paths = [FOLDER]
else:
  folder = OUT / 'programs'
  with tarfile.open('datasets/starter_ir/starter_ir.tar.xz') as archive:
    chosen = [
        member
        for member in archive
        if member.name.startswith(('llvm22/O0/c/', 'llvm22/O3/c/'))
        and (not QUICK or 'sorting' in member.name)
    ]
    for member in chosen:
      path = pathlib.Path(folder, member.name)
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_bytes(archive.extractfile(member).read())
  paths = [folder]

# %% [markdown]
# ## Vectors
#
# `mir.load` takes the name of weights that ship, or the folder of a run of
# `train.py`. `embed_files` reads, compiles and embeds; what cannot be read is
# named and costs itself only.

# %%
import mirencoder_jax as mir

encoder = mir.load(os.environ.get('COLAB_CHECKPOINT', 'small'))
progress = notebook.Progress()
vectors = mir.embed_files(
    encoder, paths, on_program=lambda program: progress(f'at {program.path}')
)
progress('embedded', last=True)
vectors.save(OUT / 'vectors.npz')
print(f'{len(vectors):,} functions, {vectors.vectors.shape[1]} numbers each')
for error in vectors.errors.values():
  print('not read:', error)

# %% [markdown]
# ## A map
#
# t-SNE keeps neighbours together; distances between clusters mean nothing.
# Colours are families of programs (or folders, of your own).

# %%
import numpy as np
from sklearn import manifold

from mirencoder_jax.pages import plot_style

unit = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
progress = notebook.Progress()
progress('placing the points of the map')
points = manifold.TSNE(
    metric='cosine',
    init='pca',
    perplexity=min(20, (len(unit) - 1) / 3),
    max_iter=250 if QUICK else 1000,
    random_state=0,
).fit_transform(unit)
progress('placed', last=True)
families = [pathlib.Path(file).parent.name for file in vectors.files]
is_plain = np.array(['O0' in pathlib.Path(f).parts for f in vectors.files])
names = sorted(set(families))
colors = plot_style.distinct_colors(len(names))

with plot_style.drawing(OUT / 'map.png', (8.4, 5.4)) as (axes,):
  for number, name in enumerate(names):
    mine = np.array([family == name for family in families])
    color = colors[number]
    marker = plot_style.MARKERS[number % len(plot_style.MARKERS)]
    for plain, face, label in ((True, 'none', None), (False, color, name)):
      where = mine & (is_plain == plain)
      axes.scatter(
          *points[where].T, s=22, marker=marker, facecolors=face,
          edgecolors=color, linewidths=0.9, label=label,
      )  # fmt: skip
  axes.set_xticks([])
  axes.set_yticks([])
  axes.set_xlabel('t-SNE, first axis (no unit)')
  axes.set_ylabel('t-SNE, second axis (no unit)')
  axes.set_title(f'{len(unit):,} functions; hollow: -O0, filled: -O3')
  axes.legend(loc='center left', bbox_to_anchor=(1, 0.5))
notebook.show(OUT / 'map.png')

# %% [markdown]
# ## Nearest functions
#
# An index over all vectors; a query is one of them here, and may be any file
# (`mirencoder search FILE vectors.npz` does the same).

# %%
import dataclasses

index = mir.Index(vectors)
rows = np.linspace(0, len(vectors) - 1, 4).astype(int)
queries = dataclasses.replace(
    vectors,
    vectors=vectors.vectors[rows],
    files=[vectors.files[row] for row in rows],
    functions=[vectors.functions[row] for row in rows],
    num_instructions=vectors.num_instructions[rows],
)
for row, hits in zip(rows, index.search(queries, 5), strict=True):
  print(vectors.functions[row])
  for hit in hits[1:]:  # the first is the query itself
    path = pathlib.Path(vectors.files[hit.row])
    level = 'O0' if 'O0' in path.parts else 'O3'
    print(f'  {hit.similarity:.3f}  {vectors.functions[hit.row]} ({level})')

# %% [markdown]
# ## The same function at -O0 and -O3
#
# `compare` pairs the functions of two modules without looking at their names.
# On the diagonal of the picture is the same function, compiled differently.

# %%
if not FOLDER:
  program = 'c/sorting/comparison_sorts.ll'
  pair = [folder / 'llvm22' / level / program for level in ('O0', 'O3')]
  comparison = mir.compare(encoder, *pair)
  for found in comparison.pairs:
    right = 'right' if found.a == found.b else 'WRONG'
    print(f'{found.similarity:.3f}  {found.a} -> {found.b}  {right}')

  order = [comparison.functions_b.index(n) for n in comparison.functions_a]
  table = comparison.similarities[:, order]
  with plot_style.drawing(OUT / 'levels.png', (5.6, 4.8)) as (axes,):
    image = axes.imshow(table, cmap=plot_style.sequential_map())
    axes.grid(False)
    axes.set_xticks(range(len(order)), comparison.functions_a, rotation=60)
    axes.set_yticks(range(len(order)), comparison.functions_a)
    for label in axes.get_xticklabels():
      label.set_ha('right')
    axes.set_xlabel('at -O3')
    axes.set_ylabel('at -O0')
    axes.set_title('cosine similarity')
    axes.figure.colorbar(image, shrink=0.8)
  notebook.show(OUT / 'levels.png')

# %% [markdown]
# How often is the nearest -O3 function the same one? A guess would be right
# once in as many functions as there are.

# %%
if not FOLDER:
  key = np.array([
      f'{pathlib.Path(f).parent.name}/{pathlib.Path(f).stem}:{name}'
      for f, name in zip(vectors.files, vectors.functions, strict=True)
  ])
  both = np.isin(key, key[~is_plain]) & is_plain
  nearest = np.argmax(unit[both] @ unit[~is_plain].T, axis=1)
  share = np.mean(key[~is_plain][nearest] == key[both])
  print(
      f'{share:.1%} of {both.sum():,} functions find themselves among '
      f'{(~is_plain).sum():,}; a guess: {1 / (~is_plain).sum():.1%}'
  )
