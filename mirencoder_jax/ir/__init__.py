"""LLVM IR as data: reading, normalising, tokens and program graphs."""

from mirencoder_jax.ir import program_graph, tokenizer
from mirencoder_jax.ir.graph_builder import build_graph
from mirencoder_jax.ir.module import Constant, Function, IRError, Module
from mirencoder_jax.ir.program_graph import ProgramGraph
from mirencoder_jax.ir.reader import read_module
from mirencoder_jax.ir.tokenizer import Tokenizer

__all__ = [
    'Constant',
    'Function',
    'IRError',
    'Module',
    'ProgramGraph',
    'Tokenizer',
    'build_graph',
    'program_graph',
    'read_module',
    'tokenizer',
]
