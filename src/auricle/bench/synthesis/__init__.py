"""Generated sounds beside real ones: how far apart, how various, of which class, and whether they are copies."""

from auricle.bench.synthesis.embedding_base import Embedding
from auricle.bench.synthesis.embeddings import EMBEDDINGS, LogMel
from auricle.bench.synthesis.evaluate import evaluate_prior, evaluate_synthesis
from auricle.bench.synthesis.results import SynthesisResult
from auricle.bench.synthesis.summary import format_synthesis

__all__ = [
    "EMBEDDINGS",
    "Embedding",
    "LogMel",
    "SynthesisResult",
    "evaluate_prior",
    "evaluate_synthesis",
    "format_synthesis",
]
