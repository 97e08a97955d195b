"""The room Compress: a sound at a bitrate, beside Opus, and .aur files looked into."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from auricle import (
    AuricleError,
    AurInfo,
    CompressOptions,
    FormatError,
    OptionError,
    compress,
    decompress,
    default_model,
    info,
    read,
    repair,
    resample,
    verify,
)
from auricle.bench.codecs.opus import Opus
from auricle.progress import OnProgress
from auricle.studio.server.workspace import Item, Workspace
from auricle.studio.tasks.models import loaded_model, model_source
from auricle.studio.tasks.sounds import CONFINED, LIMITS, picture, playable, read_untrusted

PREVIEW_SECONDS = 20.0
"""Of a longer sound so much is heard at a time."""
_COMMANDS = re.compile("; (?:get the file again, or save the rest with|try) `auricle repair`")
"""What the command line advises, for which the page has a button."""


def warm_up(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Load a model before it is needed."""
    loaded_model(model_source(workspace, str(arguments.get("model"))))
    return {}


def open_sound(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Decode a sound that was sent; what the page needs to show it. What is no sound is forgotten."""
    item = workspace.item(arguments["id"])
    try:
        audio, rate = read_untrusted(item.file(item.facts["source"]))
    except AuricleError:
        item.remove()
        raise
    facts = playable(item, "play", audio, rate)
    shown = _excerpt(audio, rate, 0.0)
    pcm_kbps = 16e-3 * rate * audio.shape[0]
    return item.add(
        **facts, model=default_model(rate), pcm_kbps=pcm_kbps, picture=picture(item, "play", shown, rate, shown)
    )


def preview(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Up to 20 s of a sound at a bitrate: real bytes of a real file, and what comes back of them."""
    item = workspace.item(arguments["id"])
    codec, kbps = arguments["codec"], float(arguments["kbps"])
    if codec not in ("auricle", "opus", "original") or not 0.1 <= kbps <= 512:
        raise OptionError(f"{codec} at {kbps:g} kb/s: choose auricle or opus, and 0.1 to 512 kb/s")
    start = max(0.0, float(arguments.get("start", 0.0)))
    source = model_source(workspace, str(arguments.get("model") or item.facts["model"]))
    name = f"{codec}-{_label(source) if codec == 'auricle' else 'any'}-{kbps:g}-{start:.2f}".replace(".", "_")
    previews = item.facts.get("previews", {})
    if name in previews and item.file(previews[name]["file"]).exists():
        return previews[name]
    audio, rate = read(item.file("play.flac"))
    original = _excerpt(audio, rate, start)
    if codec == "original":
        decoded, facts = original, {"kbps": item.facts["pcm_kbps"], "bytes": 2 * original.size, "codec": "Original"}
    elif codec == "opus":
        decoded, facts = _through_opus(original, rate, kbps)
    else:
        decoded, facts = _through_auricle(item, original, rate, kbps, source)
    facts |= {"start": start, **playable(item, name, decoded, rate)}
    facts["picture"] = picture(item, name, decoded, rate, original)
    item.add(previews={**item.facts.get("previews", {}), name: facts})
    return facts


def _label(source: str | Path) -> str:
    """A model in the name of a file; of a file the digest, with its date: training longer replaces it."""
    if isinstance(source, str):
        return source
    return hashlib.sha256(f"{source} {source.stat().st_mtime_ns}".encode()).hexdigest()[:12]


def _excerpt(audio: np.ndarray, rate: int, start: float) -> np.ndarray:
    first = min(int(start * rate), max(0, audio.shape[1] - int(PREVIEW_SECONDS * rate)))
    return audio[:, first : first + int(PREVIEW_SECONDS * rate)]


def _through_auricle(
    item: Item, audio: np.ndarray, rate: int, kbps: float, source: str | Path
) -> tuple[np.ndarray, dict[str, Any]]:
    coded, decoded = item.file("preview.aur"), item.file("preview.wav")
    network = loaded_model(source)
    result = compress((audio, rate), coded, model=network, kbps=kbps, force=True)
    decompress(coded, decoded, model=network, force=True)
    facts = {"kbps": result.kbps, "bytes": result.bytes, "codec": "Auricle", "quality": result.quality}
    return read(decoded)[0], facts


def _through_opus(audio: np.ndarray, rate: int, kbps: float) -> tuple[np.ndarray, dict[str, Any]]:
    codec = Opus()
    if reason := codec.missing():
        raise OptionError(f"Opus can't be heard here: {reason}")
    stereo = audio if audio.shape[0] <= 2 else audio.mean(axis=0, keepdims=True)
    encoded = codec.encode(stereo, rate, min(256.0, max(6.0, kbps)))
    decoded, decoded_rate = codec.decode(encoded)
    back = resample(decoded, decoded_rate, rate)[:, : audio.shape[1]]
    seconds = audio.shape[1] / rate
    return back, {"kbps": 8e-3 * len(encoded.data) / seconds, "bytes": len(encoded.data), "codec": "Opus"}


def compress_whole(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The whole sound as an .aur file."""
    item = workspace.item(arguments["id"])
    facts, kbps = item.facts, float(arguments["kbps"])
    source = model_source(workspace, str(arguments.get("model") or facts["model"]))
    name = Path(facts["name"]).stem
    result = compress(
        item.file(facts["source"]),
        item.file("whole.aur"),
        model=loaded_model(source),
        kbps=kbps,
        options=CompressOptions(untrusted=CONFINED),
        force=True,
        on_progress=on_progress,
    )
    return {
        "id": item.id,
        "file": "whole.aur",
        "save_as": f"{name}.aur",
        "bytes": result.bytes,
        "kbps": result.kbps,
        "model": result.model,
        "seconds": result.seconds,
    }


def open_aur(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Look into an .aur file that was sent: what it says, whether every byte is right, how it sounds."""
    item = workspace.item(arguments["id"])
    source, name = item.file(item.facts["source"]), item.facts["name"]
    facts: dict[str, Any] = {"damage": None, "rows": [], "file": None}
    try:
        summary = info(source)
        assert isinstance(summary, AurInfo)
        result = verify(source)
        facts |= {"rows": _rows(summary), "save_as": name, "bytes": summary.bytes}
        facts["verdict"] = f"all {result.packets} packets are as they were written"
        facts["lost"] = [[first / result.sample_rate, stop / result.sample_rate] for first, stop in result.lost]
    except FormatError as error:
        damage = _COMMANDS.sub("", str(error).replace(str(source), name))
        if not _begins_as_aur(source):
            item.remove()
            raise FormatError(f"{name} is no .aur file") from error
        return item.add(**facts | {"damage": damage})
    if too_long := _too_long(summary):
        return item.add(**facts, unheard=too_long)
    try:
        decompress(source, item.file("decoded.wav"), force=True)
    except AuricleError as error:
        return item.add(**facts, unheard=str(error).replace(str(source), name))
    audio, rate = read(item.file("decoded.wav"))
    facts |= playable(item, "play", audio, rate)
    shown = _excerpt(audio, rate, 0.0)
    return item.add(**facts, picture=picture(item, "play", shown, rate, shown), wav="decoded.wav")


def _too_long(summary: AurInfo) -> str:
    """Why a file is not decoded to be heard: few bytes can hold hours. Empty where it is."""
    if summary.seconds <= LIMITS.seconds and 4 * summary.samples * summary.channels <= LIMITS.whole_bytes:
        return ""
    return f"{summary.seconds / 3600:.1f} h in {summary.channels} channels are too much to be heard here: decompress it"


def _begins_as_aur(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(8)
    return len(start) == 8 and start.startswith(b"AUR")


def repair_aur(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Save what can be saved of a damaged .aur file, as a new item."""
    item = workspace.item(arguments["id"])
    stem = Path(item.facts["name"]).stem
    mended = workspace.new_item(kind="aur", name=f"{stem}.repaired.aur", source="source.aur")
    try:
        result = repair(item.file(item.facts["source"]), mended.file("source.aur"))
    except AuricleError as error:
        mended.remove()
        raise FormatError(str(error).replace(str(item.file(item.facts["source"])), item.facts["name"])) from error
    lost = sum(stop - first for first, stop in result.lost) / result.sample_rate
    note = f"saved {result.packets} packets, {result.mended} of them mended; {lost:.1f} s of sound are lost"
    mended.add(note=note)
    return open_aur(workspace, {"id": mended.id}, on_progress)


def _rows(summary: AurInfo) -> list[tuple[str, str]]:
    """Terms and values, for a person."""
    tags: Mapping[str, str] = summary.tags
    return [
        ("Length", f"{summary.seconds:.2f} s"),
        ("Size", f"{summary.bytes / 1000:.1f} kB"),
        ("Bitrate", f"{summary.kbps:.2f} kb/s"),
        ("Sample rate", f"{summary.sample_rate / 1000:g} kHz"),
        ("Channels", str(summary.channels)),
        ("Model", f"{summary.model} ({summary.fingerprint[:8]})"),
        ("Quality", f"{summary.quality:g}"),
        ("Packets", f"{summary.packets} of {summary.packet_seconds:.1f} s"),
        ("Lost packets", str(summary.lost_packets)),
        ("Format", f"version {summary.version}"),
        *((name.capitalize(), value[:200]) for name, value in list(tags.items())[:12]),
    ]
