"""Named sizes of the model: one table, read by the recipes.

Counts are for the default vocabulary of 8,192; `tests/models/sizes_test.py`
holds them fast. tiny trains in minutes on two cores; small is the size of the
speed goals; base is for accelerators. They read instructions; `..._tokens` read
token by token, as the paper does (docs/experiments/instructions.md).
"""

MODELS = {
    'tiny': dict(
        reads='instructions',
        width=96,
        token_layers=2,
        num_heads=3,
        graph_width=96,
        graph_layers=3,
        code_width=32,
    ),
    'small': dict(
        reads='instructions',
        width=192,
        token_layers=3,
        num_heads=3,
        graph_width=144,
        graph_layers=4,
        code_width=32,
    ),
    'base': dict(
        reads='instructions',
        width=384,
        token_layers=8,
        num_heads=6,
        graph_width=192,
        graph_layers=4,
        code_width=64,
    ),
    'tiny_tokens': dict(
        reads='tokens',
        width=96,
        token_layers=2,
        num_heads=3,
        graph_layers=3,
        code_width=32,
    ),
    'small_tokens': dict(
        reads='tokens',
        width=192,
        token_layers=4,
        num_heads=3,
        graph_layers=4,
        code_width=32,
    ),
    'base_tokens': dict(
        reads='tokens',
        width=384,
        token_layers=8,
        num_heads=6,
        graph_layers=4,
        code_width=64,
    ),
}
