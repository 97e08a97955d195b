"""The demo from beginning to end."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.atomic import atomic_write, check_writable, temporary_folder
from auricle.audio.writer import write
from auricle.data import Rejected
from auricle.demo.classification import ClassifiedSecond, classify_seconds
from auricle.demo.excerpts import Excerpt, read_excerpts
from auricle.demo.generated import GeneratedSound, generate_sounds
from auricle.demo.neighbours import NearSounds, near_sounds
from auricle.demo.page import ExcerptSection, page
from auricle.demo.versions import ExcerptVersion, code_excerpt
from auricle.errors import OutputError
from auricle.html import require_pictures
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder, default_model, load
from auricle.progress import OnProgress, Progress, ignore_progress

_SPEECH_KBPS = (3.0, 6.0)
_MUSIC_KBPS = (12.0, 24.0)


@final
@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo gives: the page, every version of every excerpt, sounds made from nothing, seconds that were told
    apart, which sounds are alike, and the files that could not be read."""

    page: Path
    versions: tuple[ExcerptVersion, ...]
    generated: tuple[GeneratedSound, ...]
    classified: tuple[ClassifiedSecond, ...]
    near: tuple[NearSounds, ...]
    rejected: tuple[Rejected, ...]


def run(
    sounds: str | Path | None = None,
    *,
    out: str | Path = "demo-out",
    model: str | Path | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Demo:
    """Compress recordings at two bitrates, decompress them, and write a page with players and figures.

    With the recordings in the package, the page also has sounds that the priors in the package make from nothing, and
    tells what seconds of the recordings a classifier takes for what that learned from others (with the extra
    ``classify``). It also says which sounds are near to each other.
    Sounds up to 24 kHz are coded by the model ``speech`` at 3 and 6 kb/s, others by ``music`` at 12 and 24 kb/s, all
    channels together.

    Args:
        sounds: a folder of one's own, of which at most 12 files are taken and 10 seconds of each; by default the
            recordings in the package.
        out: the folder for ``index.html`` and for the .aur and decoded .wav files; it is made if needed.
        model: a model for all sounds, its native rate decides the bitrates.
        force: replace what is in ``out``.
        on_progress: is told how many versions are done; its stages are the recordings.

    Raises:
        DataError: no usable sound.
        ModelError: the model is unknown or can't compress.
        OutputError: the folder can't be written.
        MissingPackageError: matplotlib is not installed.
    """
    target = Path(out) / "index.html"
    _check(target, force)
    require_pictures()
    demo_sounds = read_excerpts(None if sounds is None else Path(sounds))
    models = _models(demo_sounds.excerpts, model)
    coded_by = [(excerpt, models[default_model(excerpt.sample_rate)]) for excerpt in demo_sounds.excerpts]
    jobs = [(excerpt, loaded, kbps) for excerpt, loaded in coded_by for kbps in _bitrates(loaded)]
    versions: list[ExcerptVersion] = []
    with temporary_folder() as folder:
        for index, (excerpt, loaded, kbps) in enumerate(jobs):
            on_progress(Progress(excerpt.title, index, len(jobs), "versions"))
            versions.append(code_excerpt(excerpt, loaded, kbps, folder))
    on_progress(Progress("making new sounds", len(jobs), len(jobs), "versions"))
    generated = generate_sounds() if sounds is None else ()
    encoder = load("music")
    classified = classify_seconds(demo_sounds.excerpts, encoder) if sounds is None else ()
    near = near_sounds(demo_sounds.excerpts, generated, encoder)
    on_progress(Progress("page", len(jobs), len(jobs), "versions"))
    sections = [
        ExcerptSection(excerpt, tuple(version for version in versions if version.excerpt is excerpt))
        for excerpt in demo_sounds.excerpts
    ]
    _write(target, page(sections, generated, classified, near, demo_sounds.credits), sections, generated, force)
    return Demo(target, tuple(versions), generated, classified, near, demo_sounds.rejected)


def _check(target: Path, force: bool) -> None:
    """Refuse early; the folder itself need not exist yet."""
    folder = target.parent
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder")
    check_writable(target if folder.exists() else folder, force=force)


def _models(excerpts: tuple[Excerpt, ...], model: str | Path | None) -> dict[str, Autoencoder]:
    kinds = {default_model(excerpt.sample_rate) for excerpt in excerpts}
    if model is not None:
        return dict.fromkeys(kinds, load(model))
    return {kind: load(kind) for kind in sorted(kinds)}


def _bitrates(model: Autoencoder) -> tuple[float, float]:
    return _SPEECH_KBPS if default_model(model.sample_rate) == "speech" else _MUSIC_KBPS


def _write(
    target: Path, text: str, sections: list[ExcerptSection], generated: tuple[GeneratedSound, ...], force: bool
) -> None:
    with lock_new_folder(target.parent):
        for number, section in enumerate(sections, start=1):
            for version in section.versions:
                path = target.parent / f"{number:02d}-{section.excerpt.title}.{version.target_kbps:g}kbps.aur"
                with atomic_write(path, force=force) as temporary:
                    temporary.write_bytes(version.data)
                write(path.with_suffix(".wav"), version.audio, section.excerpt.sample_rate, force=force)
        for sound in generated:
            path = target.parent / f"made-{sound.title.replace(',', '').replace(' ', '-')}.wav"
            write(path, sound.audio, sound.sample_rate, force=force)
        with atomic_write(target, force=force) as temporary:
            temporary.write_text(text, "utf-8", errors="xmlcharrefreplace")
