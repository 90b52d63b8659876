"""Prepares a dataset: files in, shards that `train.py` and `eval.py` read out.

    python datasets/prepare.py starter_ir
    python datasets/prepare.py source_packages --tier=musl
    python datasets/prepare.py ir_folder --source=FOLDER_OR_TAR_OR_GLOB
    python datasets/prepare.py compile --source=FOLDER_OR_BUCKET --languages=c
    python datasets/prepare.py device_mapping --manual_dir=FOLDER
    python datasets/prepare.py loop_vectorization
    python datasets/prepare.py FOLDER/OF/YOUR_OWN

`python datasets/prepare.py DATASET --help` lists what a dataset takes. Exits
with 0 if shards were written, however many files could not be read (the report
names them), with 1 if nothing could be made, and with 3 if shards were written
but packages of `source_packages` were not to be had.
"""

# ruff: noqa: E402

import argparse
import contextlib
import errno
import importlib
import io
import os
import pathlib
import re
import shlex
import sys
import tempfile
import types

# Before the imports of ours: `datasets` may also be another package's name, and
# ours has it only if the repository comes first.
_ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:] = [str(_ROOT)] + [
    entry for entry in sys.path if entry != str(_ROOT / 'datasets')
]

import tensorflow_datasets as tfds
from absl import logging

import datasets
from datasets import corpus_flags, measurements
from datasets.ir_folder import ir_folder_dataset_builder as ir_folder
from mirencoder_jax import ir
from mirencoder_jax.corpus import files, passes
from mirencoder_jax.corpus import report as corpus_report
from mirencoder_jax.storage import command_line

# As in `train.py`.
_DATA_DIR = os.environ.get('TFDS_DATA_DIR', str(_ROOT / 'runs' / 'data'))
_BUILDER = '_dataset_builder'

_ERRORS = (
    files.CorpusError,
    measurements.ManualDataError,
    ir.IRError,
    OSError,
)


def _data_sets(given: str | None = None) -> dict[str, types.ModuleType]:
  """The module of every data set, by name.

  Each is a folder, of this one or given, with TFDS's own names in it:
  `NAME/NAME_dataset_builder.py` has a class `Builder`. The module may have

    add_flags(command)     adds flags to an `ArgumentParser`
    from_flags(args)       the arguments of `Builder` that they ask for
    run_instead(args)      an exit code if there is nothing to prepare, or None

  Raises:
    ValueError: if the given folder is none of a data set.
  """
  names = [
      path.parent.name
      for path in sorted(_ROOT.glob(f'datasets/*/*{_BUILDER}.py'))
      if path.stem == path.parent.name + _BUILDER
  ]
  if given is not None:
    folder = pathlib.Path(given).expanduser().resolve()
    if not (folder / f'{folder.name}{_BUILDER}.py').is_file():
      raise ValueError(
          f'{given} is neither a data set of this repository ('
          f'{", ".join(names)}) nor a folder with a file '
          f'{folder.name}{_BUILDER}.py'
      )
    if folder.name in names and folder.parent != _ROOT / 'datasets':
      raise ValueError(
          f'{given} is called as a data set of this repository; rename it'
      )
    if folder.name not in names:
      # What it imports of its own folder is found as it is for the others.
      datasets.__path__.append(str(folder.parent))
      names.append(folder.name)
  return {
      name: importlib.import_module(f'datasets.{name}.{name}{_BUILDER}')
      for name in names
  }


def _is_corpus(module: types.ModuleType) -> bool:
  """Whether it is IR to pre-train on."""
  return issubclass(module.Builder, ir_folder.Builder)


class _Parser(argparse.ArgumentParser):
  """One sentence for what is mistyped, with what may have been meant."""

  def parse_known_args(self, args=None, namespace=None):
    self._words = list(args or ())
    found, rest = super().parse_known_args(args, namespace)
    if rest:  # those of a data set know its options
      self.error(f'there is no {rest[0]!r}' + self._meant(rest[0]))
    return found, rest

  def error(self, message: str):
    choice = re.search(r"choice: '([^']*)' \(choose from (.*)\)", message)
    if choice:
      known = [word.strip(" '") for word in choice[2].split(',')]
      message = f'there is no {choice[1]!r}'
      message += command_line.suggest(choice[1], known)
    elif 'are required' in message:
      for word in self._words:
        if meant := self._meant(word):
          message = f'there is no {word!r}{meant}'
    self.exit(2, f'{self.prog}: {message}; --help lists what there is\n')

  def _meant(self, word: str) -> str:
    """The end of a sentence on what is no option; '' if it may be one."""
    name, known = word.partition('=')[0], self._option_string_actions
    if name[:2] != '--' or any(option.startswith(name) for option in known):
      return ''
    return command_line.suggest(name, known)


def _parser(
    data_sets: dict[str, types.ModuleType] | None = None,
) -> argparse.ArgumentParser:
  keep = argparse.RawDescriptionHelpFormatter
  parser = _Parser(
      prog='python datasets/prepare.py',
      description=__doc__,
      formatter_class=keep,
  )
  commands = parser.add_subparsers(dest='dataset', required=True)
  for name, module in (data_sets or _data_sets()).items():
    about = module.__doc__ or name
    command = commands.add_parser(
        name,
        help=about.splitlines()[0].rpartition('`: ')[2],
        description=about,
        formatter_class=keep,
    )
    if _is_corpus(module):
      corpus_flags.add_corpus_flags(command)
    if hasattr(module, 'add_flags'):
      module.add_flags(command)
    elif issubclass(module.Builder, measurements.TaskBuilder):
      measurements.add_flags(command, module.Builder)
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


def _create_builder(
    module: types.ModuleType, args: argparse.Namespace
) -> tfds.core.DatasetBuilder:
  """Raises ValueError for flags that make no sense."""
  kwargs = {'data_dir': os.path.expanduser(args.data_dir)}
  if _is_corpus(module):
    kwargs |= corpus_flags.corpus_arguments(args)
  if hasattr(module, 'from_flags'):
    kwargs |= module.from_flags(args)
  return module.Builder(**kwargs)


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
  argv = sys.argv[1:] if argv is None else list(argv)
  given = None
  if argv and os.sep in argv[0]:
    given = argv[0]
    argv[0] = pathlib.Path(given).expanduser().resolve().name
  try:
    data_sets = _data_sets(given)
  except ValueError as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  parser = _parser(data_sets)
  args = parser.parse_args(argv)
  module = data_sets[args.dataset]
  is_corpus = _is_corpus(module)
  tfds.disable_progress_bar()  # ours say more
  logging.set_verbosity(logging.ERROR)
  if hasattr(module, 'run_instead'):
    code = module.run_instead(args)
    if code is not None:
      return code
  try:
    builder = _create_builder(module, args)
  except ValueError as error:
    parser.error(str(error))
  try:
    is_new = _prepare(builder, args)
    if is_corpus and not is_new:
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
  elif is_corpus:
    _print_report(builder)
  else:
    print(f'{builder.info.splits.total_num_examples:,} examples written.')
  if is_corpus:
    name = builder.info.full_name.removesuffix(f'/{builder.version}')
    train = f'python train.py --config.data.name={name}'
    if args.data_dir != _DATA_DIR:
      train += f' --data_dir={shlex.quote(args.data_dir)}'
    print(f'Train on it: {train}')
  packages = getattr(builder, 'packages_report', None)
  return 0 if packages is None else packages.exit_code


if __name__ == '__main__':
  sys.exit(main())
