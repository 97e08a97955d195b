"""What wrong levels of bands cost: a model's sounds as they come back, and again with levels set right.

    python benchmarks/ceilings.py SOUNDS --model music --kbps 6 12 24

Bands of a decoded sound get the energies of the original's, averaged over 40 ms, in an MDCT with hops of 10 ms: those
below a border, those above it, or all. What ViSQOL gains is the most that better levels could give, and says where to
look; it is no codec, since the levels cost no bits. The level error is the mean absolute difference in dB of bands in
40 ms that are above -65 dB. The border is where the model's waveform ends and noise begins (``noise_from``).
"""

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from _shared import add_model, model_from, one_thread, parser, publish, run, table, tell
from auricle.audio import resample
from auricle.bench.codecs.auricle import AuricleCodec
from auricle.bench.codecs.base import DecodedSound
from auricle.bench.corpus import select_clips
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.scorer import at_setting, run_codec
from auricle.metrics.perceptual import visqol
from auricle.model.front_end import MdctConfig

if TYPE_CHECKING:
    from auricle.model import Autoencoder

FRAMES = 4
BANDS_BELOW, BANDS_ABOVE = 20, 11
LOWEST_HZ = 100.0
FAINTEST_DB = -65.0
LARGEST_GAIN = 30.0


def main() -> None:
    args = _options()
    one_thread()
    model = model_from(args.model)
    codec, clips = AuricleCodec(model), _clips(args, model)
    border = model.config.noise_from or model.sample_rate / 4
    label = Path(args.model).name.removesuffix(".auricle.safetensors")
    rows = []
    for kbps in args.kbps:
        figures = [_figures(clip, codec, kbps, border, args.speech) for clip in clips]
        means = {name: float(np.mean([one[name] for one in figures])) for name in figures[0]}
        rows.append({"model": label} | means)
    facts = {"model": args.model, "sounds": len(clips), "seconds": args.seconds, "border_hz": border, "threads": 1}
    publish(f"ceilings-{label}", args.out, facts, {"ceilings": rows}, [table(rows)])


def _clips(args: argparse.Namespace, model: "Autoencoder") -> list[Clip]:
    clips = select_clips([args.sounds], files=args.files, seconds=args.seconds, seed=0).clips
    mono = [(clip.name, clip.audio.mean(0, keepdims=True, dtype=np.float32), clip.sample_rate) for clip in clips]
    return [Clip(name, resample(audio, rate, model.sample_rate), model.sample_rate) for name, audio, rate in mono]


def _figures(clip: Clip, codec: AuricleCodec, kbps: float, border: float, speech: bool) -> dict[str, float]:
    tell(f"{kbps:g} kb/s {clip.name}")
    result = run_codec(clip, at_setting(codec, kbps))
    if not isinstance(result, DecodedSound):
        raise SystemExit(f"{clip.name}: {result.problem}")
    rate, original, decoded = clip.sample_rate, clip.audio[0], result.audio[0]
    below = np.geomspace(LOWEST_HZ, border, BANDS_BELOW + 1)
    above = np.geomspace(border, rate / 2, BANDS_ABOVE + 1)
    variants: dict[str, Callable[[], np.ndarray]] = {
        "as decoded": lambda: decoded,
        "levels below right": lambda: with_levels(decoded, original, rate, below),
        "levels above right": lambda: with_levels(decoded, original, rate, above),
        "all levels right": lambda: with_levels(decoded, original, rate, np.concatenate((below, above[1:]))),
    }
    scores = {f"ViSQOL {what}": visqol(original, make(), rate, speech=speech) for what, make in variants.items()}
    errors = {"error below dB": below, "error above dB": above}
    return (
        {"kb/s": result.kbps}
        | scores
        | {what: level_error(decoded, original, rate, edges) for what, edges in errors.items()}
    )


def with_levels(audio: np.ndarray, original: np.ndarray, sample_rate: int, edges: np.ndarray) -> np.ndarray:
    """``audio`` ``(t,)`` with the energies of bands of ``original``; ``edges`` ``(l + 1,)`` in Hz."""
    spectrum, original_spectrum = (_spectrum(sound, sample_rate) for sound in (audio, original))
    for band in _bands(edges, sample_rate, spectrum.shape[1]):
        is_energy, should = (_smooth((frames[:, band] ** 2).mean(1)) for frames in (spectrum, original_spectrum))
        gain = np.sqrt((should + 1e-12) / (is_energy + 1e-12))
        spectrum[:, band] *= np.clip(gain, 1 / LARGEST_GAIN, LARGEST_GAIN)[:, None]
    return _sound(spectrum, sample_rate, len(audio))


def level_error(audio: np.ndarray, original: np.ndarray, sample_rate: int, edges: np.ndarray) -> float:
    """Mean absolute difference in dB of bands that are not faint in the original."""
    spectra = [_spectrum(sound, sample_rate) for sound in (audio, original)]
    bands = _bands(edges, sample_rate, spectra[0].shape[1])
    levels, original_levels = (
        np.stack([10 * np.log10(_smooth((frames[:, band] ** 2).mean(1)) + 1e-9) for band in bands])
        for frames in spectra
    )
    audible = original_levels > FAINTEST_DB
    return float(np.abs(levels - original_levels)[audible].mean()) if audible.any() else 0.0


def _bands(edges: np.ndarray, sample_rate: int, bins: int) -> list[slice]:
    starts = np.unique(np.rint(edges / (sample_rate / 2) * bins).astype(int))
    return [slice(start, stop) for start, stop in pairwise(starts)]


def _smooth(energies: np.ndarray) -> np.ndarray:
    return np.convolve(energies, np.full(FRAMES, 1 / FRAMES), "same")


def _transform(sample_rate: int) -> MdctConfig:
    return MdctConfig(hop_length=round(sample_rate / 200) * 2)


@torch.inference_mode()
def _spectrum(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    config = _transform(sample_rate)
    padded = np.pad(audio, (0, -len(audio) % config.hop_length + config.hop_length))
    analysis = config.analysis()
    return analysis(torch.from_numpy(padded.astype(np.float32))[None, :, None])[0].numpy().copy()


@torch.inference_mode()
def _sound(spectrum: np.ndarray, sample_rate: int, length: int) -> np.ndarray:
    config = _transform(sample_rate)
    audio = config.synthesis()(torch.from_numpy(spectrum)[None])[0, :, 0].numpy()
    return audio[config.hop_length : config.hop_length + length]


def _options() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, help="folder of sounds")
    add_model(options, "music")
    options.add_argument("--kbps", type=float, nargs="+", default=[6.0, 12.0, 24.0])
    options.add_argument("--files", type=int, default=12)
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--speech", action="store_true", help="ViSQOL in its mode for speech")
    return options.parse_args()


if __name__ == "__main__":
    run(main)
