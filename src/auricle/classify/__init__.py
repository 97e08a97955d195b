"""Job 3: tell sounds apart by what an autoencoder has learned."""

from auricle.classify.classifier import Classifier
from auricle.classify.evaluation import Evaluation, evaluate
from auricle.classify.features import Features, features
from auricle.classify.pooling import Recipe
from auricle.classify.probe import Fitted, Probe, probe

__all__ = ["Classifier", "Evaluation", "Features", "Fitted", "Probe", "Recipe", "evaluate", "features", "probe"]
