"""Writes checkpoints in the background; `checkpoint` says what they hold."""

import os
import pathlib
import shutil
from typing import Any

import jax
import orbax.checkpoint as ocp

from mirencoder_jax.storage import checkpoint

_preservation = ocp.checkpoint_managers.preservation_policy


class Writer:
  """Writes checkpoints in the background; keeps the last ones and the best."""

  def __init__(self, workdir: str | os.PathLike, num_last: int = 2):
    """Opens (and creates) the checkpoint folder of a workdir.

    Args:
      workdir: of the run.
      num_last: how many of the newest to keep, besides the best.
    """
    self._directory = pathlib.Path(workdir).absolute() / checkpoint.FOLDER
    self._directory.mkdir(parents=True, exist_ok=True)
    self._num_last = num_last
    self._manager = self._open()

  def _open(self) -> ocp.CheckpointManager:
    keep = _preservation.AnyPreservationPolicy(
        [
            _preservation.LatestN(self._num_last),
            _preservation.BestN(
                get_metric_fn=_loss,
                reverse=True,
                n=1,
            ),
        ]
    )
    return ocp.CheckpointManager(
        self._directory,
        options=ocp.CheckpointManagerOptions(
            best_fn=_loss,
            best_mode='min',
            preservation_policy=keep,
            cleanup_tmp_directories=True,
            create=False,
            multiprocessing_options=checkpoint.process_alone(),
        ),
    )

  def save(
      self,
      step: int,
      params: Any,
      train: Any,
      config: dict[str, Any],
      vocab: Any,
      vocab_hash: str,
      loss: float | None = None,
  ) -> None:
    """Starts writing a checkpoint and returns.

    Args:
      step: updates done.
      params: tree of numpy arrays, not changed by anybody afterwards.
      train: likewise.
      config: settings, what JSON can hold.
      vocab: what the vocabulary file holds, parsed.
      vocab_hash: of the vocabulary.
      loss: of the held-out data, if it was just measured; the lowest is best.

    Raises:
      checkpoint.CheckpointError: if this one cannot be written, or the one
        before could not. Nothing written earlier is lost, and saving may be
        tried again.
    """
    self.wait()
    arrays = {'params': params, 'train': train}
    num_bytes = sum(x.nbytes for x in jax.tree.leaves(arrays))
    free = shutil.disk_usage(self._directory).free
    if free < 1.2 * num_bytes + (1 << 20):
      raise checkpoint.CheckpointError(
          f'no room for the checkpoint of step {step}: it needs '
          f'{num_bytes / 1e6:.0f} MB, {self._directory} has only '
          f'{free / 1e6:.0f} MB free; make room there'
      )
    info = {
        'format': checkpoint.FORMAT,
        'vocab_hash': vocab_hash,
        'checksums': {
            **{k: checkpoint.checksum(v) for k, v in arrays.items()},
            'config': checkpoint.json_checksum(config),
            'vocab': checkpoint.json_checksum(vocab),
        },
        'config': config,
    }
    try:
      self._manager.save(
          step,
          args=ocp.args.Composite(
              config=ocp.args.JsonSave(info),
              vocab=ocp.args.JsonSave(vocab),
              **{k: ocp.args.StandardSave(v) for k, v in arrays.items()},
          ),
          # Not measured is not the best.
          metrics={'loss': float('inf') if loss is None else loss},
          force=True,
      )
    except Exception as error:
      self._reopen(error)

  def wait(self) -> None:
    """Returns when the last checkpoint is on disk.

    Raises:
      checkpoint.CheckpointError: if it could not be written.
    """
    try:
      self._manager.wait_until_finished()
      self._manager.check_for_errors()
    except Exception as error:
      self._reopen(error)

  def _reopen(self, error: Exception):
    """Makes the writer usable again and raises what happened."""
    # The old manager would raise the same error again, also on closing.
    self._manager = self._open()
    free = shutil.disk_usage(self._directory).free
    raise checkpoint.CheckpointError(
        f'writing a checkpoint to {self._directory} failed, '
        f'{free / 1e6:.0f} MB are free there: {checkpoint.first_line(error)}'
    ) from error

  def close(self) -> None:
    """Waits and lets go of the folder."""
    self.wait()
    self._manager.close()


def _loss(metrics: dict[str, float]) -> float:
  return metrics['loss']
