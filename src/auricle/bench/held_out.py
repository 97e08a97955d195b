"""What a model does to sounds that it was not trained on: on real files, or through its latents where it makes none."""

from collections.abc import Callable, Iterator, Sequence
from typing import final

import numpy as np
import torch

from auricle.audio import resample
from auricle.bench.codecs import make_codec
from auricle.bench.codecs.auricle import AuricleCodec
from auricle.bench.codecs.base import Codec, DecodedSound
from auricle.bench.scoring.clips import Clip, excerpts
from auricle.bench.scoring.rate_search import SettingSearch
from auricle.bench.scoring.rows import Row, summarise_row
from auricle.bench.scoring.scorer import CodecAtSetting, Scorer, at_setting
from auricle.data import Sound
from auricle.errors import OptionError
from auricle.model import Autoencoder, default_model
from auricle.progress import OnProgress, Progress, ignore_progress

_MOST_QUALITIES = 4
_NEAR = 0.05


def evaluate_held_out(
    model: Autoencoder,
    sounds: Sequence[Sound],
    *,
    base: Autoencoder | None = None,
    qualities: Sequence[float] | None = None,
    max_seconds: float = 120.0,
    against: Sequence[Codec] | None = None,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> tuple[Row, ...]:
    """Compress held-out sounds to real files, decompress them, and score them beside other codecs at the same bitrates.

    Everything is scored at the model's native rate, up to 24 kHz by PESQ and STOI as well. A model that makes no files
    (a continuous bottleneck, or no tables yet) is scored by what its decoder makes of its latents, alone.

    Args:
        model: in eval mode.
        sounds: held-out ones; none give no rows.
        base: the model that this one was trained from: its rows follow, at its own qualities.
        qualities: levels of the model's quality; by default up to four, spread over them.
        max_seconds: excerpts of so many seconds are scored, see `excerpts`.
        against: other codecs; by default Opus. Those that can't run are left out.
        on_progress: is told how many clips are coded.
        on_note: is told in one line about each sound that can't be scored.

    Returns:
        for each quality a row of the model's, then the rows of its base, then those of the others.

    Raises:
        OptionError: ``max_seconds`` is not positive.
    """
    if max_seconds <= 0:
        raise OptionError(f"an evaluation of {max_seconds:g} s: give a positive length")
    selection = excerpts(sounds, max_seconds=max_seconds)
    for rejection in selection.rejected:
        on_note(f"held out, but left out of the figures: {rejection.reason}")
    if not selection.clips:
        return ()
    plans = [(model.name, _plan(model, qualities))]
    if base is not None:
        plans.append((f"{base.name} (base)", _plan(base, qualities)))
    comparisons = (make_codec("opus"),) if against is None else against
    codecs = [codec for codec in comparisons if model.tables is not None and codec.missing() is None]
    scorer = Scorer(model.sample_rate, speech=default_model(model.sample_rate) == "speech")
    rejected, problems = len(selection.rejected), dict[str, str]()
    settings = sum(len(plan) for _, plan in plans) + len(plans[0][1]) * len(codecs)
    clip_progress = _ClipProgress(len(selection.clips) * settings, on_progress)
    rows: list[Row] = []
    for name, plan in plans:
        for setting, codec_at_setting in plan:
            results = [scorer.score(clip, codec_at_setting) for clip in clip_progress.over(selection.clips)]
            for result in results:
                if result.problem:
                    problems.setdefault(result.clip, f"{result.clip} at {setting}, {result.problem}")
            rows.append(summarise_row(name, setting, results, rejected=rejected))
    for problem in problems.values():
        on_note(f"held out, but left out of some figures: {problem}")
    bitrates = [row.kbps for row in rows[: len(plans[0][1])] if row.kbps is not None]
    for codec in codecs:
        for value in _settings(codec, bitrates, selection.clips):
            results = [scorer.score(clip, at_setting(codec, value)) for clip in clip_progress.over(selection.clips)]
            rows.append(summarise_row(codec.name, codec.setting_text(value), results, rejected=rejected))
    clip_progress.finish()
    return tuple(rows)


def _plan(model: Autoencoder, qualities: Sequence[float] | None) -> list[tuple[str, CodecAtSetting]]:
    """Settings, each with a name for tables."""
    if model.bottleneck.codebooks == 0:
        return [("no files", through_latents(model))]
    last = model.bottleneck.quality_levels - 1
    levels = _spread(last) if qualities is None else tuple(qualities)
    if model.tables is None:
        return [(f"quality {level:g}", through_latents(model, quality=level)) for level in levels]
    codec = AuricleCodec(model, "quality")
    return [(codec.setting_text(level), at_setting(codec, level)) for level in levels]


def _spread(last: int) -> tuple[float, ...]:
    """Up to four whole levels from 0 to ``last``."""
    count = min(_MOST_QUALITIES, last + 1)
    return tuple(float(round(index * last / max(1, count - 1))) for index in range(count))


def _settings(codec: Codec, bitrates: Sequence[float], clips: Sequence[Clip]) -> list[float]:
    """A codec's settings nearest to some bitrates, without near repetitions."""
    search, settings = SettingSearch(codec, clips), list[float]()
    for setting in sorted({search.find(kbps).value for kbps in bitrates}):
        if not settings or setting > settings[-1] * (1 + _NEAR):
            settings.append(setting)
    return settings


@final
class _ClipProgress:
    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def over(self, clips: Sequence[Clip]) -> Iterator[Clip]:
        for clip in clips:
            self._show()
            yield clip
            self._done += 1

    def finish(self) -> None:
        self._done = self._total
        self._show()

    def _show(self) -> None:
        self._on_progress(Progress("evaluating", self._done, self._total, "clips"))


def through_latents(model: Autoencoder, *, quality: float = 0.0) -> CodecAtSetting:
    """Encode, pass the bottleneck as in use, and decode: for models that make no files. The stored size is 0."""

    @torch.inference_mode()
    def code(audio: np.ndarray, sample_rate: int) -> DecodedSound:
        device = next(model.parameters()).device
        native = torch.from_numpy(resample(audio, sample_rate, model.sample_rate)).to(device)
        z = model.encode(native)
        quantised = model.bottleneck(z, torch.full((len(z),), quality, device=device)).z
        decoded = model.decode_bottled(quantised, native.shape[1]).cpu().numpy()
        return DecodedSound.of(resample(decoded, model.sample_rate, sample_rate)[:, : audio.shape[1]], sample_rate, 0)

    return code
