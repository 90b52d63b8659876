"""Weights to a hub and back: a fake one, on loopback."""

import base64
import contextlib
import hashlib
import http.server
import json
import pathlib
import re
import shutil
import tempfile
import threading
from unittest import mock

import huggingface_hub
import numpy as np
import testing_encoder
from absl.testing import absltest, parameterized
from huggingface_hub import constants
from testing_encoder import SQUARE

import mirencoder_jax as mir
from mirencoder_jax.storage import hub, weights

COMMIT = 'a' * 40


class FakeHub(http.server.BaseHTTPRequestHandler):
  """Keeps what is committed, and gives it back, as the hub's API does."""

  files: dict[str, bytes] = {}
  refuses_card = False

  def do_POST(self):
    data = self.rfile.read(int(self.headers['Content-Length'] or 0))
    if self.path == '/api/validate-yaml':
      text = json.loads(data)['content']
      front = re.match(r'---\n(.*?)\n---\n', text, re.DOTALL)
      if not front or self.refuses_card:
        return self._answer(b'license is no licence', status=400)
      return self._answer({'errors': [], 'warnings': []})
    if self.path == '/api/repos/create':
      return self._answer({'url': f'{self._here}/org/name'})
    if '/preupload/' in self.path:
      files = [
          {'path': f['path'], 'uploadMode': 'regular', 'shouldIgnore': False}
          for f in json.loads(data)['files']
      ]
      return self._answer({'files': files})
    if '/commit/' in self.path:
      for line in map(json.loads, data.splitlines()):
        if line['key'] == 'file':
          value = line['value']
          self.files[value['path']] = base64.b64decode(value['content'])
      return self._answer(
          {
              'commitUrl': f'{self._here}/org/name/commit/{COMMIT}',
              'commitOid': COMMIT,
              'pullRequestUrl': None,
          }
      )
    return self._answer(b'', status=404)

  def do_HEAD(self):
    self.do_GET()

  def do_GET(self):
    if not self.files or '/org/name' not in self.path:
      return self._answer(
          b'', status=404, headers={'X-Error-Code': 'RepoNotFound'}
      )
    if '/tree/' in self.path:
      return self._answer(
          [
              {'type': 'file', 'path': n, 'size': len(d), 'oid': self._tag(d)}
              for n, d in self.files.items()
          ]
      )
    if self.path.startswith('/api/models/'):
      return self._answer(
          {
              'id': 'org/name',
              'sha': COMMIT,
              'siblings': [{'rfilename': name} for name in self.files],
          }
      )
    data = self.files[self.path.rpartition('/')[2]]
    return self._answer(
        data, headers={'ETag': self._tag(data), 'X-Repo-Commit': COMMIT}
    )

  @property
  def _here(self):
    return f'http://127.0.0.1:{self.server.server_port}'

  def _tag(self, data):
    return hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()

  def _answer(self, content, status=200, headers=()):
    if not isinstance(content, bytes):
      content = json.dumps(content).encode()
    self.send_response(status)
    for name, value in dict(headers).items():
      self.send_header(name, value)
    self.send_header('Content-Length', str(len(content)))
    self.end_headers()
    if self.command != 'HEAD':
      self.wfile.write(content)

  def log_message(self, *_):
    pass


class HubTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    if int(huggingface_hub.__version__.split('.')[0]) < 2:
      # Its cards are checked at the real hub, whatever the endpoint is.
      self.skipTest('huggingface_hub 1 asks its own hub about cards')
    self.folder = pathlib.Path(
        self.enter_context(tempfile.TemporaryDirectory())
    )
    self.weights = self.folder / 'weights'
    testing_encoder.save_encoder(testing_encoder.create_encoder(), self.weights)
    self.hub = type('Hub', (FakeHub,), {'files': {}})
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), self.hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    self.addCleanup(server.server_close)
    self.addCleanup(thread.join)
    self.addCleanup(server.shutdown)
    here = f'http://127.0.0.1:{server.server_port}'
    template = here + '/{repo_id}/resolve/{revision}/{filename}'
    for name, value in (
        ('ENDPOINT', here),
        ('HUGGINGFACE_CO_URL_TEMPLATE', template),
        ('HF_HUB_CACHE', str(self.folder / 'cache')),
        ('HF_HUB_DISABLE_PROGRESS_BARS', True),
        ('HF_HUB_DISABLE_XET', True),
    ):
      self.enter_context(mock.patch.object(constants, name, value))
    # The default of an argument, bound when it was imported.
    real = huggingface_hub.snapshot_download
    self.enter_context(
        mock.patch.object(
            huggingface_hub,
            'snapshot_download',
            lambda *a, **k: real(
                *a, cache_dir=self.folder / 'cache', endpoint=here, **k
            ),
        )
    )

  def test_there_and_back(self):
    encoder = mir.load(self.weights)
    address = encoder.push_to_hub(
        'org/name', licence='Apache-2.0', datasets=['org/ir'], token='hf_x'
    )
    self.assertEndsWith(address, COMMIT)
    self.assertEqual(
        set(self.hub.files),
        {'README.md', 'info.json', 'vocab.json', 'params.safetensors'},
    )
    card = huggingface_hub.ModelCard(self.hub.files['README.md'].decode())
    self.assertEqual(card.data.library_name, 'mirencoder_jax')
    self.assertEqual(card.data.license, 'apache-2.0')
    self.assertEqual(card.data.datasets, ['org/ir'])
    self.assertEqual(card.data.pipeline_tag, 'feature-extraction')
    self.assertIn('llvm-ir', card.data.tags)
    self.assertIn("mir.load('org/name').embed", card.text)
    shutil.rmtree(self.weights)
    found = mir.load('org/name')
    self.assertEqual(found.fingerprint, encoder.fingerprint)
    np.testing.assert_array_equal(found.embed(SQUARE), encoder.embed(SQUARE))

  def test_what_ships_has_a_card_for_the_hub(self):
    for name, folder in weights.shipped().items():
      weights.push(folder, 'org/name', token='hf_x')
      card = huggingface_hub.ModelCard(self.hub.files['README.md'].decode())
      self.assertEqual(card.data.license, 'apache-2.0', name)

  def test_refusals_are_one_sentence(self):
    with self.assertRaisesRegex(mir.CheckpointError, 'has none of that name'):
      mir.load('org/name')
    self.hub.refuses_card = True
    with self.assertRaisesRegex(mir.CheckpointError, 'is no licence') as error:
      weights.push(self.weights, 'org/name', token='hf_x')
    self.assertNotIn('\n', str(error.exception))
    with self.assertRaisesRegex(mir.CheckpointError, 'form org/name'):
      weights.push(self.weights, 'name')
    with self.assertRaisesRegex(mir.CheckpointError, 'mirencoder export'):
      testing_encoder.create_encoder().push_to_hub('org/name')
    (self.weights / weights.CARD).unlink()
    with self.assertRaisesRegex(mir.CheckpointError, weights.CARD):
      weights.push(self.weights, 'org/name')

  def test_a_repository_of_others(self):
    self.hub.files['config.json'] = b'{}'
    with self.assertRaisesRegex(mir.CheckpointError, 'no weights of mirenc'):
      hub.download('org/name')

  def test_damage_on_the_way_is_told(self):
    weights.push(self.weights, 'org/name', token='hf_x')
    data = self.hub.files['params.safetensors']
    self.hub.files['params.safetensors'] = data[:-1] + b'?'
    with self.assertRaisesRegex(mir.CheckpointError, 'params.safetensors'):
      mir.load('org/name')

  @parameterized.parameters('runs/tiny', './weights/x', 'a/b/c', 'small')
  def test_a_mistyped_path_asks_no_hub(self, name):
    (self.folder / 'runs').mkdir()
    with (
        mock.patch.object(hub, 'download', side_effect=AssertionError),
        mock.patch.object(weights, 'shipped', dict),
        contextlib.chdir(self.folder),
        self.assertRaises(mir.CheckpointError),
    ):
      weights.find(name)


if __name__ == '__main__':
  absltest.main()
