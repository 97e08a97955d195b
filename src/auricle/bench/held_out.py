"""What a model does to sounds that it was not trained on: on real files, or through its latents where it makes none."""

from collections.abc import Callable, Iterator, Sequence
from typing import final

import numpy as np
import torch

from auricle.audio import resample
from auricle.bench.codecs import peer as peer_named
from auricle.bench.codecs.auricle import Auricle
from auricle.bench.codecs.base import Decoded, Peer
from auricle.bench.scoring.clips import Clip, excerpts
from auricle.bench.scoring.judge import Coder, Yardstick, at
from auricle.bench.scoring.rate_search import Fitter
from auricle.bench.scoring.rows import Row, row
from auricle.data import Sound
from auricle.errors import OptionError
from auricle.model import Autoencoder, default_model

_MOST_QUALITIES = 4
_NEAR = 0.05
Progress = Callable[[int, int], None]


def evaluate_held_out(
    model: Autoencoder,
    sounds: Sequence[Sound],
    *,
    qualities: Sequence[float] | None = None,
    max_seconds: float = 120.0,
    peers: Sequence[Peer] | None = None,
    on_progress: Progress = lambda done, total: None,
) -> tuple[Row, ...]:
    """Compress held-out sounds to real files, decompress them, and judge them beside peers at the same bitrates.

    Everything is judged at the model's native rate, up to 24 kHz by PESQ and STOI as well. A model that makes no files
    (a continuous bottleneck, or no tables yet) is judged by what its decoder makes of its latents, without peers.

    Args:
        model: in eval mode.
        sounds: held-out ones; none give no rows.
        qualities: levels of the model's dial; by default up to four, spread over it.
        max_seconds: excerpts of so many seconds are judged, see `excerpts`.
        peers: by default Opus. Those that are not available are left out.
        on_progress: is told clips coded so far and in all.

    Returns:
        for each quality a row of the model's, then rows of the peers.

    Raises:
        OptionError: ``max_seconds`` is not positive.
    """
    if max_seconds <= 0:
        raise OptionError(f"an evaluation of {max_seconds:g} s: give a positive length")
    chosen = excerpts(sounds, max_seconds=max_seconds)
    if not chosen.clips:
        return ()
    peers = [peer for peer in ((peer_named("opus"),) if peers is None else peers) if peer.available() is None]
    plan = _plan(model, qualities)
    if model.tables is None:
        peers = []
    yardstick = Yardstick(model.sample_rate, speech=default_model(model.sample_rate) == "speech")
    skipped = len(chosen.rejected)
    steps = _Steps(len(chosen.clips) * len(plan) * (1 + len(peers)), on_progress)
    rows: list[Row] = []
    for setting, coder in plan:
        verdicts = [yardstick.judge(clip, coder) for clip in steps.over(chosen.clips)]
        rows.append(row(model.name, setting, verdicts, skipped=skipped))
    rates = [own.kbps for own in rows if own.kbps is not None]
    for peer in peers:
        for setting in _settings(peer, rates, chosen.clips):
            verdicts = [yardstick.judge(clip, at(peer, setting)) for clip in steps.over(chosen.clips)]
            rows.append(row(peer.name, peer.text(setting), verdicts, skipped=skipped))
    steps.finish()
    return tuple(rows)


def _plan(model: Autoencoder, qualities: Sequence[float] | None) -> list[tuple[str, Coder]]:
    """Settings, each with a name for tables."""
    if model.bottleneck.codebooks == 0:
        return [("no files", through_latents(model))]
    last = model.bottleneck.quality_levels - 1
    levels = _spread(last) if qualities is None else tuple(qualities)
    if model.tables is None:
        return [(f"quality {level:g}", through_latents(model, quality=level)) for level in levels]
    codec = Auricle(model, "quality")
    return [(codec.text(level), at(codec, level)) for level in levels]


def _spread(last: int) -> tuple[float, ...]:
    """Up to four whole levels from 0 to ``last``."""
    count = min(_MOST_QUALITIES, last + 1)
    return tuple(float(round(index * last / max(1, count - 1))) for index in range(count))


def _settings(peer: Peer, rates: Sequence[float], clips: Sequence[Clip]) -> list[float]:
    """A peer's settings nearest to some bitrates, without near repetitions."""
    fitter, settings = Fitter(peer, clips), list[float]()
    for setting in sorted({fitter.fit(rate).value for rate in rates}):
        if not settings or setting > settings[-1] * (1 + _NEAR):
            settings.append(setting)
    return settings


@final
class _Steps:
    """Counts clips."""

    def __init__(self, total: int, on_progress: Progress) -> None:
        self._done, self._total, self._on_progress = 0, total, on_progress

    def over(self, clips: Sequence[Clip]) -> Iterator[Clip]:
        for clip in clips:
            self._on_progress(self._done, self._total)
            yield clip
            self._done += 1

    def finish(self) -> None:
        self._on_progress(self._total, self._total)


def through_latents(model: Autoencoder, *, quality: float = 0.0) -> Coder:
    """Encode, pass the bottleneck as in use, and decode: for models that make no files. Stored bytes are 0."""

    @torch.inference_mode()
    def code(audio: np.ndarray, sample_rate: int) -> Decoded:
        device = next(model.parameters()).device
        native = torch.from_numpy(resample(audio, sample_rate, model.sample_rate)).to(device)
        z = model.encode(native)
        passed = model.bottleneck(z, torch.full((len(z),), quality, device=device)).z
        back = model.decode(passed, native.shape[1]).cpu().numpy()
        return Decoded.of(resample(back, model.sample_rate, sample_rate)[:, : audio.shape[1]], sample_rate, 0)

    return code
