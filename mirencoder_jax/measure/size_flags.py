"""Flags of clang that may make a unit smaller than `-Oz` alone does.

Each is an option of LLVM (`-mllvm OPTION`), or of clang; they combine.
"""

from collections.abc import Iterable, Mapping

# Name -> words behind `clang -Oz`.
FLAGS = {
    name: ('-mllvm', f'-{option}')
    for name, option in {
        'ext-tsp': 'apply-ext-tsp-for-size',
        'outliner': 'enable-machine-outliner=always',
        'ir-outliner': 'ir-outliner',
        'no-machine-licm': 'disable-machine-licm',
        'gvn-sink': 'enable-gvn-sink',
        'gvn-hoist': 'enable-gvn-hoist',
        'ipra': 'enable-ipra',
        'no-lsr': 'disable-lsr',
        'no-inline': 'inline-threshold=-50',
        'inline-25': 'inline-threshold=25',
        'basic-regalloc': 'regalloc=basic',
        'list-burr': 'pre-RA-sched=list-burr',
        'phi-fold-1': 'two-entry-phi-node-folding-threshold=1',
        'phi-fold-8': 'two-entry-phi-node-folding-threshold=8',
        'jump-table-8': 'min-jump-table-entries=8',
        'no-jump-threading': 'jump-threading-threshold=0',
        'no-load-pre': 'enable-load-pre=false',
        'no-pre': 'enable-pre=false',
        'tail-merge-1': 'tail-merge-size=1',
        'no-rotate': 'rotation-max-header-size=0',
        'new-gvn': 'enable-newgvn',
        'no-tail-dup': 'disable-tail-duplicate',
        'no-placement': 'disable-block-placement',
        'no-shrink-wrap': 'enable-shrink-wrap=false',
        'no-misched': 'enable-misched=false',
    }.items()
}

# The sets among which a unit's is chosen; the first is the best one for all.
SETS: tuple[str, ...] = (
    'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+new-gvn',
    'ext-tsp+no-machine-licm+gvn-hoist+ipra+no-lsr+new-gvn',
    'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+list-burr+new-gvn',
    'ext-tsp+ir-outliner+no-machine-licm+gvn-sink+no-lsr',
    'outliner+no-machine-licm+gvn-sink+no-inline+no-placement',
    'ext-tsp+outliner+gvn-sink+no-lsr+no-load-pre',
    'ext-tsp+no-machine-licm+list-burr+no-load-pre+tail-merge-1',
    'ext-tsp+outliner+gvn-hoist+ipra+no-inline',
    'ext-tsp+outliner+no-machine-licm+jump-table-8+tail-merge-1',
    'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+phi-fold-1+new-gvn',
    'ext-tsp+no-machine-licm+inline-25+no-jump-threading+new-gvn',
    'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+tail-merge-1+new-gvn',
    'ext-tsp+no-machine-licm+basic-regalloc',
)
# What tables call them -> what they are: -Oz alone first.
CHOICES = {'Oz': '', **{f's{i}': names for i, names in enumerate(SETS, 1)}}
# In which order to try them where `.text` is to be small, or all of the image:
# first what gains most for all, then what adds most to the best so far, on the
# labelled units of packages that sets were chosen on.
TRIED = {
    'text': 's1 s11 s8 s3 s4 s6 s7 s10 s13 s9 s5 s12 s2'.split(),
    'image': 's3 s11 s2 s4 s8 s9 s7 s13 s6 s10 s12 s5 s1'.split(),
}

# What `tune` tries before these, searched on units of the same packages: each
# adds most to the best of those before it (docs/experiments/tuning.md).
FIRST: Mapping[str, tuple[str, ...]] = {
    'text': (
        'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-sink+gvn-hoist+ipra+no-lsr+tail-merge-1+new-gvn+no-tail-dup',
        'ext-tsp+outliner+ir-outliner+no-machine-licm+ipra+no-lsr+inline-25+list-burr+phi-fold-1+jump-table-8+tail-merge-1+no-tail-dup',
        'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-sink+ipra+no-inline+list-burr+no-jump-threading+tail-merge-1+new-gvn+no-shrink-wrap',
        'ext-tsp+outliner+ir-outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+list-burr+phi-fold-1+tail-merge-1+new-gvn+no-shrink-wrap',
    ),
    'image': (
        'ext-tsp+ir-outliner+no-machine-licm+gvn-sink+gvn-hoist+ipra+no-lsr+inline-25+list-burr+jump-table-8+no-pre+tail-merge-1+no-tail-dup',
        'ext-tsp+outliner+no-machine-licm+gvn-hoist+ipra+no-lsr+jump-table-8+tail-merge-1+new-gvn+no-tail-dup',
        'ext-tsp+ir-outliner+no-machine-licm+gvn-sink+gvn-hoist+ipra+no-inline+list-burr+jump-table-8+no-jump-threading+tail-merge-1+new-gvn',
        'ext-tsp+no-machine-licm+gvn-hoist+ipra+no-lsr+list-burr+phi-fold-8+jump-table-8+no-pre+tail-merge-1',
    ),
}


def order(kind: str) -> list[str]:
  """The sets that `tune` knows, in the order in which it tries them."""
  return [*FIRST[kind], *(CHOICES[name] for name in TRIED[kind])]


def known() -> tuple[str, ...]:
  """All sets that are advised to somebody."""
  return tuple(dict.fromkeys([*order('text'), *order('image')]))


def words_of(names: str) -> tuple[str, ...]:
  """What `ext-tsp+no-lsr` is on a command line; nothing for ''.

  Raises:
    ValueError: a name is not known.
  """
  words: tuple[str, ...] = ()
  for name in filter(None, names.split('+')):
    if name not in FLAGS:
      raise ValueError(f'flag {name!r} is none of {", ".join(FLAGS)}')
    words += FLAGS[name]
  return words


def joined(names: Iterable[str]) -> str:
  """A set of flags as one name, in the table's order."""
  wanted = set(names)
  return '+'.join(name for name in FLAGS if name in wanted)
