"""What a run learns from and on: kept beside its checkpoints, so that a resumed run can say what has changed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, final

import torch

from auricle.atomic import atomic_write
from auricle.data import DecodedSounds
from auricle.printable import counted
from auricle.training import TrainingDevice

RECORD = "run.json"
_VERSION = 1


@final
@dataclass(frozen=True)
class RunRecord:
    """What decides a run besides its settings.

    Attributes:
        sounds: those learned from, by name, with the checksum of their samples as they were decoded; shards
            where the corpus lies in shards.
        held_out: names of those that are held out.
        labels: the class of each sound that has one, by name.
        machine: threads, processes, parts of a step, kind of device and its precision.
        base: fingerprint of the model that training started from; empty for none, None where that is not known.
    """

    sounds: Mapping[str, int]
    held_out: Sequence[str]
    labels: Mapping[str, str]
    machine: Mapping[str, str | int]
    base: str | None = None

    @classmethod
    def of(
        cls,
        cache: DecodedSounds,
        held_out: Sequence[str],
        labels: Mapping[str, str | None],
        device: TrainingDevice,
        base: str | None = None,
    ) -> Self:
        """Of a run on this machine that learns from what is in the cache but not held out."""
        spared = set(held_out)
        machine = {
            "threads": torch.get_num_threads(),
            "processes": device.processes,
            "parts of a step": device.accumulate,
            "device": device.torch_device.type,
            "precision": "bfloat16" if device.computes_in_bf16 else "float32",
        }
        return cls(
            {name: checksum for name, checksum in cache.fingerprints().items() if name not in spared},
            tuple(sorted(held_out)),
            {name: label for name, label in labels.items() if label is not None},
            machine,
            base,
        )

    def compare_or_write(self, folder: Path, *, resume: bool, on_note: Callable[[str], None]) -> None:
        """Say what was otherwise when a run that is resumed began; write the record of one that begins."""
        before = _read(folder / RECORD) if resume else None
        if before is None:
            with atomic_write(folder / RECORD, force=True) as file:
                file.write_text(json.dumps({"version": _VERSION, **asdict(self)}, indent=1), "utf-8", "surrogatepass")
        elif changes := self.changes(before):
            on_note(f"since this run began: {'; '.join(changes)}; it goes on with what there is now")

    def changes(self, before: "RunRecord") -> tuple[str, ...]:
        """What was otherwise before, each in a few words."""
        gone, new = before.sounds.keys() - self.sounds.keys(), self.sounds.keys() - before.sounds.keys()
        spared, learned = gone & set(self.held_out), new & set(before.held_out)
        names = {before.sounds[name]: name for name in sorted(gone - spared)}
        renamed = {self.sounds[name]: name for name in sorted(new - learned) if self.sounds[name] in names}
        both = self.sounds.keys() & before.sounds.keys()
        changed = [name for name in both if self.sounds[name] != before.sounds[name]]
        relabelled = [
            name
            for name in self.labels.keys() | before.labels.keys()
            if name in both and self.labels.get(name) != before.labels.get(name)
        ]
        groups = (
            ("gone", gone - spared - {names[checksum] for checksum in renamed}),
            ("new", new - learned - set(renamed.values())),
            ("renamed", [f"{names[checksum]} to {name}" for checksum, name in renamed.items()]),
            ("changed", changed),
            ("held out now, learned from before", spared),
            ("learned from now, held out before", learned),
            ("gone of those held out", set(before.held_out) - set(self.held_out) - learned),
            ("new of those held out", set(self.held_out) - set(before.held_out) - spared),
            ("relabelled", [self._relabelling(before, name) for name in relabelled]),
        )
        settings = (
            f"{name}: {before.machine[name]} before, {value} now"
            for name, value in self.machine.items()
            if before.machine.get(name, value) != value
        )
        bases = (_rebasing(before.base, self.base),) if before.base not in (None, self.base) else ()
        return (*(_counted(verb, list(sounds)) for verb, sounds in groups if sounds), *settings, *bases)

    def _relabelling(self, before: "RunRecord", name: str) -> str:
        old, new = (labels.get(name, "no class") for labels in (before.labels, self.labels))
        return f"{name} from {old} to {new}"


def _rebasing(before: str | None, now: str | None) -> str:
    old, new = (fingerprint[:16] if fingerprint else "none" for fingerprint in (before, now))
    return f"base: {old} before, {new} now"


def _counted(verb: str, sounds: Sequence[str]) -> str:
    """As ``2 sounds gone (a.wav, ...)``."""
    first, more = min(sounds), ", ..." if len(sounds) > 1 else ""
    return f"{counted(len(sounds), 'sound')} {verb} ({first}{more})"


def _read(path: Path) -> RunRecord | None:
    """What a run left; None if it left nothing that can be read, as those of older versions."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8", "surrogatepass"))
        fields = (values[name] for name in ("sounds", "held_out", "labels", "machine"))
        return RunRecord(*fields, base=values.get("base"))
    except (OSError, ValueError, LookupError, TypeError):
        return None
