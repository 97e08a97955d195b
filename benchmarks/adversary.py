"""What the adversary costs on one thread, part by part, beside the generator's own step.

Times are those of the processor, medians over steps, so that a busy machine matters little.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from _shared import one_thread, parser, publish, run, table

if TYPE_CHECKING:
    from auricle.training.objective.adversary import AdversaryConfig


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--presets", nargs="+", default=["speech", "music"], help="generators")
    options.add_argument("--steps", type=int, default=15, help="steps that count")
    options.add_argument("--full", action="store_true", help="also the discriminators for GPUs, which takes minutes")
    args = options.parse_args()
    one_thread()
    import torch

    from auricle.training.objective.adversary import full, light

    torch.set_num_threads(1)
    rows, views = [], []
    for preset in args.presets:
        generator = _generator(preset, args)
        for build in (light, full) if args.full else (light,):
            config = build(generator["rate"])
            rows.append({"preset": preset, "adversary": build.__name__, **_row(config, generator, args.steps)})
            views += [{"preset": preset, "adversary": build.__name__, **view} for view in _views(config, generator)]
    settings = {"batch": 8, "steps": args.steps, "threads": 1}
    publish("adversary", args.out, settings, {"rows": rows, "views": views}, [table(rows), table(views)])


def _row(config: "AdversaryConfig", generator: dict[str, Any], steps: int) -> dict[str, Any]:
    """Milliseconds of each part of a step."""
    import torch

    from auricle.training.objective.adversary import Adversary

    torch.manual_seed(0)
    adversary = Adversary(config, generator["rate"])
    optimiser = torch.optim.AdamW(adversary.parameters(), lr=1e-4, fused=True)
    reference = 0.1 * torch.randn(generator["shape"])
    estimate = (0.1 * torch.randn(generator["shape"])).requires_grad_()

    def learn() -> None:
        adversary(estimate, reference).loss.backward()

    def update() -> None:
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    def judge() -> None:
        torch.autograd.grad(torch.stack(list(adversary.generator_terms(estimate, reference).values())).sum(), estimate)

    parts = _times((learn, update, judge), steps)
    total = sum(parts)
    return {
        "discriminators' pass ms": parts[0],
        "their optimiser ms": parts[1],
        "judging for the generator ms": parts[2],
        "adversary ms": total,
        "generator ms, frozen encoder": generator["frozen"],
        "generator ms, whole": generator["joint"],
        "adversary / frozen": total / generator["frozen"],
        "adversary / whole": total / generator["joint"],
    }


def _views(config: "AdversaryConfig", generator: dict[str, Any]) -> list[dict[str, Any]]:
    """Size and arithmetic of each discriminator: one pass over the judged part of a batch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    items, samples = generator["shape"]
    judged = min(samples, round((config.seconds or float("inf")) * generator["rate"])) if config.seconds else samples
    rows = []
    for discriminator in config.discriminators:
        network = discriminator.build(generator["rate"])
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(0.1 * torch.randn(items, judged))
        view = ", ".join(f"{name} {value}" for name, value in discriminator.model_dump(exclude={"layers"}).items())
        count = sum(value.numel() for value in network.parameters())
        rows.append({"view": view, "parameters": count, "MMAC per pass": counter.get_total_flops() / 2e6})
    return rows


def _generator(preset: str, args: argparse.Namespace) -> dict[str, Any]:
    """The generator's own step: passes, losses and optimiser, with and without its encoder."""
    import torch

    from auricle.model import Autoencoder
    from auricle.training import Objective, named

    config = named(preset)
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    audio = 0.1 * torch.randn(8, config.crop_frames * model.hop_length)
    quality = torch.rand(8) * (model.bottleneck.quality_levels - 1)
    milliseconds = {}
    kinds: tuple[tuple[str, Literal["nothing", "codes"]], ...] = (("joint", "nothing"), ("frozen", "codes"))
    for name, frozen in kinds:
        for part in (model.encoder, model.bottleneck):
            part.requires_grad_(frozen == "nothing")
        objective = Objective(model, config.objective, frozen=frozen).train()
        optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-5, fused=True)

        def step(objective: Any = objective, optimiser: Any = optimiser) -> None:
            passed = objective(audio, quality)
            distances = objective.weigh_distances(objective.distances(passed.reconstruction, audio), quality)
            charges = objective.weigh_bottleneck(passed.terms, quality, 1.0)
            torch.stack([*distances.values(), *charges.values()]).sum().backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        (milliseconds[name],) = _times((step,), args.steps)
    return {"rate": model.sample_rate, "shape": tuple(audio.shape), **milliseconds}


def _times(parts: tuple[Callable[[], None], ...], steps: int) -> list[float]:
    """Median milliseconds of the processor for each part, done in turn; two steps more warm up."""
    times_by_part: list[list[float]] = [[] for _ in parts]
    for step in range(steps + 2):
        for part, times in zip(parts, times_by_part, strict=True):
            started = time.process_time()
            part()
            if step >= 2:
                times.append(1e3 * (time.process_time() - started))
    return [median(times) for times in times_by_part]


if __name__ == "__main__":
    run(main)
