"""Small awkward inputs, one by one: sounds that were read wrong, files that claim too much, what nothing could load.

The inputs lie in a folder of their own (they are not part of the repository; the tests make theirs). A file of a name
that this script knows is held against its right value; of any other is told what becomes of it. Nothing may end in a
traceback.
"""

import io
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import OptionError, one_thread, parser, publish, run, table, write_sound
from auricle import Classifier, audio, codec, compress, decompress, doctor, features
from auricle.data.doctor.checkup import SoundsHealth
from auricle.errors import AudioError, AuricleError
from auricle.options.classification import FeatureOptions

Outcome = tuple[bool, str]
Judge = Callable[[Path, Path, str | None], Outcome]
"""From a file, a folder to write into and a model to the outcome and whether it is right."""
_LONGEST_BOMB_SECONDS = 20.0


def main() -> None:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="of the inputs")
    options.add_argument("--model", help="that rebuilds sounds; by default the shipped one of their rate")
    args = options.parse_args()
    one_thread()
    if not args.folder.is_dir():
        raise OptionError(f"{args.folder} is no folder: name the one of the inputs")
    paths = sorted(path for path in args.folder.iterdir() if path.is_file() and path.suffix not in (".md", ".txt"))
    rows = []
    for path in paths:
        with TemporaryDirectory() as name:
            began = time.perf_counter()
            try:
                is_right, outcome = CASES.get(path.name, _tell)(path, Path(name), args.model)
            except AuricleError as error:
                is_right, outcome = False, str(error)
            seconds = time.perf_counter() - began
        outcome = outcome.replace(f"{path.parent}/", "").replace(f"{name}/", "")
        rows.append({"file": path.name, "right": "yes" if is_right else "NO", "outcome": outcome, "seconds": seconds})
        print(f"{path.name}: {'right' if is_right else 'WRONG'}: {outcome}", file=sys.stderr, flush=True)
    wrong = [row["file"] for row in rows if row["right"] == "NO"]
    publish(
        "cases", args.out, {"files": len(rows), "model": args.model}, {"cases": rows, "wrong": wrong}, [table(rows)]
    )
    if wrong:
        sys.exit(f"wrong: {', '.join(wrong)}")


def refusal(job: Callable[[], object]) -> str:
    """The one line with which something is refused; nothing where it is not."""
    try:
        job()
    except AuricleError as error:
        return str(error)
    return ""


def _tell(path: Path, scratch: Path, model: str | None) -> Outcome:
    """What `auricle.read` or `auricle.info` makes of any file."""
    job = codec.info if path.suffix == ".aur" else audio.read
    return True, refusal(lambda: job(path)) or "read"


def _sound(path: Path) -> tuple[np.ndarray, int]:
    """Samples that file, open file and pipe agree on."""
    sound, rate = audio.read(path)
    with audio.AudioReader.from_stream(io.BufferedReader(_Pipe(path.read_bytes()))) as reader:
        piped = reader.read_all()
    opened, _ = audio.read(io.BytesIO(path.read_bytes()))
    if not (np.array_equal(sound, piped) and np.array_equal(sound, opened)):
        raise AudioError(f"{path.name}: file, pipe and open file differ")
    return sound, rate


