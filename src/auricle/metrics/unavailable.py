"""The error of a metric whose package is missing."""

from auricle.errors import AuricleError


class MetricUnavailable(AuricleError):  # noqa: N818 (the public name)
    """A metric needs an optional package that is not installed."""
