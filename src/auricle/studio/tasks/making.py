"""The room Make: new sounds from a prior, what lies between them, and what lies beside them."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auricle import (
    AuricleError,
    Directions,
    GenerationOptions,
    Latents,
    NoteOptions,
    OptionError,
    PriorAndModel,
    PriorSummary,
    SamplingOptions,
    decode_latents,
    generate,
    info,
    make_playable,
    principal_directions,
    read,
    read_latents,
    shift_latents,
    write,
)
from auricle.progress import OnProgress, Progress
from auricle.studio.server.workspace import Item, Workspace, display_name
from auricle.studio.tasks.priors import loaded_prior
from auricle.studio.tasks.sounds import playable

_SHIPPED = ("drums", "saxophone")
_SUFFIX = ".prior.safetensors"
_MOST = 16
_DIRECTIONS = 4
_FROM = 24


def list_priors(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The shipped priors and those in the folder, with their classes."""
    names = [*_SHIPPED, *sorted(path.name for path in workspace.folder.glob(f"*{_SUFFIX}"))]
    priors = []
    for name in names:
        try:
            summary = info(_prior_source(workspace, name))
        except AuricleError:
            continue
        assert isinstance(summary, PriorSummary)
        title = name.removesuffix(_SUFFIX)
        classes, notes = list(summary.origin.get("classes", ())), bool(summary.config.get("notes"))
        priors.append({"name": name, "title": title, "classes": classes, "notes": notes})
    return {"priors": priors}


