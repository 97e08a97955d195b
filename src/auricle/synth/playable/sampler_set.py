"""A folder of tuned notes with an .sfz, which samplers play."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, final

from auricle.atomic import atomic_write, check_writable
from auricle.audio import info
from auricle.errors import DataError, OptionError
from auricle.lock import lock_new_folder
from auricle.model import Autoencoder
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import NoteOptions, SamplingOptions, SoundFileOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.playable.instrument import Instrument, RecordedInstrument
from auricle.synth.playable.note_names import note_name, parse_notes, parse_velocities
from auricle.synth.playable.prior_instrument import PriorInstrument
from auricle.synth.playable.recordings import recorded_notes
from auricle.synth.priors.base import Prior
from auricle.synth.priors.file import names_prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.rendering.destination import SoundTarget, destination, safe_file_name
from auricle.synth.rendering.result import Sound, finish_sound

_ALL_VELOCITIES = 1, 127


@final
@dataclass(frozen=True)
class PlayedNote:
    """One file of a set.

    Attributes:
        sound: its file, length and level.
        note: MIDI number.
        velocity: of the recordings that it was made of, or what the prior was told.
        lowest: velocity that it is played at.
        highest: the same.
        tuned_cents: by how much it was tuned in the end.
    """

    sound: Sound
    note: int
    velocity: int
    lowest: int
    highest: int
    tuned_cents: float

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the samples."""
        names = ("note", "velocity", "lowest", "highest", "tuned_cents")
        return {**self.sound.to_json(), **{name: getattr(self, name) for name in names}}


@final
@dataclass(frozen=True)
class PlayableSet:
    """Notes that were made, and the file that tells samplers which is which.

    Attributes:
        path: the .sfz.
        notes: in the order of notes and velocities.
        sample_rate: in Hz.
        channels: of all.
        recorded: how many notes they were made of, or their prior was.
        seed: of notes that a prior made; None for others.
    """

    path: Path
    notes: tuple[PlayedNote, ...]
    sample_rate: int
    channels: int
    recorded: int
    seed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the samples."""
        return {
            "sfz": str(self.path),
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "recorded": self.recorded,
            "seed": self.seed,
            "notes": [note.to_json() for note in self.notes],
        }


@check_arguments()
def make_playable(
    source: Prior | Path | str,
    options: NoteOptions,
    *,
    model: Autoencoder | Path | str | None = None,
    sampling: SamplingOptions = SamplingOptions(),
    out: Path | str,
    files: SoundFileOptions = SoundFileOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> PlayableSet:
    """Make tuned notes, also those that nobody recorded, and an .sfz that plays them.

    Files are called ``name-velocity-note.wav``, after the folder of recordings or the prior, and are 24 bit unless
    asked otherwise.

    Args:
        source: a folder of files that hold one note each, whose names tell note and dynamics (``C4``, ``mf``, ``v12``),
            or their measured pitch does; or a prior that learned notes, a shipped one's name, or its file.
        options: which notes, at which velocities.
        model: of a prior, the autoencoder it was trained on; found by itself if it ships or lies beside the prior.
        sampling: of a prior, how its sounds are drawn.
        out: folder for the files and the .sfz.
        files: their rate, by default that of the first recording or of the prior; bits, by default 24; and format.
        force: replace files.
        on_progress: is told how many notes are made.

    Raises:
        DataError: no folder of sounds, or no notes in it.
        ModelError: no such prior or model, or a prior that knows no notes.
        OptionError: no such notes or velocities, notes too far from those that were recorded or learned; or a class or
            a length for recordings.
        AudioError: what is made stays silent.
        MissingPackageError: the pitch tracker is not installed.
        OutputError: a file exists, or can't be written.
    """
    notes, velocities = parse_notes(options.note), parse_velocities(options.velocity)
    instrument = _instrument(source, options, model, sampling)
    layers = instrument.layers(*velocities)
    if velocities[0] == velocities[1]:  # a lone dynamic sounds however hard a key is struck
        layers = tuple((velocity, *_ALL_VELOCITIES) for velocity, *_ in layers)
    files = replace(files, bits=files.bits or "24") if (files.format or "wav") in ("wav", "flac") else files
    place = destination(out, instrument.native, len(notes) * len(layers), files, force=force)
    if place.folder is None:
        raise DataError(f"{out} is one file: name a folder for the notes and their .sfz")
    name = safe_file_name(instrument.name)
    sfz = place.folder / f"{name}.sfz"
    if place.folder.is_dir():
        check_writable(sfz, force=force)
    for note, (velocity, *_) in product(notes, layers):
        instrument.require(note, velocity)  # refuses what can't be made before anything is
    played: list[PlayedNote] = []
    with lock_new_folder(place.folder):
        for note, (velocity, lowest, highest) in product(notes, layers):
            path = place.folder / f"{name}-{velocity:03d}-{note_name(note)}{place.suffix}"
            target = SoundTarget(path, place.sample_rate, place.subtype, instrument.tags(note, velocity), force)
            audio, cents = instrument.note(note, velocity)
            sound = finish_sound(
                (audio,), instrument.native, target, cut_seconds=instrument.cut_seconds, seconds=instrument.seconds
            )
            played.append(PlayedNote(sound, note, velocity, lowest, highest, cents))
            on_progress(Progress("making notes", len(played), len(notes) * len(layers), "notes"))
        with atomic_write(sfz, force=force) as temporary:
            temporary.write_text(sfz_text(played), "utf-8")
    seed = instrument.seed if isinstance(instrument, PriorInstrument) else None
    return PlayableSet(sfz, tuple(played), place.sample_rate, instrument.native[1], instrument.count, seed)


def _instrument(
    source: Prior | Path | str, options: NoteOptions, model: Autoencoder | Path | str | None, sampling: SamplingOptions
) -> Instrument:
    """What a prior or a folder of recordings stands for."""
    if isinstance(source, Prior) or names_prior(source):
        return PriorInstrument(load_prior_and_model(source, model), options, sampling)
    if options.label is not None:
        raise OptionError("recordings are one instrument, and a class is of a prior: leave it out")
    if options.seconds is not None:
        raise OptionError("notes of recordings are as long as they were recorded: leave the seconds out")
    if options.seed is not None or sampling != SamplingOptions():
        raise OptionError("notes of recordings are put together, nothing is drawn: leave seed and sampling out")
    folder = Path(source)
    recorded = recorded_notes(folder)
    header = info(recorded[0].path)
    return RecordedInstrument(recorded, header.sample_rate, min(2, header.channels), folder.resolve().name)


def sfz_text(played: Sequence[PlayedNote]) -> str:
    """The regions of a set in the SFZ format, version 1."""
    lines = ["<group> ampeg_release=0.3"]
    for note in played:
        assert note.sound.path is not None
        lines.append(f"<region> sample={note.sound.path.name} key={note.note} lovel={note.lowest} hivel={note.highest}")
    return "\n".join(lines) + "\n"
