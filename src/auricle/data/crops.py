"""Random training crops, a pure function of seed, step and shard."""

from collections.abc import Sequence
from typing import final

import numpy as np

from auricle.data.decoded import DecodedSounds
from auricle.errors import OptionError

_SILENT_PEAK = 1e-4  # a crop whose peak stays below this (-80 dB) is drawn again
_REDRAWS = 4
_MIN_GAIN, _MAX_GAIN = -12.0, 6.0
_MAX_GAP_SECONDS = 0.1
_SUDDEN_SHARE = 0.25
_HISS_SHARE, _HIT_SHARE = 0.05, 0.05
_HISS_LOWEST, _HISS_HIGHEST = 0.01, 0.25  # cycles a sample where bands of hiss begin
_HISS_DB = (-40.0, -6.0)
_HISS_BURST = 0.1  # of a crop, mean length between points of its envelope
_HIT_CYCLES = (0.002, 0.05)  # a sample, where its pitch comes to rest
_HIT_HIGHER = 2.0  # at most, in octaves, that it begins above
_HIT_SAMPLES = (300.0, 6000.0)  # in which it falls to 1 / e
_CLICK_SAMPLES = (8.0, 200.0)
_HIT_DB = (-20.0, -1.0)


@final
class CropSampler:
    """Draws batches of mono crops from decoded sounds.

    - A file is drawn with a probability proportional to the square root of its length: a recording of an hour
      does not drown a hundred of a second, nor do they drown it.
    - The start is uniform. A crop that its sound does not fill goes on with further sounds, each after a
      random gap of up to 0.1 s, so that short sounds do not train on zeros.
    - Stereo is seen as its middle in half of the cases, else as left, right or side (the half difference),
      which are what the codec will be fed. Left and right come equally often: models are mono, so this is what
      swapping channels is to them.
    - Each crop is scaled by a random gain, uniform in decibels, but not beyond a peak of 1, and half of them
      are turned upside down.
    - A silent crop is drawn again, up to 4 times.
    - Where classes are given, a crop holds sounds of one class only.

    Args:
        cache: the sounds: a cache, or a corpus in shards.
        length: samples per crop.
        batch: crops per batch.
        seed: 0 or more; the same seed and step give the same batch, so that a resumed run sees the same data.
        gain: lowest and highest gain in dB.
        classes: class of each sound, 0 or more, or -1 where it is not known.
        rarities: let some crops be what few recordings are (see :func:`with_rarities`).

    Raises:
        OptionError: an argument is out of its range.
    """

    def __init__(
        self,
        cache: DecodedSounds,
        *,
        length: int,
        batch: int,
        seed: int,
        gain: tuple[float, float] = (_MIN_GAIN, _MAX_GAIN),
        classes: Sequence[int] | None = None,
        rarities: bool = False,
    ) -> None:
        if length < 1 or batch < 1 or seed < 0:
            raise OptionError(
                f"a batch of {batch} crops of {length} samples with seed {seed}: "
                "sizes must be positive, the seed 0 or more"
            )
        if not gain[0] <= gain[1]:
            raise OptionError(f"a gain from {gain[0]:g} to {gain[1]:g} dB: give the lower bound first")
        self._cache, self._length, self._batch, self._seed, self._gain = cache, length, batch, seed, gain
        self._rarities = rarities
        self._classes = np.full(len(cache), -1, np.int32) if classes is None else np.asarray(classes, np.int64)
        if len(self._classes) != len(cache):
            raise OptionError(f"{len(self._classes)} classes for {len(cache)} sounds: give one for each")
        weights = np.sqrt(cache.lengths.astype(np.float64))
        self._any_class = _WeightedDraw(weights, np.ones(len(cache), bool))
        labels = np.unique(self._classes).tolist()
        self._draws = {label: _WeightedDraw(weights, self._classes == label) for label in labels if len(labels) > 1}
        self._draws = self._draws or {labels[0]: self._any_class}
        self._max_gap = round(_MAX_GAP_SECONDS * cache.sample_rate)

    def batch(self, step: int, shard: int = 0) -> np.ndarray:
        """Return float32 ``(b, t)``, the batch of training step ``step`` (0 or more).

        A step's further batches, for other processes or parts of an accumulated step, have further shards (0 or
        more). What a shard holds does not depend on how many others there are.
        """
        return self.labelled_batch(step, shard)[0]

    def labelled_batch(self, step: int, shard: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`batch`, and the class of each crop, int64 ``(b,)``."""
        random = np.random.Generator(np.random.PCG64([self._seed, step, shard] if shard else [self._seed, step]))
        crops, classes = zip(*(self._crop(random) for _ in range(self._batch)), strict=True)
        return np.stack(crops), np.array(classes, np.int64)

    def _crop(self, random: np.random.Generator) -> tuple[np.ndarray, int]:
        crop, label = self._draw(random)
        for _ in range(_REDRAWS):
            if np.abs(crop).max() >= _SILENT_PEAK:
                break
            crop, label = self._draw(random)
        return self._augment(crop, random), label

    def _draw(self, random: np.random.Generator) -> tuple[np.ndarray, int]:
        crop = np.zeros(self._length, np.float32)
        filled, draw, label = 0, self._any_class, -1
        while filled < self._length:
            index = draw.index(random)
            label = int(self._classes[index])
            draw = self._draws[label]
            total = int(self._cache.lengths[index])
            start = int(random.integers(0, max(0, total - self._length) + 1))
            count = min(total, self._length - filled)
            crop[filled : filled + count] = _mono_view(self._cache.crop(index, start, count), random)
            filled += count + int(random.integers(0, self._max_gap + 1))
        return crop, label

    def _augment(self, crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
        gain = 10 ** (random.uniform(*self._gain) / 20)
        sign = -1.0 if random.random() < 0.5 else 1.0
        peak = float(np.abs(crop).max())
        scaled = crop * np.float32(sign * min(gain, 1 / peak if peak > 0 else gain))
        return with_rarities(scaled, random) if self._rarities else scaled


def with_rarities(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What few recordings hold, but a codec has to bear: sudden beginnings, hiss and hits.

    A crop ``(t,)`` as it is, or in its place bursts of noise in a band or a hit, at once or behind silence, five in a
    hundred of each. One crop in four begins with silence that ends suddenly within its first half. It may be changed in
    place.
    """
    kind = random.random()
    if kind < _HISS_SHARE:
        crop = _hiss(len(crop), random)
    elif kind < _HISS_SHARE + _HIT_SHARE:
        return _hit(len(crop), random)
    if random.random() < _SUDDEN_SHARE:
        crop[: int(random.integers(0, len(crop) // 2 + 1))] = 0.0
    return crop


def _hiss(length: int, random: np.random.Generator) -> np.ndarray:
    """Noise between two frequencies, in bursts: float32 ``(t,)``."""
    lowest = _between(_HISS_LOWEST, _HISS_HIGHEST, random)
    highest = min(0.5, lowest * 2 ** random.uniform(0.5, 4.0))
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequencies = np.fft.rfftfreq(length)
    spectrum[(frequencies < lowest) | (frequencies > highest)] = 0.0
    noise = np.fft.irfft(spectrum, length)
    points = random.uniform(0.0, 1.0, 2 + round(1 / _HISS_BURST)) ** 2
    noise *= np.interp(np.linspace(0, len(points) - 1, length), np.arange(len(points)), points)
    return _of_peak(noise, _HISS_DB, random)


def _hit(length: int, random: np.random.Generator) -> np.ndarray:
    """A tone that falls in pitch and dies away, and a click where it begins, as of a drum: float32 ``(t,)``.

    Half of them begin at sample 0, as drums that were cut out do.
    """
    start = int(random.integers(0, length // 2 + 1)) if random.random() < 0.5 else 0
    t = np.arange(length - start)
    fall = np.exp(-t / _between(*_HIT_SAMPLES, random) * random.uniform(1.0, 8.0))
    cycles = _between(*_HIT_CYCLES, random) * 2 ** (random.uniform(0.0, _HIT_HIGHER) * fall)
    tone = np.cos(2 * np.pi * (np.cumsum(cycles) + random.random())) * np.exp(-t / _between(*_HIT_SAMPLES, random))
    click = random.standard_normal(t.size) * np.exp(-t / _between(*_CLICK_SAMPLES, random))
    return np.pad(_of_peak(tone + random.random() * click, _HIT_DB, random), (start, 0))


def _between(lowest: float, highest: float, random: np.random.Generator) -> float:
    """A number between two, its logarithm even."""
    return lowest * (highest / lowest) ** random.random()


def _of_peak(sound: np.ndarray, decibels: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """The sound as float32, its peak somewhere between two levels in dB of full scale."""
    peak = max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    return (sound * (10 ** (random.uniform(*decibels) / 20) / peak)).astype(np.float32)


@final
class _WeightedDraw:
    """Draws among some of the sounds, by weight."""

    def __init__(self, weights: np.ndarray, mask: np.ndarray) -> None:
        self._sounds = np.flatnonzero(mask)
        drawn_weights = weights[self._sounds]
        self._cumulative = np.cumsum(drawn_weights / drawn_weights.sum())

    def index(self, random: np.random.Generator) -> int:
        """The number of a sound; takes one number from ``random``."""
        place = int(np.searchsorted(self._cumulative, random.random(), "right"))
        return int(self._sounds[min(place, len(self._sounds) - 1)])


def _mono_view(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Choose one of the mono signals that ``(c, t)`` can be seen as: ``(t,)``."""
    if crop.shape[0] == 1:
        return crop[0]
    first, second = crop[random.permutation(crop.shape[0])[:2]] if crop.shape[0] > 2 else crop
    choice = random.random()
    if choice < 0.5:
        return (first + second) / 2
    if choice < 0.75:
        return first if random.random() < 0.5 else second
    return (first - second) / 2
