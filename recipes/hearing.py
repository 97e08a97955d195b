"""Learn, without labels, the patches that help a model to tell sounds apart (`auricle.classify.features.patches`).

    python recipes/hearing.py corpora/speech --model speech --without arabic --out speech.hearing.safetensors
    python recipes/hearing.py corpora/music --model music --without esc10 drumkits sonic_pi \\
        --sounds 400 --seconds 4 --out music.hearing.safetensors

The corpora are those of recipes/corpus.py and recipes/packages.py. Name with --without every source of which a sound is
judged anywhere, so that none is learned from. Some 900 sounds and 20 seconds of one thread are enough.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np

from auricle.classify.features.base import pieces
from auricle.classify.features.patches import PatchDictionary, hearing_map
from auricle.errors import AudioError
from auricle.model import load


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path, help="folder with manifest.csv")
    options.add_argument("--model", required=True, help="a shipped model or a model file")
    options.add_argument("--without", nargs="*", default=[], help="sources that are judged")
    options.add_argument("--sounds", type=int, default=900)
    options.add_argument("--seconds", type=float, default=2.5, help="of each sound, at most")
    options.add_argument("--out", type=Path, required=True)
    args = options.parse_args()
    rate = load(args.model).sample_rate
    with (args.corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["source"] not in args.without]
    sources = sorted({row["source"] for row in rows})
    draw = random.Random(0)
    maps: list[np.ndarray] = []
    for source in sources:
        paths = [args.corpus / row["path"] for row in rows if row["source"] == source]
        for path in draw.sample(paths, min(len(paths), args.sounds // len(sources))):
            maps += _maps(path, rate, args.seconds, draw)
    PatchDictionary.learn(maps).save(args.out)
    print(f"{args.out}: learned from {len(maps)} sounds of {', '.join(sources)}")


def _maps(path: Path, rate: int, seconds: float, draw: random.Random) -> list[np.ndarray]:
    """The spectrogram of a stretch of a sound; none of a sound that can't be read or is nearly silent."""
    try:
        audio = next(pieces(path, rate)).audio
    except (AudioError, StopIteration):
        return []
    length = round(seconds * rate)
    start = draw.randrange(max(1, len(audio) - length))
    stretch = audio[start : start + length]
    return [hearing_map(stretch, rate)] if np.abs(stretch).max() > 1e-3 else []


if __name__ == "__main__":
    main()
