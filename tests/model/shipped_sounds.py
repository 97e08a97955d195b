"""Sounds that no shipped model may get wrong, and what is measured on what it makes of them."""

import numpy as np

from auricle.metrics.artefacts import first_millisecond_db, high_band, periodicity
from auricle.model import Autoencoder


def hiss(sample_rate: int, from_hz: float, seconds: float = 6.0) -> np.ndarray:
    """Fricatives: bursts of noise above a frequency, five a second, float32 ``(t,)``."""
    random = np.random.default_rng(0)
    noise = high_band(random.standard_normal(round(seconds * sample_rate)), sample_rate, from_hz)
    pace = np.clip(np.sin(2 * np.pi * 2.5 * np.arange(noise.size) / sample_rate) ** 2 * 3, 0, 1)
    return (0.05 * noise * pace).astype(np.float32)


def kick(sample_rate: int, silence: float = 0.0) -> np.ndarray:
    """A drum behind so many seconds of silence: a fall in pitch with a click, float32 ``(t,)``."""
    t = np.arange(round(0.5 * sample_rate)) / sample_rate
    click = np.random.default_rng(1).standard_normal(t.size) * np.exp(-t / 0.004)
    drum = 0.6 * np.exp(-t / 0.12) * np.cos(2 * np.pi * (60 * t + 4 * (1 - np.exp(-t / 0.03)))) + 0.2 * click
    return np.concatenate([np.zeros(round(silence * sample_rate)), drum]).astype(np.float32)


def rebuilt(model: Autoencoder, sound: np.ndarray, quality: float | None) -> np.ndarray:
    """What a model makes of ``(t,)``, at a quality of files or unrounded."""
    if quality is None:
        return np.asarray(model.decode(model.encode(sound), sound.size))[0]
    return np.asarray(model.from_codes(model.codes(sound, quality), sound.size, quality))[0]


def repetition(model: Autoencoder, from_hz: float, to_hz: float | None, quality: float | None) -> float:
    """Autocorrelation of hiss between two frequencies at the model's hop, less the original's."""
    sound, rate = hiss(model.sample_rate, from_hz), model.sample_rate
    at_hop, _ = periodicity(rebuilt(model, sound, quality), sound, rate, model.hop_length, from_hz, to_hz)
    return at_hop


def lost_beginning_db(model: Autoencoder, quality: float | None) -> float:
    """First millisecond of a drum at sample 0, less the same behind half a second of silence, in dB."""
    return _first_db(model, quality, 0) - _first_db(model, quality, model.sample_rate // 2)


def mean_lost_beginning_db(model: Autoencoder, quality: float | None) -> float:
    """As `lost_beginning_db`, less the mean over six places in a frame of the drum behind silence, in dB: at low
    qualities one place differs by several dB from the next.
    """
    silences = (model.sample_rate // 2 + np.arange(6) * model.hop_length // 6).tolist()
    return _first_db(model, quality, 0) - float(np.mean([_first_db(model, quality, silence) for silence in silences]))


def _first_db(model: Autoencoder, quality: float | None, silence: int) -> float:
    """Level of the first millisecond of a drum that comes back from behind so many silent samples."""
    rate = model.sample_rate
    return first_millisecond_db(rebuilt(model, kick(rate, silence / rate), quality)[silence:], rate)


def constant(model: Autoencoder, quality: float | None) -> tuple[float, float]:
    """Smallest and largest value of what comes back of a constant of .5, a quarter of a second after it began."""
    edge = model.sample_rate // 4
    middle = rebuilt(model, np.full(model.sample_rate, 0.5, np.float32), quality)[edge:-edge]
    return float(middle.min()), float(middle.max())
