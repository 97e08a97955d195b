"""The verbs that listen, for one file of many: what they hear is kept in the ledger."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

from auricle.archive.manifest import FileRecord
from auricle.archive.places import Place, local_file
from auricle.archive.tasks.codec import ModelChoice, is_audio
from auricle.archive.tasks.task import ArchiveTask, CommonError, LoadedModels
from auricle.errors import AudioError, AuricleError, DataError, ModelError, OptionError
from auricle.hub.download import local_path
from auricle.options.classification import CacheOptions, DetectionOptions, FeatureKind
from auricle.printable import none_usable
from auricle.urls import is_url

if TYPE_CHECKING:
    from auricle.classify.classifier import Classifier
    from auricle.classify.features.extract import Features
    from auricle.classify.features.latents import EncoderFeatures
    from auricle.classify.prediction import Predictions, Span
    from auricle.data.events import Recording
    from auricle.data.scan import Rejected

_NO_CACHE = CacheOptions(no_cache=True)
_DIGITS = 16


@final
@dataclass(frozen=True)
class FeaturesTask(ArchiveTask):
    """What an encoder makes of each sound, as `auricle.features`; `features_of` makes one table of the records.

    Attributes:
        model: whose encoder; where none is named, `run_archive` takes ``speech`` for all files if the first that can be
            read has up to 24 kHz, else ``music``.
        depths: latent, hidden or all.
        segments: parts of a sound that are told apart.
        features: hearing or latents; by default hearing where the model has such a file.
    """

    model: ModelChoice = ModelChoice()
    depths: str = "latent"
    segments: int = 1
    features: FeatureKind | None = None
    verb: str = field(default="features", init=False)
    stage: str = field(default="listening", init=False)

    def accepts(self, name: str) -> bool:
        """Audio files, told by their suffix."""
        return is_audio(name)

    def resolved(self, sources: Iterable[Place]) -> Self:
        """With one model for all files, so that they make one table."""
        if self.model.name is not None:
            return self
        from auricle.model import default_model

        rate = next(filter(None, map(_sample_rate, sources)), 0)
        return replace(self, model=replace(self.model, name=default_model(rate)))

    def settings(self) -> Mapping[str, Any]:
        """What decides the result: the model, what lies beside it, and what is pooled."""
        from auricle.classify.features.hearing_file import hearing_path

        pooling = {"depths": self.depths, "segments": self.segments, "features": self.features}
        beside = _digest(hearing_path(self._model_name)) if self.features != "latents" else ""
        return {"model": self.model.identity(), "hearing": beside, **pooling}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Listen to one of the files."""
        from auricle import audio
        from auricle.classify.features.extract import SILENCE

        extractor = models.get("extractor", lambda: self._extractor(models))
        values, peak = extractor.features_and_peak(source)
        row = b64encode(values.astype("<f2").tobytes()).decode()  # their own precision: see `stored_features`
        model = extractor.model.name
        return {"seconds": audio.info(source).seconds, "row": row, "silent": peak < SILENCE, "model": model}

    def _extractor(self, models: LoadedModels) -> "EncoderFeatures":
        from auricle.classify.features.hearing import model_features
        from auricle.classify.features.pooling import feature_config_of

        config = feature_config_of(depths=self.depths, segments=self.segments)
        named = self.model.load(models, "") if self.model.allow_edited else self._model_name
        return model_features(named, config, self.features)

    @property
    def _model_name(self) -> str:
        assert self.model.name is not None, "see resolved"
        return self.model.name


def features_of(records: Sequence[FileRecord]) -> "Features":
    """The table of features that a run of `FeaturesTask` has made.

    Raises:
        DataError: no file has any.
    """
    import numpy as np

    from auricle.classify.features.extract import Features

    rejected = rejected_of(records)
    done = [record for record in records if record.is_done]
    rows = [np.frombuffer(b64decode(record.result["row"]), "<f2").astype(np.float32) for record in done]
    silent = tuple(record.source for record in done if record.result.get("silent"))
    model = done[0].result.get("model", "")  # ledgers of earlier versions do not say
    return Features(tuple(record.source for record in done), np.stack(rows), rejected, silent=silent, model=model)


