"""Prepares a dataset: files in, shards that `train.py` and `eval.py` read out.

    python datasets/prepare.py starter_ir
    python datasets/prepare.py source_packages --tier=musl
    python datasets/prepare.py ir_folder --source=FOLDER_OR_TAR_OR_GLOB
    python datasets/prepare.py compile --source=FOLDER_OR_BUCKET --languages=c
    python datasets/prepare.py device_mapping --manual_dir=FOLDER
    python datasets/prepare.py loop_vectorization

`python datasets/prepare.py DATASET --help` lists what a dataset takes. Exits
with 0 if shards were written, however many files could not be read (the report
names them), with 1 if nothing could be made, and with 3 if shards were written
but packages of `source_packages` were not to be had.
"""

# ruff: noqa: E402

import argparse
import contextlib
import dataclasses
import errno
import io
import os
import pathlib
import re
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

from datasets import corpus_flags, measurements
from datasets.compile import compile_dataset_builder as compile_parquet
from datasets.cuda_block import cuda_block_dataset_builder as cuda_block
from datasets.device_mapping import (
    device_mapping_dataset_builder as device_mapping,
)
from datasets.ir_folder import ir_folder_dataset_builder as ir_folder
from datasets.loop_vectorization import (
    loop_vectorization_dataset_builder as loop_vectorization,
)
from datasets.numa_prefetch import (
    numa_prefetch_dataset_builder as numa_prefetch,
)
from datasets.openmp_tuning import (
    openmp_tuning_dataset_builder as openmp_tuning,
)
from datasets.source_packages import (
    source_packages_dataset_builder as source_packages,
)
from datasets.starter_ir import starter_ir_dataset_builder as starter_ir
from datasets.thread_coarsening import (
    thread_coarsening_dataset_builder as thread_coarsening,
)
from mirencoder_jax import ir
from mirencoder_jax.corpus import corpus, files, passes
from mirencoder_jax.corpus import report as corpus_report
from mirencoder_jax.ir import views as ir_views

# As in `train.py`.
_DATA_DIR = os.environ.get('TFDS_DATA_DIR', str(_ROOT / 'runs' / 'data'))
# To pre-train on: IR into examples. `tfds build` would want apache_beam.
_CORPORA = {
    'compile': compile_parquet.Builder,
    'ir_folder': ir_folder.Builder,
    'source_packages': source_packages.Builder,
    'starter_ir': starter_ir.Builder,
}
# To evaluate on: measurements that the user brings.
_TASKS = {
    name: module.Builder
    for name, module in {
        'device_mapping': device_mapping,
        'thread_coarsening': thread_coarsening,
        'loop_vectorization': loop_vectorization,
        'openmp_tuning': openmp_tuning,
        'numa_prefetch': numa_prefetch,
        'cuda_block': cuda_block,
    }.items()
}
# Tasks whose files stand beside their builder; a user may bring others.
_SHIPPED = ('loop_vectorization',)

_ERRORS = (
    files.CorpusError,
    measurements.ManualDataError,
    ir.IRError,
    OSError,
)


def _parser() -> argparse.ArgumentParser:
  keep = argparse.RawDescriptionHelpFormatter
  parser = argparse.ArgumentParser(
      prog='python datasets/prepare.py',
      description=__doc__,
      formatter_class=keep,
  )
  commands = parser.add_subparsers(dest='dataset', required=True)
  for name, builder in (_CORPORA | _TASKS).items():
    about = sys.modules[builder.__module__].__doc__
    command = commands.add_parser(
        name,
        help=about.splitlines()[0].split(': ', 1)[1],
        description=about,
        formatter_class=keep,
    )
    if name == 'ir_folder':
      corpus_flags.add_source_flags(command)
    elif name == 'compile':
      corpus_flags.add_parquet_flags(command)
    elif name == 'source_packages':
      source_packages.add_flags(command)
    if name in _CORPORA:
      corpus_flags.add_corpus_flags(command)
      if name == 'source_packages':
        command.set_defaults(views=ir_views.DEFAULT)
    else:
      command.add_argument(
          '--manual_dir',
          required=name not in _SHIPPED,
          help=f'folder with the files that datasets/{name}/README.md names'
          + (' (default: what is shipped)' if name in _SHIPPED else ''),
      )
    command.add_argument(
        '--data_dir',
        default=_DATA_DIR,
        help='where the shards go (default: %(default)s)',
    )
    command.add_argument(
        '--overwrite',
        action='store_true',
        help='prepares again what is there already',
    )
  return parser


