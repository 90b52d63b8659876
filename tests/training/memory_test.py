"""A step that does not fit is refused, with flags that do."""

import pathlib
import tempfile
from unittest import mock

import jax
import numpy as np
import pytest
import testing
from absl.testing import absltest, parameterized

from configs import pretrain as recipe
from mirencoder_jax.data import batch as batch_lib
from mirencoder_jax.storage import machine
from mirencoder_jax.training import experiment, memory, pretrain

GB = 10**9
PARAMS = {'w': np.zeros(250_000_000, np.int8)}


class Compiled:
  """Stands in for a step that takes so many bytes."""

  def __init__(self, num_bytes):
    self.temp_size_in_bytes = num_bytes
    self.output_size_in_bytes = self.alias_size_in_bytes = GB

  def memory_analysis(self):
    return self


class MemoryTest(parameterized.TestCase):

  @parameterized.parameters(
      (30, None),  # 20 GB, 0.75 GB to save
      (20, '--config.train.accumulation_steps=4 takes about 11.0 GB'),
      (10, '--config.train.accumulation_steps=8 takes about 6.1 GB'),
      (4.5, 'accumulation_steps=16 takes about 3.7 GB'),
      (3, 'accumulation_steps=16 --config.data.num_rows=8 takes about 2.5 GB'),
      (1, 'no smaller packs fit; take a smaller model'),
  )
  def test_flags_that_fit(self, left, message):
    wanted = memory.Recipe(16, 2, 16, num_devices=1)
    with (
        mock.patch.object(
            machine, 'available_memory', return_value=int(left * GB)
        ),
        mock.patch.object(jax, 'local_device_count', return_value=1),
    ):
      if message is None:
        memory.check(Compiled(20 * GB), PARAMS, wanted)
        return
      with self.assertRaisesRegex(ValueError, f'20.8 GB.*{message}'):
        memory.check(Compiled(20 * GB), PARAMS, wanted)

  def test_where_nobody_tells_nothing_is_refused(self):
    wanted = memory.Recipe(16, 2, 16, num_devices=1)
    with mock.patch.object(machine, 'available_memory', return_value=None):
      memory.check(Compiled(20 * GB), PARAMS, wanted)
    unknown = mock.Mock(memory_analysis=lambda: None)
    memory.check(unknown, PARAMS, wanted)

  def test_an_accelerator_is_asked_itself(self):
    device = mock.Mock(
        platform='gpu',
        device_kind='Toy',
        memory_stats=lambda: {'bytes_limit': 16 * GB, 'bytes_in_use': GB},
    )
    wanted = memory.Recipe(16, 2, 16, num_devices=1)
    with mock.patch.object(jax, 'local_devices', return_value=[device]):
      memory.check(Compiled(13 * GB), PARAMS, wanted)
      with self.assertRaisesRegex(ValueError, 'each Toy has 15.0 GB left'):
        memory.check(Compiled(14 * GB), PARAMS, wanted)

  @pytest.mark.slow  # Compiles the step of all objectives twice.
  def test_estimate_of_more_parts_is_what_the_compiler_says_of_them(self):
    folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    testing.write_dataset(folder)
    sizes = {}
    for num_parts in (1, 4):
      config = recipe.get_config('tiny')
      config.model.update(width=12, token_layers=1, num_heads=1, graph_layers=1)
      config.data.update(
          name='synthetic', batch_size=32, num_rows=8, num_tokens=32
      )
      config.train.accumulation_steps = num_parts
      run = experiment.Experiment(config, folder)
      state = jax.eval_shape(run.create_state)
      share = 32 // jax.local_device_count() // num_parts
      batch = jax.tree.map(
          lambda x, n=num_parts, share=share: jax.ShapeDtypeStruct(
              (jax.local_device_count(), n, share, *x.shape[1:]), x.dtype
          ),
          batch_lib.empty_batch(run.dataset.budget),
      )
      rng = jax.eval_shape(lambda: jax.random.key(0))
      compiled = pretrain._map_train_step(run).lower(state, batch, rng)
      sizes[num_parts] = memory.step_bytes(compiled.compile().memory_analysis())
      params_bytes = sum(
          4 * int(np.prod(x.shape)) for x in jax.tree.leaves(state.params)
      )
    estimate = memory.scaled(sizes[1], 2 * params_bytes, 1 / 4)
    self.assertBetween(estimate, 0.7 * sizes[4], 1.5 * sizes[4])


if __name__ == '__main__':
  absltest.main()
