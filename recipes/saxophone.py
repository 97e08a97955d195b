"""Build the corpus of notes that the shipped prior `saxophone` was trained on, a folder for each microphone.

    pip install soundfile
    python recipes/saxophone.py corpora/saxophone --corpus sets

`sets/instruments/saxophone` holds Weresax (CC0), which README.md says where to have: single notes, soft and loud,
before a condenser and a dynamic microphone. OUT receives train, valid and test, in each a folder for each microphone,
and a manifest.csv. Each third note, counted in semitones from the second lowest, is in test, in all its takes. Of the
others one take in twelve is in valid. The recordings break off while the note sounds; here each lasts four seconds, the
last .3 of which fade.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import soundfile

from auricle.synth.playable.note_names import parse_file_name

SECONDS, FADE_SECONDS = 4.0, 0.3
HELD_OUT_EVERY, VALID_EVERY = 3, 12
MICROPHONES = {"cnd": "condenser", "dnm": "dynamic"}
SOURCE, LICENCE = "Weresax", "CC0"
COLUMNS = ("path", "split", "source", "label", "group", "licence", "seconds")


def faded(audio: np.ndarray, rate: int) -> np.ndarray:
    """The first seconds of ``(t,)``, with an end."""
    cut = audio[: round(SECONDS * rate)].copy()
    fade = round(FADE_SECONDS * rate)
    cut[-fade:] *= np.cos(np.pi / 2 * (np.arange(fade) + 1) / fade) ** 2
    return cut


def main() -> None:
    """Read the command line and build the corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to build the corpus in")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with instruments/saxophone")
    args = parser.parse_args()
    paths = sorted((args.corpus / "instruments" / "saxophone").iterdir())
    named = {path: note for path in paths if (note := parse_file_name(path.stem))}
    lowest, rows = min(note.note for note in named.values()), []
    for path, note in named.items():
        name = path.stem.split("_", 1)[1]
        is_test = (note.note - lowest) % HELD_OUT_EVERY == 1
        split = "test" if is_test else "valid" if len(rows) % VALID_EVERY == 0 else "train"
        audio, rate = soundfile.read(path, dtype="float32")
        label = MICROPHONES[name.rsplit("_", 1)[1]]
        target = args.out / split / label / f"{name}.flac"
        target.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(target, faded(audio, rate), rate, "PCM_24")
        place = target.relative_to(args.out).as_posix()
        rows.append((place, split, SOURCE, label, str(note.note), LICENCE, min(SECONDS, len(audio) / rate)))
    with (args.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows((COLUMNS, *rows))
    print({split: sum(row[1] == split for row in rows) for split in ("train", "valid", "test")})


if __name__ == "__main__":
    main()
