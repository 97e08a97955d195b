"""``auricle features``."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_size
from auricle.cli.many import exit_code, run_many, uses_engine
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.archive import ArchiveOptions
from auricle.options.classification import FeatureOptions
from auricle.printable import counted, file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.classify.features.extract import Features


@final
@Parameter(name="*")
@dataclass(frozen=True)
class PoolingOptions:
    """What of a sound is pooled.

    Attributes:
        depths: latent, hidden (with the widest layers before it) or all.
        segments: parts of a sound that are told apart.
    """

    depths: str = "latent"
    segments: Annotated[int, Parameter(validator=Number(gte=1, lte=32))] = 1


_POOLING = PoolingOptions()


def features(
    *files: Path,
    out: Path,
    model: str | None = None,
    pooling: PoolingOptions = _POOLING,
    options: Annotated[FeatureOptions, Parameter(name="*", negative="")] = FeatureOptions(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Write what an autoencoder makes of each sound, for other tools.

    Args:
        files: audio files, or folders of them.
        out: a .npz file (arrays names and values) or a .parquet file (columns name and features).
        model: whose encoder makes the features: a shipped model's name or a model file; by default speech for sounds up
            to 24 kHz, else music.
        force: replace an existing file.

    With --jobs, --files-from or --manifest many processes listen; features are then kept in the ledger, by default
    OUT.manifest.jsonl, instead of the cache; and the first of them decides which model is the default.
    """
    from auricle import features as run
    from auricle.classify.features.export import check_export, write_features
    from auricle.classify.features.pooling import feature_config_of

    check_export(out, force=force)
    screen = Screen(output)
    if uses_engine(files, archive):
        from auricle import FeaturesTask, ModelChoice
        from auricle.archive.tasks.classify import features_of

        task = FeaturesTask(ModelChoice(model), pooling.depths, pooling.segments, options.features)
        ledger = archive.manifest or out.with_name(f"{out.name}.manifest.jsonl")
        many = run_many(task, files, None, replace(archive, manifest=ledger), screen, force=force)
        result = features_of(many.records)
        write_features(result, out, force=force)
        _show(result, out, screen)
        return exit_code(many.failed)
    with screen.progress("features") as on_progress:
        result = run(
            files,
            model,
            feature_config=feature_config_of(depths=pooling.depths, segments=pooling.segments),
            options=options,
            on_progress=on_progress,
            on_note=screen.note,
        )
    write_features(result, out, force=force)
    _show(result, out, screen)
    return exit_code(result.rejected)


def _show(result: "Features", out: Path, screen: Screen) -> None:
    from auricle.classify.label_checks import note_silent

    screen.note(*rejected_lines(result.rejected))
    note_silent(result.silent, screen.note)
    count, width = result.values.shape
    named = f", model {result.model}" if result.model else ""
    screen.result(
        f"{out} {format_size(out.stat().st_size)}: {counted(count, 'sound')}, {width} features each{named}",
        {
            "path": out,
            "bytes": out.stat().st_size,
            "model": result.model,
            "files": count,
            "features": width,
            "rejected": file_reasons(result.rejected),
            "silent": list(result.silent),
        },
    )
