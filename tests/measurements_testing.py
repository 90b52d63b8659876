"""What the tests of the tasks' builders share: dummy data in, examples out."""

import pathlib
import shutil
import tempfile

import tensorflow_datasets as tfds
from absl.testing import absltest


class BuilderTestCase(absltest.TestCase):
  """Copies `dummy_data` to `manual_dir`, for a test to change and prepare.

  Attributes:
    builder_class: of the data set.
    dummy_data: its folder.
  """

  builder_class: type[tfds.core.DatasetBuilder]
  dummy_data: pathlib.Path

  def setUp(self):
    super().setUp()
    folder = self.enter_context(tempfile.TemporaryDirectory())
    self.data_dir = pathlib.Path(folder, 'prepared')
    self.manual_dir = pathlib.Path(folder, 'manual')
    shutil.copytree(self.dummy_data, self.manual_dir)

  def real(self, folder: pathlib.Path) -> pathlib.Path:
    """The folder of the published files, where there is one."""
    if not folder.is_dir():
      self.skipTest(f'{folder} is not there')
    return folder

  def prepare_rows(
      self, manual_dir: pathlib.Path | None = None, split: str = 'train'
  ) -> list[dict]:
    """All examples of a split, prepared and opened again by name."""
    builder = self.builder_class(data_dir=self.data_dir)
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(
            manual_dir=manual_dir or self.manual_dir
        ),
        download_dir=self.data_dir / 'downloads',
    )
    self.opened = tfds.builder(builder.name, data_dir=self.data_dir)
    return list(self.opened.as_data_source(split=split))
