"""Take a corpus to a bare machine with a GPU in one small archive, and train there.

    python recipes/kit.py pack CORPUS/speech kit/speech.tar --kbps 24 --megabytes 60
    python recipes/kit.py wheels kit/wheels --python 3.12

and on the other machine, which has torch and nothing else:

    python -m pip install --no-index --no-deps --target site kit/wheels/*.whl
    PYTHONPATH=site:src python recipes/kit.py train kit/speech.tar --work /tmp/run -- --preset speech --base speech \
        --budget 9m --batch 64 --adversarial 0.3 --trackers none --out out/speech.auricle.safetensors

`pack` codes the sounds as Ogg Opus, which is lossy. Sounds are taken in the order of a shuffle until the archive is
full, held-out ones first. `wheels` fetches what `auricle train` needs besides torch. What comes back is the model file,
about 8 MB; the run's folder stays behind.
"""

import argparse
import random
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import soundfile

NEEDED = (
    "accelerate", "annotated-types", "constriction", "cyclopts", "attrs", "docstring_parser", "rich", "rich-rst",
    "markdown-it-py", "mdurl", "Pygments", "pydantic", "pydantic_core", "typing-inspection", "typing_extensions",
    "safetensors", "soundfile", "soxr", "cffi", "pycparser", "psutil", "PyYAML", "huggingface_hub", "packaging",
    "fsspec", "pillow", "matplotlib", "contourpy", "cycler", "fonttools", "kiwisolver", "pyparsing",
    "python-dateutil", "tqdm", "filelock", "httpx2", "httpcore2", "h11", "anyio",
    "idna", "truststore", "hf-xet", "click",
)  # fmt: skip
PLATFORMS = (
    *(f"manylinux_2_{version}_x86_64" for version in (34, 31, 28, 27, 26, 24, 17, 12, 5)),
    *("manylinux2014_x86_64", "manylinux1_x86_64"),
)
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)


def pack(options: argparse.Namespace) -> None:
    """Code sounds and collect them in one archive."""
    from auricle.audio import read, resample
    from auricle.data import scan

    sounds = [s for s in scan(options.corpus).sounds if s.name.split("/")[0] in ("train", "valid")]
    random.Random(options.seed).shuffle(sounds)
    sounds.sort(key=lambda sound: not sound.name.startswith("valid/"))
    options.archive.parent.mkdir(parents=True, exist_ok=True)
    room, seconds = options.megabytes * 1e6, 0.0
    with tarfile.open(options.archive, "w") as archive, tempfile.TemporaryDirectory() as home:
        for index, sound in enumerate(sounds):
            audio, rate = read(sound.path)
            target = next((opus_rate for opus_rate in OPUS_RATES if opus_rate >= rate), OPUS_RATES[-1])
            coded = Path(home) / "sound.opus"
            # libsndfile's scale: 0 is 256 kb/s a channel, 1 is 6 kb/s
            level = (256 - options.kbps) / 250
            samples = resample(audio, rate, target).T
            soundfile.write(coded, samples, target, format="OGG", subtype="OPUS", compression_level=level)
            room -= coded.stat().st_size + 1024
            if room < 0:
                break
            archive.add(coded, f"{sound.name.split('/')[0]}/{index:06d}.opus")
            seconds += sound.seconds
    print(f"{options.archive}: {options.archive.stat().st_size / 1e6:.1f} MB, {seconds / 3600:.2f} h")


def wheels(options: argparse.Namespace) -> None:
    """Fetch wheels for the other machine."""
    pins = Path(__file__).parents[1] / "constraints.txt"
    names = [line.strip() for line in pins.read_text("utf-8").splitlines() if line.split("==")[0] in NEEDED]
    flags = ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", options.python]
    flags += [text for name in PLATFORMS for text in ("--platform", name)]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", *flags, "-d", str(options.folder), *names], check=True
    )


def train(options: argparse.Namespace) -> None:
    """Unpack the archive and call ``auricle train`` on it."""
    options.work.mkdir(parents=True, exist_ok=True)
    with tarfile.open(options.archive) as archive:
        archive.extractall(options.work / "sounds", filter="data")
    command = [sys.executable, "-m", "auricle", "train", str(options.work / "sounds"), *options.rest]
    sys.exit(subprocess.run(command, check=False).returncode)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    packing = steps.add_parser("pack")
    packing.add_argument("corpus", type=Path)
    packing.add_argument("archive", type=Path)
    packing.add_argument("--kbps", type=float, default=24.0, help="per channel")
    packing.add_argument("--megabytes", type=float, default=60.0)
    packing.add_argument("--seed", type=int, default=0)
    packing.set_defaults(do=pack)
    fetching = steps.add_parser("wheels")
    fetching.add_argument("folder", type=Path)
    fetching.add_argument("--python", default="3.12")
    fetching.set_defaults(do=wheels)
    training = steps.add_parser("train")
    training.add_argument("archive", type=Path)
    training.add_argument("--work", type=Path, required=True)
    training.add_argument("rest", nargs="*", help="options of auricle train, after --")
    training.set_defaults(do=train)
    options = parser.parse_args()
    options.do(options)


if __name__ == "__main__":
    main()
