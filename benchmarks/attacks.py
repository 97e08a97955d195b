"""Attacks of one-shots: how much slower they rise, what comes before them, and whether they begin at the first sample.

    python benchmarks/attacks.py music --drums hydrogen/data/drumkits --kbps 12 24

DRUMS holds a folder for each kit, such as those of Debian's package hydrogen-drumkits. Sounds stand behind 200 ms of
silence. The attack is the time from 10 to 90 % of the peak, given as a multiple of the original's; before the attack
is the peak in the 20 ms before the original begins, below the sound's own peak; the first millisecond is its level when
the sound begins at sample 0 less its level behind half a second of silence; the peak is what came back
less the original's, in dB. Figures are medians, of the first millisecond the median distance; the results hold every
sound. Unrounded is what the decoder makes of the encoder's latents.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import numpy as np

from _shared import OptionError, model_from, one_thread, parser, publish, run, table, tell
from auricle.audio import resample
from auricle.bench.codecs import make_codec
from auricle.bench.codecs.auricle import AuricleCodec
from auricle.bench.codecs.base import DecodedSound
from auricle.bench.corpus import select_clips
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.scorer import CodecAtSetting, at_setting, run_codec
from auricle.metrics.artefacts import attack_seconds, before_attack_db, first_millisecond_db

if TYPE_CHECKING:
    from auricle.model import Autoencoder

KITS = ("ElectricEmpireKit", "ColomboAcousticDrumkit", "VariBreaks", "BJA_Pacific")
"""Kits that no shipped model has heard: those held out in recipes/sources.py and recipes/drums.py."""
RATE = 44100
LEAD_SECONDS, SILENCE_SECONDS, LONGEST_SECONDS = 0.2, 0.5, 1.0
QUIET = 0.01
HEADS = MappingProxyType(
    {
        "attack, times the original's": "attack_ratio",
        "attack ms": "attack_ms",
        "before it, dB": "before_attack",
        "first ms, dB apart": "first_ms",
        "peak, dB": "peak",
    }
)
"""Heads of the table and what stands below them."""


@final
@dataclass(frozen=True)
class Setting:
    """A codec at one setting."""

    codec: str
    setting: str
    run: CodecAtSetting


def main() -> None:
    args = _options()
    one_thread()
    shots = one_shots(args.drums, args.kits, args.files)
    notes: list[str] = []
    rows: list[dict[str, Any]] = []
    singles: list[dict[str, Any]] = []
    for setting in _settings(args.models, args.kbps, notes):
        measured = [figures for shot in shots if (figures := measure(shot, setting, notes)) is not None]
        singles += measured
        rows.append({"codec": setting.codec, "setting": setting.setting} | _medians(measured))
    facts = {"models": args.models, "kbps": args.kbps, "kits": args.kits, "sounds": len(shots), "threads": 1}
    publish("attacks", args.out, facts, {"attacks": rows, "single sounds": singles}, [table(rows), *notes])


def one_shots(folder: Path, kits: Sequence[str], files: int) -> list[Clip]:
    """Sounds from where they begin, mono at 44.1 kHz, at a peak of -3 dBFS; as many of each kit as possible."""
    share = -(-files // len(kits))
    shots = []
    for kit in kits:
        for clip in select_clips([folder / kit], files=share, seconds=2 * LONGEST_SECONDS, seed=0).clips:
            mono = resample(clip.audio.mean(0, keepdims=True, dtype=np.float32), clip.sample_rate, RATE)
            start = int(np.argmax(np.abs(mono[0]) > QUIET * np.abs(mono).max()))
            shot = mono[:, start : start + round(LONGEST_SECONDS * RATE)]
            shots.append(Clip(f"{kit}/{clip.name}", shot * np.float32(0.7 / np.abs(shot).max()), RATE))
    return shots[:files]


def measure(shot: Clip, setting: Setting, notes: list[str]) -> dict[str, Any] | None:
    """All figures of one sound; None where it did not come back, with a note."""
    tell(f"{setting.codec} {setting.setting} {shot.name}")
    lead, silence = (round(seconds * RATE) for seconds in (LEAD_SECONDS, SILENCE_SECONDS))
    behind = np.pad(shot.audio, ((0, 0), (lead, 0)))
    sounds = behind, shot.audio, np.pad(shot.audio, ((0, 0), (silence, 0)))
    results = [run_codec(Clip(shot.name, sound, RATE), setting.run) for sound in sounds]
    decoded = [result.audio for result in results if isinstance(result, DecodedSound)]
    if len(decoded) < len(results):
        problem = next(result.problem for result in results if not isinstance(result, DecodedSound))
        notes.append(f"{setting.codec} {setting.setting}, {shot.name}: {problem}")
        return None
    first, at_once, after_silence = decoded
    levels = [first_millisecond_db(sound, RATE) for sound in (at_once, after_silence[:, silence:])]
    return {
        "codec": setting.codec,
        "setting": setting.setting,
        "sound": shot.name,
        "attack_ms": 1000 * attack_seconds(first, RATE),
        "original_attack_ms": 1000 * attack_seconds(behind, RATE),
        "attack_ratio": attack_seconds(first, RATE) / attack_seconds(behind, RATE),
        "before_attack": before_attack_db(first, behind, RATE),
        "first_ms": levels[0] - levels[1],
        "peak": float(20 * np.log10(np.abs(first).max() / np.abs(behind).max())),
        "kbps": getattr(results[0], "kbps", None) or None,
    }


def _settings(models: Sequence[str], kbps: Sequence[float], notes: list[str]) -> list[Setting]:
    settings = []
    for name in models:
        model = model_from(name)
        label = Path(name).name.removesuffix(".auricle.safetensors")
        settings.append(Setting(label, "unrounded", unrounded(model)))
        codec = AuricleCodec(model)
        settings += [Setting(label, f"{rate:g} kb/s", at_setting(codec, rate)) for rate in kbps]
    opus = make_codec("opus")
    if (reason := opus.missing()) is not None:
        notes.append(f"Opus was left out: {reason}")
        return settings
    return settings + [Setting("opus", f"{rate:g} kb/s", at_setting(opus, rate)) for rate in kbps]


def unrounded(model: "Autoencoder") -> CodecAtSetting:
    """The latents, as exact as they are, decoded."""

    def code(audio: np.ndarray, sample_rate: int) -> DecodedSound:
        native = resample(audio, sample_rate, model.sample_rate)
        decoded = np.asarray(model.decode(model.encode(native), native.shape[1]))
        return DecodedSound.of(resample(decoded, model.sample_rate, sample_rate)[:, : audio.shape[1]], sample_rate, 0)

    return code


def _medians(measured: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not measured:
        return dict.fromkeys(("kb/s", *HEADS)) | {"sounds": 0}
    rates = [figures["kbps"] for figures in measured if figures["kbps"]]
    values = {head: np.array([figures[name] for figures in measured]) for head, name in HEADS.items()}
    values["first ms, dB apart"] = np.abs(values["first ms, dB apart"])
    medians = {head: round(float(np.nanmedian(value)), 2) for head, value in values.items()}
    return {"kb/s": round(float(np.mean(rates)), 1) if rates else None} | medians | {"sounds": len(measured)}


def _options() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("models", nargs="+", metavar="MODEL", help="shipped models or model files")
    options.add_argument("--drums", type=Path, required=True, help="folder with a folder of one-shots for each kit")
    options.add_argument("--kits", nargs="+", default=list(KITS), help="folders in it")
    options.add_argument("--kbps", type=float, nargs="+", default=[12.0, 24.0], help="bitrates of files")
    options.add_argument("--files", type=int, default=25, help="sounds at most, as many of each kit")
    args = options.parse_args()
    if args.files < len(args.kits):
        raise OptionError(f"--files {args.files} is fewer than there are kits: give {len(args.kits)} or more")
    return args


if __name__ == "__main__":
    run(main)
