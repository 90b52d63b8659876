"""Prepares a dataset: IR files in, shards that `train.py` reads out.

    python datasets/prepare.py starter_ir
    python datasets/prepare.py ir_folder --source=FOLDER_OR_TAR_OR_GLOB

Not through `tfds build`, which wants apache_beam. Exits with 0 if shards were
written, however many files could not be read (the report names them), and with
1 if nothing could be made.
"""

# ruff: noqa: E402

import argparse
import contextlib
import dataclasses
import io
import os
import pathlib
import shlex
import sys
import tempfile

# Before the imports of ours: `datasets` may also be another package's name, and
# ours has it only if the repository comes first.
_ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:] = [str(_ROOT)] + [
    entry for entry in sys.path if entry != str(_ROOT / 'datasets')
]

import tensorflow_datasets as tfds
from absl import logging

from datasets.ir_folder import ir_folder_dataset_builder as ir_folder
from datasets.starter_ir import starter_ir_dataset_builder as starter_ir
from mirencoder_jax import ir
from mirencoder_jax.data import (
    corpus,
    corpus_files,
    corpus_markdown,
    corpus_tasks,
)

# As in `train.py`.
_DATA_DIR = os.environ.get('TFDS_DATA_DIR', str(_ROOT / 'runs' / 'data'))
_BUILDERS = {
    'ir_folder': ir_folder.Builder,
    'starter_ir': starter_ir.Builder,
}


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(
      prog='python datasets/prepare.py',
      description=__doc__,
      formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  defaults = corpus.CorpusConfig()
  subparsers = parser.add_subparsers(dest='dataset', required=True)
  for name, builder in _BUILDERS.items():
    description = sys.modules[builder.__module__].__doc__
    command = subparsers.add_parser(
        name,
        help=description.splitlines()[0].split(': ', 1)[1],
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    if name == 'ir_folder':
      add(
          '--source',
          required=True,
          help='folder (with its sub-folders), tar archive (also .gz, .xz), '
          'single file or quoted glob of .ll and .bc files',
      )
      add(
          '--name',
          help='keeps this corpus beside others, as ir_folder/NAME',
      )
      add(
          '--manifest',
          help='CSV with a column path and any of program, language, '
          'opt_level, llvm; by default manifest.csv at the top of the source',
      )
      add(
          '--group',
          choices=('program', 'file'),
          default=defaults.group,
          help='what stays on one side of the split: the program (the first '
          'folder that differs) or each file by itself (default: %(default)s)',
      )
    add(
        '--data_dir',
        default=_DATA_DIR,
        help='where the shards go (default: %(default)s)',
    )
    add(
        '--vocab',
        help='vocab.json to use, of another corpus or a checkpoint; by default '
        'one is trained on the training split',
    )
    add(
        '--vocab_size',
        type=int,
        default=defaults.vocab_size,
        help='entries of a trained vocabulary, at most (default: %(default)s)',
    )
    add(
        '--validation_rate',
        type=float,
        default=defaults.validation_rate,
        help='share of the programs held out (default: %(default)s)',
    )
    add(
        '--processes',
        type=int,
        default=defaults.processes,
        help='worker processes; 0 for one per core (default: %(default)s)',
    )
    add(
        '--timeout',
        type=float,
        default=defaults.timeout,
        help='seconds that one file may take (default: %(default)s)',
    )
    add(
        '--max_file_mb',
        type=float,
        default=defaults.max_file_mb,
        help='files over this size are left out (default: %(default)s)',
    )
    add(
        '--overwrite',
        action='store_true',
        help='prepares again what is there already',
    )
  return parser


def _create_builder(args: argparse.Namespace) -> ir_folder.Builder:
  fields = {field.name for field in dataclasses.fields(corpus.CorpusConfig)}
  given = {key: value for key, value in vars(args).items() if key in fields}
  kwargs = {
      'data_dir': os.path.expanduser(args.data_dir),
      'settings': corpus.CorpusConfig(**given),
  }
  if args.dataset == 'ir_folder':
    kwargs |= {'source': args.source, 'manifest': args.manifest}
    if args.name:
      kwargs['config'] = tfds.core.BuilderConfig(
          name=args.name, description=f'The corpus {args.name}.'
      )
  return _BUILDERS[args.dataset](**kwargs)


def _other_content(
    builder: ir_folder.Builder, args: argparse.Namespace
) -> str | None:
  """Why what is there already is not what was asked for; None if it is."""
  metadata = builder.info.metadata
  source = getattr(args, 'source', None)
  if source is not None and metadata['source'] != source:
    return (
        f"is there already, made of {metadata['source']}: give this corpus a "
        '--name of its own, or prepare it again with --overwrite'
    )
  if args.vocab is not None:
    vocab_hash = ir.Tokenizer.load(args.vocab).hash
    if metadata['vocab_hash'] != vocab_hash:
      return (
          f"is there already, with the vocabulary {metadata['vocab_hash']} and "
          f'not with {vocab_hash} of {args.vocab}; use --overwrite'
      )
  if metadata['reader'] != corpus_tasks.code_stamp():
    print(
        'note: prepared by another version of the IR reader; --overwrite '
        'prepares it again',
        file=sys.stderr,
    )
  return None


def main(argv: list[str] | None = None) -> int:
  args = _parser().parse_args(argv)
  tfds.disable_progress_bar()  # ours say more
  logging.set_verbosity(logging.ERROR)
  builder = _create_builder(args)
  mode = tfds.GenerateMode.REUSE_DATASET_IF_EXISTS
  if args.overwrite:
    mode = tfds.GenerateMode.REUSE_CACHE_IF_EXISTS
  try:
    # TFDS makes a folder for downloads and announces one; there is none.
    with (
        tempfile.TemporaryDirectory() as download_dir,
        contextlib.redirect_stdout(io.StringIO()),
    ):
      builder.download_and_prepare(
          download_dir=download_dir,
          download_config=tfds.download.DownloadConfig(download_mode=mode),
      )
  except (corpus_files.CorpusError, ir.IRError, OSError) as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  if builder.report is None:
    if (trouble := _other_content(builder, args)) is not None:
      print(f'error: {builder.data_path} {trouble}', file=sys.stderr)
      return 1
    print(f'{builder.data_path}: there already; --overwrite prepares it again')
  else:
    print(builder.report.as_markdown())
    print(corpus_markdown.summary(builder.report.as_dict()))
  name = '/'.join(builder.info.full_name.split('/')[:-1])
  train = f'python train.py --config.data.name={name}'
  if args.data_dir != _DATA_DIR:
    train += f' --data_dir={shlex.quote(args.data_dir)}'
  print(f'Train on it: {train}')
  return 0


if __name__ == '__main__':
  sys.exit(main())
