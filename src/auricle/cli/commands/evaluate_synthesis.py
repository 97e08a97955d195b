"""``auricle evaluate-synthesis``."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen


def evaluate_synthesis(
    generated: Path | None = None,
    /,
    *,
    real: Path,
    train: Path | None = None,
    prior: str | None = None,
    each: Annotated[int, Parameter(name=("--each", "-n"))] = 200,
    guidance: float = 2.0,
    steps: int = 4,
    temperature: float = 1.0,
    model: str | None = None,
    embeddings: str = "all",
    count: int = 2000,
    seconds: float = 10.0,
    rate: int | None = None,
    pairs: int = 10,
    seed: int = 0,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Compare generated sounds with real ones: distance, diversity, classes, copies.

    Args:
        generated: folder of generated sounds, a folder for each class where there are classes; with --prior, where to
            keep the sounds that it makes.
        real: folder of real sounds that the generator was not trained on.
        train: folder of the sounds that it was trained on; without it one half of --real stands in.
        prior: shipped name or file of a prior that is to make the sounds.
        each: how many of each class it makes.
        guidance: as in `auricle generate`: how much classes are exaggerated.
        steps: of the integration from noise to sound.
        temperature: of the random numbers.
        model: shipped name or file of its autoencoder, to show what that alone costs.
        embeddings: with commas between them: log-mel, speech; or all that are installed.
        count: generated and real sounds at most.
        seconds: of each sound at most.
        rate: at which sounds are judged, in Hz; by default the most frequent one of the real sounds, at most 48000.
        pairs: how many pairs of generated and nearest training sounds to list.
        seed: decides the prior's sounds, halves, choices and intervals.
        force: replace sounds that are there, with --prior.
    """
    from auricle import evaluate_prior
    from auricle import evaluate_synthesis as run
    from auricle.bench.synthesis.summary import format_synthesis
    from auricle.errors import OptionError

    screen = Screen(output)
    names = [word for word in (part.strip() for part in embeddings.split(",")) if word]
    if not names:
        raise OptionError(f"--embeddings {embeddings!r} names nothing: give log-mel, speech or all")
    if generated is None and prior is None:
        raise OptionError("nothing to evaluate: name a folder of generated sounds, or --prior to make them")
    with screen.progress("evaluate") as meter:
        shared: dict[str, Any] = {
            "train": train,
            "model": model,
            "embeddings": None if names == ["all"] else names,
            "count": count,
            "seconds": seconds,
            "rate": rate,
            "pairs": pairs,
            "seed": seed,
            "on_progress": meter.show,
        }
        if prior is not None:
            shared |= {"guidance": guidance, "steps": steps, "temperature": temperature}
            result = evaluate_prior(prior, real, each=each, out=generated, force=force, **shared)
        else:
            assert generated is not None
            result = run(generated, real, **shared)
    screen.result(format_synthesis(result), result.to_json())
