"""Auricle: one audio autoencoder, three jobs. This module is the public API.

    import auricle

    auricle.train("sounds/", out="mine.auricle.safetensors", budget="20m")
    auricle.compress("talk.flac", "talk.aur", model="speech", kbps=3)
    auricle.decompress("talk.aur", "talk.wav")
    auricle.generate("drums", auricle.GenerationOptions(label="kick", count=8, seed=7), out="kicks")
    auricle.Classifier.fit("labelled/").predict("new.wav")

Every name is loaded when it is first used: ``import auricle`` itself takes milliseconds and loads neither torch nor
numpy.
"""

from importlib import import_module
from types import MappingProxyType

TYPE_CHECKING = False  # as type checkers know it: importing typing takes longer than all else here

if TYPE_CHECKING:
    from auricle.api.doctor import doctor
    from auricle.api.finetune import finetune
    from auricle.api.info import ClassifierSummary, ModelSummary, PriorSummary, info
    from auricle.api.latent_dataset import LatentDataset
    from auricle.api.push import push
    from auricle.api.train import Trained, train
    from auricle.api.train_prior import TrainedPrior, train_prior
    from auricle.api.training_run import TrainingCallbacks
    from auricle.archive.manifest import FileRecord
    from auricle.archive.prepare import PrepareResult, prepare
    from auricle.archive.run import ArchiveResult, run_archive
    from auricle.archive.tasks.classify import DetectTask, FeaturesTask, PredictTask
    from auricle.archive.tasks.codec import (
        CompressTask,
        DecompressTask,
        InfoTask,
        ModelChoice,
        RepairTask,
        VerifyTask,
    )
    from auricle.audio import AudioLimits, AudioReader, read, resample
    from auricle.audio.writer import write
    from auricle.bench.benchmark import benchmark
    from auricle.bench.scoring.results import BenchmarkResult
    from auricle.bench.synthesis import SynthesisResult, evaluate_prior, evaluate_synthesis
    from auricle.classify.anomaly.anomalies import Anomalies, anomalies
    from auricle.classify.classifier import Classifier
    from auricle.classify.detection.detect import detect
    from auricle.classify.detection.fitting import fit_detector
    from auricle.classify.evaluation.compare import Comparison, evaluate_classifier
    from auricle.classify.features.extract import Features, features
    from auricle.classify.finetuning.finetune import Tuned
    from auricle.classify.search.index import IndexResult, index
    from auricle.classify.search.similar import Similar, similar
    from auricle.classify.search.suggest import suggest
    from auricle.classify.search.suggestions import Suggestions
    from auricle.codec import (
        AurInfo,
        CompressResult,
        DecompressResult,
        RepairResult,
        VerifyResult,
        compress,
        decompress,
        repair,
        verify,
    )
    from auricle.codec.format.container import Packet
    from auricle.codec.realtime import Decoder, Encoder
    from auricle.data.scan import audio_names
    from auricle.errors import (
        AudioError,
        AuricleError,
        ConfigError,
        DataError,
        FormatError,
        MachineError,
        MissingPackageError,
        ModelError,
        OptionError,
        OutputError,
        PausedError,
    )
    from auricle.export.export import ExportedModel, export_model
    from auricle.hub.upload import PushResult
    from auricle.live.generated import play_generated
    from auricle.live.play import LiveInputs, LiveStatus, play_live
    from auricle.model import Autoencoder, ModelInfo, default_model, load
    from auricle.options.archive import ArchiveOptions, PrepareOptions
    from auricle.options.benchmark import AssetPaths, BenchmarkOptions, SynthesisEvaluationOptions
    from auricle.options.classification import (
        CacheOptions,
        ClassifierOptions,
        CrossValidationOptions,
        DetectionOptions,
        DetectorOptions,
        FeatureOptions,
        FinetuneOptions,
        IndexOptions,
        SearchOptions,
        SuggestionOptions,
    )
    from auricle.options.coding import CompressOptions, DecompressOptions, ReadLimits
    from auricle.options.hub import PushOptions
    from auricle.options.live import LiveOptions
    from auricle.options.studio import StudioOptions
    from auricle.options.synthesis import (
        GenerationOptions,
        MorphOptions,
        NoteOptions,
        SamplingOptions,
        SoundFileOptions,
    )
    from auricle.options.training import DeviceConfig, PriorTrainingOptions, TrainingOptions
    from auricle.studio.serve import run_studio
    from auricle.synth.directions import Directions, principal_directions
    from auricle.synth.endless import generate_endless
    from auricle.synth.generate import generate
    from auricle.synth.latent_io import Latents, decode_latents, export_latents, read_latents, shift_latents
    from auricle.synth.morph import morph
    from auricle.synth.playable.sampler_set import PlayableSet, make_playable
    from auricle.synth.priors.file import load_prior
    from auricle.synth.priors.loading import PriorAndModel, load_prior_and_model
    from auricle.synth.rendering.result import SynthesisOutput
    from auricle.synth.transfer import transfer
    from auricle.training.loop.task import TrainingIntent

