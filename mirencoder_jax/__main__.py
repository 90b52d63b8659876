"""`python -m mirencoder_jax`: the command line, see `mirencoder_jax.cli`."""

import sys

from mirencoder_jax.cli import main

if __name__ == '__main__':
  sys.exit(main())
