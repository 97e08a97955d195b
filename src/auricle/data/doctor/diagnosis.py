"""From figures of a corpus to plain lines: what is wrong, how much of it, what to do."""

from collections.abc import Callable, Iterator, Sequence
from typing import final

import numpy as np

from auricle.data.doctor.examine import LevelTable
from auricle.verdict import Level, Verdict

CLIPPED = 1e-4
"""A file is clipped if this share of its samples lies in runs at full scale."""
OFFSET = 0.01
"""A constant of this size, in parts of full scale, is an offset."""
_QUIET = -50.0  # dB of full scale
_FAR_BELOW = 25.0  # dB below the median: the gain of training crops, 18 dB from end to end, does not bring it back
_WIDE_SPREAD = 30.0
_FEW_SECONDS = 600.0
_MANY_CLIPPED = 0.02
_MUCH_SILENCE = 0.3
_SOME_OF_LOWER_RATE = 0.05


def too_quiet(level: np.ndarray) -> np.ndarray:
    """Which files are too quiet to be heard or learned, by their level in dB, minus infinity for silence."""
    audible = np.isfinite(level)
    if not audible.any():
        return audible
    return audible & (level < min(_QUIET, float(np.median(level[audible])) - _FAR_BELOW / 2))


def diagnose(
    levels: LevelTable,
    *,
    rejected: int,
    incomplete: int,
    duplicates: Sequence[tuple[int, bool, bool]],
    quick: bool,
    compared_all: bool,
) -> tuple[Verdict, ...]:
    """Judge a corpus.

    Args:
        levels: what the usable files hold.
        rejected: how many files can't be used.
        incomplete: how many files can be used though some of their sound may be missing.
        duplicates: of each group of the same content: how many files, whether exact copies, whether a leak.
        quick: only headers were read.
        compared_all: whether all likely duplicates were compared.
    """
    diagnosis = _Diagnosis(levels, rejected, duplicates, compared_all)
    parts: tuple[Callable[[], Verdict], ...] = (diagnosis.files,)
    if incomplete:
        parts += (lambda: diagnosis.completeness(incomplete),)
    if diagnosis.count:
        parts += (diagnosis.amount, diagnosis.rates, diagnosis.channels)
        parts += (
            (diagnosis.depth,) if quick else (diagnosis.level, diagnosis.clipping, diagnosis.silence, diagnosis.offset)
        )
        parts += () if quick else (diagnosis.duplicates, diagnosis.leaks)
    return tuple(part() for part in parts)


