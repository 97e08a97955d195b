"""``auricle benchmark``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.benchmark import AssetPaths, BenchmarkOptions

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative="", show_default=False)]


def split_at_commas(type_: Any, tokens: Sequence[Token]) -> tuple[Any, ...]:
    """``a,b`` as a tuple of words or numbers; ``none`` is empty.

    Raises:
        OptionError: there are no words, or a word is no number.
    """
    number = type_.__args__[0] is float
    text = ",".join(token.value for token in tokens)
    words = [word for word in (part.strip() for part in text.split(",")) if word]
    if not words:
        raise OptionError(f"{text!r} names nothing: give words with commas between them")
    if words == ["none"]:
        return ()
    try:
        return tuple(float(word) if number else word for word in words)
    except ValueError as error:
        raise OptionError(f"{text!r} is no list of numbers: put commas between them, such as 3,6,12") from error


COMMAS = Parameter(converter=split_at_commas, n_tokens=1)
"""An option that takes words with commas between them."""


@dataclass(frozen=True)
class _Options(BenchmarkOptions):
    __doc__ = BenchmarkOptions.__doc__

    against: Annotated[tuple[str, ...], COMMAS] = BenchmarkOptions.against
    kbps: Annotated[tuple[float, ...], COMMAS] = BenchmarkOptions.kbps
    metrics: Annotated[tuple[str, ...], COMMAS] = BenchmarkOptions.metrics
    jobs: int = 0


_DEFAULTS = _Options()
_NO_PATHS = AssetPaths()


def benchmark(
    *sounds: Path,
    model: Several = (),
    options: Annotated[_Options, Parameter(name="*", negative="")] = _DEFAULTS,
    paths: Annotated[AssetPaths, Parameter(name="*")] = _NO_PATHS,
    out: Path | None = None,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Compare codecs on real files: quality, real bitrates, cost. Lists have commas between their words.

    Args:
        sounds: audio files, or folders of them.
        model: a shipped name or model file; give it again for several side by side; by default speech up to 24 kHz and
            music above.
        out: page to write, with curves, sounds and blind listening tests (A/B/X, MUSHRA).
        force: replace an existing page.
    """
    from auricle import benchmark as run
    from auricle.bench.report.text_summary import format_result

    if not sounds:
        raise OptionError("nothing to compare on: name audio files or a folder of them")
    screen = Screen(output)
    with screen.progress("benchmark") as show:
        result = run(sounds, model=model or None, options=options, paths=paths, out=out, force=force, on_progress=show)
    page = ("", f"listen: {out}") if out is not None else ()
    screen.result((*format_result(result).split("\n"), *page), result.to_json())
