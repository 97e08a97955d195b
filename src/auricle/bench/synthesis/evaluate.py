"""``auricle.evaluate_synthesis``: generated sounds beside real ones."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, final

import numpy as np

from auricle.bench.machine_info import machine
from auricle.bench.synthesis.classifier import Judge
from auricle.bench.synthesis.copies import nearest_pairs, nearness
from auricle.bench.synthesis.embedding_base import Embedding
from auricle.bench.synthesis.embeddings import chosen
from auricle.bench.synthesis.generate import GUIDANCE, make_sounds
from auricle.bench.synthesis.measures import Ruler
from auricle.bench.synthesis.results import (
    CEILING,
    COPIES,
    FLOOR,
    GENERATED,
    HELD_OUT,
    REBUILT,
    Judged,
    Measured,
    SetAbout,
    SynthesisResult,
)
from auricle.bench.synthesis.sounds import Piece, SoundSet, embedded, pieces
from auricle.bench.synthesis.splits import FEWEST, Roles, mix, roles
from auricle.data.labels import Labelled, labelled
from auricle.data.scan import Rejected
from auricle.errors import DataError, OptionError
from auricle.model import Autoencoder, load
from auricle.synth import Prior
from auricle.synth.priors.loading import chosen as fitting
from auricle.synth.rendering.numbered_files import safe
from auricle.synth.sampling.base import Taste

_HIGHEST_RATE = 48_000

Progress = Callable[[float, str], None]
"""Is told the share that is done, 0 to 1, and what is at work."""


@final
@dataclass(frozen=True)
class _Sets:
    """Embedded sounds. ``floor`` and the rows are numbers of sounds with the reference's mix of classes."""

    generated: SoundSet
    reference: SoundSet
    training: SoundSet
    floor: np.ndarray
    mixed: np.ndarray
    rebuilt_reference: SoundSet | None
    rebuilt_floor: SoundSet | None


def evaluate_prior(
    prior: Prior | str | Path,
    real: str | Path,
    *,
    each: int = 200,
    model: Autoencoder | str | Path | None = None,
    guidance: float = GUIDANCE,
    steps: int = Taste.steps,
    temperature: float = Taste.temperature,
    out: str | Path | None = None,
    force: bool = False,
    seed: int = 0,
    on_progress: Progress = lambda share, what: None,
    **options: Any,
) -> SynthesisResult:
    """Make sounds with a prior, ``each`` of every class, and evaluate them.

    Args:
        prior: a prior, a shipped one's name, or a file.
        real: as in `evaluate_synthesis`.
        each: sounds of a class.
        model: the prior's autoencoder; see `auricle.generate`.
        guidance: how it draws; see `auricle.generate`, the next two too.
        steps: of the integration.
        temperature: of the random numbers.
        out: folder to keep the sounds in, a folder for each class; None keeps none.
        force: replace files.
        seed: decides the sounds as well.
        on_progress: is told how far the work is.
        options: others of `evaluate_synthesis`.

    Raises:
        AuricleError: what `auricle.generate` and `evaluate_synthesis` raise.
    """
    both = fitting(prior, model)
    labelled(real)  # what can't be judged by need not be made
    with TemporaryDirectory() as spare:
        folder = Path(spare) / safe(both.prior.info.name) if out is None else Path(out)
        cost = make_sounds(
            both,
            folder,
            each,
            seed=seed,
            taste=Taste(guidance=guidance, steps=steps, temperature=temperature),
            force=force,
            on_progress=lambda share: on_progress(share / 2, "making sounds"),
        )
        result = evaluate_synthesis(
            folder,
            real,
            model=both.model,
            seed=seed,
            on_progress=lambda share, what: on_progress(0.5 + share / 2, what),
            **options,
        )
    speed = cost.seconds / cost.processor_seconds
    made = {
        "prior": both.prior.info.name,
        "each": each,
        "guidance": guidance,
        "steps": steps,
        "temperature": temperature,
        "sound per processor second": round(speed, 2),
    }
    return replace(result, settings=dict(result.settings) | made)


