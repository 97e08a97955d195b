"""One self-contained HTML page of a benchmark."""

from auricle.bench.report.page import WrittenPage, report

__all__ = ["WrittenPage", "report"]
