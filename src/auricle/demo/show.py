"""The demo from beginning to end."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.atomic import atomic_write, check_writable
from auricle.audio.writer import write
from auricle.data import Rejected
from auricle.demo.generated import New, new_sounds
from auricle.demo.page import Exhibit, page
from auricle.demo.pieces import Piece, programme
from auricle.demo.takes import Take, take
from auricle.errors import OutputError
from auricle.html import require_pictures
from auricle.model import Autoencoder, default_model, load

_SPEECH_KBPS = (3.0, 6.0)
_MUSIC_KBPS = (12.0, 24.0)

Progress = Callable[[int, int, str], None]


@final
@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo made: the page, every take, sounds made from nothing, and the files that could not be read."""

    page: Path
    takes: tuple[Take, ...]
    made: tuple[New, ...]
    rejected: tuple[Rejected, ...]


def run(
    sounds: str | Path | None = None,
    *,
    out: str | Path = "demo-out",
    model: str | Path | None = None,
    force: bool = False,
    on_progress: Progress = lambda done, total, title: None,
) -> Demo:
    """Compress recordings at two bitrates, decompress them, and write a page with players and figures.

    With the recordings in the package, the page also has sounds that the priors in the package make from nothing.
    Sounds up to 24 kHz are coded by the model ``speech`` at 3 and 6 kb/s, others by ``music`` at 12 and 24 kb/s, all
    channels together.

    Args:
        sounds: a folder of one's own, of which at most 12 files are taken and 10 seconds of each; by default the
            recordings in the package.
        out: the folder for ``index.html`` and for the .aur and decoded .wav files; it is made if needed.
        model: a model for all sounds, its native rate decides the bitrates.
        force: replace what is in ``out``.
        on_progress: is told takes done, in all, and the title of the next.

    Raises:
        DataError: no usable sound.
        ModelError: the model is unknown or can't compress.
        OutputError: the folder can't be written.
        MissingPackageError: matplotlib is not installed.
    """
    target = Path(out) / "index.html"
    _check(target, force)
    require_pictures()
    plan = programme(None if sounds is None else Path(sounds))
    models = _models(plan.pieces, model)
    coded_by = [(piece, models[default_model(piece.sample_rate)]) for piece in plan.pieces]
    jobs = [(piece, loaded, kbps) for piece, loaded in coded_by for kbps in _bitrates(loaded)]
    takes: list[Take] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (piece, loaded, kbps) in enumerate(jobs):
            on_progress(number, len(jobs), piece.title)
            takes.append(take(piece, loaded, kbps, Path(folder)))
    on_progress(len(jobs), len(jobs), "making new sounds")
    made = new_sounds() if sounds is None else ()
    on_progress(len(jobs), len(jobs), "page")
    exhibits = [Exhibit(piece, tuple(each for each in takes if each.piece is piece)) for piece in plan.pieces]
    _write(target, exhibits, made, plan.credits, force)
    return Demo(target, tuple(takes), made, plan.rejected)


def _check(target: Path, force: bool) -> None:
    """Refuse early; the folder itself need not exist yet."""
    folder = target.parent
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder")
    check_writable(target if folder.exists() else folder, force=force)


def _models(pieces: tuple[Piece, ...], model: str | Path | None) -> dict[str, Autoencoder]:
    kinds = {default_model(piece.sample_rate) for piece in pieces}
    if model is not None:
        return dict.fromkeys(kinds, load(model))
    return {kind: load(kind) for kind in sorted(kinds)}


def _bitrates(model: Autoencoder) -> tuple[float, float]:
    return _SPEECH_KBPS if default_model(model.sample_rate) == "speech" else _MUSIC_KBPS


def _write(target: Path, exhibits: list[Exhibit], made: tuple[New, ...], credits: str, force: bool) -> None:
    text = page(exhibits, made, credits)
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {target.parent}: {error.strerror}") from error
    for number, exhibit in enumerate(exhibits, start=1):
        for each in exhibit.takes:
            place = target.parent / f"{number:02d}-{exhibit.piece.title}.{each.wanted_kbps:g}kbps.aur"
            with atomic_write(place, force=force) as temporary:
                temporary.write_bytes(each.coded)
            write(place.with_suffix(".wav"), each.audio, exhibit.piece.sample_rate, force=force)
    for new in made:
        write(target.parent / f"made-{new.title.replace(' ', '-')}.wav", new.audio, new.sample_rate, force=force)
    with atomic_write(target, force=force) as temporary:
        temporary.write_text(text, "utf-8", errors="xmlcharrefreplace")
