"""The room Sounds: what lies in the folder, how each sound looks, and what is wrong with it."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from auricle import AudioReader, AuricleError, OptionError, audio_names, doctor
from auricle.atomic import atomic_write
from auricle.errors import OutputError
from auricle.html import Spectrograph, require_pictures
from auricle.printable import printable
from auricle.progress import OnProgress
from auricle.studio.server.catalog import FINDINGS, Catalog
from auricle.studio.server.library import sound_id
from auricle.studio.server.workspace import Workspace, safe_suffix
from auricle.studio.tasks.sounds import CONFINED, LIMITS, outline, picture, playable

_POINTS = 120
_LOOKED_SECONDS = 120.0
"""Of a longer sound so much is looked at for its level and outline."""
_THUMB = 150, 44
_MOST_AT_ONCE = 64
_LONGEST_STEM = 80
_PUNCTUATION = " -_.,()+&'"
_BLOCK = 1 << 18


def list_sounds(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Every sound of the folder, as it is now, with what is known of it."""
    catalog = Catalog(workspace)
    catalog.refresh(audio_names(workspace.folder, lambda path, reason: None))
    rows = [
        [id, printable(name), size, round(changed), *_figures(look)] for id, name, size, changed, look in catalog.rows()
    ]
    return {"sounds": rows}


