"""Build the corpus of drum one-shots that the shipped prior was trained on, a folder for each class.

    pip install soundfile soxr tinysoundfont==0.3.7
    python recipes/drums.py corpora/drums

OUT receives train, valid and test, in each a folder for each class, and a manifest.csv. Training sounds are notes of
three sound fonts' drum kits at several velocities (MIT, CC BY-SA 3.0), and samples under CC0 or CC BY 3.0, each at five
tunings. Kits are never divided: those in valid and test are in no other split, here or in the corpus `music`. Sounds
are mono, begin at their onset and have their peak at -3 dBFS.
"""

import argparse
import csv
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from debian import DEFAULT_MIRROR, unpack
from sources import SOUNDFONT

RATE = 44100
LONGEST_SECONDS, SHORTEST_SECONDS = 2.0, 0.04
PEAK, QUIET, LEAD_SECONDS, FADE_SECONDS = 0.7, 1e-3, 0.002, 0.02

KEYS = {
    "kick": (35, 36),
    "snare": (38, 40),
    "clap": (39,),
    "tom": (41, 43, 45, 47, 48, 50),
    "hat_closed": (42,),
    "hat_open": (46,),
    "crash": (49, 57),
    "ride": (51, 59),
}
"""Keys of General MIDI's percussion map by class."""

GENERAL_KITS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 24, 25, 32, 33, 34, 35, 36)
VELOCITIES = (30, 55, 80, 104, 127)
TUNINGS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # semitones
AVL = "avldrums.lv2-soundfont"
AVL_KEYS = {
    "kick": (36,),
    "snare": (38, 40),
    "clap": (39,),
    "tom": (41, 43, 45, 47),
    "hat_closed": (42,),
    "hat_open": (46, 48),
    "crash": (49, 57),
    "ride": (51,),
}
"""Keys of the AVL drum kits: edges of toms lie between the toms, the half-open hi-hat swishes at 48."""

NAMED = (
    ("clap", r"clap"),
    ("hat_closed", r"(hat|hh|hi-hat).*(cl|chh)|cl(osed)? ?(hat|hh)|hat (low|ring)|cymbal_closed|hi hat closed"),
    ("hat_open", r"(hat|hh|hi-hat).*op(en)?\b|open(ed)? ?(hat|hh)|op(en)? ?(hat|hh)|hi hat opened|cymbal_open"),
    ("crash", r"crash(?!.*ride)|cra_|splash|cymbal_(hard|soft)"),
    ("ride", r"\bride\b(?!.*(cup|bell))"),
    ("tom", r"\btoms?\b|tom_|tom(low|mid|hi)|tomhi"),
    ("snare", r"snare|\bsn_|^sn_"),
    ("kick", r"kick|bass ?drum|^bd_|drum_bass"),
)
"""What an instrument's or file's name says; the first expression that is found decides."""

UNWANTED = r"stick|rim ?click|\brim\b|rimshot|roll|dirty|whistle|pedal|semi|free|brush|ride.*(cup|bell)|fx|^\d+$"
FREE_KITS = (("Audiophob", "CC0"), ("rumpf_kit_z01_h2", "CC BY 3.0"))
VALID_KITS = (("Millo-Drums_v.1", "GPL-2"),)
TEST_KITS = (
    ("ElectricEmpireKit", "GPL-2+"),
    ("ColomboAcousticDrumkit", "GPL-2+"),
    ("VariBreaks", "GPL-2+"),
    ("BJA_Pacific", "CC BY-SA 3.0 US"),
)
COLUMNS = ("path", "split", "source", "label", "group", "licence", "seconds")


@dataclass(frozen=True)
class Shot:
    """One sound: float32 ``(t,)`` at RATE, and where it comes from."""

    audio: np.ndarray
    split: str
    source: str
    label: str
    group: str
    name: str
    licence: str


@dataclass(frozen=True)
class Font:
    """A sound font's drum kits."""

    path: Path
    source: str
    licence: str
    bank: int
    kits: tuple[int, ...]
    keys: dict[str, tuple[int, ...]]


def class_of(name: str) -> str | None:
    """The class that a name tells, None if none."""
    name = name.lower()
    if re.search(UNWANTED, name):
        return None
    return next((label for label, rule in NAMED if re.search(rule, name)), None)


def shaped(audio: np.ndarray) -> np.ndarray | None:
    """Cut ``(t,)`` to its sound, set its peak; None if it is silent or too short."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < 1e-4:
        return None
    loud = np.flatnonzero(np.abs(audio) > QUIET * peak)
    onset = int(np.flatnonzero(np.abs(audio) > 0.02 * peak)[0])
    start = max(0, onset - int(LEAD_SECONDS * RATE))
    cut = audio[start : min(int(loud[-1]) + 1, start + int(LONGEST_SECONDS * RATE))] * np.float32(PEAK / peak)
    if len(cut) < SHORTEST_SECONDS * RATE:
        return None
    fade = min(len(cut), int(FADE_SECONDS * RATE))
    cut[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return cut


def tuned(audio: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """A sound ``(t,)`` at every tuning, as a slower or faster sampler plays it, with the tuning's name."""
    for tuning in TUNINGS:
        step = 2.0 ** (tuning / 12)
        played = soxr.resample(audio, RATE * step, RATE).astype(np.float32) if tuning else audio
        cut = shaped(played)
        if cut is not None:
            yield f"{tuning:+g}", cut