__version__ = "0.1.0"

__all__ = [
    "Anomalies",
    "ArchiveOptions",
    "ArchiveResult",
    "AssetPaths",
    "AudioError",
    "AudioLimits",
    "AudioReader",
    "AurInfo",
    "AuricleError",
    "Autoencoder",
    "BenchmarkOptions",
    "BenchmarkResult",
    "CacheOptions",
    "Classifier",
    "ClassifierOptions",
    "ClassifierSummary",
    "Comparison",
    "CompressOptions",
    "CompressResult",
    "CompressTask",
    "ConfigError",
    "CrossValidationOptions",
    "DataError",
    "Decoder",
    "DecompressOptions",
    "DecompressResult",
    "DecompressTask",
    "DetectTask",
    "DetectionOptions",
    "DetectorOptions",
    "DeviceConfig",
    "Directions",
    "Encoder",
    "ExportedModel",
    "FeatureOptions",
    "Features",
    "FeaturesTask",
    "FileRecord",
    "FinetuneOptions",
    "FormatError",
    "GenerationOptions",
    "IndexOptions",
    "IndexResult",
    "InfoTask",
    "LatentDataset",
    "Latents",
    "LiveInputs",
    "LiveOptions",
    "LiveStatus",
    "MachineError",
    "MissingPackageError",
    "ModelChoice",
    "ModelError",
    "ModelInfo",
    "ModelSummary",
    "MorphOptions",
    "NoteOptions",
    "OptionError",
    "OutputError",
    "Packet",
    "PausedError",
    "PlayableSet",
    "PredictTask",
    "PrepareOptions",
    "PrepareResult",
    "PriorAndModel",
    "PriorSummary",
    "PriorTrainingOptions",
    "PushOptions",
    "PushResult",
    "ReadLimits",
    "RepairResult",
    "RepairTask",
    "SamplingOptions",
    "SearchOptions",
    "Similar",
    "SoundFileOptions",
    "StudioOptions",
    "SuggestionOptions",
    "Suggestions",
    "SynthesisEvaluationOptions",
    "SynthesisOutput",
    "SynthesisResult",
    "Trained",
    "TrainedPrior",
    "TrainingCallbacks",
    "TrainingIntent",
    "TrainingOptions",
    "Tuned",
    "VerifyResult",
    "VerifyTask",
    "anomalies",
    "audio_names",
    "benchmark",
    "compress",
    "decode_latents",
    "decompress",
    "default_model",
    "detect",
    "doctor",
    "evaluate_classifier",
    "evaluate_prior",
    "evaluate_synthesis",
    "export_latents",
    "export_model",
    "features",
    "finetune",
    "fit_detector",
    "generate",
    "generate_endless",
    "index",
    "info",
    "load",
    "load_prior",
    "load_prior_and_model",
    "make_playable",
    "morph",
    "play_generated",
    "play_live",
    "prepare",
    "principal_directions",
    "push",
    "read",
    "read_latents",
    "repair",
    "resample",
    "run_archive",
    "run_studio",
    "shift_latents",
    "similar",
    "suggest",
    "train",
    "train_prior",
    "transfer",
    "verify",
    "write",
]

