"""What a model's latent is made of, and whether the way between two sounds decodes cleanly.

    python benchmarks/latents.py CORPUS/test/drumkits CORPUS/test/piano --model music

First table: bits per second of each quality level, and how many features carry 99 % of them. Second table: pairs of
sounds, a quarter, half and three quarters of the way between their latents. `level` is the deviation in dB from the
mean of the ends, `step` the largest jump between two samples in proportion to that of the louder end, `way back` how
far the latent of the decoded sound lies from the one that was decoded, in proportion to the distance of the ends; for
the ends themselves it is what coding alone costs.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from _shared import add_model, model_from, one_thread, parser, publish, run, table

SHARE = 0.99
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("folders", nargs="+", type=Path, help="held-out sounds, a folder of each kind")
    add_model(options, "music")
    options.add_argument("--files", type=int, default=12, help="of a folder")
    options.add_argument("--clip-seconds", type=float, default=2.0, help="from the beginning of a file")
    options.add_argument("--seed", type=int, default=0)
    args = options.parse_args()
    one_thread()
    model = model_from(args.model)
    random = np.random.default_rng(args.seed)
    sounds = {folder.name: list(_sounds(folder, model, args, random)) for folder in args.folders}
    with torch.inference_mode():
        usage = list(_usage(model, [clip for kind in sounds.values() for clip in kind]))
        ways = [_way(f"{a} to {b}", model, sounds[a], sounds[b]) for a in sounds for b in sounds if a <= b]
    settings = {
        "model": model.name,
        "features": model.latent_dim,
        "frames per second": round(model.sample_rate / model.hop_length, 2),
        "files of a kind": args.files,
        "seconds": args.clip_seconds,
        "folders": [folder.name for folder in args.folders],
    }
    results = {"rows": usage, "interpolations": ways}
    publish(f"latents-{model.name}", args.out, settings, results, [table(usage), table(ways)])


def _sounds(folder: Path, model: Any, args: argparse.Namespace, random: np.random.Generator) -> Iterator[torch.Tensor]:
    """The beginnings of some files, mono, ``(1, t)``, without those that are silent or shorter than a tenth."""
    from auricle.audio import read, resample
    from auricle.data import scan

    sounds = scan(folder).sounds
    for index in random.permutation(len(sounds))[: args.files]:
        audio, rate = read(sounds[index].path)
        mono = resample(audio[:, : round(args.clip_seconds * rate)].mean(0, keepdims=True), rate, model.sample_rate)
        if mono.shape[1] > 0.1 * model.sample_rate and np.abs(mono).max() > 1e-3:
            yield torch.from_numpy(np.ascontiguousarray(mono))


def _usage(model: Any, sounds: list[torch.Tensor]) -> Iterator[dict[str, Any]]:
    """One row for each quality level: kilobits per second of all features, and how many carry nearly all."""
    from auricle.watch.trend import participants

    latents = [model.encode(sound) for sound in sounds]
    weights = np.array([sound.shape[1] for sound in sounds], float)
    for level in range(model.bottleneck.quality_levels):
        quality = torch.full((1,), float(level))
        bits = np.stack([model.bottleneck.usage(z, quality)["bits"].numpy() for z in latents])
        mean = (weights / weights.sum()) @ bits
        active = participants(mean.tolist(), SHARE)
        yield {"quality": level, "kb/s": round(float(mean.sum()) / 1000, 2), "active features": active}


def _way(name: str, model: Any, starts: list[torch.Tensor], ends: list[torch.Tensor]) -> dict[str, Any]:
    """Means over pairs of what is heard on the way from a sound to another."""
    measures: dict[str, list[list[float]]] = {"level dB": [], "step": [], "way back": []}
    for start, end in zip(starts, reversed(ends), strict=False):
        length = min(start.shape[1], end.shape[1])
        a, b = (model.encode(sound[:, :length]) for sound in (start, end))
        if torch.equal(a, b):
            continue
        decoded = [model.decode((1 - share) * a + share * b, length) for share in SHARES]
        levels = [20 * np.log10(float(sound.square().mean().sqrt()) + 1e-6) for sound in decoded]
        steps = [float(sound.diff().abs().max()) for sound in decoded]
        backs = [
            float((model.encode(sound) - (1 - share) * a - share * b).norm() / (a - b).norm())
            for share, sound in zip(SHARES, decoded, strict=True)
        ]
        middle = (levels[0] + levels[-1]) / 2
        measures["level dB"].append([level - middle for level in levels[1:-1]])
        measures["step"].append([step / max(steps[0], steps[-1]) for step in steps[1:-1]])
        measures["way back"].append([*backs[1:-1], (backs[0] + backs[-1]) / 2])
    row: dict[str, Any] = {"from and to": name, "pairs": len(measures["step"])}
    for label, values in measures.items():
        mean = np.mean(values, 0)
        row |= {
            f"{label} at {share}": round(float(x), 2) for share, x in zip(("1/4", "1/2", "3/4"), mean, strict=False)
        }
    row["largest step"] = round(float(np.max(measures["step"])), 2)
    row["way back of the ends"] = round(float(np.mean(measures["way back"], 0)[3]), 2)
    return row


if __name__ == "__main__":
    run(main)
