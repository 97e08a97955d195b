"""Unusual sounds without labels: by the bits that they take under a model, beside a log-mel autoencoder.

    python benchmarks/anomaly.py --corpus CORPUS/ --model music

Made of the corpora: usual are single notes of one instrument (guitar), learned from four fifths of them; judged are the
others, and as many that something is wrong with: another instrument's note mixed in 10 dB below, a hum of 100 Hz,
clicks, a part that is missing, and clipping, all at the note's own level. Nobody is told which is which.

The autoencoder is the baseline of the DCASE challenges, task 2 (five frames of 128 log-mel bands, six layers of 128
with 8 in the middle); its error is the score. The model was trained without labels on sounds that --model's card names.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from _shared import one_thread, parser, publish, run, table, tell

_SECONDS = 2.0
_FRAMES, _BANDS, _HIDDEN, _MIDDLE = 5, 128, 128, 8
_EPOCHS, _BATCH, _RATE = 30, 512, 1e-3

Fault = Callable[[np.ndarray, np.ndarray, int, np.random.Generator], np.ndarray]


def _mixed(note: np.ndarray, other: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    return note + other * (_rms(note) / max(1e-9, _rms(other)) * 10 ** (-10 / 20))


def _hum(note: np.ndarray, other: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    time = np.arange(len(note)) / rate
    hum = sum(np.sin(2 * np.pi * 100 * partial * time + random.uniform(0, 6)) / partial for partial in (1, 2, 3))
    return note + hum * _rms(note) * 10 ** (-15 / 20)


def _clicks(note: np.ndarray, other: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    clicked = note.copy()
    places = random.integers(0, len(note), 12)
    clicked[places] += random.choice([-1, 1], 12) * 0.5 * np.abs(note).max()
    return clicked


def _gap(note: np.ndarray, other: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    cut = note.copy()
    at = int(random.integers(len(note) // 8, len(note) // 2))
    cut[at : at + rate // 20] = 0
    return cut


def _clipped(note: np.ndarray, other: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    limit = 0.3 * np.abs(note).max()
    return note.clip(-limit, limit)


FAULTS: Mapping[str, Fault] = {
    "another instrument": _mixed,
    "hum": _hum,
    "clicks": _clicks,
    "gap of 50 ms": _gap,
    "clipping": _clipped,
}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--corpus", type=Path, required=True, help="folder with instruments/guitar and .../saxophone")
    options.add_argument("--model", default="music", help="a shipped model or a model file")
    options.add_argument("--usual", type=int, default=240, help="notes to learn from")
    options.add_argument("--judged", type=int, default=60, help="notes to judge, and as many of each fault")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    rows = measure(args)
    settings = {"threads": 1, "model": Path(args.model).name, "usual": args.usual, "judged": args.judged}
    publish("anomaly", args.out, settings, {"rows": rows}, [table(rows), "AUC: usual sounds against each fault"])


def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Make the sounds, learn, judge."""
    from auricle import load
    from auricle.classify.anomaly.anomalies import AnomalyScores
    from auricle.classify.anomaly.features import AnomalyFeatures

    model = load(args.model)
    rate, random = model.sample_rate, np.random.default_rng(0)
    notes = _sounds(args.corpus / "instruments" / "guitar", args.usual + args.judged, rate, random)
    others = _sounds(args.corpus / "instruments" / "saxophone", args.judged, rate, random)
    usual, judged = notes[: args.usual], notes[args.usual :]
    spoiled = {
        name: [_levelled(fault(note, others[n % len(others)], rate, random), note) for n, note in enumerate(judged)]
        for name, fault in FAULTS.items()
    }
    extractor = AnomalyFeatures(model)

    def bits(sounds: list[np.ndarray]) -> np.ndarray:
        tell("bits")
        return np.stack([extractor.mono_features(sound.astype(np.float32)) for sound in sounds])

    usual_bits = bits(usual)
    usual_scores, plain = AnomalyScores.learn(usual_bits, extractor.families), extractor.kilobits(usual_bits)
    autoencoder = _MelAutoencoder(usual, rate)
    spoiled = {"": judged, **spoiled}
    taken = {name: bits(sounds) for name, sounds in spoiled.items()}
    scores: dict[str, dict[str, np.ndarray]] = {
        "as the verb: by what is farthest": {
            name: usual_scores.of(values).max(axis=1) for name, values in taken.items()
        },
        **{
            f"{family} alone": {name: usual_scores.of(values)[:, number] for name, values in taken.items()}
            for number, family in enumerate(extractor.families)
        },
        "bits altogether": {
            name: np.abs(np.log(extractor.kilobits(values) / np.median(plain))) for name, values in taken.items()
        },
        "log-mel autoencoder": {name: autoencoder.errors(sounds) for name, sounds in spoiled.items()},
    }
    rows = []
    for title, score in scores.items():
        by_fault = {name: _auc(score[""], score[name]) for name in FAULTS}
        rows.append({"score": title, "mean AUC": float(np.mean(list(by_fault.values()))), **by_fault})
    return rows