@final
@dataclass(frozen=True)
class PredictTask(ArchiveTask):
    """What each sound is taken for, as `auricle.Classifier.predict` or `timelines` tell.

    Attributes:
        classifier: its file.
        model: its autoencoder, where that is not a shipped one.
        top: classes to name.
        timeline: tell what is heard when instead.
        window: seconds of a timeline's windows.
    """

    classifier: Path
    model: str | None = None
    top: int = 3
    timeline: bool = False
    window: float | None = None
    verb: str = field(default="classify predict", init=False)
    stage: str = field(default="listening", init=False)

    def accepts(self, name: str) -> bool:
        """Audio files, told by their suffix."""
        return is_audio(name)

    def settings(self) -> Mapping[str, Any]:
        """What decides the result: the classifier and what it is asked for."""
        prediction_settings = {"top": self.top, "timeline": self.timeline, "window": self.window}
        return {**classifier_identity(self.classifier, self.model), **prediction_settings}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Listen to one of the files."""
        from auricle import audio

        loaded = load_classifier(self.classifier, self.model, models)
        if loaded.group_scaling is not None:
            raise CommonError(
                f"{self.classifier} compares sounds of a group: predict without many processes (no --jobs, "
                "--files-from, --manifest or URL)"
            )
        try:
            if self.timeline:
                result = {"spans": [asdict(span) for span in loaded.timeline(source, window=self.window)]}
            else:
                predictions = loaded.predict([source], top=self.top, caching=_NO_CACHE)
                guesses = [asdict(guess) for guess in predictions.sounds[0].guesses]
                result = {"guesses": guesses, "silent": bool(predictions.silent)}
        except DataError as error:
            raise AudioError(_first_problem(error)) from error
        except (ModelError, OptionError) as error:
            raise CommonError(str(error)) from error
        return {**result, "seconds": audio.info(source).seconds}


def predictions_of(records: Sequence[FileRecord]) -> "Predictions":
    """What the sounds are taken for, of the records that a run of `PredictTask` has made.

    Raises:
        DataError: no file could be read.
    """
    from auricle.classify.prediction import Guess, Prediction, Predictions

    rejected = rejected_of(records)
    done = [record for record in records if record.is_done]
    sounds = tuple(
        Prediction(record.source, tuple(Guess(**guess) for guess in record.result["guesses"])) for record in done
    )
    return Predictions(sounds, rejected, tuple(record.source for record in done if record.result["silent"]))


def timelines_of(records: Sequence[FileRecord]) -> "Mapping[str, tuple[Span, ...]]":
    """What is heard when, by name, of the records that a run of `PredictTask` with a timeline has made.

    Raises:
        DataError: no file could be read.
    """
    from auricle.classify.prediction import Guess, Span

    rejected_of(records)
    return {
        record.source: tuple(
            Span(span["start"], span["end"], Guess(**span["guess"])) for span in record.result["spans"]
        )
        for record in records
        if record.is_done
    }


@final
@dataclass(frozen=True)
class DetectTask(ArchiveTask):
    """Events in long recordings, as `auricle.detect` finds them; `recordings_of` turns records into recordings.

    Attributes:
        classifier: its file.
        model: its autoencoder, where that is not a shipped one.
        options: what is reported.
    """

    classifier: Path
    model: str | None = None
    options: DetectionOptions = DetectionOptions()
    verb: str = field(default="classify detect", init=False)
    stage: str = field(default="listening", init=False)

    def accepts(self, name: str) -> bool:
        """Audio files, told by their suffix."""
        return is_audio(name)

    def settings(self) -> Mapping[str, Any]:
        """What decides the result: the classifier and the options."""
        return {**classifier_identity(self.classifier, self.model), **asdict(self.options)}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Listen to one of the files."""
        from auricle.classify.detection.detect import detect

        loaded = load_classifier(self.classifier, self.model, models)
        notes: list[str] = []
        try:
            (recording,) = detect([source], loaded, options=self.options, on_note=notes.append)
        except DataError as error:
            raise AudioError(_first_problem(error)) from error
        except (ModelError, OptionError) as error:
            raise CommonError(str(error)) from error
        sound = recording.sound
        return {
            "seconds": sound.seconds,
            "events": [asdict(event) for event in recording.events],
            "sound": {"sample_rate": sound.sample_rate, "channels": sound.channels, "frames": sound.frames},
            "began": None if recording.started is None else recording.started.isoformat(),
            "notes": notes,
            "damage": recording.damage,
        }


def recordings_of(records: Sequence[FileRecord]) -> "tuple[Recording, ...]":
    """Recordings and their events, of the records that a run of `DetectTask` has made.

    Raises:
        DataError: no file could be read.
    """
    from datetime import datetime

    from auricle.data.events import Recording, SoundEvent
    from auricle.data.scan import Sound

    rejected_of(records)
    return tuple(
        Recording(
            Sound(Path(record.source), name=record.source, **record.result["sound"]),
            tuple(SoundEvent(**event) for event in record.result["events"]),
            None if record.result["began"] is None else datetime.fromisoformat(record.result["began"]),
            record.result.get("damage"),  # ledgers of earlier versions do not say
        )
        for record in records
        if record.is_done
    )


def load_classifier(path: Path, model: str | None, models: LoadedModels) -> "Classifier":
    """The classifier, loaded once.

    Raises:
        CommonError: it can't be loaded.
    """
    from auricle.classify.classifier import Classifier

    return models.get(path, lambda: Classifier.load(path, model))


def classifier_identity(path: Path, model: str | None) -> Mapping[str, Any]:
    """What tells a classifier from others: its file's digest, and its autoencoder."""
    from auricle.classify.classifier_file import SUFFIX, shipped_classifiers

    source = shipped_classifiers().get(str(path), path)
    with suppress(AuricleError):  # loading it will say so
        source = local_path(source, (SUFFIX,))
    return {"classifier": _digest(source), "model": ModelChoice(model).identity()}


def _sample_rate(place: Place) -> int:
    """Of an audio file in Hz; 0 where it can't be read: working on it will say why."""
    from auricle import audio

    with suppress(AuricleError, OSError), local_file(place) as path:
        return audio.info(path).sample_rate
    return 0


def _digest(path: Path) -> str:
    """Start of the SHA-256 of a file; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:_DIGITS]


def rejected_of(records: Sequence[FileRecord]) -> "tuple[Rejected, ...]":
    """Files that failed.

    Raises:
        DataError: all did.
    """
    from auricle.data.scan import Rejected

    rejected = tuple(
        Rejected(record.source if is_url(record.source) else Path(record.source), record.error)
        for record in records
        if not record.is_done
    )
    if len(rejected) == len(records):
        raise DataError(none_usable([file.reason for file in rejected]))
    return rejected


def _first_problem(error: DataError) -> str:
    return str(error).partition("the first problem: ")[2] or str(error)
