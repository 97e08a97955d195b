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
from auricle.bench.synthesis.generate import GenerationCost, make_sounds
from auricle.bench.synthesis.results import FLOOR, GENERATED, HELD_OUT, EmbeddingResult, Figure
from auricle.bench.synthesis.summary import markdown_tables
from auricle.options.benchmark import SynthesisEvaluationOptions
from auricle.options.synthesis import SamplingOptions


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
    options.add_argument("--steps", type=int, help="by default the prior's own")
    options.add_argument("--temperature", type=float, help="by default the prior's own")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--name", default="synthesis", help="of the result")
    args = options.parse_args()
    if args.prior is None and args.generated is None:
        raise OptionError("name a --prior, or a folder --generated")
    one_thread()
    with TemporaryDirectory() as spare:
        folder = args.generated or Path(spare) / "generated"
        cost = None if args.prior is None else _make(args, folder)
        result = _evaluate(args, folder)
    speed = None if cost is None else cost.seconds / cost.processor_seconds
    rows = [row(embedding, result, speed) for embedding in result.embeddings]
    distances = [text for embedding in result.embeddings for text in (embedding.embedding, *markdown_tables(embedding))]
    settings = dict(result.settings) | {
        "corpus": args.corpus.name,
        "prior": args.prior and Path(args.prior).name,
        "n": args.n,
        "guidance": args.guidance,
        "steps": args.steps,
        "temperature": args.temperature,
    }
    results = {"rows": rows, "synthesis": result.to_json()}
    publish(args.name, args.out, settings, results, [table(rows), *distances, *result.notes])


def _make(args: argparse.Namespace, folder: Path) -> GenerationCost:
    from auricle.synth.priors.loading import load_prior_and_model

    sampling = SamplingOptions(guidance=args.guidance, steps=args.steps, temperature=args.temperature)
    networks = load_prior_and_model(args.prior, args.model)
    return make_sounds(networks, folder, args.n, seed=args.seed, sampling=sampling, force=True)


def _evaluate(args: argparse.Namespace, folder: Path) -> SynthesisResult:
    model = args.model
    if args.prior is not None and model is None:
        from auricle.synth.priors.loading import load_prior_and_model

        model = load_prior_and_model(args.prior, None).model
    corpus: Path = args.corpus
    options = SynthesisEvaluationOptions(train=corpus / "train", seed=args.seed)
    return evaluate_synthesis(folder, corpus / args.held_out, model=model, options=options)


def row(embedding: EmbeddingResult, result: SynthesisResult, speed: float | None) -> dict[str, Any]:
    """The figures of one embedding; ``speed`` is seconds of sound made per second of processor time."""
    generated, floor = (embedding.comparison(name) for name in (GENERATED, FLOOR))
    generated_classes, real_classes = (embedding.class_accuracy(name) for name in (GENERATED, HELD_OUT))
    nearness = {near.set: near for near in embedding.nearness}
    assert generated and floor
    return {
        "embedding": embedding.embedding,
        "sounds": result.sets[0].sounds,
        "class accuracy": _text(generated_classes and generated_classes.accuracy, 3),
        "of held-out real": _text(real_classes and real_classes.accuracy, 3),
        "KAD": generated.kad.text(2),
        "KAD floor": floor.kad.text(2),
        "FAD∞": _text(generated.fad_infinity, 1),
        "FAD∞ floor": _text(floor.fad_infinity, 1),
        "nearest training sound": round(nearness[GENERATED].median, 2),
        "of held-out real ": round(nearness[HELD_OUT].median, 2),
        "suspects": f"{nearness[GENERATED].suspects:.1%}",
        "x real time": None if speed is None else round(speed, 2),
    }


def _text(figure: Figure | None, digits: int) -> str:
    return "-" if figure is None else figure.text(digits)


if __name__ == "__main__":
    run(main)
