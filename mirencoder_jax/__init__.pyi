# The public names, one line each; imported when they are first used.
from . import ir as ir
from .downstream.predictor.predictor import Decision as Decision
from .downstream.predictor.predictor import Predictor as Predictor
from .downstream.predictor.predictor_checkpoint import (
    load_predictor as load_predictor,
)
from .frontend.compilers import compile_source as compile_source
from .inference.comparison import Comparison as Comparison
from .inference.comparison import compare as compare
from .inference.disk_index import DiskIndex as DiskIndex
from .inference.embedding import embed_files as embed_files
from .inference.encoder import Encoder as Encoder
from .inference.encoding import Encoding as Encoding
from .inference.loading import load as load
from .inference.lookup import Lookup as Lookup
from .inference.search import Index as Index
from .inference.sklearn import IREncoder as IREncoder
from .inference.states import FunctionStates as FunctionStates
from .inference.states import encode_states as encode_states
from .inference.vectors import Vectors as Vectors
from .inference.vectors import read_vectors as read_vectors
from .ir import IRError as IRError
from .ir import read_module as read_module
from .pages.inspection import Inspection as Inspection
from .pages.inspection import inspect_module as inspect_module
from .storage.checkpoint import CheckpointError as CheckpointError
from .tuning.size import tune as tune
from .version import __version__ as __version__