def _create_builder(args: argparse.Namespace) -> tfds.core.DatasetBuilder:
  """Raises ValueError for flags that make no sense."""
  data_dir = os.path.expanduser(args.data_dir)
  if args.dataset in _TASKS:
    manual_dir = args.manual_dir
    if manual_dir is not None and not pathlib.Path(manual_dir).is_dir():
      raise ValueError(f'manual_dir {manual_dir} is not a folder')
    return _TASKS[args.dataset](data_dir=data_dir)
  fields = {field.name for field in dataclasses.fields(corpus.CorpusConfig)}
  given = {key: value for key, value in vars(args).items() if key in fields}
  kwargs = {
      'data_dir': data_dir,
      'settings': corpus.CorpusConfig(**given),
      'beam_options': args.beam,
  }
  # What not every corpus takes; each builder takes what its flags are.
  for name in ('source', 'manifest', 'languages', 'licences', 'max_modules'):
    if hasattr(args, name):
      kwargs[name] = getattr(args, name)
  if args.dataset == 'source_packages':
    kwargs |= source_packages.arguments(args)
  if hasattr(args, 'name'):
    if args.name is not None:
      if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', args.name):
        raise ValueError(
            f'name {args.name!r} is not letters, digits, and . _ - after them'
        )
      kwargs['config'] = tfds.core.BuilderConfig(
          name=args.name, description=f'The corpus {args.name}.'
      )
  return _CORPORA[args.dataset](**kwargs)


def _prepare(
    builder: tfds.core.DatasetBuilder, args: argparse.Namespace
) -> bool:
  """Writes the shards; False if they are there already."""
  there = builder.data_path.exists() and not args.overwrite
  mode = tfds.GenerateMode.REUSE_DATASET_IF_EXISTS
  if args.overwrite:
    mode = tfds.GenerateMode.REUSE_CACHE_IF_EXISTS
  # TFDS makes a folder for downloads and announces one; there is none.
  with (
      tempfile.TemporaryDirectory() as download_dir,
      contextlib.redirect_stdout(io.StringIO()),
  ):
    builder.download_and_prepare(
        download_dir=download_dir,
        download_config=tfds.download.DownloadConfig(
            download_mode=mode, manual_dir=getattr(args, 'manual_dir', None)
        ),
    )
  return not there


def _check_content(
    builder: tfds.core.DatasetBuilder, args: argparse.Namespace
) -> None:
  """Raises CorpusError if what is there is not what was asked for."""
  metadata = builder.info.metadata
  source = getattr(args, 'source', None)
  if source is not None and metadata['source'] != source:
    raise files.CorpusError(
        f"{builder.data_path} is there already, made of {metadata['source']}: "
        'give this corpus a --name of its own, or --overwrite'
    )
  if args.vocab is not None:
    vocab_hash = ir.Tokenizer.load(args.vocab).hash
    if metadata['vocab_hash'] != vocab_hash:
      raise files.CorpusError(
          f'{builder.data_path} is there already, with the vocabulary '
          f"{metadata['vocab_hash']} and not {vocab_hash} of {args.vocab}; use "
          '--overwrite'
      )
  if metadata['reader'] != passes.code_stamp():
    print(
        'note: prepared by another version of the IR reader; --overwrite '
        'prepares it again',
        file=sys.stderr,
    )


def _print_report(builder: ir_folder.Builder) -> None:
  packages = getattr(builder, 'packages_report', None)
  if packages is not None:
    print(packages.as_markdown())
    print(packages.summary())
  report = builder.report
  print(report.as_markdown())
  if report.num_resumed:
    print(f'{report.num_resumed:,} files were read by an interrupted run.')
  print(f'{corpus_report.summary(report.as_dict())}.')


def main(argv: list[str] | None = None) -> int:
  parser = _parser()
  args = parser.parse_args(argv)
  tfds.disable_progress_bar()  # ours say more
  logging.set_verbosity(logging.ERROR)
  if getattr(args, 'bitcode_only', False):
    return source_packages.run_build(args)
  try:
    builder = _create_builder(args)
  except ValueError as error:
    parser.error(str(error))
  try:
    is_new = _prepare(builder, args)
    if args.dataset in _CORPORA and not is_new:
      _check_content(builder, args)
  except (*_ERRORS, RuntimeError) as error:
    # The writer of shards has no class of error for it.
    if os.strerror(errno.ENOSPC) in str(error):
      error = (
          f'the disk of {args.data_dir} is full; make room and run this again '
          '(what was read is kept)'
      )
    elif not isinstance(error, _ERRORS):
      raise
    print(f'error: {error}', file=sys.stderr)
    return 1
  if not is_new:
    print(f'{builder.data_path}: there already; --overwrite prepares it again')
  elif args.dataset in _CORPORA:
    _print_report(builder)
  else:
    print(f'{builder.info.splits.total_num_examples:,} examples written.')
  if args.dataset in _CORPORA:
    name = builder.info.full_name.removesuffix(f'/{builder.version}')
    train = f'python train.py --config.data.name={name}'
    if args.data_dir != _DATA_DIR:
      train += f' --data_dir={shlex.quote(args.data_dir)}'
    print(f'Train on it: {train}')
  packages = getattr(builder, 'packages_report', None)
  return 0 if packages is None else packages.exit_code


if __name__ == '__main__':
  sys.exit(main())
