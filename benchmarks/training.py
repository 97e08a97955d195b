"""Seconds of sound that training takes in per second, by threads and phase; where the time goes; how near the
arithmetic comes to the machine's measured peak; and what a peer's generator step takes on the same machine."""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from _shared import SOUNDS, parser, publish, run, table

if TYPE_CHECKING:
    from auricle.training import TrainingDevice

PARTS = ("network", "losses", "backward", "optimiser")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--preset", default="speech", help="what is trained")
    options.add_argument("--sounds", type=Path, default=SOUNDS, help="folder to train on")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads to try")
    options.add_argument(
        "--precisions", nargs="+", default=["float32", "auto"], help="of the loop; parts are timed in float32"
    )
    options.add_argument("--steps", type=int, default=60, help="steps of the whole loop, the first ten do not count")
    options.add_argument("--profiled", type=int, default=20, help="steps that are timed part by part")
    options.add_argument("--peers", nargs="*", default=[], choices=["encodec", "dac"], help="needs transformers")
    args = options.parse_args()
    import torch

    from auricle.options.training import DeviceConfig
    from auricle.training import TrainingDevice

    rows, parts = [], []
    for threads in args.threads:
        torch.set_num_threads(threads)
        profile = _profile(args)
        peak = max(_matmul(size) for size in (512, 1024, 2048))
        for (phase, share), precision in product((("reconstruction", 0.0), ("adversarial", 1.0)), args.precisions):
            with TemporaryDirectory() as name:
                device = TrainingDevice(DeviceConfig(precision=precision))
                speed = _loop(args, Path(name), share, device)
            computed = "bfloat16" if device.computes_in_bf16 else "float32"
            what = f"{args.preset}, {phase}, {computed}"
            rows.append({"threads": threads, "what": what, "sound s per s": speed})
            prior = f"prior drums, a step of 32 windows, {computed}"
            if phase == "reconstruction":
                rows.append({"threads": threads, "what": prior, "sound s per s": _prior(device, args.profiled)})
        parts.append({"threads": threads, **_arithmetic(profile, peak), **_shares(profile)})
        rows += [{"threads": threads, "what": name, "sound s per s": _peer(name)} for name in args.peers]
    settings = {"preset": args.preset, "steps": args.steps, "precisions": args.precisions}
    publish("training", args.out, settings, {"rows": rows, "parts": parts}, [table(rows), table(parts)])


def _peer(name: str) -> float:
    """A peer's generator step with random weights on one second of sound: L1 and STFT distance, no discriminators."""
    import torch
    from transformers import DacConfig, DacModel, EncodecConfig, EncodecModel

    from auricle.losses import L1Config, MultiResolutionStftConfig

    torch.manual_seed(0)
    kinds = {"encodec": lambda: EncodecModel(EncodecConfig()), "dac": lambda: DacModel(DacConfig())}
    model = kinds[name]().train()
    rate = model.config.sampling_rate
    losses = [L1Config().build(rate), MultiResolutionStftConfig().build(rate)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    length = rate // model.config.hop_length * model.config.hop_length
    audio = 0.1 * torch.randn(1, length)
    elapsed = []
    for _ in range(3):
        started = time.perf_counter()
        latent = model.encoder(audio.unsqueeze(1))
        estimate = model.decoder(latent).squeeze(1)
        length = min(length, estimate.shape[1])
        torch.stack([loss(estimate[:, :length], audio[:, :length]).mean() for loss in losses]).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        elapsed.append(time.perf_counter() - started)
    return audio.numel() / rate / median(elapsed[1:])


def _prior(device: "TrainingDevice", steps: int) -> float:
    """Seconds of latents that a shipped prior learns from in a second, of random ones."""
    import torch

    from auricle.synth.priors.loading import load_prior_and_model

    prior = load_prior_and_model("drums", None).prior.train().requires_grad_(True)
    optimiser = torch.optim.AdamW([p for p in prior.parameters() if p.requires_grad], lr=1e-6, fused=True)
    windows, before = torch.randn(32, prior.window, prior.latent_dim), torch.randn(32, prior.latent_dim)
    label, begin, size = torch.zeros(32, dtype=torch.long), torch.zeros(32, dtype=torch.bool), torch.ones(32, 2)
    elapsed = []
    for _ in range(steps):
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=device.computes_in_bf16):
            loss = prior.loss(windows, before, label, begin, size)["loss"]
        loss.float().mean().backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        elapsed.append(time.perf_counter() - started)
    return 32 * prior.window / prior.frame_rate / median(elapsed[1:])


