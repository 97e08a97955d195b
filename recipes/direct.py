"""Give a trained model direct features: coefficients of its front end that go around the network.

    python recipes/direct.py speech.auricle.safetensors wider.auricle.safetensors --first 28 --count 96 --sounds SOUNDS

The result sounds worse than the model it came from until it is trained on: `auricle train --base wider...`.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from auricle.audio import read, resample
from auricle.data import scan
from auricle.model.file import load, save
from auricle.model.grow import with_direct

SECONDS = 6.0
FILES = 40


def main() -> None:
    """Read the command line, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a shipped model or a model file")
    parser.add_argument("out", type=Path, help="model file to write")
    parser.add_argument("--first", type=int, required=True, help="the lowest coefficient that gets a feature")
    parser.add_argument("--count", type=int, required=True, help="how many get one")
    parser.add_argument("--sounds", type=Path, required=True, help="a folder of sounds to count the first tables on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    grown = with_direct(load(options.model), options.first, options.count).eval()
    found = scan(options.sounds).sounds
    order = np.random.default_rng(options.seed).permutation(len(found))
    latents = []
    for index in islice(order, FILES):
        audio, rate = read(found[index].path)
        mono = audio[:, : round(SECONDS * rate)].mean(0, keepdims=True)
        with torch.inference_mode():
            latents.append(grown.encode(torch.from_numpy(resample(mono, rate, grown.sample_rate))))
    grown.fit_tables(latents)
    save(grown, options.out)


if __name__ == "__main__":
    main()
