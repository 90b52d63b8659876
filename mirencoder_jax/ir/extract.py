"""The old name of the command `python -m mirencoder_jax.frontend.extract`."""

import runpy

if __name__ == '__main__':
  runpy.run_module('mirencoder_jax.frontend.extract', run_name='__main__')