def _arithmetic(profile: dict[str, float], peak: float) -> dict[str, Any]:
    step = sum(profile[part] for part in PARTS)
    reached = profile["operations"] / step
    return {
        "GFLOP per step": profile["operations"] / 1e9,
        "GFLOP/s in a step": reached / 1e9,
        "matmul peak GFLOP/s": peak / 1e9,
        "share of peak": f"{reached / peak:.0%}",
    }


def _shares(profile: dict[str, float]) -> dict[str, Any]:
    total = sum(profile[part] for part in PARTS)
    shares = {f"{part} ms": f"{1e3 * profile[part]:.1f} ({profile[part] / total:.0%})" for part in PARTS}
    return {**shares, "step ms": round(1e3 * total, 1)}


def _loop(args: argparse.Namespace, folder: Path, adversarial: float, device: "TrainingDevice") -> float:
    """The real training loop, with reading of crops, reports and schedule."""
    import torch

    from auricle.data import AudioCache, scan
    from auricle.model import Autoencoder
    from auricle.training import AutoencoderTask, Budget, Run, named, run_training, with_adversary
    from auricle.training.objective.adversary import light

    config = named(args.preset)
    judges = light(config.model.sample_rate).model_copy(update={"start": 0})
    config = with_adversary(config, adversarial, judges)
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    cache = AudioCache.build(scan(args.sounds).sounds, folder, sample_rate=model.sample_rate)
    # Two steps more than counted, so that the checkpoint at the very end is no part of the measured time.
    plan = Run(folder, Budget(steps=args.steps + 2), device, save_seconds=1e9)
    task = AutoencoderTask(model, config, cache)
    ticks = [time.perf_counter() for report in run_training(task, plan) if report.step % 10 == 0]
    sound = 10 * config.batch * config.crop_frames * model.hop_length / model.sample_rate
    return sound / median(after - before for before, after in pairwise(ticks))


def _profile(args: argparse.Namespace) -> dict[str, float]:
    """Median seconds of each part of a step, the step's floating-point operations, and its seconds of sound."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from auricle.model import Autoencoder
    from auricle.training import Objective, named

    config = named(args.preset)
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    objective = Objective(model, config.objective).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    audio = torch.randn(config.batch, config.crop_frames * model.hop_length) * 0.1
    quality = torch.rand(config.batch) * (model.bottleneck.quality_levels - 1)
    clock = _Clock()
    for part in (model.encoder, model.bottleneck, model.decoder):
        clock.watch("network", part)
    for loss in objective.losses:
        clock.watch("losses", loss)

    def step() -> None:
        passed = objective(audio, quality)
        distances = objective.weigh_distances(objective.distances(passed.reconstruction, audio), quality)
        charges = objective.weigh_bottleneck(passed.terms, quality, 0.5)
        loss = torch.stack([*distances.values(), *charges.values()]).sum()
        with clock.part("backward"):
            loss.backward()
        with clock.part("optimiser"):
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    step()
    with FlopCounterMode(display=False) as counter:
        step()
    clock.steps.clear()
    for _ in range(args.profiled):
        clock.begin()
        step()
    medians = {part: median(taken[part] for taken in clock.steps) for part in clock.steps[0]}
    sound = audio.numel() / model.sample_rate
    return {**medians, "operations": float(counter.get_total_flops()), "sound": sound}


class _Clock:
    """Adds up the seconds that the parts of each step take."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = [defaultdict(float)]

    def begin(self) -> None:
        self.steps.append(defaultdict(float))

    def part(self, name: str) -> "_Span":
        return _Span(lambda seconds: self._add(name, seconds))

    def watch(self, name: str, module: Any) -> None:
        span = self.part(name)
        module.register_forward_pre_hook(lambda *_: span.__enter__())
        module.register_forward_hook(lambda *_: span.__exit__())

    def _add(self, name: str, seconds: float) -> None:
        if self.steps:
            self.steps[-1][name] += seconds


class _Span:
    def __init__(self, on_end: Callable[[float], None]) -> None:
        self._done = on_end
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._done(time.perf_counter() - self._started)


def _matmul(size: int) -> float:
    """Floating-point operations per second of a square product, the best of several."""
    import torch

    first, second = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(max(3, 2**31 // size**3)):
        started = time.perf_counter()
        torch.mm(first, second)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


if __name__ == "__main__":
    run(main)
