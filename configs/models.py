"""Named sizes of the model: one table, read by the recipes.

Counts are for the default vocabulary of 8,192; `tests/models/sizes_test.py`
holds them fast. tiny trains in minutes on two cores; small is the size of the
speed goals; base is for accelerators.
"""

MODELS = {
    'tiny': dict(
        width=96,
        token_layers=2,
        num_heads=3,
        graph_layers=3,
        code_width=32,
    ),
    'small': dict(
        width=192,
        token_layers=4,
        num_heads=3,
        graph_layers=4,
        code_width=32,
    ),
    'base': dict(
        width=384,
        token_layers=8,
        num_heads=6,
        graph_layers=4,
        code_width=64,
    ),
}
