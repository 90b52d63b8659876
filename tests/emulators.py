"""Object stores on this machine, for tests: emulators of S3's and of Google's.

Each listens on loopback while a test runs and keeps what it has in memory.
"""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from unittest import mock

SCHEMES = ('s3', 'gs')
# What each needs: its client, its emulator, and what the emulator imports.
_MODULES = {
    's3': ('s3fs', 'moto', 'flask', 'flask_cors'),
    'gs': ('gcsfs', 'gcp_storage_emulator'),
}
_START = {
    's3': 'from moto.server import main; main(["-p", "{port}"])',
    'gs': (
        'import sys; from gcp_storage_emulator import __main__ as emulator; '
        'sys.exit(emulator.main(["start", "--host=127.0.0.1", "--port={port}", '
        '"--in-memory", "--default-bucket=bucket"]))'
    ),
}


def missing(scheme: str) -> str:
  """Why there is no such store here; '' if there is."""
  lacking = [m for m in _MODULES[scheme] if not importlib.util.find_spec(m)]
  return f'{", ".join(lacking)} not installed' if lacking else ''


def free_port() -> int:
  """A port of this machine that nobody listens at."""
  with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    return free.getsockname()[1]


@contextlib.contextmanager
def serving(scheme: str) -> Iterator[dict[str, str]]:
  """A store with a bucket called `bucket`; yields what leads clients to it.

  The variables are in this process's environment meanwhile, too.
  """
  port = free_port()
  environment = {
      's3': {
          'AWS_ENDPOINT_URL': f'http://127.0.0.1:{port}',
          'AWS_ACCESS_KEY_ID': 'any',
          'AWS_SECRET_ACCESS_KEY': 'any',
          'AWS_DEFAULT_REGION': 'us-east-1',
      },
      # Asked for the kind of its buckets, the emulator has no answer.
      'gs': {
          'STORAGE_EMULATOR_HOST': f'http://127.0.0.1:{port}',
          'GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT': 'false',
      },
  }[scheme]
  with (
      subprocess.Popen(
          [sys.executable, '-c', _START[scheme].format(port=port)],
          stdout=subprocess.DEVNULL,
          stderr=subprocess.DEVNULL,
      ) as emulator,
      mock.patch.dict(os.environ, environment),
  ):
    try:
      for _ in range(600):  # until it listens
        with contextlib.suppress(ConnectionError):
          socket.create_connection(('127.0.0.1', port)).close()
          break
        time.sleep(0.1)
      yield environment
    finally:
      emulator.kill()
