"""Notes that nobody recorded: every third recorded note is held out, made of the others, and compared with itself.

    python benchmarks/notes.py CORPUS/instruments/saxophone --only _f_rr1_dnm
    python benchmarks/notes.py CORPUS/saxophone/test/dynamic --learned CORPUS/saxophone/train/dynamic \
        --prior saxophone --class dynamic

With --learned those of FOLDER are held out, and with --prior the prior makes them too, which has heard none of them.
The first take of a note is the real one; where there is another take, it stands beside what was made. Beside each
stands what samplers do: the nearest recorded note, resampled to the pitch. Figures are medians over the notes that were
held out. Pitch is the distance in cents from the note; envelope that of levels in windows of 50 ms, in
dB, both with the same loudness, down to 40 dB below the peak; brightness that of spectral centroids, in semitones; and
spectrum that of levels in third octaves over the first second, in dB, those within 40 dB of the loudest.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import OptionError, one_thread, parser, publish, run, table, tell

_FRAME_SECONDS = 0.05
_QUIETEST_DB = -40.0
_LONGER = 4 / 3


def main() -> None:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="recorded notes")
    options.add_argument("--only", default="", help="part of the names of the files that are used")
    options.add_argument("--most", type=int, default=40, help="notes at most")
    options.add_argument("--seconds", type=float, default=3.0, help="of each note that is used")
    options.add_argument("--learned", type=Path, help="recorded notes to make others of; else two of three of FOLDER")
    options.add_argument("--prior", help="a prior that has learned notes, none of those held out")
    options.add_argument("--class", dest="label", help="of the prior's notes")
    options.add_argument("--temperature", type=float, help="of the prior's notes; by default the usual one")
    args = options.parse_args()
    one_thread()
    with TemporaryDirectory() as name:
        rows = _rows(args, Path(name))
    figures = ("pitch cents", "pitch cents, largest", "envelope dB", "brightness semitones", "spectrum dB")
    ways = dict.fromkeys(way for row in rows for way in row if isinstance(row[way], dict))
    summary = [
        {"notes": way, "held out": len(having), **{figure: _over(having, way, figure) for figure in figures}}
        for way in ways
        if (having := [row for row in rows if way in row])
    ]
    settings = {"folder": args.folder.name, "only": args.only, "seconds": args.seconds, "prior": args.prior}
    publish("notes", args.out, settings, {"summary": summary, "rows": rows}, [table(summary)])


def _over(rows: list[dict[str, Any]], way: str, figure: str) -> float:
    total: Callable[[list[float]], float] = max if figure.endswith("largest") else median
    return round(total([row[way][figure.removesuffix(", largest")] for row in rows]), 2)


def _rows(args: Any, folder: Path) -> list[dict[str, Any]]:
    from auricle.audio import read
    from auricle.synth.playable.instrument import RecordedInstrument, tuned
    from auricle.synth.playable.note_names import note_hertz
    from auricle.synth.playable.recordings import recorded_notes

    rate = _copied(args.folder, folder / "notes", args)
    notes = sorted(recorded_notes(folder / "notes"), key=lambda note: (note.velocity, note.note))[: args.most]
    if len(notes) < 4:
        raise OptionError(f"{len(notes)} notes in {args.folder}: too few to hold some out")
    held_out = notes if args.learned else [note for index, note in enumerate(notes) if index % 3 == 1]
    if args.learned:
        _copied(args.learned, folder / "learned", args)
        learned = list(recorded_notes(folder / "learned"))
    else:
        learned = [note for note in notes if note not in held_out]
    instrument, prior, rows = RecordedInstrument(learned, rate, 1), _prior_notes(args, rate), []
    for note in held_out:
        layer = [other for other in learned if other.velocity == note.velocity]
        if not layer or not min(o.note for o in layer) < note.note < max(o.note for o in layer):
            continue
        real, _ = read(note.path)
        nearest = min(layer, key=lambda other: abs(other.note - note.note))
        shifted, _ = tuned(read(nearest.path)[0], rate, note_hertz(note.note), recorded=note_hertz(nearest.note))
        sounds = {"put together": instrument.note(note.note, note.velocity)[0], "nearest, resampled": shifted}
        if prior is not None:
            sounds["prior"] = prior(note.note, note.velocity)
            sounds["real, through the model"] = _through_model(args.prior, real, rate)
        if (take := _other_take(note.path)) is not None:
            sounds["another take"] = tuned(read(take)[0], rate, note_hertz(note.note))[0]
        distances = {way: _distances(sound[0], real[0], note_hertz(note.note), rate) for way, sound in sounds.items()}
        rows.append({"note": note.note, "velocity": note.velocity, "nearest": nearest.note, **distances})
        tell(str(rows[-1]))
    return rows


def _copied(source: Path, target: Path, args: Any) -> int:
    """The notes that are used, as long as asked for; their rate."""
    from auricle.audio import AudioWriter, read

    target.mkdir()
    rate = 0
    for path in sorted(source.iterdir()):
        if args.only in path.name:
            audio, rate = read(path)
            with AudioWriter(target / f"{path.stem}.wav", rate, 1) as writer:
                writer.write(audio[:1, : round(args.seconds * rate)])
    return rate


def _prior_notes(args: Any, rate: int) -> Callable[[int, int], np.ndarray] | None:
    """What makes a note of a velocity, ``(1, t)`` at a rate."""
    if args.prior is None:
        return None
    from auricle.audio import resample
    from auricle.options.synthesis import NoteOptions, SamplingOptions
    from auricle.synth.playable.prior_instrument import PriorInstrument
    from auricle.synth.priors.loading import load_prior_and_model

    seconds = _LONGER * args.seconds  # the real ones go on after what is compared
    options = NoteOptions("C4", label=args.label, seconds=seconds, seed=0)
    instrument = PriorInstrument(
        load_prior_and_model(args.prior, None), options, SamplingOptions(temperature=args.temperature)
    )
    return lambda note, velocity: resample(instrument.note(note, velocity)[0], instrument.native[0], rate)


def _through_model(prior: str, sound: np.ndarray, rate: int) -> np.ndarray:
    """What the prior's autoencoder makes of a sound: its notes can't be nearer to real ones than that."""
    import torch

    from auricle.audio import resample
    from auricle.synth.priors.loading import load_prior_and_model

    model = load_prior_and_model(prior, None).model
    native = torch.from_numpy(resample(sound[:1], rate, model.sample_rate))
    with torch.inference_mode():
        decoded = model.decode(model.encode(native), native.shape[1]).numpy()
    return resample(decoded, model.sample_rate, rate)


def _other_take(path: Path) -> Path | None:
    """The second take of a note whose first is ``e4_f_rr1``."""
    other = path.with_name(path.name.replace("_rr1", "_rr2"))
    return other if other != path and other.is_file() else None


def _distances(sound: np.ndarray, real: np.ndarray, hertz: float, rate: int) -> dict[str, float]:
    from auricle.synth.harmonic.analysis import measure_pitch

    pitch = measure_pitch(sound, rate, near=hertz).median() or hertz
    envelopes, bands = ([f(x, rate) for x in (sound, real)] for f in (_levels, _bands))
    size = min(map(len, envelopes))
    loud = envelopes[1][:size] > _QUIETEST_DB
    is_audible = bands[1] > _QUIETEST_DB
    return {
        "pitch cents": abs(1200 * float(np.log2(max(pitch, 1.0) / hertz))),
        "envelope dB": _centred(envelopes[0][:size][loud] - envelopes[1][:size][loud]),
        "brightness semitones": abs(12 * float(np.log2(_centroid(sound, rate) / _centroid(real, rate)))),
        "spectrum dB": _centred(np.maximum(bands[0], _QUIETEST_DB - 20)[is_audible] - bands[1][is_audible]),
    }


def _centred(differences: np.ndarray) -> float:
    return float(np.abs(differences - np.median(differences)).mean())


def _levels(audio: np.ndarray, rate: int) -> np.ndarray:
    size = round(_FRAME_SECONDS * rate)
    power = np.square(audio[: len(audio) // size * size].reshape(-1, size)).mean(axis=1)
    return 10 * np.log10(np.maximum(power / power.max(), 1e-9))


def _power(audio: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    first = audio[:rate] * np.hanning(2 * min(len(audio), rate))[-min(len(audio), rate) :]
    return np.square(np.abs(np.fft.rfft(first, rate))), np.fft.rfftfreq(rate, 1 / rate)


def _bands(audio: np.ndarray, rate: int) -> np.ndarray:
    power, hertz = _power(audio, rate)
    edges = 50 * 2 ** (np.arange(0, 26) / 3)
    sums = np.array([power[(hertz >= a) & (hertz < b)].sum() for a, b in itertools.pairwise(edges)])
    return 10 * np.log10(np.maximum(sums / sums.max(), 1e-9))


def _centroid(audio: np.ndarray, rate: int) -> float:
    power, hertz = _power(audio, rate)
    return float((power * hertz).sum() / power.sum())


if __name__ == "__main__":
    run(main)
