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
# # 5. Make a program smaller, and check that it is
#
# Which flags on top of `clang -Oz` make this program smallest? `tune` tries
# sets of them, begins with those that were best on other programs, and keeps
# nothing that does not compile, loses an exported symbol or is not smaller. It
# needs clang 20 or newer, or the one that `ziglang` carries, which the first
# cell installs; outside a clone of the repository, that cell says what to set.

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
      [sys.executable, 'colabs/support/install.py', 'plots', 'compile'],
      check=True,
  )
OUT = pathlib.Path(os.environ.get('COLAB_OUT', 'runs/colabs/tune'))
OUT.mkdir(parents=True, exist_ok=True)
# %% [markdown]
# ## A program
#
# Set `PROGRAM` to yours: a C or C++ file, LLVM IR or bitcode. Else we take a
# small interpreter.
# %%
import mirencoder_jax as mir
from colabs.support import notebook
from mirencoder_jax.tuning import size

PROGRAM = ''
if not PROGRAM:
  PROGRAM = 'datasets/branch_probability/programs/compression/huffman.c'
print('\n'.join(pathlib.Path(PROGRAM).read_text().splitlines()[:12]))

# %% [markdown]
# ## Sets of flags, one after the other
#
# A line for each set that is tried: what the machine code takes under it. `-Oz`
# alone comes first, then the best set for everyone, what is good on other
# programs, and from there neighbours of the best so far.
# %%
tried = []


def on_trial(path, flags, found):
  tried.append((flags, found))
  text = f'{found:,} bytes' if isinstance(found, int) else found
  print(f'{len(tried):3}. {text:>14}  {flags or "-Oz alone"}', flush=True)


settings = size.Settings(trials=3 if QUICK else 16)
(best,) = mir.tune(PROGRAM, settings, on_trial=on_trial)
print(
    f'\n{best.base:,} bytes under clang -Oz, {best.best:,} under the best set: '
    f'{best.gain:.1%} less, in {best.seconds:.1f} s'
)

# %% [markdown]
# What a search is worth: the smallest so far, by the number of sets that were
# tried.
# %%
import matplotlib

if QUICK:
  matplotlib.use('agg')
import matplotlib.pyplot as plt

smallest, curve = best.base, [best.base]
for _, found in tried:
  if isinstance(found, int):
    smallest = min(smallest, found)
  curve.append(smallest)
figure, axes = plt.subplots(figsize=(6, 3))
axes.step(range(len(curve)), curve, where='post')
axes.axhline(best.base, color='0.6', linestyle=':')
axes.annotate('clang -Oz', (len(curve) - 1, best.base), ha='right', va='bottom')
axes.set(xlabel='sets of flags that were tried', ylabel='bytes of machine code')
axes.set_ylim(min(curve) * 0.97, best.base * 1.03)
figure.tight_layout()
figure.savefig(OUT / 'curve.png', dpi=150)
plt.close(figure)
notebook.show(OUT / 'curve.png')

# %% [markdown]
# ## Without us
#
# The command that gives the result, for your build. For a whole project,
# `mirencoder tune build/compile_commands.json --cmake sizes.cmake` writes a
# table of flags by file that CMake takes.
# %%
print(best.command)

# %% [markdown]
# ## Does it still do what it should?
#
# The whole program, built with `-Oz` and with the best set, and run: exit code
# and output must be the same.
# %%
clang = size.find_clang('')
runs = []
for name, words in (('oz', ()), ('best', best.words)):
  program = (OUT / name).resolve()
  subprocess.run(
      [*clang.compile, '-Oz', PROGRAM, *words, '-o', str(program), '-lm'],
      check=True,
  )
  done = subprocess.run([str(program)], capture_output=True, timeout=60)
  runs.append((done.returncode, done.stdout))
  print(f'{name}: exit code {done.returncode}, {len(done.stdout):,} bytes out')
print('the same' if runs[0] == runs[1] else 'NOT the same: do not use this set')
(OUT / 'tuned.txt').write_text(
    f'{PROGRAM}\n{best.base} -> {best.best} bytes\n{best.command}\n'
)
