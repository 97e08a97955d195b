"""Making sound on one thread: seconds of sound per second, first sound of an endless stream, memory, and seams."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from _shared import add_model, child_output, model_from, one_thread, parser, publish, run, table

_HEADER = 44


def main() -> None:
    options = parser(__doc__)
    add_model(options, "music")
    options.add_argument("--prior", default="drums", help="a shipped prior or file; random:flow, random:recurrent")
    options.add_argument("--label", help="class of what is made")
    options.add_argument(
        "--guidance", type=float, default=2.0, help="of the class; of older priors it doubles the work, but for 1"
    )
    options.add_argument("--steps", type=int, nargs="+", default=[3, 6], help="of the integration (flows)")
    options.add_argument("--seconds", type=float, nargs="+", default=[1.0, 60.0], help="lengths of sound")
    options.add_argument("--count", type=int, default=8, help="sounds of the lengths that fit into a window")
    options.add_argument("--repeats", type=int, default=3, help="runs whose median is told")
    options.add_argument("--memory-seconds", type=float, nargs="*", default=[60.0, 600.0], help="none to leave it out")
    options.add_argument("--loops", type=int, default=16, help="loops whose seams are measured, 0 for none")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        folder = Path(name)
        prior, model = _networks(args, folder)
        sections = {"speed": _speed(args, prior, model), "first sound": _first(args, prior, model)}
        if args.memory_seconds:
            sections["memory"] = [_memory(args, seconds, folder) for seconds in args.memory_seconds]
        sections["seams"] = _seams(args, prior, model)
    settings = {
        "prior": prior.info.name,
        "kind": prior.config.kind,
        "weights": sum(weight.numel() for weight in prior.parameters()),
        "model": model.name,
        "guidance": args.guidance,
        "threads": 1,
    }
    publish("generation", args.out, settings, sections, [table([settings]), *map(table, sections.values())])


def _networks(args: argparse.Namespace, folder: Path) -> Any:
    """Prior and model; what has random weights is written to files, for the processes that are measured."""
    import torch

    from auricle.model import save
    from auricle.synth import FlowConfig, Origin, PriorInfo, RecurrentConfig
    from auricle.synth.priors.file import load_prior, save_prior
    from auricle.synth.priors.loading import load_prior_and_model

    kind = {"random:flow": FlowConfig, "random:recurrent": RecurrentConfig}.get(args.prior)
    if kind is None:
        networks = load_prior_and_model(args.prior, None if args.model == "music" else args.model)
        return networks.prior, networks.model
    model = model_from(args.model)
    torch.manual_seed(0)
    prior = kind().build(Origin.of(model, 1, ()), PriorInfo(name=args.prior)).eval().requires_grad_(False)
    save(model, folder / "random.auricle.safetensors", force=True)
    save_prior(prior, folder / "random.prior.safetensors")
    args.prior = str(folder / "random.prior.safetensors")
    return load_prior(args.prior), model


def _speed(args: argparse.Namespace, prior: Any, model: Any) -> list[dict[str, Any]]:
    from _timing import timed
    from auricle import GenerationOptions, SamplingOptions, generate

    rows = []
    for steps in args.steps:
        for seconds in args.seconds:
            count = args.count if seconds * prior.frame_rate <= prior.window else 1

            def work(seconds: float = seconds, steps: int = steps, count: int = count) -> None:
                generate(
                    prior,
                    GenerationOptions(args.label, count=count, seconds=seconds),
                    model=model,
                    sampling=SamplingOptions(args.guidance, steps),
                )

            timing = timed(work, repeats=args.repeats)
            rows.append(
                {
                    "steps": steps,
                    "sound s": seconds,
                    "sounds": count,
                    "x real time": count * seconds / timing.wall,
                    "x real time by processor time": count * seconds / timing.processor,
                }
            )
    return rows


def _first(args: argparse.Namespace, prior: Any, model: Any) -> list[dict[str, Any]]:
    """Until the first samples are there: with everything loaded, and of the whole command."""
    from auricle import SamplingOptions
    from auricle.synth.endless import stream_blocks
    from auricle.synth.priors.loading import PriorAndModel
    from auricle.synth.render_context import RenderContext

    rows = []
    for steps in args.steps:
        sampling = SamplingOptions(args.guidance, steps)
        loaded = []
        for index in range(args.repeats + 1):
            began = time.perf_counter()
            context = RenderContext(PriorAndModel(prior, model), sampling, prior.label(args.label), index, None)
            block = next(part for part in stream_blocks(context) if part.shape[1])
            loaded.append(time.perf_counter() - began)
        rows.append(
            {
                "steps": steps,
                "first sound s, loaded": median(loaded[1:]),
                "first block, s of sound": block.shape[1] / prior.sample_rate,
                "first sound s, whole command": median(_command(args, steps) for _ in range(args.repeats)),
            }
        )
    return rows


def _command(args: argparse.Namespace, steps: int) -> float:
    code = "import sys; from auricle.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "generate", "--prior", args.prior, "--stream", "-", "--steps", str(steps)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        data = process.stdout.read(_HEADER + 2)
        elapsed = time.perf_counter() - began
        process.stdout.close()
        process.wait()
    assert len(data) == _HEADER + 2, "the stream ended before its first sample"
    return elapsed


def _memory(args: argparse.Namespace, seconds: float, folder: Path) -> dict[str, Any]:
    words = child_output(args.prior, str(seconds), str(folder / f"{seconds:g}"))
    before, peak = (float(number) / 1e6 for number in words[-2:])
    return {"file s": seconds, "peak MB": round(peak, 1), "with everything loaded MB": round(before, 1)}


def _child(prior: str, seconds: str, out: str) -> None:
    import torch

    from auricle import GenerationOptions, SamplingOptions, generate
    from auricle.bench.machine_info import peak_memory
    from auricle.synth.priors.loading import load_prior_and_model

    torch.set_num_threads(1)
    networks = load_prior_and_model(prior, None)
    before = peak_memory()
    options = GenerationOptions(seconds=float(seconds))
    generate(networks.prior, options, model=networks.model, sampling=SamplingOptions(steps=2), out=out)
    print(before, peak_memory())


def _seams(args: argparse.Namespace, prior: Any, model: Any) -> list[dict[str, Any]]:
    """Where windows meet, and where loops close, against the inside of the same sounds."""
    import numpy as np

    from auricle import GenerationOptions, SamplingOptions, generate
    from auricle.synth.rendering.loop import Seam, measure_seams
    from auricle.synth.sampling.dispatch import sampler_for

    seams: dict[str, list[Seam]] = {}
    random = np.random.default_rng(0)
    sampling = SamplingOptions(args.guidance, args.steps[-1])
    first, hop = sampler_for(prior, sampling, prior.label(args.label)).seams
    if hop:
        long = GenerationOptions(args.label, count=2, seconds=30.0)
        for sound in generate(prior, long, model=model, sampling=sampling).sounds:
            assert sound.audio is not None
            last = int((sound.audio.shape[1] - 2048) / prior.hop_length)
            places = np.arange(first, last, hop) * prior.hop_length - model.decoder_latency
            seams.setdefault("where windows meet, 30 s", []).append(measure_seams(sound.audio, places))
            anywhere = np.sort(random.integers(places[0], places[-1], len(places)))
            seams.setdefault("as many random places", []).append(measure_seams(sound.audio, anywhere))
        if args.loops:
            options = GenerationOptions(args.label, count=args.loops, seconds=2.0, loop=True)
            loops = generate(prior, options, model=model, sampling=sampling)
            seams["where loops of 2 s close"] = [sound.seam for sound in loops.sounds if sound.seam is not None]
    return [
        {
            "where": place,
            "sounds": len(measured),
            "step / largest inside, median": float(np.median([seam.step for seam in measured])),
            "step, largest": max(seam.step for seam in measured),
            "flux / largest inside, median": float(np.median([seam.flux for seam in measured])),
            "flux, largest": max(seam.flux for seam in measured),
        }
        for place, measured in seams.items()
    ]


if __name__ == "__main__":
    run(main, _child)
