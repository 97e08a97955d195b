"""``auricle evaluate-synthesis``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.commands.benchmark import COMMAS
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.benchmark import SynthesisEvaluationOptions
from auricle.options.synthesis import SamplingOptions


@dataclass(frozen=True)
class _Options(SynthesisEvaluationOptions):
    __doc__ = SynthesisEvaluationOptions.__doc__

    train: Path | None = None
    per_class: Annotated[int, Parameter(name=("--per-class", "-n"))] = SynthesisEvaluationOptions.per_class
    embeddings: Annotated[tuple[str, ...], COMMAS] = ()


_OPTIONS = _Options()
_SAMPLING = SamplingOptions()


def evaluate_synthesis(
    generated: Path | None = None,
    /,
    *,
    real: Path,
    prior: str | None = None,
    model: str | None = None,
    sampling: Annotated[SamplingOptions, Parameter(name="*")] = _SAMPLING,
    options: Annotated[_Options, Parameter(name="*", negative="")] = _OPTIONS,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Compare generated sounds with real ones: distance, diversity, classes, copies.

    Args:
        generated: folder of generated sounds, a folder for each class where there are classes; with --prior, where to
            keep the sounds that it makes.
        real: folder of real sounds that the generator was not trained on.
        prior: shipped name or file of a prior that is to make the sounds.
        model: shipped name or file of its autoencoder, to show what that alone costs.
        force: replace sounds that are there, with --prior.
    """
    from auricle import evaluate_prior
    from auricle import evaluate_synthesis as run
    from auricle.bench.synthesis.summary import format_synthesis

    if generated is None and prior is None:
        raise OptionError("nothing to evaluate: name a folder of generated sounds, or --prior to make them")
    screen = Screen(output)
    with screen.progress("evaluate") as show:
        if prior is not None:
            result = evaluate_prior(
                prior,
                real,
                model=model,
                sampling=sampling,
                options=options,
                out=generated,
                force=force,
                on_progress=show,
            )
        else:
            assert generated is not None
            result = run(generated, real, model=model, options=options, on_progress=show)
    screen.result(format_synthesis(result).split("\n"), result.to_json())
