"""One voice that no shipped model has heard, for trying out fine-tuning: a fish of the game Fish Fillets.

    python recipes/voice.py voice_cs --language cs
    python recipes/voice.py voice_nl --language nl

The big fish speaks in the files `*-v-*`, the small one in `*-m-*`. Files are dealt out in an order that is random, but
the same for ever. Licence: GPL-2.0-or-later, as Debian states it.
"""

import argparse
from pathlib import Path

import soundfile

from corpus import order, place
from debian import DEFAULT_MIRROR, unpack

SOUNDS = "usr/share/games/fillets-ng/sound"
FISH = {"big": "v", "small": "m"}


def main() -> None:
    """Read the command line, write the folders train and valid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--language", choices=("cs", "nl"), required=True)
    parser.add_argument("--fish", choices=tuple(FISH), default="big")
    parser.add_argument("--minutes", type=float, default=10.0, help="to learn from")
    parser.add_argument("--held-out", type=float, default=75.0, help="seconds that are held out")
    parser.add_argument("--packages", type=Path, default=Path("packages"), help="folder for Debian packages")
    parser.add_argument("--mirror", default=DEFAULT_MIRROR)
    options = parser.parse_args()
    base = unpack(f"fillets-ng-data-{options.language}", options.packages, options.mirror) / SOUNDS
    paths = {path.stem: path for path in base.glob(f"*/{options.language}/*-{FISH[options.fish]}-*.ogg")}
    room = {"valid": options.held_out, "train": 60.0 * options.minutes}
    for stem in order(f"fillets_{options.language}", paths):
        split = next((name for name, seconds in room.items() if seconds > 0), None)
        if split is None:
            break
        room[split] -= soundfile.info(paths[stem]).duration
        (options.out / split).mkdir(parents=True, exist_ok=True)
        place(paths[stem], options.out / split / f"{stem}.ogg")


if __name__ == "__main__":
    main()
