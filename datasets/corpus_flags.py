"""Command line flags of the corpora, for `prepare.py` and builders."""

import argparse
import dataclasses
import re
from typing import Any

import tensorflow_datasets as tfds

from mirencoder_jax.corpus import corpus
from mirencoder_jax.ir import views as ir_views


def add_source_flags(
    command: argparse.ArgumentParser, what: str, kept_as: str
) -> None:
  """Flags of a corpus that a user names.

  Args:
    command: gets them.
    what: the source may be, for the help.
    kept_as: name of the data set.
  """
  command.add_argument('--source', required=True, help=what)
  command.add_argument(
      '--name', help=f'keeps this corpus beside others, as {kept_as}/NAME'
  )


def source_arguments(args: argparse.Namespace) -> dict[str, Any]:
  """What a builder takes of these flags.

  Raises:
    ValueError: for a name that cannot be a folder's.
  """
  kwargs = {'source': args.source}
  if args.name is not None:
    if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', args.name):
      raise ValueError(
          f'name {args.name!r} is not letters, digits, and . _ - after them'
      )
    kwargs['config'] = tfds.core.BuilderConfig(
        name=args.name, description=f'The corpus {args.name}.'
    )
  return kwargs


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


def corpus_arguments(args: argparse.Namespace) -> dict[str, Any]:
  """What a builder takes of the flags of every corpus.

  Raises:
    ValueError: for values that make no sense.
  """
  fields = {field.name for field in dataclasses.fields(corpus.CorpusConfig)}
  given = {key: value for key, value in vars(args).items() if key in fields}
  return {
      'settings': corpus.CorpusConfig(**given),
      'beam_options': args.beam,
  }


def names(text: str) -> tuple[str, ...]:
  """What stands between commas; none in an empty text."""
  return tuple(name.strip() for name in text.split(',') if name.strip())