def evaluate_synthesis(
    generated: str | Path,
    real: str | Path,
    *,
    train: str | Path | None = None,
    model: Autoencoder | str | Path | None = None,
    embeddings: Sequence[str | Embedding] | None = None,
    count: int = 2000,
    seconds: float = 10.0,
    rate: int | None = None,
    pairs: int = 10,
    seed: int = 0,
    on_progress: Progress = lambda share, what: None,
) -> SynthesisResult:
    """Tell how near generated sounds come to real ones, how various they are, and whether they are copies.

    Sounds are mixed to mono, cut to their first ``seconds``, and trimmed 60 dB below their peak. Where all folders hold
    a folder for each class, sets are compared with one mix of classes, that of ``real``, and a classifier is asked.

    Args:
        generated: folder of generated sounds.
        real: folder of real sounds that the generator was not trained on.
        train: folder of the sounds that it was trained on. The floor and the classifier are made of them, and copies
            are looked for among them. Without it, one half of ``real`` stands in.
        model: the generator's autoencoder: what it makes of real sounds is the best that its latents can give.
        embeddings: names (``auricle.bench.synthesis.EMBEDDINGS``) or embeddings; by default all that are installed.
        count: generated and real sounds at most.
        seconds: of each sound at most.
        rate: at which sounds are judged in Hz; by default the most frequent one of ``real``, at most 48000.
        pairs: how many pairs of generated and training sounds to list.
        seed: decides halves, choices and intervals.
        on_progress: is told how far the work is.

    Raises:
        OptionError: an argument has a value that can't be used.
        DataError: a folder is missing or holds too few usable sounds, or the sets share no class.
        ModelError: the model is unknown or malformed.
    """
    started = time.perf_counter()
    _check(count, seconds, rate, pairs)
    network = load(model) if isinstance(model, str | Path) else model
    given = roles(Path(generated), Path(real), None if train is None else Path(train), count=count, seed=seed)
    judged_at = rate or _usual_rate(given.reference)
    used, notes = chosen(embeddings, judged_at)
    found = _embedded(given, used, network, seconds, count, seed, on_progress)
    measured = []
    for index, each in enumerate(used):
        on_progress(0.9 + 0.1 * index / len(used), each.name)
        measured.append(_measured(each, found, given, pairs, seed))
    on_progress(1.0, "")
    places = (Path(generated).name, Path(real).name, Path(train or real).name)
    about = tuple(
        map(_about, (GENERATED, "real", "training"), places, (found.generated, found.reference, found.training))
    )
    return SynthesisResult(
        title=f"{places[0]}: generated sounds beside {places[1]}",
        made=date.today().isoformat(),
        machine=machine(),
        settings={
            "model": None if network is None else network.name,
            "embeddings": [each.name for each in used],
            "classes": list(given.classes),
            "training sounds known": given.known,
            "judged at Hz": judged_at,
            "count": count,
            "seconds": seconds,
            "seed": seed,
        },
        sets=about,
        measured=tuple(measured),
        notes=(*given.notes, *_warnings(given, found, used), *notes),
        wall_seconds=time.perf_counter() - started,
    )


def _check(count: int, seconds: float, rate: int | None, pairs: int) -> None:
    if count < FEWEST:
        raise OptionError(f"{count} sounds of a set at most: give {FEWEST} or more")
    if not (isfinite(seconds) and seconds > 0):
        raise OptionError(f"{seconds:g} s of each sound: give a positive length")
    if rate is not None and not 8000 <= rate <= 192_000:
        raise OptionError(f"sounds can't be judged at {rate} Hz: give 8000 to 192000")
    if pairs < 0:
        raise OptionError(f"{pairs} pairs: give 0 or more")


def _usual_rate(sounds: Sequence[Labelled]) -> int:
    counted = Counter(each.sound.sample_rate for each in sounds)
    return min(_HIGHEST_RATE, max(counted, key=lambda rate: (counted[rate], rate)))


