"""Phrases of one instrument, made up at random and played with a sound font: a corpus for trying out fine-tuning.

pip install soundfile tinysoundfont==0.3.7
python recipes/phrases.py koto --soundfont FluidR3_GM.sf2 --program 107 --minutes 11 --held-out 1
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
PHRASE_SECONDS = 12.0
SCALE = (0, 2, 4, 7, 9)


def phrase(synth, random: np.random.Generator) -> np.ndarray:
    """About 12 s of notes, chords and rests, float32 (t, 2)."""
    blocks, remaining = [], PHRASE_SECONDS
    while remaining > 0:
        length = float(random.choice([0.15, 0.3, 0.45, 0.9]))
        root = 48 + 12 * int(random.integers(0, 3))
        count = int(random.choice([0, 1, 1, 1, 2, 3]))
        keys = {root + int(random.choice(SCALE)) for _ in range(count)}
        for key in keys:
            synth.noteon(0, key, int(random.integers(50, 120)))
        blocks.append(np.frombuffer(bytes(synth.generate(int(length * RATE))), np.float32))
        for key in keys:
            synth.noteoff(0, key)
        remaining -= length
    return np.concatenate(blocks).reshape(-1, 2)


def main() -> None:
    """Read the command line, write the folders train and valid."""
    import tinysoundfont

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--soundfont", type=Path, required=True, help="an .sf2 file")
    parser.add_argument("--program", type=int, required=True, help="General MIDI program, from 0")
    parser.add_argument("--minutes", type=float, default=11.0, help="of sound in all")
    parser.add_argument("--held-out", type=float, default=1.0, help="minutes of it that are held out")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    synth = tinysoundfont.Synth(gain=-10, samplerate=RATE)
    synth.program_select(0, synth.sfload(str(options.soundfont)), 0, options.program)
    random = np.random.default_rng(options.seed)
    count = round(60 * options.minutes / PHRASE_SECONDS)
    held_out = round(60 * options.held_out / PHRASE_SECONDS)
    for index in range(count):
        folder = options.out / ("valid" if index < held_out else "train")
        folder.mkdir(parents=True, exist_ok=True)
        audio = phrase(synth, random)
        peak = max(1e-3, float(np.abs(audio).max()))
        soundfile.write(folder / f"{index:03d}.flac", audio * (0.7 / peak), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
