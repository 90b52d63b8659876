"""`Example`: one function as ragged numpy arrays, the schema on disk.

Station in the flow: `ir.Module` in, `Example`s out. `featurize` is the only
door from IR to arrays: dataset builders, inference and notebooks all use it, so
that training and serving cannot differ.
"""

# The arrays of an example and their types; strings are provenance.
ARRAYS = {
    # Token ids of the whole function, no special tokens.
    'tokens': 'int32',  # [n_token]
    # Instruction k owns tokens[offset[k]:offset[k + 1]]; what stands before
    # offset[0] is the signature. A block's label counts to its first
    # instruction.
    'instruction_offset': 'int32',  # [n_instruction + 1]
    # Nodes: 0 is the root, 1..n_instruction are the instructions in text order
    # (node k + 1 = instruction k), then variables, constants, declarations.
    'node_kind': 'uint8',  # [n_node] 0 instruction, 1 variable, 2 constant
    'node_text': 'int32',  # [n_node] index of a text
    'node_block': 'int32',  # [n_node] basic block, 0 where there is none
    # Distinct node texts as token ids: text t is
    # text_tokens[text_offset[t]:text_offset[t + 1]].
    'text_tokens': 'int32',  # [n_text_token]
    'text_offset': 'int32',  # [n_text + 1]
    # Edges, ProGraML's codes: flow 0 control, 1 data, 2 call.
    'edge_flow': 'uint8',  # [n_edge]
    'edge_position': 'int32',  # [n_edge]
    'senders': 'int32',  # [n_edge]
    'receivers': 'int32',  # [n_edge]
}
STRINGS = (
    'function',  # symbol name of the function
    'module',  # file (or member of an archive) it came from
    'program',  # what must stay on one side of a split (package, program)
    'source',  # views of one source function share it: program + function
    'language',
    'opt_level',
    'llvm',  # LLVM version of the producer, '' if unknown
    'hash',  # of the normalised function, hexadecimal
)

Example = dict  # str -> np.ndarray | str
