"""What a machine is said to be, from files as systems write them."""

import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from mirencoder_jax.storage import machine

GB = 10**9


class MachineTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
    read = machine._read
    self.enterContext(
        mock.patch.object(
            machine,
            '_read',
            lambda path: read(f'{self.root}{path}'),
        )
    )

  def write(self, **files):
    for path, text in files.items():
      path = self.root / path.replace('__', '/').lstrip('/')
      path.parent.mkdir(parents=True, exist_ok=True)
      path.write_text(text)

  def test_nobody_tells(self):
    self.assertIsNone(machine.available_memory())

  def test_without_a_limit_what_the_system_has(self):
    self.write(
        proc__meminfo='MemTotal: 9 kB\nMemAvailable:  2000 kB\n',
        proc__self__cgroup='0::/\n',
    )
    self.assertEqual(machine.available_memory(), 2000 * 1024)

  @parameterized.parameters('/', '/job/step', '/elsewhere/on/the/host')
  def test_limit_of_version_2_less_what_is_used_but_for_cached_files(self, own):
    self.write(
        proc__meminfo=f'MemAvailable: {20 * GB // 1024} kB\n',
        proc__self__cgroup=f'0::{own}\n',
    )
    folder = self.root / 'sys/fs/cgroup'
    if own == '/job/step':  # the limit is of the group around this one
      (folder / 'job/step').mkdir(parents=True)
      (folder / 'job/step/memory.max').write_text('max\n')
      folder /= 'job'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'memory.max').write_text(f'{8 * GB}\n')
    (folder / 'memory.current').write_text(f'{5 * GB}\n')
    (folder / 'memory.stat').write_text(f'anon 1\ninactive_file {GB}\n')
    self.assertEqual(machine.available_memory(), 4 * GB)

  def test_limit_of_version_1(self):
    self.write(
        proc__meminfo=f'MemAvailable: {20 * GB // 1024} kB\n',
        proc__self__cgroup='4:cpu:/\n3:memory:/docker/1\n',
    )
    folder = self.root / 'sys/fs/cgroup/memory'
    folder.mkdir(parents=True)
    (folder / 'memory.limit_in_bytes').write_text(f'{8 * GB}\n')
    (folder / 'memory.usage_in_bytes').write_text(f'{9 * GB}\n')
    self.assertEqual(machine.available_memory(), 0)

  def test_a_machine_is_named(self):
    self.write(proc__cpuinfo='processor: 0\nmodel name\t: Toy 9\n')
    self.assertRegex(machine.describe_hardware(), r'^\d+ core\(s\) of Toy 9$')
    self.assertEqual(machine.describe_machine()['cpu'], 'Toy 9')


if __name__ == '__main__':
  absltest.main()
