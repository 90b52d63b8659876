"""Set-up of all tests: eight devices, quick compilation, checked shapes."""

import beartype
import jax
from jaxtyping import install_import_hook

jax.config.update('jax_num_cpu_devices', 8)
# Most of a test's time would be XLA making code fast that runs once.
jax.config.update('jax_disable_most_optimizations', True)
# Annotations are checked while tests run; a shape that does not fit is an
# error, an int where a float is asked for is not. The hook takes a name only.
beartype.with_pep484_tower = beartype.beartype(
    conf=beartype.BeartypeConf(is_pep484_tower=True)
)
# Rooms of arrays; elsewhere the hook would only make loops slow, and vectors
# are asked for by duck typing.
_CHECKED = (
    'data',
    'downstream',
    'inference.encoder',
    'models',
    'objectives',
    'training',
)
install_import_hook(
    [f'mirencoder_jax.{name}' for name in _CHECKED],
    'beartype.with_pep484_tower',
)