class _Pipe(io.RawIOBase):
    """Bytes that can only be read on."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)


def _samples(count: int) -> Judge:
    """The same so many samples by file, pipe and open file."""

    def judge(path: Path, scratch: Path, model: str | None) -> Outcome:
        sound, rate = _sound(path)
        with audio.AudioReader(path) as reader:
            reader.read_all()
            said = "".join(f"; said: {warning}" for warning in reader.warnings)
        return sound.shape[1] == count, f"{sound.shape[1]} samples, {len(sound)} x {rate} Hz{said}"

    return judge


def _refused(words: str) -> Judge:
    """Refused with these words by whatever reads sounds."""

    def judge(path: Path, scratch: Path, model: str | None) -> Outcome:
        (scratch / "sounds").mkdir()
        copy = shutil.copy(path, scratch / "sounds")
        no_cache = FeatureOptions(no_cache=True)
        lines = {
            "read": refusal(lambda: audio.read(path)),
            "compress": refusal(lambda: compress(path, scratch / "a.aur")),
            "features": refusal(lambda: features(copy, options=no_cache)),
            "doctor": refusal(lambda: _all_rejected(scratch / "sounds")),
        }
        silent = [verb for verb, line in lines.items() if words not in line]
        return not silent, lines["read"] + (f" NOT by {', '.join(silent)}" if silent else "")

    return judge


def _all_rejected(folder: Path) -> None:
    """Raise what `auricle.doctor` says against the only sound of a folder."""
    health = doctor(folder)
    assert isinstance(health, SoundsHealth)
    for rejected in health.rejected:
        raise AudioError(rejected.reason)


def _rebuilt(sound: np.ndarray, rate: int, scratch: Path, model: str | None) -> np.ndarray:
    write_sound(scratch / "in.wav", sound.astype(np.float32), rate)
    compress(scratch / "in.wav", scratch / "a.aur", model=model, force=True)
    decompress(scratch / "a.aur", scratch / "out.wav", model=model, force=True)
    return audio.read(scratch / "out.wav")[0]


def _constant(path: Path, scratch: Path, model: str | None) -> Outcome:
    """A constant offset comes back as it was, or as none."""
    sound, rate = audio.read(path)
    result = _rebuilt(sound, rate, scratch, model)
    before, after, peak = float(sound.mean()), float(result.mean()), float(np.abs(result).max())
    is_right = min(abs(after - before), abs(after)) < 0.05 and peak < np.abs(sound).max() + 0.1
    return is_right, f"mean {before:.3f} -> {after:.3f}, peak {peak:.3f}"


def _kick(path: Path, scratch: Path, model: str | None) -> Outcome:
    """The first millisecond is as loud at sample 0 as behind half a second of silence, within 3 dB of the original."""
    sound, rate = audio.read(path)
    millisecond, half = rate // 1000, rate // 2
    original = _decibels(sound[:, :millisecond])
    first = _decibels(_rebuilt(sound, rate, scratch, model)[:, :millisecond]) - original
    behind = _rebuilt(np.pad(sound, ((0, 0), (half, 0))), rate, scratch, model)[:, half : half + millisecond]
    later = _decibels(behind) - original
    return max(
        abs(first), abs(later)
    ) < 3, f"first millisecond {first:+.1f} dB at sample 0, {later:+.1f} dB behind .5 s"


def _decibels(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.square(sound).mean() + 1e-12))


def _bomb(path: Path, scratch: Path, model: str | None) -> Outcome:
    """Refused by a limit, at once; it would decode to 131 GB."""
    began = time.perf_counter()
    line = refusal(lambda: codec.verify(path))
    line = line and refusal(lambda: decompress(path, scratch / "a.wav"))
    return bool(line) and time.perf_counter() - began < _LONGEST_BOMB_SECONDS, line or "NOT refused by verify"


def _one_judgement(path: Path, scratch: Path, model: str | None) -> Outcome:
    """Refused by all verbs that would act on it, also where a part is asked for."""
    lines = {
        "verify": refusal(lambda: codec.verify(path)),
        "repair": refusal(lambda: codec.repair(path, scratch / "b.aur")),
        "decompress": refusal(lambda: decompress(path, scratch / "a.wav")),
        "a part": refusal(lambda: decompress(path, scratch / "c.wav", start=1.0, stop=2.0)),
    }
    silent = [verb for verb, line in lines.items() if not line]
    return not silent and not list(scratch.iterdir()), lines["verify"] + (f"; NOT by {silent}" if silent else "")


def _class_name(path: Path, scratch: Path, model: str | None) -> Outcome:
    """A class of that name is refused before the work, or what is written loads."""
    loads = refusal(lambda: Classifier.load(path)) or "the old file loads"
    noise = np.random.default_rng(0)
    for label, hertz in (("low\u00a0tone", 200), ("high", 2000)):
        (scratch / label).mkdir()
        for number in range(3):
            tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(16000) / 16000) + 0.01 * noise.standard_normal(16000)
            write_sound(scratch / label / f"{number}.wav", tone[None].astype(np.float32), 16000)
    fitted = scratch / "new.classifier.safetensors"

    def fit() -> None:
        Classifier.fit(scratch).save(fitted)

    if line := refusal(fit):
        return not fitted.exists(), f"fit: {line}; the old file: {loads}"
    line = refusal(lambda: Classifier.load(fitted))
    return not line, f"a new one: {line or 'written and loaded'}; the old file: {loads}"


CASES: Mapping[str, Judge] = {
    "vbr_no_xing.mp3": _samples(193_536),
    "m4a_named.mp3": _samples(32_000),
    "id3v1_behind.flac": _samples(32_000),
    "mp3_in.wav": _samples(33_408),
    "amiga.svx": _samples(32_000),
    "rf64_from_pipe.wav": _samples(32_000),
    "short_0.2.opus": _samples(9_600),
    "3GB_cut.wav": _refused("cut short"),
    "int16_scale_float.wav": _refused("divide by 32768"),
    "dc_half_44k.wav": _constant,
    "kick_at_sample_0_44k.wav": _kick,
    "bomb-8ch-192k.aur": _bomb,
    "samples_max.aur": _one_judgement,
    "nbsp.classifier.safetensors": _class_name,
}


if __name__ == "__main__":
    run(main)
