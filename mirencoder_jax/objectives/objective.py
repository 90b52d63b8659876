"""What an objective is: its settings, decoder, corruption, loss and metrics.

Each is one file of this room that ends in an `Objective`; the table of them is
in `objectives`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flax import linen as nn
from jaxtyping import Float

from mirencoder_jax.data.batch import Array
from mirencoder_jax.models.mirencoder import MIREncoderConfig

Sum = tuple[Float[Array, ''], Float[Array, '']]  # sum, weight
Sums = dict[str, Sum]


class Decoder(nn.Module):
  """Parameters of an objective, beside the encoder's.

  Attributes:
    sizes: of the model.
    attend: products of vectors with the encoder's embeddings of the pieces.
  """

  sizes: MIREncoderConfig
  attend: Callable


@dataclasses.dataclass(frozen=True)
class Metric:
  """A figure of an objective, and how a person is told of it.

  Attributes:
    name: its key among evaluated values.
    title: what it is, for tables and cards.
    scale: 100 for shares, which are shown in per cent.
    digits: after the point, as shown.
    guess: what is reached without a model: a number, or the key of the value
      that says it; None where nobody has asked.
    sign: 1 where more is better, -1 where less is.
  """

  name: str
  title: str
  scale: float = 1.0
  digits: int = 3
  guess: float | str | None = None
  sign: int = 1

  @property
  def heading(self) -> str:
    """The title, with the unit of `cell`."""
    return f'{self.title}, %' if self.scale == 100 else self.title

  def cell(self, value: float | None) -> str:
    """A value under `heading`; nothing for None."""
    return '' if value is None else f'{self.scale * value:,.{self.digits}f}'

  def text(self, value: float | None) -> str:
    """A value with its unit; nothing for None."""
    is_share = self.scale == 100 and value is not None
    return self.cell(value) + '%' * is_share

  def guessed(self, values: Mapping[str, float]) -> float | None:
    """What a guess reaches, if these values say it."""
    return values.get(self.guess) if isinstance(self.guess, str) else self.guess


def share(name: str, title: str, guess: float | str | None = None) -> Metric:
  """A metric in [0, 1], shown in per cent."""
  return Metric(name, title, scale=100.0, digits=1, guess=guess)


@dataclasses.dataclass(frozen=True)
class Settings:
  """Of an objective: weights of its losses (`weight`), rates, and the like."""

  def __post_init__(self):
    for field in dataclasses.fields(self):
      value = getattr(self, field.name)
      if field.name.endswith('_rate') and not 0 <= value < 1:
        raise ValueError(f'{field.name} {value} is not in [0, 1)')


def weight(default: float, title: str) -> Any:
  """The setting `<loss>_weight`; without it the loss is not computed.

  Args:
    default: times what the loss is counted.
    title: what is learnt by it.
  """
  return dataclasses.field(default=default, metadata={'title': title})


def loss_titles(settings: type[Settings]) -> dict[str, str]:
  """Losses that settings have a `weight` of, and what is learnt by them."""
  return {
      field.name.removesuffix('_weight'): field.metadata['title']
      for field in dataclasses.fields(settings)
      if 'title' in field.metadata
  }


class Asked(NamedTuple):
  """What is wanted of an objective; static.

  Attributes:
    losses: those that have a weight.
    config: `ObjectivesConfig`, which has the objective's settings.
    sizes: of the model.
    axis_name: of the device axis, if there is one.
  """

  losses: frozenset[str]
  config: Any
  sizes: MIREncoderConfig
  axis_name: str | None = None


@dataclasses.dataclass(frozen=True)
class Objective:
  """One way of learning; see `objectives` for what runs it.

  Attributes:
    name: in the table of objectives.
    settings: what the config of all objectives inherits from.
    decoder: `decoder(sizes, attend)` is the linen module with the parameters
      that only this objective needs, called with `Outputs` once, to create
      them. It shares the encoder's scope: names must be its own. `attend` gives
      the products of vectors with the encoder's embeddings of the pieces.
    loss: `loss(asked, decoder, outputs, batch, targets, keys)` with outputs of
      the corrupted, merged batch, the packed one [U, ...] as it was, the
      targets [U, ...] and a key for each pack. It gives losses (those asked
      for, in nats) and metrics, each as sum and weight over this device.
    corrupt: `corrupt(asked, key, pack)` hides something of one pack, and gives
      the pack and targets. None hides nothing; targets are None then.
    metrics: of the losses, and of evaluation.
  """

  name: str
  settings: type[Settings]
  decoder: Callable[..., nn.Module]
  loss: Callable[..., tuple[Sums, Sums]]
  corrupt: Callable[..., tuple[Any, Any]] | None = None
  metrics: tuple[Metric, ...] = ()

  @property
  def losses(self) -> tuple[str, ...]:
    """Their names, as in `objectives.loss_weights`."""
    return tuple(loss_titles(self.settings))
