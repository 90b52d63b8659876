"""`load` and `Encoder`: from IR to vectors with a trained checkpoint.

    import mirencoder_jax as mir
    encoder = mir.load('runs/tiny')
    vectors = encoder.embed('kernel.ll')  # float32 [1, D]

Functions of any size are embedded whole: long ones as several token windows
over one graph, those over the largest bucket as segments that are pooled. What
that cost is in `Encoding.report`.
"""

import copy
import dataclasses
import functools
import hashlib
import os
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from mirencoder_jax import ir as ir_lib
from mirencoder_jax.data import buckets, segments
from mirencoder_jax.data import example as example_lib
from mirencoder_jax.inference import embedding_cache, forward
from mirencoder_jax.inference import encoding as encoding_lib
from mirencoder_jax.models import create, mirencoder
from mirencoder_jax.storage import checkpoint as checkpoint_lib
from mirencoder_jax.storage import weights

Source = encoding_lib.Source
_CACHE = '~/.cache/mirencoder_jax/compiled'


class Encoder(encoding_lib.Embeds):
  """A trained encoder with its vocabulary.

  Attributes:
    config: of the model.
    tokenizer: of the data it was trained on.
    model: that `params` are of.
    params: its parameters.
    num_tokens: L, tokens of a window, as in training.
    cache: where vectors are kept by content; None to keep none.
    directory: that it was loaded from, if it was.
  """

  directory: os.PathLike | None = None

  def __init__(
      self,
      config: mirencoder.MIREncoderConfig,
      params: Any,
      tokenizer: ir_lib.Tokenizer,
      num_tokens: int,
      fingerprint: str = '',
      cache: embedding_cache.EmbeddingCache | None = None,
  ):
    """Takes what `build_encoder` finds; `fingerprint` if it was recorded."""
    self.cache = cache
    self.config = config
    self.params = params
    self.tokenizer = tokenizer
    self.num_tokens = num_tokens
    self._recorded_fingerprint = fingerprint
    self.model = create.create_encoder(config)
    self._by_instruction = config.reads == 'instructions'
    self._buckets = buckets.create_buckets(num_tokens, self._by_instruction)
    self._apply = jax.jit(functools.partial(forward.embed_pack, self.model))
    self._finish = jax.jit(functools.partial(forward.finish, self.model))

  @functools.cached_property
  def fingerprint(self) -> str:
    """64 bits over parameters, sizes and vocabulary, hexadecimal.

    Vectors of encoders with different fingerprints do not fit together.
    Weights keep that of the run that they were exported from, whose parameters
    they round.
    """
    if self._recorded_fingerprint:
      return self._recorded_fingerprint
    sizes = self.config.as_dict()
    del sizes['dtype']  # of the machine
    parts = [sorted(sizes.items()), self.num_tokens, self.tokenizer.hash]
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8)
    for path, leaf in jax.tree_util.tree_leaves_with_path(self.params):
      digest.update(jax.tree_util.keystr(path).encode())
      digest.update(np.ascontiguousarray(leaf).view(np.uint8).data)
    return digest.hexdigest()

  @property
  def saved_config(self) -> dict[str, Any]:
    """What `build_encoder` needs to know, as JSON holds it."""
    return {
        'model': self.config.as_dict(),
        'data': {'num_tokens': self.num_tokens},
    }

  @property
  def width(self) -> int:
    """The width of a joint embedding."""
    return self.widths['joint']

  @property
  def widths(self) -> dict[str, int]:
    """The width of an embedding by modality; `all` is the three of them."""
    widths = dict.fromkeys(encoding_lib.MODALITIES, self.config.width)
    widths['joint'] = create.joint_width(self.config)
    return widths | {'all': sum(widths.values())}

  def encode(
      self, ir: Source | Sequence[Source], *, on_error: str = 'raise'
  ) -> encoding_lib.Encoding:
    ir = encoding_lib.listed(ir)
    examples: list[example_lib.Example] = []
    modules: list[int] = []
    errors: dict[int, ir_lib.IRError] = {}
    unverified = np.zeros(len(ir), bool)
    for number, module in encoding_lib.read_sources(ir, on_error, errors):
      unverified[number] = module.unverified
      new = example_lib.featurize(module, self.tokenizer)
      examples += new
      modules += [number] * len(new)
    found, report = self._add_up(examples)
    report['unverified'] = int(unverified.sum())
    added_up = None
    if self._by_instruction:
      added_up = self._vectors(
          encoding_lib.sum_by(found['sums'], modules, len(ir))
      )
      empty = np.bincount(modules, minlength=len(ir)) == 0
      for vectors in added_up.values():
        vectors[empty] = np.nan
    cut_tokens = np.zeros(len(examples), np.int32)
    if report['cut_tokens']:  # seldom: an instruction longer than a window
      cut_tokens[:] = [
          segments.split_example(e, self._buckets[-1])[1].tokens
          for e in examples
      ]
    return encoding_lib.Encoding(
        vectors=self._vectors(found['sums']) if self._by_instruction else found,
        functions=[e['function'] for e in examples],
        modules=np.asarray(modules, np.int32),
        num_instructions=np.asarray(
            [len(e['instruction_offset']) - 1 for e in examples], np.int32
        ),
        num_modules=len(ir),
        errors=errors,
        report=report,
        unverified=unverified,
        cut_tokens=cut_tokens,
        added_up=added_up,
    )

  def untrained(self, seed: int = 0) -> 'Encoder':
    """The same encoder with its parameters as before training.

    For comparison; without those of decoders.
    """
    params = create_params(self.model, seed)
    return Encoder(
        *(self.config, params, self.tokenizer, self.num_tokens),
        cache=self.cache,
    )

  def with_params(self, params: Any) -> 'Encoder':
    """The same encoder with other parameters; shares what was compiled."""
    other = copy.copy(self)
    other.params, other.directory, other.cache = params, None, None
    other._recorded_fingerprint = ''
    other.__dict__.pop('fingerprint', None)  # was of these parameters
    return other

  def push_to_hub(self, name: str, **settings: Any) -> str:
    """Uploads the weights that this encoder was loaded from, with their card.

    Args:
      name: `org/name` of a hub.
      **settings: of `hub.push`, which also says what is returned.

    Raises:
      CheckpointError: if it was not loaded from weights, or the hub refuses.
    """
    if self.directory is None or not weights.is_weights(self.directory):
      raise checkpoint_lib.CheckpointError(
          'only weights are uploaded: `mirencoder export RUN FOLDER` makes '
          "some, with a card, and mir.load('FOLDER').push_to_hub(...) goes on"
      )
    return weights.push(self.directory, name, **settings)

  def embed_examples(
      self, examples: Sequence[example_lib.Example]
  ) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Embeds functions that were featurized with this encoder's vocabulary.

    Args:
      examples: of any size.

    Returns:
      Modality -> float32 [n, D], and counts of what had to be cut.
    """
    found, report = self._add_up(examples)
    if self._by_instruction:
      found = self._vectors(found['sums'])
    return found, report

  def _vectors(self, sums: np.ndarray) -> dict[str, np.ndarray]:
    """Embeddings by modality, made of sums [n, S]."""
    n = len(sums)
    # Few sizes, few compilations.
    padded = np.zeros((1 << max(2, (n - 1).bit_length()), sums.shape[1]))
    padded[:n] = sums
    found = self._finish(self.params, padded.astype(np.float32))
    return {m: np.array(vectors)[:n] for m, vectors in found.items()}

  def _add_up(
      self, examples: Sequence[example_lib.Example]
  ) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Sums [n, S] of examples, or vectors of those that have no sums."""
    cut = [segments.split_example(e, self._buckets[-1]) for e in examples]
    cuts = sum((c for _, c in cut), segments.Cuts())
    report = {
        'functions': len(examples),
        'tokens': sum(len(e['tokens']) for e in examples),
        'unknown_tokens': sum(
            int((e['tokens'] == self.tokenizer.unk_id).sum()) for e in examples
        ),
        'windows': 0,
        'segments': cuts.segments,
        'cut_edges': cuts.edges,
        'cut_tokens': cuts.tokens,
        'cached': 0,
    }
    if self._by_instruction:
      widths = {'sums': self.model.num_sums}
    else:
      widths = {m: self.widths[m] for m in encoding_lib.MODALITIES}

    def compute(chosen: Sequence[int]) -> dict[str, np.ndarray]:
      pieces = [cut[i][0] for i in chosen]
      found, report['windows'] = forward.embed_pieces(
          *(self._apply, self.params, pieces, widths),
          *(self._buckets, self.num_tokens),
      )
      return found

    if self.cache is None:
      return compute(range(len(examples))), report
    found, report['cached'] = self.cache.embed(
        self.fingerprint + self.config.dtype, examples, widths, compute
    )
    return found, report


