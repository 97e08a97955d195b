"""Job 3: tell sounds apart by what an autoencoder has learned."""

from auricle.classify.classifier import Classifier
from auricle.classify.evaluation.cross_validation import Evaluation, evaluate
from auricle.classify.features.extract import Features, features
from auricle.classify.features.pooling import FeatureConfig
from auricle.classify.probes.kinds import probe_of_kind
from auricle.classify.probes.probe import FittedProbe, Probe

__all__ = [
    "Classifier",
    "Evaluation",
    "FeatureConfig",
    "Features",
    "FittedProbe",
    "Probe",
    "evaluate",
    "features",
    "probe_of_kind",
]
