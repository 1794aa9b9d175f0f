"""Models made lighter: pruned, quantized, factored; and the scoreboard that says what it cost."""

from lib.lighter.factoring import low_rank, rank_error
from lib.lighter.memory import peak_bytes
from lib.lighter.onnx import ONNX, to_onnx
from lib.lighter.pruning import Pruning, magnitude_mask, schedule, sparsity
from lib.lighter.quantization import LiteRT, dtypes, quantized, to_litert
from lib.lighter.scoreboard import Scoreboard, latency, saved_bytes, working_bytes