def soundfont_shots(font: Font) -> Iterator[Shot]:
    """Every wanted note of a sound font; kits share samples, what sounds alike is kept once."""
    import tinysoundfont

    synth = tinysoundfont.Synth(gain=-10, samplerate=RATE)
    number, fingerprints = synth.sfload(str(font.path)), set()
    for kit in font.kits:
        synth.program_select(0, number, font.bank, kit)
        name = synth.sfpreset_name(number, font.bank, kit) or f"kit {kit}"
        for label, key in ((label, key) for label, keys in font.keys.items() for key in keys):
            for velocity in VELOCITIES:
                synth.noteon(0, key, velocity)
                block = bytes(synth.generate(int(LONGEST_SECONDS * 1.2 * RATE)))
                synth.sounds_off()
                audio = np.frombuffer(block, np.float32).reshape(-1, 2).mean(1)
                mark = audio[: RATE // 5 : 16] / max(1e-6, float(np.abs(audio).max()))
                if (fingerprint := (mark * 50).round().tobytes()) in fingerprints:
                    continue
                fingerprints.add(fingerprint)
                for tuning, shot in tuned(audio):
                    title = f"{name}_{key}_{velocity}_{tuning}".replace(" ", "_")
                    yield Shot(shot, "train", font.source, label, name, title, font.licence)


def read_mono(path: Path) -> np.ndarray:
    """A file's mean over channels, float32 ``(t,)`` at RATE."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(audio.mean(1), rate, RATE).astype(np.float32)


def kit_shots(folder: Path, split: str, licence: str) -> Iterator[Shot]:
    """Sounds of a Hydrogen kit, whose description names each instrument."""
    used_files = set()
    for instrument in ET.parse(folder / "drumkit.xml").getroot().iter():
        if not instrument.tag.endswith("instrument"):
            continue
        names = [part.text or "" for part in instrument if re.search(r"(^|\})name$", part.tag)]
        files = [part.text or "" for part in instrument.iter() if part.tag.endswith("filename")]
        for file in files:
            label = class_of(names[0] if names else file)
            if label is None or file in used_files or not (folder / file).is_file():
                continue
            used_files.add(file)
            for tuning, audio in tuned(read_mono(folder / file)):
                if split == "train" or tuning == "+0":
                    title = f"{folder.name}_{Path(file).stem}_{tuning}".replace(" ", "_")
                    yield Shot(audio, split, "drumkits", label, folder.name, title, licence)


def plain_shots(folder: Path) -> Iterator[Shot]:
    """Sonic Pi's drum samples, told by their names (CC0)."""
    for path in sorted(folder.glob("*.flac")):
        name = path.stem.replace("elec_cymbal", "").replace("elec_fuzz_tom", "tom_fuzz")
        label = None if name.startswith(("loop", "glitch")) else class_of(name)
        if label is None:
            continue
        for tuning, audio in tuned(read_mono(path)):
            yield Shot(audio, "train", "sonic_pi", label, path.stem, f"{path.stem}_{tuning}", "CC0")


def every_shot(packages: Path, mirror: str) -> Iterator[Shot]:
    """All sources, one after another."""
    general = unpack(SOUNDFONT[0], packages, mirror) / SOUNDFONT[1]
    yield from soundfont_shots(Font(general, "musescore_general", "MIT", 128, GENERAL_KITS, KEYS))
    avl = unpack(AVL, packages, mirror) / "usr/share/sounds/sf2"
    for path in sorted(avl.glob("*_4_LV2.sf2")):
        yield from soundfont_shots(Font(path, "avldrums", "CC BY-SA 3.0", 0, (0,), AVL_KEYS))
    kits = unpack("hydrogen-drumkits", packages, mirror) / "usr/share/hydrogen/data/drumkits"
    for split, split_kits in (("train", FREE_KITS), ("valid", VALID_KITS), ("test", TEST_KITS)):
        for kit, licence in split_kits:
            yield from kit_shots(kits / kit, split, licence)
    yield from plain_shots(unpack("sonic-pi-samples", packages, mirror) / "usr/share/sonic-pi/samples")


def main() -> None:
    """Read the command line, write sounds and manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--packages", type=Path, default=Path("packages"), help="where Debian packages are kept")
    parser.add_argument("--mirror", default=DEFAULT_MIRROR)
    options = parser.parse_args()
    rows = []
    for shot in every_shot(options.packages, options.mirror):
        path = Path(shot.split) / shot.label / f"{shot.name}.flac"
        (options.out / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(options.out / path, shot.audio, RATE, subtype="PCM_16")
        about = (shot.split, shot.source, shot.label, shot.group, shot.licence, round(len(shot.audio) / RATE, 3))
        rows.append((path.as_posix(), *about))
    with (options.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows((COLUMNS, *rows))
    for split in ("train", "valid", "test"):
        labels = sorted(row[3] for row in rows if row[1] == split)
        print(split, len(labels), {label: labels.count(label) for label in dict.fromkeys(labels)})


if __name__ == "__main__":
    main()