def load(
    path: str | os.PathLike, *, cache: str | os.PathLike | None = None
) -> Encoder:
  """Loads an encoder.

  Args:
    path: the name of weights that ship with the package, such as `small`; or
      what `train.py` wrote: a workdir (its best checkpoint is taken), its
      `checkpoints` folder, or the folder of one step; or what `mirencoder
      export` made of it. A folder may be local or `gs://`. Where there is
      none, `org/name` (or `org/name@revision`) of a hub.
    cache: a folder that keeps every function's vectors, by what the function
      is and by encoder; made if it is new. Processes may share it.

  Raises:
    checkpoint.CheckpointError: if there is none, or it is damaged, or was
      written by a newer version.
  """
  encoder = _build_checked(_read_checkpoint(path))
  if cache is not None:
    encoder.cache = embedding_cache.EmbeddingCache(cache)
  return encoder


def build_encoder(
    config: dict[str, Any], params: Any, vocab: Any, fingerprint: str = ''
) -> Encoder:
  """An encoder of what a checkpoint holds."""
  if not jax.config.jax_compilation_cache_dir:
    jax.config.update('jax_compilation_cache_dir', os.path.expanduser(_CACHE))
  return Encoder(
      _model_config(config),
      params,
      ir_lib.Tokenizer(vocab['vocab']),
      config['data']['num_tokens'],
      fingerprint,
  )


