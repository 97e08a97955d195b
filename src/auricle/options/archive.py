"""Options of working on many files."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields

_MOST_JOBS = 1024


@final
@dataclass(frozen=True)
class ArchiveOptions:
    """How folders and lists of files are worked on.

    Attributes:
        jobs: processes that work on files side by side; each loads its models once. By default one, and with --ray as
            many as the cluster has processors.
        files_from: a text file with more paths, one a line; - is standard input. They keep their folders below the one
            that all of them share.
        manifest: the ledger from which a run goes on after anything; by default manifest.jsonl in the folder that is
            written, and none where nothing is written.
        ray: address of a Ray cluster whose machines do the work, or auto for the one that this machine belongs to.

    Raises:
        OptionError: a number is out of range.
    """

    jobs: int | None = None
    files_from: Path | None = None
    manifest: Path | None = None
    ray: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.jobs is not None and not 1 <= self.jobs <= _MOST_JOBS:
            raise OptionError(f"--jobs of {self.jobs}: give 1 to {_MOST_JOBS}")


@final
@dataclass(frozen=True)
class ReportOptions:
    """What is told of a folder that was compressed.

    Attributes:
        check: the share of the files that are decoded again and measured, as 1%; always the same ones.
        report: an HTML page to write: sizes, bitrates by folder, and the worst of the checked files to listen to.

    Raises:
        OptionError: the share is none.
    """

    check: str | None = None
    report: Path | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        _ = self.checked_share

    @property
    def checked_share(self) -> float:
        """Between 0 and 1."""
        if self.check is None:
            return 0.0
        text = self.check.strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise OptionError(f"--check of {self.check[:20]!r}: give a share of the files, as 1%")
        return share


@final
@dataclass(frozen=True)
class PrepareOptions:
    """What is kept of the sounds of a corpus.

    Attributes:
        sample_rate: in Hz, that of the model that will be trained: 44100 for presets music and live, 16000 for others.
        channels: of each sound that are kept, the first ones.

    Raises:
        OptionError: a number is out of range.
    """

    sample_rate: int = 16000
    channels: int = 2

    def __post_init__(self) -> None:
        check_fields(self)
        if not 8000 <= self.sample_rate <= 192000:
            raise OptionError(f"--sample-rate of {self.sample_rate}: give 8000 to 192000 Hz")
        if not 1 <= self.channels <= 8:
            raise OptionError(f"--channels of {self.channels}: give 1 to 8")