def make_sounds(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """New sounds of a class, or of any."""
    count, seed = _count(arguments), int(arguments.get("seed", 0))
    options = GenerationOptions(
        arguments.get("label") or None,
        count=count,
        seed=seed,
        seconds=arguments.get("seconds"),
        loop=bool(arguments.get("loop")),
    )
    name = arguments["prior"]
    loaded = _loaded(workspace, name)
    output = generate(loaded.prior, options, model=loaded.model, sampling=_sampling(loaded, arguments))
    facts = {"prior": name, "seed": seed, "loop": options.loop, "bpm": arguments.get("bpm")}
    sounds = []
    for number, sound in enumerate(output.sounds, 1):
        assert sound.audio is not None
        title = f"{sound.label or Path(name).name.removesuffix(_SUFFIX)} {seed % 10_000}-{number}"
        sounds.append(_keep(workspace, title, sound.audio, output.sample_rate, {**facts, "label": sound.label}))
    return {"sounds": sounds}


def make_notes(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Tuned notes, from a prior that learned some."""
    name, seed, velocity = arguments["prior"], int(arguments.get("seed", 0)), int(arguments["velocity"])
    label = arguments.get("label") or None
    loaded = _loaded(workspace, name)
    with tempfile.TemporaryDirectory(dir=workspace.state) as folder:
        output = make_playable(
            loaded.prior,
            NoteOptions(str(arguments["notes"]), str(velocity), label, seed=seed),
            model=loaded.model,
            sampling=_sampling(loaded, arguments),
            out=Path(folder) / "notes",
            on_progress=_refuse_many,
        )
        facts = {"prior": name, "seed": seed, "loop": False, "bpm": None, "label": label, "velocity": velocity}
        sounds = []
        for played in output.notes:
            assert played.sound.path is not None
            note = played.sound.path.stem.rpartition("-")[2].upper()
            title = f"{note} {label or Path(name).name.removesuffix(_SUFFIX)} {seed % 10_000}"
            audio, rate = read(played.sound.path)
            sounds.append(_keep(workspace, title, audio, rate, {**facts, "note": note}))
    return {"sounds": sounds}


def _refuse_many(progress: Progress) -> None:
    if progress.total > _MOST:
        raise OptionError(f"{progress.total:g} notes at a time: ask for 1 to {_MOST}")


def _sampling(loaded: PriorAndModel, arguments: dict[str, Any]) -> SamplingOptions:
    """The default temperature of the prior, times the factor that the page sends."""
    default = loaded.prior.sampling(SamplingOptions()).temperature
    return SamplingOptions(temperature=default * float(arguments.get("temperature", 1.0)))


def make_variations(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Sounds like one that was made."""
    item = workspace.item(arguments["id"])
    facts, strength = item.facts, float(arguments.get("strength", 0.5))
    options = GenerationOptions(
        facts["label"],
        count=_count(arguments),
        seed=int(arguments.get("seed", 0)),
        like=item.file("play.flac"),
        strength=strength,
    )
    loaded = _loaded(workspace, facts["prior"])
    output = generate(loaded.prior, options, model=loaded.model)
    more = {"prior": facts["prior"], "label": facts["label"], "loop": False, "seed": options.seed, "bpm": None}
    return {
        "sounds": [
            _keep(workspace, f"{facts['name']} ~{number}", _samples(sound.audio), output.sample_rate, more)
            for number, sound in enumerate(output.sounds, 1)
        ]
    }


def blend(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What lies between two to four sounds, in latent space; the shorter ones are followed by silence."""
    ids, shares = arguments["ids"], np.array(arguments["shares"], float)
    if not 2 <= len(ids) <= 4 or len(ids) != len(shares) or (shares < 0).any() or not shares.sum() > 0:
        raise OptionError("a blend needs two to four sounds, and a share of each from 0 on")
    items = [workspace.item(id) for id in ids]
    model = _loaded(workspace, items[0].facts["prior"]).model
    corners = [read_latents(item.file("play.flac"), model) for item in items]
    silence = model.encode(torch.zeros(1, model.sample_rate))[:, -1:]
    frames, samples = max(c.z.shape[1] for c in corners), max(c.samples for c in corners)
    z = torch.zeros(1, frames, model.latent_dim)
    for corner, share in zip(corners, shares / shares.sum(), strict=True):
        first = corner.z[:1]
        z += float(share) * torch.cat((first, silence.expand(1, frames - first.shape[1], -1)), dim=1)
    length = sum(share * corner.samples for corner, share in zip(corners, shares / shares.sum(), strict=True))
    sound = Latents(z, max(1, min(samples, round(length))), model)
    label = items[int(shares.argmax())].facts["label"]
    name = "blend of " + ", ".join(item.facts["name"] for item in items)
    return _decoded(workspace, sound, name, {**items[0].facts, "label": label})


def find_directions(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The directions along which sounds of a prior differ most, from sounds made for this; kept for the next time."""
    name = arguments["prior"]
    path = _directions_file(workspace, name)
    if not path.exists():
        loaded = _loaded(workspace, name)
        prior, model = loaded.prior, loaded.model
        folder = workspace.state / "directions"
        sounds = folder / f"{path.stem}-sounds"
        sounds.mkdir(parents=True, exist_ok=True)
        label = ",".join(prior.classes) or None
        count = max(1, _FROM // max(1, len(prior.classes)))
        generate(prior, GenerationOptions(label, count=count, seed=1), model=model, out=sounds, force=True)
        principal_directions(sounds, model, count=_DIRECTIONS).save(path, force=True)
    return {"titles": list(Directions.load(path).titles)}


def move(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """A sound moved along directions, by standard deviations."""
    item = workspace.item(arguments["id"])
    facts = item.facts
    path = _directions_file(workspace, facts["prior"])
    if not path.exists():
        raise OptionError("this prior has no directions, or was replaced: find its directions first")
    directions = Directions.load(path)
    latents = read_latents(item.file("play.flac"), _loaded(workspace, facts["prior"]).model)
    shifts = tuple(
        f"PC{number}={float(amount):+.2f}" for number, amount in enumerate(arguments["amounts"], 1) if amount
    )
    moved = shift_latents(latents, directions, shifts) if shifts else latents
    return _decoded(workspace, moved, f"{facts['name']} moved", facts)


def pack_set(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The sounds of a set in one .zip: WAV files, numbered by class, and a table of how each was made."""
    items = [workspace.item(id) for id in arguments["ids"]]
    if not items:
        raise OptionError("the set is empty: keep some sounds first")
    target, numbers = workspace.new_item(kind="set", name="set"), {}
    table = ["file,class,note,velocity,prior,seed,seconds,bpm"]
    with zipfile.ZipFile(target.file("set.zip"), "w") as archive:
        for item in items:
            facts = item.facts
            words = " ".join(filter(None, (facts["label"], facts.get("note")))) or "sound"
            stem = "".join(c if c.isalnum() or c in "-_#" else "-" for c in words)
            numbers[stem] = numbers.get(stem, 0) + 1
            name = f"{stem}-{numbers[stem]:02d}.wav"
            archive.write(item.file("sound.wav"), name)
            values = (
                name,
                facts["label"] or "",
                facts.get("note"),
                facts.get("velocity"),
                facts["prior"],
                facts["seed"],
                f"{facts['seconds']:.3f}",
                facts["bpm"],
            )
            table.append(",".join("" if value is None else str(value).replace(",", " ") for value in values))
        archive.writestr("set.csv", "\n".join(table) + "\n")
    name = display_name(arguments.get("name") or "sounds")
    return target.add(file="set.zip", save_as=f"{name}.zip", sounds=len(items))


def _keep(workspace: Workspace, title: str, audio: np.ndarray, rate: int, facts: dict[str, Any]) -> dict[str, Any]:
    """A made sound as an item: a FLAC file to play, a WAV file to take away."""
    item = workspace.new_item(kind="made", name=title)
    write(item.file("sound.wav"), audio, rate)
    return item.add(**facts, **playable(item, "play", audio, rate), wav="sound.wav", save_as=f"{title}.wav")


def _decoded(workspace: Workspace, latents: Latents, title: str, facts: dict[str, Any]) -> dict[str, Any]:
    scratch: Item = workspace.new_item(kind="scratch", name=title)
    decode_latents(latents, scratch.file("sound.wav"))
    audio, rate = read(scratch.file("sound.wav"))
    carried = {name: facts.get(name) for name in ("prior", "label", "seed", "bpm")}
    shown = playable(scratch, "play", audio, rate)
    return scratch.add(**carried, **shown, loop=False, wav="sound.wav", save_as=f"{title}.wav")


def _samples(audio: np.ndarray | None) -> np.ndarray:
    assert audio is not None
    return audio


def _count(arguments: dict[str, Any]) -> int:
    count = int(arguments.get("count", 8))
    if not 1 <= count <= _MOST:
        raise OptionError(f"{count} sounds at a time: ask for 1 to {_MOST}")
    return count


def _prior_source(workspace: Workspace, name: str) -> str | Path:
    """A shipped prior's name, or a file right in the folder.

    Raises:
        OptionError: there is neither.
    """
    if name in _SHIPPED:
        return name
    if name not in {path.name for path in workspace.folder.glob(f"*{_SUFFIX}")}:
        raise OptionError(f"there is no prior {display_name(name)}")
    return workspace.folder / name


def _directions_file(workspace: Workspace, prior: str) -> Path:
    """Of a prior as it is now: one that is replaced has other directions."""
    source = _prior_source(workspace, prior)
    if isinstance(source, Path):
        source = f"{source.name.removesuffix(_SUFFIX)}-{source.stat().st_mtime_ns}"
    return workspace.state / "directions" / f"{source}.npz"


def _loaded(workspace: Workspace, prior: str) -> PriorAndModel:
    """A prior and its autoencoder, kept in memory."""
    return loaded_prior(_prior_source(workspace, prior))
