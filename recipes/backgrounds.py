"""Gather recordings of places, as benchmarks/detection.py hides events in them.

    python recipes/backgrounds.py backgrounds

OUT receives ambiences of three games in Debian (some 200 short recordings of weather, water, forests, nights and
machines), each called PACKAGE_PLACE_NAME. They are for judging only; what their licences are (most CC BY-SA 3.0) is in
the packages' copyright files. Packages and contents take 6 GB.
"""

import argparse
import shutil
import zipfile
from pathlib import Path

from debian import DEFAULT_MIRROR, unpack

SUFFIXES = (".ogg", ".wav")
MEGAGLEST = Path("usr/share/games/megaglest/tilesets")
REDECLIPSE = Path("usr/share/games/redeclipse/data/sounds/ambience")
ZERO_AD = Path("usr/share/games/0ad/mods/public/public.zip")
AMBIENT = "audio/ambient/"


def gather(out: Path, packages: Path, mirror: str) -> int:
    """Put all recordings into a folder, and tell how many there are."""
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(unpack("0ad-data", packages, mirror) / ZERO_AD) as archive:
        for name in archive.namelist():
            if name.startswith(AMBIENT) and name.endswith(SUFFIXES):
                _, place, file = name.removeprefix("audio/").split("/")
                (out / f"0ad_{place}_{file}").write_bytes(archive.read(name))
    tilesets = unpack("megaglest-data", packages, mirror) / MEGAGLEST
    for path in sorted(tilesets.glob("*/sounds/*")):
        if path.suffix in SUFFIXES:
            shutil.copy(path, out / f"megaglest_{path.parent.parent.name}_{path.name}")
    ambience = unpack("redeclipse-data", packages, mirror) / REDECLIPSE
    for path in sorted(ambience.rglob("*")):
        if path.suffix in SUFFIXES:
            shutil.copy(path, out / f"redeclipse_{path.parent.name}_{path.name}")
    return sum(1 for _ in out.iterdir())


def main() -> None:
    """Read the command line, gather."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the recordings")
    parser.add_argument("--packages", type=Path, default=Path("packages"), help="where packages are unpacked")
    parser.add_argument("--mirror", default=DEFAULT_MIRROR, help="another Debian mirror")
    options = parser.parse_args()
    print(f"{gather(options.out, options.packages, options.mirror)} recordings in {options.out}")


if __name__ == "__main__":
    main()
