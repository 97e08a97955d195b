"""The kinds of probe there are, and which is taken where none is named."""

from auricle.classify.probes import kernel, linear, nearest, network  # noqa: F401 (they register their kinds)
from auricle.classify.probes.probe import Probe
from auricle.errors import OptionError

SOUND_PROBE = "kernel"
"""Of whole sounds."""
EVENT_PROBE = "ridge"
"""Of events in long recordings."""


def probe_of_kind(kind: str) -> Probe:
    """A probe: ``ridge``, ``logistic``, ``kernel``, ``mlp`` or ``knn``.

    Raises:
        OptionError: another name.
    """
    if kind not in Probe.kinds:
        raise OptionError(f"no probe {kind!r}: choose from {', '.join(Probe.kinds)}")
    return Probe.kinds[kind]()
