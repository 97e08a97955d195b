"""``auricle features``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.classification import CacheOptions


def features(
    *files: Path,
    out: Path,
    model: str = "speech",
    depths: str = "latent",
    segments: Annotated[int, Parameter(validator=Number(gte=1, lte=32))] = 1,
    caching: Annotated[CacheOptions, Parameter(name="*", negative="")] = CacheOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Write what an autoencoder makes of each sound, for other tools.

    Args:
        files: audio files, or folders of them.
        out: a .npz file (arrays names and values) or a .parquet file (columns name and features).
        model: whose encoder makes the features: a shipped name or a model file.
        depths: latent, hidden (with the widest layers before it) or all.
        segments: parts of a sound that are told apart.
        force: replace an existing file.
    """
    from auricle import features as run
    from auricle.classify.features.export import check_export, write_features
    from auricle.classify.features.pooling import feature_config_of
    from auricle.classify.label_checks import note_silent

    check_export(out, force=force)
    screen = Screen(output)
    with screen.progress("features") as on_progress:
        result = run(
            files,
            model,
            feature_config=feature_config_of(depths=depths, segments=segments),
            caching=caching,
            on_progress=on_progress,
            on_note=screen.note,
        )
    write_features(result, out, force=force)
    for rejected in result.skipped:
        screen.note(f"left out: {rejected.reason}")
    note_silent(result.silent, screen.note)
    count, width = result.values.shape
    screen.result(
        f"{out} {format_size(out.stat().st_size)}: {count} sounds, {width} features each",
        {
            "path": out,
            "bytes": out.stat().st_size,
            "files": count,
            "features": width,
            "skipped": [{"path": rejected.path, "reason": rejected.reason} for rejected in result.skipped],
            "silent": list(result.silent),
        },
    )
