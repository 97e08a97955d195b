"""Learn, without labels, the patches that help a model to tell sounds apart, and put them beside it.

    python recipes/hearing.py CORPUS/speech --model speech
    python recipes/hearing.py CORPUS/music --model mine.auricle.safetensors --out mine.hearing.safetensors

The corpora are those of recipes/corpus.py and recipes/packages.py. Sources of which a sound is judged anywhere are left
out (`JUDGED`), so that none is learned from. Some 900 sounds and 20 seconds of one thread are enough.
"""

import argparse
import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auricle.classify.features.base import pieces
from auricle.classify.features.hearing_file import HearingOrigin, hearing_path, save_hearing
from auricle.classify.features.latents import encoder_fingerprint
from auricle.classify.features.patches import PatchDictionary, hearing_map
from auricle.classify.features.pooling import normalise_level
from auricle.errors import AudioError
from auricle.model import Autoencoder, load

JUDGED = ("arabic", "drumkits", "esc10", "sonic_pi")
"""Sources of which a sound is judged in benchmarks, or may be."""
LICENCE = "Apache-2.0"


def learn_hearing(
    corpus: Path,
    model: Autoencoder,
    out: Path,
    *,
    without: Sequence[str] = JUDGED,
    sounds: int = 900,
    seconds: float = 2.5,
) -> HearingOrigin:
    """Learn patches for a model and write its hearing file.

    Args:
        corpus: folder with manifest.csv; sounds of its split ``train`` are learned from.
        model: whose rate is heard at, and beside which the file belongs.
        out: the file; one that is there is replaced.
        without: sources that are not learned from.
        sounds: about so many, the same number of each source where it has them.
        seconds: of each sound, at most.
    """
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["source"] not in without]
    by_source: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    draw = random.Random(0)
    maps: list[np.ndarray] = []
    for source in sorted(by_source):
        paths = [corpus / row["path"] for row in by_source[source]]
        for path in draw.sample(paths, min(len(paths), sounds // len(by_source))):
            maps += _maps(path, model.sample_rate, seconds, draw)
    licences = {name: sorted({row["licence"] for row in part}) for name, part in by_source.items()}
    origin = HearingOrigin(
        model=model.name,
        encoder=encoder_fingerprint(model),
        sample_rate=model.sample_rate,
        licence=LICENCE,
        data="; ".join(f"{name} ({', '.join(licences[name])})" for name in sorted(licences)),
    )
    save_hearing(PatchDictionary.learn(maps), origin, out, force=True)
    print(f"{out}: learned from {len(maps)} sounds of {', '.join(sorted(by_source))}")
    return origin


def _maps(path: Path, rate: int, seconds: float, draw: random.Random) -> list[np.ndarray]:
    """The spectrogram of a stretch of a sound; none of a sound that can't be read or is nearly silent."""
    try:
        audio = next(pieces(path, rate)).audio
    except (AudioError, StopIteration):
        return []
    length = round(seconds * rate)
    start = draw.randrange(max(1, len(audio) - length))
    stretch = audio[start : start + length]
    return [hearing_map(normalise_level(stretch), rate)] if np.abs(stretch).max() > 1e-3 else []


def main() -> None:
    """Read the command line, learn and write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", type=Path, help="folder with manifest.csv")
    options.add_argument("--model", required=True, help="a shipped model or a model file")
    options.add_argument("--without", nargs="*", default=JUDGED, help="sources that are judged")
    options.add_argument("--sounds", type=int, default=900)
    options.add_argument("--seconds", type=float, default=2.5, help="of each sound, at most")
    options.add_argument("--out", type=Path, help="by default beside the model")
    args = options.parse_args()
    out = args.out or hearing_path(args.model)
    learn_hearing(args.corpus, load(args.model), out, without=args.without, sounds=args.sounds, seconds=args.seconds)


if __name__ == "__main__":
    main()