def look_at(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Length, level, outline and a small spectrogram of some sounds; each is read once and remembered."""
    ids = [str(id) for id in arguments["ids"]][:_MOST_AT_ONCE]
    catalog = Catalog(workspace)
    looks = catalog.looks(ids)
    fresh = {id: _look(workspace, id, name) for id, name in catalog.names(ids).items() if id not in looks}
    catalog.keep_looks(fresh)
    return {"looks": {**looks, **fresh}}


def open_listed(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """A sound of the folder to hear and to see large: up to two minutes of it, as a file that every browser plays."""
    path = Catalog(workspace).require(arguments["id"])
    status = path.stat()
    stamp = [status.st_size, status.st_mtime_ns]
    with suppress(OptionError):
        facts = workspace.item(arguments["id"]).facts
        if facts.get("stamp") == stamp:
            return facts
    audio, rate, seconds = _beginning(path, _LOOKED_SECONDS)
    item = workspace.opened_item(sound_id(path.relative_to(workspace.folder).as_posix()), name=printable(path.name))
    shown = audio[:, : round(_LOOKED_SECONDS * rate) - 1]
    facts = playable(item, "play", audio, rate)
    return item.add(**facts, of_seconds=seconds, picture=picture(item, "play", shown, rate, shown), stamp=stamp)


def add_upload(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Put a sound that was sent into the folder, if all of it can be read; else it is forgotten."""
    item = workspace.item(arguments["id"])
    source = item.file(item.facts["source"])
    try:
        if not list(audio_names(item.folder, lambda path, reason: None)):
            raise OptionError("the file is no sound by its name: send .wav, .flac, .mp3 and the like")
        with AudioReader(source, limits=LIMITS, untrusted=CONFINED) as reader:
            samples = sum(block.shape[1] for block in reader.blocks(_BLOCK))
        if not samples:
            raise OptionError("the file holds no sound: choose another one")
        target = _moved_in(workspace.folder, source, item.facts["name"])
    finally:
        item.remove()
    id = Catalog(workspace).add(target.name)
    status = target.stat()
    return {"sound": [id, target.name, status.st_size, round(status.st_mtime), None, None, None, None, None]}


def remove_sounds(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Take sounds out of the folder; they are kept aside, so that this can be undone: of each name the newest.

    Raises:
        OutputError: none of them can be moved.
    """
    catalog = Catalog(workspace)
    names = catalog.names([str(id) for id in arguments["ids"]])
    moved = _moved(workspace.folder, workspace.state / "removed", names.values(), force=True)
    catalog.forget([sound_id(name) for name in moved])
    return {"removed": [sound_id(name) for name in moved], "names": [printable(name) for name in moved]}


def restore_sounds(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Put sounds back that were taken out, unless something has their name by now.

    Raises:
        OutputError: none of them can be moved.
    """
    ids = {str(id) for id in arguments["ids"]}
    aside = workspace.state / "removed"
    names = [path.relative_to(aside).as_posix() for path in aside.rglob("*") if _is_file_or_link(path)]
    moved = _moved(aside, workspace.folder, [name for name in names if sound_id(name) in ids], force=False)
    for name in moved:
        Catalog(workspace).add(name)
    return {"restored": len(moved)}


def examine(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What `auricle doctor` finds, with the sounds that it means."""
    health = doctor(workspace.folder, on_progress=on_progress)
    verdicts = [
        {"topic": v.topic, "level": v.level.value, "text": printable(v.text.replace(f"{workspace.folder}{os.sep}", ""))}
        for v in health.verdicts
    ]
    files: dict[str, list[list[str]]] = {}
    for id, topic, words in _marks(workspace.folder, health):
        files.setdefault(id, []).append([topic, printable(words)])
    with atomic_write(workspace.state / FINDINGS, force=True) as file:
        file.write_text(json.dumps({"verdicts": verdicts, "files": files}), "utf-8")
    return {"files": len(files), "verdicts": len(verdicts)}


def _marks(folder: Path, health: Any) -> Iterator[tuple[str, str, str]]:
    """Sound, topic and words of everything that is wrong with single files."""
    for refused in health.rejected:
        yield sound_id(_name(folder, refused.path)), "files", _plain(folder, refused)
    for partial in health.incomplete:
        yield sound_id(_name(folder, partial.path)), "files", _plain(folder, partial)
    for outlier in health.clipped:
        yield sound_id(outlier.name), "clipping", f"{outlier.value:.2%} of its samples are clipped: take another source"
    for name in health.silent:
        yield sound_id(name), "silence", "silent throughout: remove it"
    for outlier in health.offset:
        yield sound_id(outlier.name), "offset", f"shifted by {outlier.value:.1%} of full scale: high-pass it"
    for outlier in health.quiet:
        yield sound_id(outlier.name), "level", f"at {outlier.value:.0f} dB too quiet: raise or remove it"
    for group in health.duplicates:
        for name in group.names:
            others = [other for other in group.names if other != name]
            kind = "the same as" if group.exact else "much like"
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            yield sound_id(name), "leaks" if group.leak else "duplicates", f"{kind} {others[0]}{more}: keep one of them"


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _plain(folder: Path, refused: Any) -> str:
    return refused.reason.replace(f"{refused.path} ", "").replace(f"{folder}{os.sep}", "")


def _figures(look: dict[str, Any] | None) -> list[Any]:
    """What a row shows and is sorted by: seconds, rate, channels, level, and what is wrong."""
    return [None] * 5 if look is None else [look.get(n) for n in ("seconds", "rate", "channels", "dbfs", "error")]


def _look(workspace: Workspace, id: str, name: str) -> dict[str, Any]:
    path = workspace.folder / name
    try:
        audio, rate, seconds = _beginning(path, _LOOKED_SECONDS)
        with AudioReader(path) as reader:
            tags = {key: printable(value, 80) for key, value in list(reader.tags.items())[:8]}
    except (AuricleError, OSError) as error:
        words = str(error).replace(f"{path} ", "").replace(f"{workspace.folder}{os.sep}", "")
        return {"error": printable(words, 200)}
    power = float(np.mean(np.square(audio, dtype=np.float64))) if audio.size else 0.0
    peak = float(np.abs(audio).max(initial=0.0))
    return {
        "seconds": round(seconds, 3),
        "rate": rate,
        "channels": audio.shape[0],
        "dbfs": _decibels(power**0.5),
        "peak": _decibels(peak),
        "tags": tags,
        "peaks": [round(abs(value), 2) for value in outline(audio, _POINTS)],
        "thumb": _thumb(workspace, id, audio, rate),
    }


def _beginning(path: Path, most: float) -> tuple[np.ndarray, int, float]:
    """Up to so many seconds of a sound ``(c, t)``, its rate in Hz, and how long all of it is in seconds."""
    with AudioReader(path) as reader:
        rate, left, parts = reader.sample_rate, round(most * reader.sample_rate), list[np.ndarray]()
        for block in reader.blocks(_BLOCK):
            parts.append(block[:, :left])
            left -= parts[-1].shape[1]
            if left <= 0:
                break
        channels, frames = reader.info.channels, reader.info.frames
    audio = np.concatenate(parts, axis=1) if parts else np.zeros((channels, 0), np.float32)
    return audio, rate, (audio.shape[1] if left > 0 else max(frames, audio.shape[1])) / rate


def _thumb(workspace: Workspace, id: str, audio: np.ndarray, rate: int) -> bool:
    """Draw a small spectrogram; whether there is one."""
    if audio.shape[1] < 0.02 * rate or not audio.any():
        return False
    try:
        require_pictures()
    except AuricleError:
        return False
    from PIL import Image

    folder = workspace.state / "thumbs"
    folder.mkdir(exist_ok=True)
    pixels = Spectrograph(audio, rate).pixels(audio)
    small = Image.fromarray(pixels).resize(_THUMB, Image.Resampling.BOX).quantize(32)
    with atomic_write(folder / f"{id}.png", force=True) as file:
        small.save(file, "png")
    return True


def _decibels(value: float) -> float | None:
    return round(20 * float(np.log10(value)), 1) if value > 0 else None


def _moved_in(folder: Path, source: Path, name: str) -> Path:
    """The sound in the folder, under a name of plain letters that nothing there has."""
    suffix = safe_suffix(name)
    letters = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    stem = "".join(c if c.isalnum() or c in _PUNCTUATION else "_" for c in letters).strip(" .")[:_LONGEST_STEM]
    for number in range(1, 10_000):
        target = folder / f"{stem or 'sound'}{'' if number == 1 else f' {number}'}{suffix}"
        try:
            with atomic_write(target) as file:
                source.replace(file)
        except AuricleError:
            if target.exists():
                continue
            raise
        return target
    raise OptionError(f"{name} is there ten thousand times already: give it another name")


def _moved(home: Path, away: Path, names: Iterable[str], *, force: bool) -> list[str]:
    """Move files, each as far as it can be; the names of those that were."""
    moved, refusals = list[str](), list[str]()
    for name in names:
        source, target = home / name, away / name
        if not _is_file_or_link(source) or (os.path.lexists(target) and not force):
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _move(source, target)
        except OSError as error:
            refusals.append(f"can't move {printable(name)}: {error.strerror or error}")
        else:
            moved.append(name)
    if refusals and not moved:
        raise OutputError(refusals[0])
    return moved


def _move(source: Path, target: Path) -> None:
    """Give a file or a link another name, which may lie on another disk, and replace what has it."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".auricle-{secrets.token_hex(8)}")
        try:
            shutil.move(source, beside)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        beside.replace(target)


def _is_file_or_link(path: Path) -> bool:
    """A relative link leads nowhere while it is kept aside."""
    return path.is_file() or path.is_symlink()