def load_checkpoint(path: str | os.PathLike) -> checkpoint_lib.Checkpoint:
  """What `load` makes an encoder of: parameters, config and vocabulary.

  Raises:
    checkpoint.CheckpointError: as `load`.
  """
  loaded = _read_checkpoint(path)
  return loaded._replace(fingerprint=_build_checked(loaded).fingerprint)


def _build_checked(loaded: checkpoint_lib.Checkpoint) -> Encoder:
  """The encoder of a checkpoint whose vocabulary is the one it had."""
  try:
    encoder = build_encoder(
        loaded.config, loaded.params, loaded.vocab, loaded.fingerprint
    )
    recorded = loaded.vocab.get('hash', encoder.tokenizer.hash)
    if recorded != encoder.tokenizer.hash:
      raise ValueError(
          f'its hash is {encoder.tokenizer.hash}, it says {recorded}'
      )
  except (AttributeError, KeyError, TypeError, ValueError) as error:
    raise checkpoint_lib.CheckpointError(
        f'the vocabulary of {loaded.directory} is damaged '
        f'({checkpoint_lib.first_line(error)}); copy it again, or make it anew'
    ) from error
  encoder.directory = loaded.directory
  return encoder


def _read_checkpoint(path: str | os.PathLike) -> checkpoint_lib.Checkpoint:
  return weights.read(path, lambda config, vocab: abstract_params(config))


def abstract_params(config: dict[str, Any]) -> Any:
  """Shapes of the encoder's parameters that a checkpoint's config asks for."""
  model = create.create_encoder(_model_config(config))
  return jax.eval_shape(functools.partial(create.init_params, model), 0)


def _model_config(config: dict[str, Any]) -> mirencoder.MIREncoderConfig:
  """The model's sizes from a checkpoint, for the machine at hand."""
  result = mirencoder.MIREncoderConfig.from_dict(config['model'])
  if jax.default_backend() == 'cpu':  # where bfloat16 is only slower
    result = dataclasses.replace(result, dtype='float32')
  return result


def create_params(model: nn.Module, seed: int) -> Any:
  """Parameters of an encoder, or one with decoders, as before training."""
  return jax.jit(functools.partial(create.init_params, model))(seed)
