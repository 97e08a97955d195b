"""Job 3: tell sounds apart by what an autoencoder has learned."""

from auricle.classify.classifier import Classifier
from auricle.classify.evaluation.cross_validation import Evaluation, evaluate
from auricle.classify.features.extract import Features, features
from auricle.classify.features.pooling import Recipe
from auricle.classify.probes.probe import Fitted, Probe, probe

__all__ = ["Classifier", "Evaluation", "Features", "Fitted", "Probe", "Recipe", "evaluate", "features", "probe"]