@final
class _Diagnosis:
    """One method for each topic."""

    def __init__(
        self, levels: LevelTable, rejected: int, duplicates: Sequence[tuple[int, bool, bool]], compared_all: bool
    ) -> None:
        self._levels, self._rejected, self._duplicates, self._compared_all = levels, rejected, duplicates, compared_all
        self._seconds = float(levels.seconds.sum())
        self.count = int(levels.usable.sum())

    def files(self) -> Verdict:
        values = {"usable": self.count, "rejected": self._rejected}
        total = self.count + self._rejected
        if not self.count:
            text = "the only file can't be used" if total == 1 else f"none of {total} files can be used"
            text += ": repair or replace them; training can't start"
            return Verdict("files", Level.bad, text, values)
        if self._rejected:
            text = f"{self._rejected} of {total} files can't be used and are left out: replace or delete them"
            return Verdict("files", Level.warning, text, values)
        return Verdict("files", Level.fine, f"all {total} files can be used", values)

    def completeness(self, incomplete: int) -> Verdict:
        advice = f"read why, and fetch or export {_pronoun(incomplete)} again"
        text = f"{_count_text(incomplete, self.count)} perhaps not all there, or converted: {advice}"
        return Verdict("missing", Level.warning, text, {"files": float(incomplete)})

    def amount(self) -> Verdict:
        values = {"hours": self._seconds / 3600}
        if self._seconds < _FEW_SECONDS:
            text = f"{self._seconds / 60:.1f} minutes of sound are little: add more, or start from a shipped model"
            return Verdict("amount", Level.warning, text, values)
        return Verdict("amount", Level.fine, f"{self._seconds / 3600:.2f} hours of sound", values)

    def rates(self) -> Verdict:
        used = np.unique(self._levels.rate[self._levels.usable])
        shares = {int(rate): self._share_at(rate) for rate in used}
        listed = ", ".join(f"{rate} Hz {share:.0%}" for rate, share in shares.items())
        values = {f"share_{rate}": share for rate, share in shares.items()}
        highest = max(shares)
        low = sum(share for rate, share in shares.items() if 2 * rate <= highest)
        if min(low, 1 - low) >= _SOME_OF_LOWER_RATE:
            text = (
                f"sample rates differ twofold and more ({listed}): what has half the highest rate or less teaches no "
                "high frequencies; keep it out if you train at the higher rate"
            )
            return Verdict("rates", Level.warning, text, values)
        return Verdict("rates", Level.fine, f"sample rates: {listed}", values)

    def _share_at(self, rate: int) -> float:
        return float(self._levels.seconds[self._levels.rate == rate].sum()) / max(self._seconds, 1e-9)

    def channels(self) -> Verdict:
        counts, files = np.unique(self._levels.channels[self._levels.usable], return_counts=True)
        listed = ", ".join(
            f"{number} of {count} channel{'s' if count > 1 else ''}"
            for count, number in zip(counts.tolist(), files.tolist(), strict=True)
        )
        values = {
            f"files_{count}": float(number) for count, number in zip(counts.tolist(), files.tolist(), strict=True)
        }
        return Verdict("channels", Level.fine, f"files: {listed}", values)

    def depth(self) -> Verdict:
        text = (
            "only headers were read: run it without --quick to find damage inside files, clipping, silence and copies"
        )
        return Verdict("depth", Level.warning, text, {})

    def level(self) -> Verdict:
        audible = self._levels.level[self._levels.sounding].astype(float)
        if not audible.size:
            return Verdict("level", Level.bad, "every file is silent: check how they were recorded or exported", {})
        low, median, high = np.percentile(audible, (5, 50, 95)).tolist()
        quiet = int(too_quiet(self._levels.level).sum())
        values = {"p5": low, "median": median, "p95": high, "quiet": float(quiet)}
        span = f"levels: {median:.0f} dB in the middle, {low:.0f} to {high:.0f} dB for nine files of ten"
        if quiet:
            return Verdict(
                "level",
                Level.warning,
                f"{span}; {_count_text(quiet, self.count)} too quiet: raise or remove {_pronoun(quiet)}",
                values,
            )
        if high - low > _WIDE_SPREAD:
            return Verdict("level", Level.warning, f"{span}: bring them closer together", values)
        return Verdict("level", Level.fine, span, values)

    def clipping(self) -> Verdict:
        clipped = self._levels.clipped >= CLIPPED
        count, worst = int(clipped.sum()), float(self._levels.clipped.max())
        values = {"files": float(count), "share": count / self.count, "worst": worst}
        if not count:
            return Verdict("clipping", Level.fine, "no file is clipped", values)
        text = f"{_count_text(count, self.count)} clipped (flat tops at full scale, up to {worst:.2%} of the samples)"
        if count / self.count < _MANY_CLIPPED:
            return Verdict("clipping", Level.fine, f"{text}: few enough", values)
        advice = "the model learns the distortion; take them from a source that is not clipped"
        return Verdict("clipping", Level.warning, f"{text}: {advice}", values)

    def silence(self) -> Verdict:
        silent_files = self.count - int(self._levels.sounding.sum())
        share = float((self._levels.silent * self._levels.seconds).sum()) / max(self._seconds, 1e-9)
        values = {"share": share, "silent_files": float(silent_files)}
        text = f"{share:.1%} of the time is silent (below -60 dB)"
        if silent_files:
            return Verdict(
                "silence",
                Level.warning,
                f"{text}; {_count_text(silent_files, self.count)} silent: remove {_pronoun(silent_files)}",
                values,
            )
        if share > _MUCH_SILENCE:
            advice = "training skips most of it, yet what is left is less than it seems"
            return Verdict("silence", Level.warning, f"{text}: {advice}", values)
        return Verdict("silence", Level.fine, text, values)

    def offset(self) -> Verdict:
        count, worst = int((self._levels.offset >= OFFSET).sum()), float(self._levels.offset.max())
        values = {"files": float(count), "worst": worst}
        if count:
            text = f"{_count_text(count, self.count)} shifted by a constant (up to {worst:.1%} of full scale)"
            return Verdict("offset", Level.warning, f"{text}: high-pass {_pronoun(count)}", values)
        return Verdict("offset", Level.fine, f"no constant offset (at most {worst:.2%} of full scale)", values)

    def duplicates(self) -> Verdict:
        exact = sum(size - 1 for size, same, _ in self._duplicates if same)
        near = sum(size - 1 for size, same, _ in self._duplicates if not same)
        values = {"groups": float(len(self._duplicates)), "exact": float(exact), "near": float(near)}
        more = "" if self._compared_all else "; too many look alike to compare all of them, there may be more"
        if not self._duplicates:
            return Verdict("duplicates", Level.fine, f"no content is there twice{more}", values)
        text = "; ".join(_duplicate_phrases(exact, near))
        return Verdict("duplicates", Level.warning, f"{text}: they count double, remove them{more}", values)

    def leaks(self) -> Verdict:
        count = sum(leak for _, _, leak in self._duplicates)
        if not count:
            text = "nothing that is trained on is also held out"
            return Verdict("leaks", Level.fine, text, {"groups": 0.0})
        text = (
            f"{count} sound{'s are' if count > 1 else ' is'} both trained on and held out: figures on held-out files "
            "would be too good; remove the copies"
        )
        return Verdict("leaks", Level.warning, text, {"groups": float(count)})


def _count_text(count: int, total: int) -> str:
    return f"{count} of {total} files ({count / total:.1%}) {'is' if count == 1 else 'are'}"


def _pronoun(count: int) -> str:
    return "it" if count == 1 else "them"


def _duplicate_phrases(exact: int, near: int) -> Iterator[str]:
    if exact:
        yield f"{exact} file{'s are exact copies' if exact > 1 else ' is an exact copy'} of another"
    if near:
        versions = "s are other versions" if near > 1 else " is another version"
        yield f"{near} file{versions} of one that is there (cut, scaled or coded)"
