"""One self-contained HTML page of a benchmark."""

from auricle.bench.report.page import PageAbout, report

__all__ = ["PageAbout", "report"]
