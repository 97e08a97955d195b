"""What each choice in preset `speech` is worth: variants of it, trained from nothing for as many steps, on held-out
sound.

    python benchmarks/choices.py CORPUS/speech --steps 600 --kbps 1.5 3 6 9
    python benchmarks/choices.py CORPUS/speech --steps 600 --only preset "without bands"

Minutes of training show what learns fast, not where hours end. Bitrates are those of whole files; where a variant
can't be set to a bitrate, the row says which one it has.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from _shared import one_thread, parser, publish, run, table
from auricle.errors import OptionError
from auricle.model import AutoencoderConfig, StageConfig
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import EntropyConfig, FsqConfig, RvqConfig
from auricle.model.front_end import StftConfig
from auricle.model.harmonics import HarmonicsConfig
from auricle.training import TrainConfig, named

PRESET = "speech"
Change = Callable[[TrainConfig], TrainConfig]


def _model(**changes: Any) -> Change:
    def change(config: TrainConfig) -> TrainConfig:
        parts = {name: getattr(config.model, name) for name in type(config.model).model_fields}
        return config.model_copy(update={"model": AutoencoderConfig(**(parts | changes))})

    return change


def _bottleneck(config: Any, **weights: float) -> Change:
    def change(start: TrainConfig) -> TrainConfig:
        objective = start.objective.model_copy(update={"bottleneck": weights})
        return _model(bottleneck=config)(start.model_copy(update={"objective": objective}))

    return change


def _stages(encoder: int, decoder: int, **block: Any) -> Change:
    """So many blocks a side; the first one looks a frame ahead unless told otherwise."""
    first = {"lookahead": 1} | block

    def stage(width: int, count: int) -> tuple[StageConfig, ...]:
        further_blocks = tuple(ConvBlockConfig(**(block | {"lookahead": 0})) for _ in range(count - 1))
        return (StageConfig(dim=width, blocks=(ConvBlockConfig(**first), *further_blocks)),)

    def change(config: TrainConfig) -> TrainConfig:
        width = config.model.encoder[0].dim
        reader = HarmonicsConfig(blocks=(ConvBlockConfig(lookahead=first["lookahead"]), *[ConvBlockConfig()] * 2))
        return _model(encoder=stage(width, encoder), decoder=stage(width, decoder), harmonics=reader)(config)

    return change


def _recurrent(config: TrainConfig) -> TrainConfig:
    """The last block of each side is a GRU."""
    sides = {}
    for name in ("encoder", "decoder"):
        (stage,) = getattr(config.model, name)
        sides[name] = (stage.model_copy(update={"blocks": (*stage.blocks[:-1], RecurrentBlockConfig())}),)
    return _model(**sides)(config)


def _losses(factors: Mapping[str, float]) -> Change:
    """Other weights by the loss' kind; 0 leaves it out."""

    def change(config: TrainConfig) -> TrainConfig:
        terms = (
            term.model_copy(update={"weight": term.weight * factors.get(term.loss.kind, 1.0)})
            for term in config.objective.losses
            if factors.get(term.loss.kind, 1.0) > 0
        )
        return config.model_copy(update={"objective": config.objective.model_copy(update={"losses": tuple(terms)})})

    return change


def _hop(samples: int) -> Change:
    """Another frame length; crops stay as long, features of a second as many."""

    def change(config: TrainConfig) -> TrainConfig:
        ratio = samples / config.model.transform.hop_length
        transform = config.model.transform.model_copy(update={"hop_length": samples})
        dim = round(config.model.bottleneck.latent_dim * ratio)
        crops = round(config.crop_frames / ratio)
        changed = _model(transform=transform, bottleneck=EntropyConfig(dim=dim))(config)
        return changed.model_copy(update={"crop_frames": crops})

    return change


