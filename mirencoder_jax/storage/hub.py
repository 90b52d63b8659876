"""Weights on a hub: `org/name` as a folder, and a folder as `org/name`.

All of it is `huggingface_hub`'s: its cache, its token (`hf auth login`, or
`HF_TOKEN`), its `HF_ENDPOINT` and `HF_HUB_OFFLINE`. Weights are data, so that
nothing that is downloaded is run.
"""

import pathlib
import re
from collections.abc import Sequence

from mirencoder_jax.storage import bundle
from mirencoder_jax.storage import checkpoint as checkpoint_lib

# Those of `weights`; nothing else of a repository is downloaded.
FILES = (bundle.INFO, bundle.VOCAB, f'*{bundle.ARRAYS}')
CARD = 'README.md'  # what a hub shows
_NAME = re.compile(r'(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>\S+))?')
_LOAD = re.compile(r"mir\.load\('[^']*'\)")


def is_name(name: str) -> bool:
  """Whether it could be `org/name`, or `org/name@revision`."""
  return bool(_NAME.fullmatch(name))


def download(name: str) -> pathlib.Path:
  """The folder of weights of that name, from the cache if they are there.

  Raises:
    CheckpointError: if the hub has none, or cannot be asked.
  """
  import huggingface_hub  # takes long, and most weights are local

  repo, _, revision = _parts(name)
  try:
    found = huggingface_hub.snapshot_download(
        repo, revision=revision or None, allow_patterns=list(FILES)
    )
  except Exception as error:  # of HTTP, of the hub, of the disk
    raise _failed(name, error, 'loaded') from error
  folder = pathlib.Path(found)
  if not bundle.is_bundle(folder):
    raise checkpoint_lib.CheckpointError(
        f'{name} is on the hub, but has no weights of mirencoder_jax '
        f'({bundle.INFO}, {bundle.VOCAB}, safetensors)'
    )
  return folder


def push(
    folder: pathlib.Path,
    card: str,
    name: str,
    *,
    licence: str | None = None,
    datasets: Sequence[str] = (),
    private: bool | None = None,
    token: str | None = None,
) -> str:
  """Uploads a folder of weights, with its card as the hub has it.

  Args:
    folder: of `weights.export`.
    card: the card that lies in it.
    name: `org/name`, made if it is new.
    licence: of the weights, as SPDX names it; that of the card by default.
    datasets: of the hub, that they were trained on.
    private: whether only members of the organisation see it.
    token: of the hub; the one of `hf auth login` by default.

  Returns:
    The address of what was written.

  Raises:
    CheckpointError: if the hub refuses the card or the upload.
  """
  import huggingface_hub

  repo, _, revision = _parts(name)
  made = huggingface_hub.ModelCard(_LOAD.sub(f"mir.load('{repo}')", card))
  made.data.pipeline_tag = 'feature-extraction'
  if licence:
    made.data.license = licence.lower()
  if datasets:
    made.data.datasets = list(datasets)
  api = huggingface_hub.HfApi(token=token)
  try:
    made.validate()
    api.create_repo(repo, private=private, exist_ok=True)
    operations = [
        huggingface_hub.CommitOperationAdd(CARD, str(made).encode()),
        *(
            huggingface_hub.CommitOperationAdd(path.name, path)
            for pattern in FILES
            for path in sorted(folder.glob(pattern))
        ),
    ]
    done = api.create_commit(
        repo,
        operations,
        commit_message='Weights of mirencoder_jax',
        revision=revision or None,
    )
  except Exception as error:
    raise _failed(name, error, 'uploaded') from error
  return done.commit_url


def _parts(name: str) -> tuple[str, str, str]:
  if not is_name(name):
    raise checkpoint_lib.CheckpointError(
        f'{name!r} is no name on a hub; it has the form org/name'
    )
  return name.partition('@')


def _failed(
    name: str, error: Exception, what: str
) -> checkpoint_lib.CheckpointError:
  from huggingface_hub import errors

  if isinstance(error, errors.RepositoryNotFoundError):
    why = 'the hub has none of that name, or shows it to members only'
  elif isinstance(error, errors.RevisionNotFoundError):
    why = 'it has no such revision'
  else:
    why = checkpoint_lib.first_line(error)
  return checkpoint_lib.CheckpointError(
      f'{name} could not be {what}: {why}; where a name is private or is to be '
      'written, `hf auth login` says who you are'
  )