def _sounds(folder: Path, count: int, rate: int, random: np.random.Generator) -> list[np.ndarray]:
    from auricle.classify.features.base import pieces

    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".flac", ".wav", ".ogg", ".opus"))
    sounds = []
    for place in random.permutation(len(paths))[:count].tolist():
        audio = next(pieces(paths[place], rate)).audio[: round(_SECONDS * rate)]
        sounds.append(np.pad(audio, (0, max(0, round(_SECONDS * rate) - len(audio)))))
    return sounds


def _rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean()))


def _levelled(sound: np.ndarray, like: np.ndarray) -> np.ndarray:
    return (sound * (_rms(like) / max(1e-9, _rms(sound)))).astype(np.float32)


def _auc(fine: np.ndarray, odd: np.ndarray) -> float:
    return float((odd[:, None] > fine[None]).mean() + 0.5 * (odd[:, None] == fine[None]).mean())


class _MelAutoencoder:
    """Five frames of log-mel through eight numbers and back."""

    def __init__(self, sounds: list[np.ndarray], rate: int) -> None:
        import torch
        from torch import nn

        self._rate = rate
        frames = np.concatenate([self._frames(sound) for sound in sounds])
        self._mean, self._deviation = frames.mean(axis=0), frames.std(axis=0) + 1e-3
        size = _FRAMES * _BANDS
        widths = (size, *(_HIDDEN,) * 3, _MIDDLE, *(_HIDDEN,) * 3, size)
        layers: list[nn.Module] = []
        torch.manual_seed(0)
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self._net = nn.Sequential(*layers[:-1])
        points = torch.from_numpy(((frames - self._mean) / self._deviation).astype(np.float32))
        optimiser = torch.optim.Adam(self._net.parameters(), _RATE)
        for epoch in range(_EPOCHS):
            tell(f"autoencoder, round {epoch + 1}")
            for rows in torch.randperm(len(points)).split(_BATCH):
                optimiser.zero_grad()
                (self._net(points[rows]) - points[rows]).square().mean().backward()
                optimiser.step()

    def errors(self, sounds: list[np.ndarray]) -> np.ndarray:
        """Mean squared error of each sound."""
        import torch

        errors = []
        for sound in sounds:
            points = torch.from_numpy(((self._frames(sound) - self._mean) / self._deviation).astype(np.float32))
            with torch.inference_mode():
                errors.append(float((self._net(points) - points).square().mean()))
        return np.array(errors)

    def _frames(self, sound: np.ndarray) -> np.ndarray:
        """Five frames at a time, ``(n, 640)``."""
        from auricle.dsp.mel import mel_filterbank

        size = 1 << round(np.log2(0.064 * self._rate))
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
        levelled = sound / max(1e-9, _rms(sound)) * 0.1
        frames = np.lib.stride_tricks.sliding_window_view(levelled, size)[:: size // 2]
        powers = np.square(np.abs(np.fft.rfft(frames * window))) @ mel_filterbank(self._rate, size, _BANDS).T
        bands = np.log(powers + 1e-8)
        views = np.lib.stride_tricks.sliding_window_view(bands, _FRAMES, axis=0)
        return views.transpose(0, 2, 1).reshape(-1, _FRAMES * _BANDS)


if __name__ == "__main__":
    run(main)
