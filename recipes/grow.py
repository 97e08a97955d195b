"""Give a trained model more latent features that go around its network.

    python recipes/grow.py direct OLD NEW --first 28 --count 96 --sounds SOUNDS
    python recipes/grow.py bands OLD NEW --first 113 --count 24 --sounds SOUNDS

`direct` gives coefficients of the front end a feature each, from `--first` on. `bands` divides the spectrum into
`--count` bands, gives the levels of those from coefficient `--first` on a feature each, and fills bands with noise. The
result may sound worse than the model it came from until it is trained on: `auricle train --base NEW`.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from _grow import with_bands, with_contexts, with_direct
from auricle.audio import read, resample
from auricle.data import scan
from auricle.model.files.file import load
from auricle.model.files.writing import save

SECONDS = 6.0
FILES = 60


def main() -> None:
    """Read the command line, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("direct", "bands"))
    parser.add_argument("model", help="a shipped model or a model file")
    parser.add_argument("out", type=Path, help="model file to write")
    parser.add_argument("--first", type=int, required=True, help="the lowest coefficient that gets a feature")
    parser.add_argument("--count", type=int, required=True, help="how many coefficients get one, or how many bands")
    parser.add_argument("--contexts", type=int, help="contexts of the tables, where there should be others than before")
    parser.add_argument("--sounds", type=Path, required=True, help="a folder of sounds to count the first tables on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    grow = with_direct if options.what == "direct" else with_bands
    grown = grow(load(options.model), options.first, options.count).eval()
    if options.contexts is not None:
        grown = with_contexts(grown, options.contexts).eval()
    sounds = scan(options.sounds).sounds
    order = np.random.default_rng(options.seed).permutation(len(sounds))
    latents = []
    for index in islice(order, FILES):
        audio, rate = read(sounds[index].path)
        mono = audio[:, : round(SECONDS * rate)].mean(0, keepdims=True)
        with torch.inference_mode():
            latents.append(grown.encode(torch.from_numpy(resample(mono, rate, grown.sample_rate))))
    grown.fit_tables(latents)
    save(grown, options.out)


if __name__ == "__main__":
    main()
