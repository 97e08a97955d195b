"""Generated sounds beside real ones: distances, classes, copies, and speed.

A prior makes so many sounds of each class; or a folder of them is given, made by whatever. CORPUS holds ``train`` and
``test`` with a folder for each class. Figures stand beside the floor (training sounds against held-out ones) and the
ceiling (training sounds through the autoencoder). One thread.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _shared import OptionError, one_thread, parser, publish, run, table
from auricle.bench.synthesis import SynthesisResult, evaluate_synthesis
from auricle.bench.synthesis.generate import Making, make_sounds
from auricle.bench.synthesis.results import FLOOR, GENERATED, HELD_OUT, Figure, Measured
from auricle.bench.synthesis.summary import markdown_tables


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--corpus", type=Path, required=True, help="folder with train and test, a folder for each class"
    )
    options.add_argument("--held-out", default="test", help="the folder of the corpus that nothing was trained on")
    options.add_argument("--prior", help="a shipped prior, or its file")
    options.add_argument("--model", help="the autoencoder; found by itself if it ships or lies beside the prior")
    options.add_argument("--generated", type=Path, help="a folder of sounds instead of a prior, or where to keep them")
    options.add_argument("-n", type=int, default=200, help="sounds of each class")
    options.add_argument("--guidance", type=float, default=2.0)
    options.add_argument("--steps", type=int, default=4)
    options.add_argument("--temperature", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--name", default="synthesis", help="of the result")
    args = options.parse_args()
    if args.prior is None and args.generated is None:
        raise OptionError("name a --prior, or a folder --generated")
    one_thread()
    with TemporaryDirectory() as spare:
        folder = args.generated or Path(spare) / "generated"
        made = None if args.prior is None else _made(args, folder)
        result = _evaluated(args, folder)
    speed = None if made is None else made.seconds / made.processor_seconds
    rows = [row(each, result, speed) for each in result.measured]
    distances = [text for each in result.measured for text in (each.embedding, *markdown_tables(each))]
    settings = dict(result.settings) | {
        "corpus": args.corpus.name,
        "prior": args.prior and Path(args.prior).name,
        "n": args.n,
        "guidance": args.guidance,
        "steps": args.steps,
        "temperature": args.temperature,
    }
    found = {"rows": rows, "synthesis": result.to_json()}
    publish(args.name, args.out, settings, found, [table(rows), *distances, *result.notes])


def _made(args: argparse.Namespace, folder: Path) -> Making:
    from auricle.synth.priors.loading import chosen
    from auricle.synth.sampling.base import Taste

    taste = Taste(guidance=args.guidance, steps=args.steps, temperature=args.temperature)
    return make_sounds(chosen(args.prior, args.model), folder, args.n, seed=args.seed, taste=taste, force=True)


def _evaluated(args: argparse.Namespace, folder: Path) -> SynthesisResult:
    model = args.model
    if args.prior is not None and model is None:
        from auricle.synth.priors.loading import chosen

        model = chosen(args.prior, None).model
    corpus: Path = args.corpus
    shared = {"train": corpus / "train", "model": model, "seed": args.seed}
    return evaluate_synthesis(folder, corpus / args.held_out, **shared)


def row(measured: Measured, result: SynthesisResult, speed: float | None) -> dict[str, Any]:
    """The figures of one embedding; ``speed`` is seconds of sound made per second of processor time."""
    own, floor = (measured.comparison(name) for name in (GENERATED, FLOOR))
    classes, truth = (measured.judgement(name) for name in (GENERATED, HELD_OUT))
    near = {each.set: each for each in measured.nearness}
    assert own and floor
    return {
        "embedding": measured.embedding,
        "sounds": result.sets[0].sounds,
        "class accuracy": _text(classes and classes.accuracy, 3),
        "of held-out real": _text(truth and truth.accuracy, 3),
        "KAD": own.kad.text(2),
        "KAD floor": floor.kad.text(2),
        "FAD∞": _text(own.fad_infinity, 1),
        "FAD∞ floor": _text(floor.fad_infinity, 1),
        "nearest training sound": round(near[GENERATED].median, 2),
        "of held-out real ": round(near[HELD_OUT].median, 2),
        "suspects": f"{near[GENERATED].suspects:.1%}",
        "x real time": None if speed is None else round(speed, 2),
    }


def _text(figure: Figure | None, digits: int) -> str:
    return "-" if figure is None else figure.text(digits)


if __name__ == "__main__":
    run(main)
