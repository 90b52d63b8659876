"""The pipelines of passes among which a function's size is chosen.

The default is the first, `Oz`. Levels stand for clang's pipelines, other words
for llvmlite's passes. docs/experiments/code_size.md says how they were chosen
out of 109, on packages that the tables of results do not test on.
"""

PIPELINES = {
    'Oz': 'Oz',
    'p1': 'sroa aggressive_instcombine loop_deletion sinking Oz',
    'p2': (
        'sroa sinking mem_copy_opt sroa dead_arg_elimination simplify_cfg '
        'lower_switch jump_threading lcssa instruction_combine '
        'instruction_combine jump_threading unify_function_exit_nodes '
        'instruction_combine simplify_cfg'
    ),
    'p3': (
        'sroa jump_threading sroa sroa constant_merge new_gvn mem_copy_opt '
        'simplify_cfg instruction_combine ipsccp sroa jump_threading '
        'mem_copy_opt new_gvn break_critical_edges instruction_combine '
        'simplify_cfg'
    ),
    'p4': 'Oz reassociate instruction_combine lower_switch',
    'p5': 'O1 new_gvn sinking simplify_cfg',
    'p6': (
        'sroa simplify_cfg sinking sroa instruction_combine register_to_memory '
        'instruction_combine sroa jump_threading ipsccp instruction_combine '
        'simplify_cfg'
    ),
    'p7': (
        'sroa simplify_cfg lcssa reassociate loop_deletion instruction_combine '
        'loop_deletion sroa new_gvn lower_switch new_gvn register_to_memory '
        'reassociate instruction_combine simplify_cfg'
    ),
    'p8': 'O1 Oz',
    'p9': (
        'sroa lcssa dead_store_elimination loop_deletion loop_deletion '
        'global_opt new_gvn instruction_combine instruction_combine '
        'loop_deletion lower_switch instruction_combine simplify_cfg'
    ),
    'p10': 'Oz loop_strength_reduce',
    'p11': (
        'sroa jump_threading reassociate loop_strength_reduce sroa '
        'loop_strength_reduce constant_merge loop_deletion instruction_combine '
        'simplify_cfg'
    ),
    'p12': 'sroa lower_switch Oz',
    'p13': 'sroa simplify_cfg instruction_combine',
    'p14': 'Oz loop_deletion loop_simplify new_gvn',
    'p15': 'Oz register_to_memory sroa instruction_combine simplify_cfg',
}
# In which order to try them for a function, in the sense of `size_flags.TRIED`.
TRIED = 'p3 p13 p9 p5 p11 p4 p10 p1 p8 p2 p15 p7 p6 p12 p14'.split()
