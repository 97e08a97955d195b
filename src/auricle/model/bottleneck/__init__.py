"""Bottlenecks, one file each. A new one is a new file, imported here."""

from auricle.model.bottleneck.base import Bottled, Bottleneck, BottleneckConfig
from auricle.model.bottleneck.entropy import Entropy, EntropyConfig
from auricle.model.bottleneck.fsq import Fsq, FsqConfig
from auricle.model.bottleneck.identity import Identity, IdentityConfig
from auricle.model.bottleneck.rvq import Rvq, RvqConfig
from auricle.model.bottleneck.tables import STEPS_PER_LEVEL, TableCounter, Tables, TableSet, TableShape
from auricle.model.bottleneck.vae import Vae, VaeConfig

__all__ = [
    "STEPS_PER_LEVEL",
    "Bottled",
    "Bottleneck",
    "BottleneckConfig",
    "Entropy",
    "EntropyConfig",
    "Fsq",
    "FsqConfig",
    "Identity",
    "IdentityConfig",
    "Rvq",
    "RvqConfig",
    "TableCounter",
    "TableSet",
    "TableShape",
    "Tables",
    "Vae",
    "VaeConfig",
]