def _embedded(
    given: Roles,
    used: Sequence[Embedding],
    model: Autoencoder | None,
    seconds: float,
    count: int,
    seed: int,
    on_progress: Progress,
) -> _Sets:
    sizes = [len(given.generated), len(given.reference), len(given.training)]
    total = sum(sizes) + (0 if model is None else sizes[1] + min(count, sizes[2]))
    steps = iter(range(1, total + 1))

    def made(
        sounds: Sequence[Labelled],
        what: str,
        before: Sequence[Rejected] = (),
        through: Autoencoder | None = None,
        *,
        silence: bool = False,
    ) -> SoundSet:
        rejected = list(before)
        found: Iterable[Piece] = pieces(sounds, seconds, rejected.append, silence=silence)
        result = embedded(
            found if through is None else _through(found, through),
            used,
            rejected,
            lambda: on_progress(0.9 * next(steps, total) / total, what),
        )
        if len(result) < FEWEST:
            why = f"; the first problem: {rejected[0].reason}" if rejected else ""
            raise DataError(f"only {len(result)} {what} can be used: give {FEWEST} or more{why}")
        return result

    generated = made(given.generated, "generated sounds", given.rejected[0], silence=True)
    reference = made(given.reference, "real sounds", given.rejected[1])
    training = made(given.training, "training sounds", given.rejected[2])
    floor = mix(training.labels, reference.labels, seed)
    floor = np.sort(np.random.Generator(np.random.PCG64(seed)).permutation(floor)[:count])
    return _Sets(
        generated,
        reference,
        training,
        floor,
        mix(generated.labels, reference.labels, seed),
        None if model is None else made(given.reference, "rebuilt real sounds", through=model),
        None if model is None else made(_named(given.training, training, floor), "rebuilt copies", through=model),
    )


def _through(found: Iterable[Piece], model: Autoencoder) -> Iterator[Piece]:
    from auricle.bench.synthesis.sounds import rebuilt

    return rebuilt(found, model)


def _named(sounds: Sequence[Labelled], kept: SoundSet, rows: np.ndarray) -> list[Labelled]:
    names = {kept.names[row] for row in rows}
    return [each for each in sounds if each.sound.name in names]


def _measured(embedding: Embedding, found: _Sets, given: Roles, pairs: int, seed: int) -> Measured:
    name = embedding.name
    generated, reference, training = (each.values[name] for each in (found.generated, found.reference, found.training))
    ruler = Ruler(reference, seed)
    comparisons = [
        ruler.compare(GENERATED, generated[found.mixed]),
        ruler.compare(FLOOR, training[found.floor]),
    ]
    sets = {GENERATED: generated, HELD_OUT: reference}
    if found.rebuilt_reference is not None and found.rebuilt_floor is not None:
        comparisons.append(ruler.compare(CEILING, found.rebuilt_floor.values[name]))
        sets |= {REBUILT: found.rebuilt_reference.values[name], COPIES: found.rebuilt_floor.values[name]}
    near, which, threshold = nearness(sets, HELD_OUT, training, seed)
    return Measured(
        embedding=name,
        about=embedding.about,
        comparisons=tuple(comparisons),
        judged=tuple(_judged(name, found, seed)) if len(given.classes) > 1 else (),
        nearness=near,
        pairs=nearest_pairs(found.generated, found.training, name, which[GENERATED], threshold, pairs),
    )


def _judged(embedding: str, found: _Sets, seed: int) -> Iterator[Judged]:
    judge = Judge(found.training.values[embedding], [str(label) for label in found.training.labels])
    sets = {GENERATED: found.generated, HELD_OUT: found.reference, REBUILT: found.rebuilt_reference}
    for name, each in sets.items():
        if each is not None:
            mixed = mix(each.labels, found.reference.labels, seed)
            yield judge.judge(name, each.values[embedding], [str(label) for label in each.labels], mixed, seed)


def _about(name: str, folder: str, each: SoundSet) -> SetAbout:
    counted = Counter(str(label) for label in each.labels if label is not None)
    classes = dict(sorted(counted.items()))
    return SetAbout(name, folder, len(each), each.seconds, classes, len(each.rejected), each.silent, each.short)


def _warnings(given: Roles, found: _Sets, used: Sequence[Embedding]) -> Iterator[str]:
    for name, each in (("generated", found.generated), ("real", found.reference), ("training", found.training)):
        if each.rejected:
            yield f"{len(each.rejected)} {name} sounds can't be used; the first: {_brief(each.rejected[0])}"
        if each.silent:
            yield f"{each.silent} of {len(each)} {name} sounds are silent"
        if each.short:
            yield f"{each.short} of {len(each)} {name} sounds last less than 50 ms without their silence"
    if len(given.classes) == 1:
        yield "one class only: no class accuracy, no inception score"
    if not given.classes:
        yield "no classes: no class accuracy, no inception score"
    widest = max(each.values[used[0].name].shape[1] for each in (found.generated,))
    fewest = min(len(found.mixed), len(found.reference))
    if fewest < 2 * widest:
        yield f"{fewest} sounds are few beside {widest} numbers of an embedding: trust KAD more than FAD"


def _brief(rejected: Rejected) -> str:
    """The reason, with the file's name where its path stands."""
    return rejected.reason.replace(str(rejected.path), rejected.path.name)
