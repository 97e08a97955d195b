"""Answers of the report's listening test: read, checked and added up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any, Literal, final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auricle.bench.text_table import plain
from auricle.errors import DataError

_LARGEST = 4 * 1024 * 1024

Kind = Literal["nearer", "same"]
"""``nearer``: X is the original; which of A and B is nearer to it? ``same``: X is A or B; which one?"""


@final
class Heard(BaseModel):
    """A codec at a setting, as it was heard."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    codec: str = Field(min_length=1, max_length=500)
    setting: str = Field(max_length=500)

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.codec} {self.setting}".strip()


@final
class Answer(BaseModel):
    """One trial. ``right`` is what X was, None where X was the original."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1, max_length=200)
    kind: Kind
    first: Heard
    second: Heard
    chosen: Literal["first", "second"]
    right: Literal["first", "second"] | None = None


@final
class _File(BaseModel):
    format: Literal["auricle-abx"]
    version: Literal[1]
    answers: list[Any]


@final
@dataclass(frozen=True)
class Duel:
    """All answers about one pair.

    Attributes:
        kind: see `Kind`.
        first: a codec and its setting, the one that sorts first.
        second: the other.
        trials: how many.
        wins: how often ``first`` was said to be nearer (kind ``nearer``), or X was named rightly (kind ``same``).
        p: of an exact binomial test against guessing: two-sided for ``nearer``, one-sided for ``same``.
    """

    kind: Kind
    first: str
    second: str
    trials: int
    wins: int
    p: float


@final
@dataclass(frozen=True)
class Tally:
    """What some files of answers add up to: pairs, those heard most often first, and what was not counted."""

    duels: tuple[Duel, ...]
    files: int
    answers: int
    repeated: int
    refused: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``json.dumps``."""
        return asdict(self)


def sum_answers(paths: Sequence[str | Path]) -> Tally:
    """Add up files that the listening test of a report has saved.

    An answer that is in several files counts once. Answers that make no sense are counted as refused.

    Raises:
        DataError: a file can't be read or was not saved by a listening test.
    """
    if not paths:
        raise DataError("no files of answers: name at least one that a report's listening test has saved")
    known: dict[str, Answer] = {}
    repeated = refused = 0
    for values in (values for path in paths for values in _read(Path(path))):
        answer = _answer(values)
        if answer is None:
            refused += 1
        elif answer.id in known:
            repeated += 1
        else:
            known[answer.id] = answer
    return Tally(tuple(_duels(known.values())), len(paths), len(known), repeated, refused)


def binomial_p(wins: int, trials: int, *, two_sided: bool) -> float:
    """Chance to do so well (or, two-sided, so far from half) by guessing: the exact binomial test at one half.

    Args:
        wins: 0 to ``trials``.
        trials: none give 1.
        two_sided: whether a lack of wins counts as well.
    """
    tail = max(wins, trials - wins) if two_sided else wins
    ways, above = comb(trials, tail), 0
    for count in range(tail, trials + 1):
        above += ways
        ways = ways * (trials - count) // (count + 1)
    return float(min(Fraction(1), Fraction(above * (2 if two_sided else 1), 2**trials)))


def format_answers(tally: Tally) -> str:
    """Plain tables for a terminal."""
    parts = [
        f"{tally.answers} answers from {tally.files} files"
        + (f", {tally.repeated} more were there twice" if tally.repeated else "")
        + (f", {tally.refused} more made no sense" if tally.refused else "")
    ]
    nearer = [duel for duel in tally.duels if duel.kind == "nearer"]
    same = [duel for duel in tally.duels if duel.kind == "same"]
    if nearer:
        rows = [(*_pair(duel), str(duel.wins), str(duel.trials - duel.wins), _p(duel.p)) for duel in nearer]
        heads = ("first", "second", "first is nearer", "second is nearer", "p, two-sided")
        parts.append(f"Which is nearer to the original?\n{plain(heads, rows)}")
    if same:
        rows = [(*_pair(duel), str(duel.wins), str(duel.trials), _p(duel.p)) for duel in same]
        parts.append(f"Which one is X?\n{plain(('first', 'second', 'right', 'of', 'p, one-sided'), rows)}")
    return "\n\n".join(parts)


def _pair(duel: Duel) -> tuple[str, str]:
    return duel.first, duel.second


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"


def _read(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path} is too large to be a file of answers: name one that a listening test has saved")
        return _File.model_validate_json(path.read_bytes()).answers
    except OSError as error:
        raise DataError(f"can't read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        told = error.errors()[0]
        place = ".".join(map(str, told["loc"])) or "the file"
        message = f"{path} holds no answers ({place}: {told['msg']}): name a file that a listening test has saved"
        raise DataError(message) from error


def _answer(values: Any) -> Answer | None:
    try:
        answer = Answer.model_validate(values)
    except ValidationError:
        return None
    senseless = answer.first == answer.second or (answer.kind == "same") != (answer.right is not None)
    return None if senseless else answer


def _duels(answers: Iterable[Answer]) -> Iterator[Duel]:
    trials: Counter[tuple[Kind, str, str]] = Counter()
    wins: Counter[tuple[Kind, str, str]] = Counter()
    for answer in answers:
        key, won = _counted(answer)
        trials[key] += 1
        wins[key] += won
    for key, count in sorted(trials.items(), key=lambda entry: (-entry[1], entry[0])):
        yield Duel(*key, count, wins[key], binomial_p(wins[key], count, two_sided=key[0] == "nearer"))


def _counted(answer: Answer) -> tuple[tuple[Kind, str, str], bool]:
    """The pair in the order of its names, and whether the answer is a win."""
    texts = answer.first.text, answer.second.text
    swapped = texts[1] < texts[0]
    named = answer.chosen == answer.right if answer.kind == "same" else (answer.chosen == "first") != swapped
    return (answer.kind, min(texts), max(texts)), named
