"""``auricle.evaluate_synthesis``: generated sounds beside real ones."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import final

import numpy as np

from auricle.atomic import temporary_folder
from auricle.bench.machine_info import describe_machine
from auricle.bench.synthesis.classifier import ClassJudge, require_judge
from auricle.bench.synthesis.copies import nearest_pairs, nearness
from auricle.bench.synthesis.embedding_base import Embedding
from auricle.bench.synthesis.embeddings import usable_embeddings
from auricle.bench.synthesis.generate import make_sounds
from auricle.bench.synthesis.measures import SetDistance
from auricle.bench.synthesis.results import (
    CEILING,
    COPIES,
    FLOOR,
    GENERATED,
    HELD_OUT,
    REBUILT,
    ClassAccuracy,
    EmbeddingResult,
    SoundSetSummary,
    SynthesisResult,
)
from auricle.bench.synthesis.sounds import SoundSet, embed_sounds, read_sounds, through_autoencoder
from auricle.bench.synthesis.splits import FEWEST, DataSplits, matching_mix, split_data
from auricle.data.labels import Labelled, labelled
from auricle.data.scan import Rejected
from auricle.errors import DataError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.benchmark import SynthesisEvaluationOptions
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import SamplingOptions
from auricle.printable import rejected_lines
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth import Prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.rendering.destination import safe_file_name

_HIGHEST_RATE = 48_000


@final
@dataclass(frozen=True)
class _Sets:
    """Embedded sounds. ``floor_rows`` and ``mixed_rows`` number training and generated sounds with the reference's mix
    of classes; the last two sets are reference and floor, through the autoencoder."""

    generated: SoundSet
    reference: SoundSet
    training: SoundSet
    floor_rows: np.ndarray
    mixed_rows: np.ndarray
    rebuilt_reference: SoundSet | None
    rebuilt_floor: SoundSet | None


@check_arguments()
def evaluate_prior(
    prior: Prior | str | Path,
    real: str | Path,
    *,
    model: Autoencoder | str | Path | None = None,
    sampling: SamplingOptions | None = None,
    options: SynthesisEvaluationOptions | None = None,
    out: str | Path | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisResult:
    """Make sounds of every class with a prior, and evaluate them.

    Args:
        prior: a prior, a shipped one's name, or a file.
        real: as in `evaluate_synthesis`.
        model: the prior's autoencoder; see `auricle.generate`.
        sampling: how the prior draws.
        options: how many sounds of a class, and how they are compared.
        out: folder to keep the sounds in, a folder for each class; None keeps none.
        force: replace files.
        on_progress: is told how far the work is.

    Raises:
        AuricleError: what `auricle.generate` and `evaluate_synthesis` raise.
    """
    options, sampling = options or SynthesisEvaluationOptions(), sampling or SamplingOptions()
    prior_and_model = load_prior_and_model(prior, model)
    if prior_and_model.prior.classes:
        require_judge()
    classes = set(prior_and_model.prior.classes)
    compared = len(classes.intersection(labelled(real).classes)) or max(1, len(classes))
    if options.per_class * compared < FEWEST:  # what can't be compared need not be made
        raise OptionError(
            f"{options.per_class} sounds of each of {compared} classes that can be compared are too few: ask for "
            f"{-(-FEWEST // compared)} or more of each"
        )
    with temporary_folder() as temporary:
        folder = temporary / safe_file_name(prior_and_model.prior.info.name) if out is None else Path(out)
        cost = make_sounds(
            prior_and_model,
            folder,
            options.per_class,
            seed=options.seed,
            sampling=sampling,
            force=force,
            on_progress=on_progress,
        )
        result = evaluate_synthesis(folder, real, model=prior_and_model.model, options=options, on_progress=on_progress)
    settings = {
        "prior": prior_and_model.prior.info.name,
        "per_class": options.per_class,
        **vars(prior_and_model.prior.sampling(sampling)),
        "sound per processor second": round(cost.seconds / cost.processor_seconds, 2),
    }
    return replace(result, settings=dict(result.settings) | settings)


@check_arguments()
def evaluate_synthesis(
    generated: str | Path,
    real: str | Path,
    *,
    model: Autoencoder | str | Path | None = None,
    options: SynthesisEvaluationOptions | None = None,
    on_progress: OnProgress = ignore_progress,
) -> SynthesisResult:
    """Tell how near generated sounds come to real ones, how various they are, and whether they are copies.

    Sounds are mixed to mono, cut to their beginning, and trimmed 60 dB below their peak. Where all folders hold a
    folder for each class, sets are compared with one mix of classes, that of ``real``, and a classifier is asked.

    Args:
        generated: folder of generated sounds.
        real: folder of real sounds that the generator was not trained on.
        model: the generator's autoencoder: what it makes of real sounds is the best that its latents can give.
        options: the training sounds, and how sounds are compared.
        on_progress: is told how far the work is.

    Raises:
        OptionError: an argument has a value that can't be used.
        DataError: a folder is missing or holds too few usable sounds, or the sets share no class.
        ModelError: the model is unknown or malformed.
        MissingPackageError: there are classes, and scikit-learn is not installed: asked before the work.
    """
    started = time.perf_counter()
    options = options or SynthesisEvaluationOptions()
    autoencoder = load(model) if isinstance(model, str | Path) else model
    training = None if options.train is None else Path(options.train)
    splits = split_data(Path(generated), Path(real), training, count=options.count, seed=options.seed)
    if splits.classes:
        require_judge()
    sample_rate = options.sample_rate or _usual_rate(splits.reference)
    embeddings, notes = usable_embeddings(options.embeddings, sample_rate)
    sets = _embed(splits, embeddings, autoencoder, options, on_progress)
    results = []
    for index, embedding in enumerate(embeddings):
        on_progress(Progress(f"measuring by {embedding.name}", index, len(embeddings), "embeddings"))
        results.append(_measure(embedding, sets, splits, options))
    on_progress(Progress("measuring", len(embeddings), len(embeddings), "embeddings"))
    folders = (Path(generated).name, Path(real).name, Path(training or real).name)
    return SynthesisResult(
        title=f"{folders[0]}: generated sounds beside {folders[1]}",
        date=date.today().isoformat(),
        machine=describe_machine(),
        settings={
            "model": None if autoencoder is None else autoencoder.name,
            "embeddings": [embedding.name for embedding in embeddings],
            "classes": list(splits.classes),
            "training sounds known": splits.has_training_sounds,
            "sample_rate": sample_rate,
            "count": options.count,
            "seconds": options.seconds,
            "seed": options.seed,
        },
        sets=(
            _summary(GENERATED, folders[0], sets.generated),
            _summary("real", folders[1], sets.reference),
            _summary("training", folders[2], sets.training),
        ),
        embeddings=tuple(results),
        notes=(*splits.notes, *_warnings(splits, sets, embeddings), *notes),
        wall_seconds=time.perf_counter() - started,
    )


def _usual_rate(sounds: Sequence[Labelled]) -> int:
    counts = Counter(labelled.sound.sample_rate for labelled in sounds)
    return min(_HIGHEST_RATE, max(counts, key=lambda rate: (counts[rate], rate)))


def _embed(
    splits: DataSplits,
    embeddings: Sequence[Embedding],
    model: Autoencoder | None,
    options: SynthesisEvaluationOptions,
    on_progress: OnProgress,
) -> _Sets:
    sizes = [len(splits.generated), len(splits.reference), len(splits.training)]
    total = sum(sizes) + (0 if model is None else sizes[1] + min(options.count, sizes[2]))
    steps = iter(range(1, total + 1))

    def embed(
        sounds: Sequence[Labelled],
        name: str,
        unreadable: Sequence[Rejected] = (),
        through: Autoencoder | None = None,
        *,
        silence: bool = False,
    ) -> SoundSet:
        rejected = list(unreadable)
        originals = read_sounds(sounds, options.seconds, rejected.append, silence=silence)
        sound_set = embed_sounds(
            originals if through is None else through_autoencoder(originals, through),
            embeddings,
            rejected,
            lambda: on_progress(Progress(name, next(steps, total), total, "sounds")),
        )
        if len(sound_set) < FEWEST:
            reason = f"; the first problem: {rejected[0].reason}" if rejected else ""
            raise DataError(f"only {len(sound_set)} {name} can be used: give {FEWEST} or more{reason}")
        return sound_set

    generated = embed(splits.generated, "generated sounds", splits.rejected[0], silence=True)
    reference = embed(splits.reference, "real sounds", splits.rejected[1])
    training = embed(splits.training, "training sounds", splits.rejected[2])
    floor = matching_mix(training.labels, reference.labels, options.seed)
    floor = np.sort(np.random.Generator(np.random.PCG64(options.seed)).permutation(floor)[: options.count])
    mixed = matching_mix(generated.labels, reference.labels, options.seed)
    if model is None:
        return _Sets(generated, reference, training, floor, mixed, None, None)
    floor_names = {training.names[row] for row in floor}
    floor_sounds = [labelled for labelled in splits.training if labelled.sound.name in floor_names]
    rebuilt_reference = embed(splits.reference, "rebuilt real sounds", through=model)
    rebuilt_floor = embed(floor_sounds, "rebuilt copies", through=model)
    return _Sets(generated, reference, training, floor, mixed, rebuilt_reference, rebuilt_floor)


def _measure(
    embedding: Embedding, sets: _Sets, splits: DataSplits, options: SynthesisEvaluationOptions
) -> EmbeddingResult:
    name, seed = embedding.name, options.seed
    generated, reference = sets.generated.values[name], sets.reference.values[name]
    training = sets.training.values[name]
    distance = SetDistance(reference, seed)
    comparisons = [
        distance.compare(GENERATED, generated[sets.mixed_rows]),
        distance.compare(FLOOR, training[sets.floor_rows]),
    ]
    values = {GENERATED: generated, HELD_OUT: reference}
    if sets.rebuilt_reference is not None and sets.rebuilt_floor is not None:
        comparisons.append(distance.compare(CEILING, sets.rebuilt_floor.values[name]))
        values |= {REBUILT: sets.rebuilt_reference.values[name], COPIES: sets.rebuilt_floor.values[name]}
    nearnesses, training_rows, threshold = nearness(values, HELD_OUT, training, seed)
    return EmbeddingResult(
        embedding=name,
        about=embedding.about,
        comparisons=tuple(comparisons),
        class_accuracies=tuple(_class_accuracies(name, sets, seed)) if len(splits.classes) > 1 else (),
        nearness=nearnesses,
        pairs=nearest_pairs(sets.generated, sets.training, name, training_rows[GENERATED], threshold, options.pairs),
    )


def _class_accuracies(embedding: str, sets: _Sets, seed: int) -> Iterator[ClassAccuracy]:
    judge = ClassJudge(sets.training.values[embedding], [str(label) for label in sets.training.labels])
    sets_by_name = {GENERATED: sets.generated, HELD_OUT: sets.reference, REBUILT: sets.rebuilt_reference}
    for name, sounds in sets_by_name.items():
        if sounds is not None:
            mixed = matching_mix(sounds.labels, sets.reference.labels, seed)
            yield judge.judge(name, sounds.values[embedding], [str(label) for label in sounds.labels], mixed, seed)


def _summary(name: str, folder: str, sounds: SoundSet) -> SoundSetSummary:
    counts = Counter(str(label) for label in sounds.labels if label is not None)
    return SoundSetSummary(
        name,
        folder,
        len(sounds),
        sounds.seconds,
        dict(sorted(counts.items())),
        len(sounds.rejected),
        sounds.silent,
        sounds.short,
    )


def _warnings(splits: DataSplits, sets: _Sets, embeddings: Sequence[Embedding]) -> Iterator[str]:
    for name, sounds in (("generated", sets.generated), ("real", sets.reference), ("training", sets.training)):
        yield from rejected_lines([file.brief for file in sounds.rejected], f"{name} sound", most=1)
        if sounds.silent:
            yield f"{sounds.silent} of {len(sounds)} {name} sounds are silent"
        if sounds.short:
            yield f"{sounds.short} of {len(sounds)} {name} sounds last less than 50 ms without their silence"
    if len(splits.classes) == 1:
        yield "one class only: no class accuracy, no inception score"
    if not splits.classes:
        yield "no classes: no class accuracy, no inception score"
    width = sets.generated.values[embeddings[0].name].shape[1]
    fewest = min(len(sets.mixed_rows), len(sets.reference))
    if fewest < 2 * width:
        yield f"{fewest} sounds are few beside {width} numbers of an embedding: trust KAD more than FAD"