_NO_BANDS: Mapping[str, Any] = MappingProxyType(
    {
        "bands": 0,
        "energies": False,
        "levels_from": 0.0,
        "noise_from": 0.0,
        "harmonics": None,
        "comb": 0.0,
        "envelope": 0,
    }
)
VARIANTS: Mapping[str, Change] = MappingProxyType(
    {
        "preset": lambda config: config,
        "without bands": _model(**_NO_BANDS),
        "without bands and direct": _model(**_NO_BANDS, direct=False),
        "without bands and direct, 64 features": _model(**_NO_BANDS, direct=False, bottleneck=EntropyConfig(dim=64)),
        "without bands, STFT": _model(**_NO_BANDS, transform=StftConfig(hop_length=320)),
        "hop 10 ms": _hop(160),
        "no lookahead": _stages(3, 8, lookahead=0),
        "kernel 3": _stages(3, 8, kernel=3),
        "kernel 15": _stages(3, 8, kernel=15),
        "8 + 3 blocks": _stages(8, 3),
        "GRU last": _recurrent,
        "RVQ": _bottleneck(RvqConfig(dim=64, codebooks=18), commitment=1.0),
        "FSQ": _bottleneck(FsqConfig(levels=(8, 8, 8, 5, 5, 5, 5, 5) * 3)),
        "mel alone": _losses({"complex_stft": 0.0}),
        "complex STFT alone": _losses({"mel": 0.0}),
        "complex STFT doubled": _losses({"complex_stft": 2.0}),
    }
)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, help="a folder with subfolders train and valid")
    options.add_argument("--steps", type=int, default=600, help="of each variant")
    options.add_argument("--kbps", type=float, nargs="+", default=[1.5, 3.0, 6.0, 9.0])
    options.add_argument("--only", nargs="+", choices=tuple(VARIANTS), help="some of the variants", metavar="VARIANT")
    options.add_argument("--files", type=int, default=12, help="held-out files that are judged, at most")
    options.add_argument("--clip-seconds", type=float, default=6.0, help="longest excerpt of a file")
    args = options.parse_args()
    one_thread()
    settings = {"sounds": args.sounds.name, "steps": args.steps}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as home:
        for name in args.only or VARIANTS:  # published anew after each one: a long row may be cut short
            rows += _tried(name, args, Path(home))
            publish("choices", args.out, settings, {"rows": rows}, [table(rows)])


def _tried(name: str, args: argparse.Namespace, home: Path) -> Iterator[dict[str, Any]]:
    """Train a variant and judge it at each bitrate."""
    from auricle.bench.benchmark import benchmark
    from auricle.options.benchmark import BenchmarkOptions

    config = VARIANTS[name](named(PRESET))
    model, seconds = _trained(config, args, home)
    weights = sum(parameter.numel() for parameter in model.parameters())
    result = benchmark(
        args.sounds / "valid",
        model=model,
        options=BenchmarkOptions(
            against=(),
            kbps=tuple(args.kbps),
            files=args.files,
            seconds=args.clip_seconds,
            metrics=("pesq", "stoi", "mel", "si_sdr"),
            skip_cost=True,
        ),
    )
    for point in result.curves[0].points:
        scores = {key: round(estimate.mean, 3) for key, estimate in point.scores.items()}
        kbps = None if point.kbps is None else round(point.kbps.mean, 2)
        yield {
            "variant": name,
            "Mparameters": round(weights / 1e6, 2),
            "train s": round(seconds),
            "kb/s": kbps,
        } | scores


def _trained(config: TrainConfig, args: argparse.Namespace, home: Path) -> tuple[Any, float]:
    """A model after so many steps, and the seconds they took."""
    from auricle.api.run_record import RunRecord
    from auricle.api.training_run import TrainingCallbacks, fit
    from auricle.api.training_sounds import find_sounds
    from auricle.model import ModelInfo
    from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice
    from auricle.training.initialise import StartingPoint, first_model, fit_scale, freeze_prior

    device, callbacks = TrainingDevice(), TrainingCallbacks()
    start = StartingPoint(PRESET, config, None)
    data = find_sounds(args.sounds, home, device, callbacks).decode(config.model.sample_rate, device, callbacks)
    model = first_model(start, ModelInfo(name="variant"))
    fit_scale(model, data.cache, config.seed)
    task = AutoencoderTask(model, config, data.cache, lambda *_: None, None)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        record = RunRecord.of(data.cache, data.held_out_names, {}, device)
        last = fit(task, {}, Run(Path(folder), Budget(steps=args.steps), device, previews=0), record, (), callbacks)
    if last is None:
        raise OptionError(f"{args.steps} steps: give at least one")
    freeze_prior(model, start, data.cache)
    return model.eval(), last.seconds


if __name__ == "__main__":
    run(main)
