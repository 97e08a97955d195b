"""What codecs add or lose and distances of spectra do not see: buzz, wrong levels, smeared attacks.

Signals are float ``(t,)`` or ``(c, t)``, estimates and references of one length. Where there are channels, they count
as one long signal.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

_FAINT = 1e-12
_LOUDEST_SHARE = 0.2
_RANGE_DB = 40.0
_ENVELOPE_SECONDS = 5e-4
_LOWEST_HZ, _LOW_SHARE, _LOW_RANGE_DB = 30.0, 0.1, 25.0
_LOW_SMOOTHING_SECONDS, _LOW_STEP_SECONDS, _LOW_TAIL_SECONDS = 0.02, 0.0025, 0.05


def high_band(audio: np.ndarray, sample_rate: int, from_hz: float, to_hz: float | None = None) -> np.ndarray:
    """The part of ``(..., t)`` between two frequencies in Hz, by a Fourier transform of the whole."""
    spectrum = np.fft.rfft(audio, axis=-1)
    hz = np.fft.rfftfreq(audio.shape[-1], 1 / sample_rate)
    spectrum[..., (hz < from_hz) | (hz >= (np.inf if to_hz is None else to_hz))] = 0.0
    return np.fft.irfft(spectrum, audio.shape[-1], axis=-1)


def autocorrelation(
    audio: np.ndarray,
    sample_rate: int,
    hop_length: int,
    from_hz: float,
    to_hz: float | None = None,
    places: np.ndarray | None = None,
) -> np.ndarray:
    """Normalised autocorrelation of a band in its loudest fifth of frames, at lags of .25 to 4 hops.

    Args:
        audio: ``(t,)`` or ``(c, t)``.
        hop_length: of the codec, in samples.
        from_hz: where the band begins, in Hz.
        to_hz: where it ends; None for half the sample rate.
        places: of the frames ``(n,)``, in samples of the flattened signal; those of :func:`loudest_frames` by default.

    Returns:
        ``(lag,)``, one for each sample from ``hop_length // 4`` to ``4 * hop_length``; nan where nothing sounds.
    """
    band = high_band(np.atleast_2d(audio), sample_rate, from_hz, to_hz).ravel()
    size, longest, shortest = 2 * hop_length, 4 * hop_length, max(1, hop_length // 4)
    if places is None:
        places = loudest_frames(audio, sample_rate, hop_length, from_hz, to_hz)
    band = np.pad(band, (0, size + longest))
    count = 1 << (size + longest - 1).bit_length()
    products, energy, lagged = np.zeros(longest + 1), 0.0, np.zeros(longest + 1)
    for place in places:
        first, long = band[place : place + size], band[place : place + size + longest]
        spectra = np.fft.rfft(first, count).conj() * np.fft.rfft(long, count)
        products += np.fft.irfft(spectra, count)[: longest + 1]
        total = np.concatenate(([0.0], np.cumsum(long * long)))
        lagged += total[size:] - total[: longest + 1]
        energy += float(first @ first)
    if energy <= _FAINT:
        return np.full(longest + 1 - shortest, np.nan)
    return (products / np.sqrt(energy * lagged + _FAINT))[shortest:]


def loudest_frames(
    audio: np.ndarray, sample_rate: int, hop_length: int, from_hz: float, to_hz: float | None = None
) -> np.ndarray:
    """Where the loudest fifth of a band's frames of two hops begin: int ``(n,)``, in samples of the flat signal."""
    band = high_band(np.atleast_2d(audio), sample_rate, from_hz, to_hz).ravel()
    size = 2 * hop_length
    frames = band[: band.size // size * size].reshape(-1, size)
    energies = (frames**2).sum(1)
    count = max(1, round(_LOUDEST_SHARE * len(energies)))
    return np.sort(np.argsort(energies)[-count:]) * size


def periodicity(
    estimate: np.ndarray,
    reference: np.ndarray,
    sample_rate: int,
    hop_length: int,
    from_hz: float,
    to_hz: float | None = None,
) -> tuple[float, float]:
    """How much more a band repeats itself than the original does, in the original's loudest fifth of frames.

    A decoder that makes one waveform again and again in place of noise buzzes at its frame rate.

    Returns:
        the autocorrelation at a lag of one hop, and its largest over lags of .25 to 4 hops, each less the original's;
        nan where nothing sounds.
    """
    places = loudest_frames(reference, sample_rate, hop_length, from_hz, to_hz)
    estimated, original = (
        autocorrelation(audio, sample_rate, hop_length, from_hz, to_hz, places) for audio in (estimate, reference)
    )
    more = estimated - original
    return float(more[hop_length - max(1, hop_length // 4)]), float(more.max())


def band_levels(audio: np.ndarray, sample_rate: int, seconds: float, edges: Sequence[float]) -> np.ndarray:
    """Level of bands in frames, in dB: ``(n, l)``.

    Args:
        audio: ``(t,)`` or ``(c, t)``.
        seconds: length of a frame; they overlap by half.
        edges: of the bands ``(l + 1,)``, in Hz.
    """
    size = max(8, round(seconds * sample_rate / 2) * 2)
    padded = np.pad(np.atleast_2d(audio), ((0, 0), (0, max(0, size - audio.shape[-1]))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, :: size // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=-1)) ** 2 / size
    hz = np.fft.rfftfreq(size, 1 / sample_rate)
    members = [(hz >= low) & (hz < high) for low, high in pairwise(edges)]
    levels = np.stack([power[..., member].sum(-1) for member in members], axis=-1)
    return 10.0 * np.log10(levels.reshape(-1, len(members)) + _FAINT)


def level_errors(
    estimate: np.ndarray, reference: np.ndarray, sample_rate: int, seconds: float, edges: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """How wrong the levels of bands are, in dB, in frames at most 40 dB below each band's loudest.

    Returns:
        mean absolute difference, and mean difference (negative: too quiet), each ``(l,)``.
    """
    estimated, original = (band_levels(audio, sample_rate, seconds, edges) for audio in (estimate, reference))
    audible = original > original.max(0) - _RANGE_DB
    count = np.maximum(audible.sum(0), 1)
    gap = np.where(audible, estimated - original, 0.0)
    return np.abs(gap).sum(0) / count, gap.sum(0) / count


def image_error(
    estimate: np.ndarray, reference: np.ndarray, sample_rate: int, seconds: float, edges: Sequence[float]
) -> float:
    """How wrong the differences in level between channels are, by which the ear knows where a sound is.

    Args:
        estimate: ``(c, t)``, at least two channels.
        reference: the same of the original.
        seconds: length of a frame; they overlap by half.
        edges: of the bands, in Hz.

    Returns:
        mean absolute error in dB of differences from the first channel, at most 40 dB either way, in frames whose
        loudest channel is at most 40 dB below each band's loudest frame.
    """
    estimated, original = (
        np.stack([band_levels(channel, sample_rate, seconds, edges) for channel in audio])
        for audio in (estimate, reference)
    )
    loudest = original.max(0)
    audible = loudest > loudest.max(0) - _RANGE_DB
    gaps = [np.clip(levels[1:] - levels[:1], -_RANGE_DB, _RANGE_DB) for levels in (estimated, original)]
    return float(np.abs(gaps[0] - gaps[1])[:, audible].mean())


def envelope(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Largest magnitude in every half millisecond: ``(n,)``."""
    size = max(1, round(_ENVELOPE_SECONDS * sample_rate))
    loudest = np.abs(np.atleast_2d(audio)).max(0)
    return np.pad(loudest, (0, -loudest.size % size)).reshape(-1, size).max(1)


def attack_seconds(audio: np.ndarray, sample_rate: int) -> float:
    """Time in which a sound with one beginning rises from 10 to 90 % of its peak, in seconds; nan for silence.

    Measured on :func:`envelope`, from the last place below 10 % before the first place above 90 %.
    """
    levels = envelope(audio, sample_rate)
    peak = levels.max(initial=0.0)
    if peak <= 0.0:
        return float("nan")
    top = int(np.argmax(levels >= 0.9 * peak))
    below = np.flatnonzero(levels[:top] < 0.1 * peak)
    return (top - (int(below[-1]) if below.size else -1)) * max(1, round(_ENVELOPE_SECONDS * sample_rate)) / sample_rate


def before_attack_db(estimate: np.ndarray, reference: np.ndarray, sample_rate: int, seconds: float = 0.02) -> float:
    """Peak in the ``seconds`` before the original begins, in dB below the sound's own peak.

    The original begins where it first passes 1 % of its peak. -120 at the least; nan for silence.
    """
    estimated, original = (np.abs(np.atleast_2d(audio)).max(0) for audio in (estimate, reference))
    if estimated.max(initial=0.0) <= 0.0 or original.max(initial=0.0) <= 0.0:
        return float("nan")
    start = int(np.argmax(original > 0.01 * original.max()))
    before = estimated[max(0, start - round(seconds * sample_rate)) : start]
    return float(20.0 * np.log10(max(before.max(initial=0.0) / estimated.max(), 1e-6)))


def first_millisecond_db(audio: np.ndarray, sample_rate: int) -> float:
    """Level of the first millisecond in dB of full scale; -120 at the least."""
    first = np.atleast_2d(audio)[:, : max(1, sample_rate // 1000)]
    return float(10.0 * np.log10(max(float((first**2).mean()), 1e-12)))


def wavering_db(audio: np.ndarray, sample_rate: int, highest: float = 250.0) -> float:
    """By how many dB in all the low tones of a hit get louder again while they fade.

    Args:
        audio: a sound with one beginning, ``(t,)`` or ``(c, t)``, whose channels are averaged.
        sample_rate: in Hz.
        highest: frequency in Hz up to which tones are low; from 30 Hz on.

    Returns:
        rises of the envelope (smoothed over 20 ms, every 2.5 ms) from its peak until it is 25 dB below, added up; nan
        where less than a tenth of the energy lies there. Recorded kicks have 8 by median, toms 12.
    """
    from scipy.signal import butter, hilbert, sosfiltfilt

    ends = round(_LOW_TAIL_SECONDS * sample_rate)
    mono = np.pad(np.atleast_2d(audio).mean(0), ends)
    band = butter(4, (_LOWEST_HZ, highest), "bandpass", fs=sample_rate, output="sos")
    low = sosfiltfilt(band, mono)
    if np.square(low).sum() <= _LOW_SHARE * np.square(mono).sum():
        return float("nan")
    window = np.hanning(round(_LOW_SMOOTHING_SECONDS * sample_rate) + 2)[1:-1]
    analytic = np.asarray(hilbert(low), np.complex128)
    power = np.convolve(np.square(np.abs(analytic)), window / window.sum(), "same")
    levels = 10.0 * np.log10(power[:: max(1, round(_LOW_STEP_SECONDS * sample_rate))] + 1e-18)
    fading = levels[int(levels.argmax()) :]
    faint = np.flatnonzero(fading < fading[0] - _LOW_RANGE_DB)
    steps = np.diff(fading[: int(faint[0]) if faint.size else None])
    return float(steps[steps > 0].sum())