_ERRORS = (
    "AudioError",
    "AuricleError",
    "ConfigError",
    "DataError",
    "FormatError",
    "MachineError",
    "MissingPackageError",
    "ModelError",
    "OptionError",
    "OutputError",
    "PausedError",
)
_CODEC = (
    "AurInfo",
    "CompressResult",
    "DecompressResult",
    "RepairResult",
    "VerifyResult",
    "compress",
    "decompress",
    "repair",
    "verify",
)
_HOMES = MappingProxyType(
    {
        **dict.fromkeys(_ERRORS, "auricle.errors"),
        **dict.fromkeys(("Autoencoder", "ModelInfo", "default_model", "load"), "auricle.model"),
        **dict.fromkeys(_CODEC, "auricle.codec"),
        **dict.fromkeys(
            ("CompressTask", "DecompressTask", "InfoTask", "ModelChoice", "RepairTask", "VerifyTask"),
            "auricle.archive.tasks.codec",
        ),
        **dict.fromkeys(("DetectTask", "FeaturesTask", "PredictTask"), "auricle.archive.tasks.classify"),
        **dict.fromkeys(("ArchiveOptions", "PrepareOptions"), "auricle.options.archive"),
        "FileRecord": "auricle.archive.manifest",
        **dict.fromkeys(("ArchiveResult", "run_archive"), "auricle.archive.run"),
        **dict.fromkeys(("PrepareResult", "prepare"), "auricle.archive.prepare"),
        **dict.fromkeys(("Decoder", "Encoder"), "auricle.codec.realtime"),
        **dict.fromkeys(("ExportedModel", "export_model"), "auricle.export.export"),
        **dict.fromkeys(("LiveInputs", "LiveStatus", "play_live"), "auricle.live.play"),
        "play_generated": "auricle.live.generated",
        "LiveOptions": "auricle.options.live",
        "StudioOptions": "auricle.options.studio",
        "run_studio": "auricle.studio.serve",
        "Packet": "auricle.codec.format.container",
        **dict.fromkeys(("AssetPaths", "BenchmarkOptions", "SynthesisEvaluationOptions"), "auricle.options.benchmark"),
        **dict.fromkeys(("CompressOptions", "DecompressOptions", "ReadLimits"), "auricle.options.coding"),
        **dict.fromkeys(("Trained", "train"), "auricle.api.train"),
        "finetune": "auricle.api.finetune",
        "Tuned": "auricle.classify.finetuning.finetune",
        **dict.fromkeys(("TrainedPrior", "train_prior"), "auricle.api.train_prior"),
        "LatentDataset": "auricle.api.latent_dataset",
        "PushOptions": "auricle.options.hub",
        "PushResult": "auricle.hub.upload",
        "push": "auricle.api.push",
        "TrainingCallbacks": "auricle.api.training_run",
        "TrainingIntent": "auricle.training.loop.task",
        **dict.fromkeys(("DeviceConfig", "PriorTrainingOptions", "TrainingOptions"), "auricle.options.training"),
        **dict.fromkeys(("SynthesisResult", "evaluate_prior", "evaluate_synthesis"), "auricle.bench.synthesis"),
        "BenchmarkResult": "auricle.bench.scoring.results",
        "SynthesisOutput": "auricle.synth.rendering.result",
        **dict.fromkeys(
            ("GenerationOptions", "MorphOptions", "NoteOptions", "SamplingOptions", "SoundFileOptions"),
            "auricle.options.synthesis",
        ),
        **dict.fromkeys(("Directions", "principal_directions"), "auricle.synth.directions"),
        **dict.fromkeys(
            ("Latents", "decode_latents", "export_latents", "read_latents", "shift_latents"), "auricle.synth.latent_io"
        ),
        "generate": "auricle.synth.generate",
        "load_prior": "auricle.synth.priors.file",
        **dict.fromkeys(("PriorAndModel", "load_prior_and_model"), "auricle.synth.priors.loading"),
        "generate_endless": "auricle.synth.endless",
        **dict.fromkeys(("PlayableSet", "make_playable"), "auricle.synth.playable.sampler_set"),
        "morph": "auricle.synth.morph",
        "transfer": "auricle.synth.transfer",
        "benchmark": "auricle.bench.benchmark",
        "doctor": "auricle.api.doctor",
        **dict.fromkeys(("ClassifierSummary", "ModelSummary", "PriorSummary", "info"), "auricle.api.info"),
        **dict.fromkeys(("Anomalies", "anomalies"), "auricle.classify.anomaly.anomalies"),
        "Classifier": "auricle.classify.classifier",
        "detect": "auricle.classify.detection.detect",
        "fit_detector": "auricle.classify.detection.fitting",
        **dict.fromkeys(
            (
                "CacheOptions",
                "ClassifierOptions",
                "CrossValidationOptions",
                "DetectionOptions",
                "DetectorOptions",
                "FeatureOptions",
                "FinetuneOptions",
                "IndexOptions",
                "SearchOptions",
                "SuggestionOptions",
            ),
            "auricle.options.classification",
        ),
        **dict.fromkeys(("Comparison", "evaluate_classifier"), "auricle.classify.evaluation.compare"),
        **dict.fromkeys(("Features", "features"), "auricle.classify.features.extract"),
        **dict.fromkeys(("IndexResult", "index"), "auricle.classify.search.index"),
        **dict.fromkeys(("Similar", "similar"), "auricle.classify.search.similar"),
        "suggest": "auricle.classify.search.suggest",
        "Suggestions": "auricle.classify.search.suggestions",
        **dict.fromkeys(("AudioLimits", "AudioReader", "read", "resample"), "auricle.audio"),
        "audio_names": "auricle.data.scan",
        "write": "auricle.audio.writer",
    }
)


if not TYPE_CHECKING:  # for type checkers there are the imports above and no other names

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'auricle' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
