"""Command line flags of the corpora, for `prepare.py`."""

import argparse

from mirencoder_jax.corpus import corpus
from mirencoder_jax.ir import views as ir_views

_NAME_HELP = 'keeps this corpus beside others, as {}/NAME'


def add_source_flags(command: argparse.ArgumentParser) -> None:
  """Flags of `ir_folder`: where the IR is."""
  add = command.add_argument
  add(
      '--source',
      required=True,
      help='folder (with its sub-folders), tar archive (also .gz, .xz), '
      'single file or quoted glob of .ll and .bc files',
  )
  add('--name', help=_NAME_HELP.format('ir_folder'))
  add(
      '--manifest',
      help='CSV with a column path and any of program, language, opt_level, '
      'llvm; by default manifest.csv at the top of the source',
  )
  add(
      '--group',
      choices=('program', 'file'),
      default='program',
      help='what stays on one side of the split: the program (the first folder '
      'that differs) or each file by itself (default: %(default)s)',
  )


def add_parquet_flags(command: argparse.ArgumentParser) -> None:
  """Flags of `compile`: which rows to take."""
  add = command.add_argument
  add(
      '--source',
      required=True,
      help='folder or bucket (gs://, s3://), file or quoted glob of .parquet '
      'files with the columns of ComPile',
  )
  add('--name', help=_NAME_HELP.format('compile'))
  add(
      '--languages',
      type=names,
      default=(),
      help='languages to take, as c,c++,rust (default: all)',
  )
  add(
      '--licences',
      type=names,
      default=(),
      help='SPDX expressions to take, as MIT,Apache-2.0 (default: all)',
  )
  add(
      '--max_modules',
      type=int,
      default=0,
      help='modules of each language, at most, the first; 0 for all',
  )


def add_corpus_flags(command: argparse.ArgumentParser) -> None:
  """Flags of every corpus: the fields of `CorpusConfig`."""
  defaults = corpus.CorpusConfig()
  command.add_argument(
      '--vocab',
      help='vocab.json to use, of another corpus or a checkpoint; by default '
      'one is trained on the training split',
  )
  command.add_argument(
      '--views',
      nargs='?',
      type=names,
      default=(),
      const=ir_views.DEFAULT,
      help='also takes every module as LLVM makes it at other levels and after '
      f'random passes (default of the flag: {",".join(ir_views.DEFAULT)}; also '
      'O0, O3, Os, random4, ...); for IR that is not optimised',
  )
  command.add_argument(
      '--decontaminate',
      nargs='+',
      default=(),
      metavar='[NAME=]PATH',
      help='IR of benchmarks (folder, archive, file) or their saved '
      'fingerprints (.npz): what is equal to or much like one of their '
      'functions is left out, with all its views',
  )
  command.add_argument(
      '--save_benchmarks',
      metavar='FILE.npz',
      help='keeps the fingerprints of the benchmarks, for another machine',
  )
  command.add_argument(
      '--beam',
      nargs='?',
      type=names,
      const=(),
      metavar='FLAG,FLAG',
      help='runs over Apache Beam, with the flags given, such as '
      '--runner=DataflowRunner,--project=mine; the result is the same',
  )
  for name, text in (
      ('vocab_size', 'entries of a trained vocabulary, at most'),
      ('vocab_functions', 'functions that it is trained on, at most'),
      ('validation_rate', 'share of the functions held out, by program'),
      (
          'near_duplicates',
          'similarity from which on one of two functions is left out; 0 keeps '
          'both',
      ),
      ('processes', 'worker processes; 0 for one per core'),
      ('timeout', 'seconds that one file or view may take'),
      ('max_file_mb', 'files over this size are left out'),
  ):
    default = getattr(defaults, name)
    command.add_argument(
        f'--{name}',
        type=type(default),
        default=default,
        help=f'{text} (default: %(default)s)',
    )


def names(text: str) -> tuple[str, ...]:
  """What stands between commas; none in an empty text."""
  return tuple(name.strip() for name in text.split(',') if name.strip())
