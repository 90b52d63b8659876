"""A static profile: how likely the branches of a function are, without a run.

Logistic regression on what `branch_features` sees. On programs that it had not
seen it was measured as good as LLVM's own rules, and the mean of the two better
than either, and better than the encoder's states, so no encoder is read here
(docs/experiments/branch_probability.md).
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mirencoder_jax.downstream.tasks import branch_features
from mirencoder_jax.ir import branch_weights, llvm, reader
from mirencoder_jax.ir.module import Function, IRError

SHIPPED = (
    pathlib.Path(__file__).resolve().parents[2]
    / 'shipped/predictors/branch_profile/model.json'
)
Guess = Callable[[str, list[Function]], Mapping[str, Sequence[float]]]
_KIND = 'mirencoder_jax branch profile'
_CLIP = 4.0  # deviations: a function that is larger than all seen is just large


@dataclasses.dataclass(frozen=True)
class BranchProfile:
  """Weights of `branch_features.NAMES`; F of them.

  Attributes:
    mean: float64 [F], of the rows fitted on.
    scale: float64 [F], their deviation.
    weights: float64 [F].
    bias: of the logit.
    about: what it was fitted on.
  """

  mean: np.ndarray
  scale: np.ndarray
  weights: np.ndarray
  bias: float
  about: dict[str, Any]

  def probabilities(self, features: np.ndarray) -> np.ndarray:
    """That conditions are true; float64 [n] of float [n, F]."""
    scaled = np.clip((features - self.mean) / self.scale, -_CLIP, _CLIP)
    return 1 / (1 + np.exp(-(scaled @ self.weights + self.bias)))

  def predict(self, function: Function) -> np.ndarray:
    """Of each conditional branch, in text order; float64 [branches]."""
    return self.probabilities(branch_features.describe(function))

  def annotate(
      self, data: bytes, name: str = '', other: Guess | None = None
  ) -> tuple[str, int, int]:
    """Writes its guesses into a module as `!prof`.

    Args:
      data: bitcode or text.
      name: for messages.
      other: what else guesses, such as LLVM: the text and its functions ->
        probabilities by symbol. The mean of both is written.

    Returns:
      LLVM's text of the module with weights; how many branches got some, and
      how many had some already and keep them.

    Raises:
      IRError: LLVM cannot read it.
    """
    try:
      text = llvm.canonical_text(data)
    except (llvm.LlvmRefusal, llvm.LlvmAbort) as error:
      raise IRError(f'LLVM cannot read it: {error}', name) from None
    module = reader.parse_text(text, name, lines=False)
    guesses = {f.name: self.predict(f) for f in module.functions}
    if other is not None:
      others = other(text, module.functions)
      guesses = {k: (v + np.array(others[k])) / 2 for k, v in guesses.items()}
    text, num_written, num_kept = branch_weights.write_weights(text, guesses)
    return llvm.canonical_text(text.encode()), num_written, num_kept

  def save(self, path: str | os.PathLike) -> None:
    """Writes it as JSON that a person can read."""
    table = {
        name: [float(f'{value:.6g}') for value in row]
        for name, row in zip(
            branch_features.NAMES,
            np.stack([self.weights, self.mean, self.scale], axis=1),
            strict=True,
        )
    }
    content = dict(
        kind=_KIND,
        about=self.about,
        bias=float(f'{self.bias:.6g}'),
        columns=['weight', 'mean', 'scale'],
    )
    lines = ',\n  '.join(f'{json.dumps(k)}: {v}' for k, v in table.items())
    head = json.dumps(content, indent=1)[:-2]
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(
        f'{head},\n "features": {{\n  {lines}\n }}\n}}\n'
    )


def fit(
    features: np.ndarray,
    probabilities: np.ndarray,
    *,
    strength: float = 0.03,
    **about: Any,
) -> BranchProfile:
  """Fits it; each branch counts as one, however often it ran.

  Args:
    features: float [n, F].
    probabilities: float [n], of the conditions.
    strength: of the fit against its penalty, scikit-learn's `C`.
    **about: what the rows are.
  """
  from sklearn import linear_model  # 1 s, for this alone

  mean, scale = features.mean(axis=0), features.std(axis=0)
  scale = np.where(scale > 0, scale, 1.0)
  x = np.clip((features - mean) / scale, -_CLIP, _CLIP)
  n = len(x)
  # A share is that many ones and the rest zeros.
  model = linear_model.LogisticRegression(C=strength, max_iter=1000).fit(
      np.concatenate([x, x]),
      np.concatenate([np.ones(n), np.zeros(n)]),
      sample_weight=np.concatenate([probabilities, 1 - probabilities]),
  )
  return BranchProfile(
      mean, scale, model.coef_[0], float(model.intercept_[0]), dict(about)
  )


def load(path: str | os.PathLike = SHIPPED) -> BranchProfile:
  """What `BranchProfile.save` wrote; by default what ships.

  Raises:
    ValueError: another file, or one of other features.
    OSError: there is no such file.
  """
  try:
    content = json.loads(pathlib.Path(path).read_bytes())
    if content.get('kind') != _KIND:
      raise ValueError('not a branch profile')
    table = content['features']
  except (ValueError, AttributeError, KeyError) as error:
    raise ValueError(f'{path}: {error}') from None
  if tuple(table) != branch_features.NAMES:
    raise ValueError(
        f'{path}: of other features than this version sees; fit it again with '
        'datasets/branch_probability/fit_profile.py'
    )
  weights, mean, scale = np.array(list(table.values()), np.float64).T
  return BranchProfile(mean, scale, weights, content['bias'], content['about'])
