"""One sound's pitch, loudness and rhythm with another's timbre (as in DDSP, Engel et al., 2020, without a network)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from auricle.synth.harmonic.analysis import MAX_PARTIALS, HarmonicSound, in_band, synthesise
from auricle.synth.harmonic.frame_facts import FrameFacts, frame_facts, frame_power
from auricle.synth.harmonic.noise import SpectralBands, segments_at
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.harmonic.timbre import Spectra, Timbre, envelope_grid

_PIECE = 256
_SEED = 0
_NOTES_SHARE = 0.97  # of the audible frames have a pitch: played phrases have .99, speech .4 to .95
_LARGEST_GAIN = 30.0
_FALL_DB = 60.0  # a second: nearly all falls in notes of guitar and saxophone are below 20, most in speech above 100
_DAMPED_DB = 600.0  # a second: onsets of speech are kept
_RANGE_SHARE, _RANGE_DB = 0.5, 60.0  # so much of the range below the loudest
_END_FRAMES = 10  # the last, in which levels come back to those of the sound


def with_timbre(audio: np.ndarray, parts: HarmonicSound, timbre: Timbre) -> np.ndarray:
    """A sound ``(1, t)`` with the pitch and, in each 20 ms, the power of a sound ``(c, t)``, and other spectra.

    Where the sound has a pitch and the timbre too, partials lie at that pitch; elsewhere there is noise with the
    spectrum of what the timbre has beside its partials. An instrument that has nothing but tones has no consonants: its
    tone goes on through what has no pitch. Nor has it syllables: where the level drops faster than tones fade, or below
    what the timbre's own usually is, the spectrum stays that of a sounding note, not that of a note's ends. Where the
    sound consists of notes itself, spectra of tones that die away are those of tones as old as each note is; where it
    does not, as in speech, its levels lie half as far apart, and fall no faster than a tone that is damped.
    """
    facts = frame_facts(parts, audio)
    has_notes = facts.tonal_share > _NOTES_SHARE
    level_db = facts.level_db
    if parts.pitch.pitched and timbre.tonal:
        parts = replace(parts, pitch=replace(parts.pitch, voiced=np.ones_like(parts.pitch.voiced)))
        facts = facts._replace(octaves=np.log2(np.maximum(parts.pitch.hertz, 1.0)))
        level_db = np.maximum(_falling_by(_FALL_DB, level_db, parts.sample_rate), timbre.softest_db)
        facts = facts if has_notes else _with_levels_of_tones(facts, parts.sample_rate)
    spectra = timbre.spectra(facts.octaves, level_db, facts.age, by_age=has_notes and timbre.dies_away)
    noise = _noise(facts, spectra, parts.sample_rate, audio.shape[1])
    if not (parts.pitch.pitched and timbre.pitched):
        return _levelled(noise, facts, parts)
    partials, ratios = _partials(facts, spectra, parts)
    tone = synthesise(partials, parts.pitch.hertz, ratios, parts.sample_rate, audio.shape[1])
    return _levelled(tone + noise, facts, parts)


def _with_levels_of_tones(facts: FrameFacts, sample_rate: int) -> FrameFacts:
    """The same with half of the dynamic range, and levels that fall no faster than a tone that is damped; they end as
    they do.
    """
    power_db = 10 * np.log10(np.maximum(facts.power, 1e-12))
    below_db = power_db - power_db.max()
    level_db = power_db - (1 - _RANGE_SHARE) * np.maximum(below_db, -_RANGE_DB)
    share = np.minimum(1.0, np.arange(len(power_db))[::-1] / _END_FRAMES)
    power_db += share * (_falling_by(_DAMPED_DB, level_db, sample_rate) - power_db)
    return facts._replace(power=10 ** (power_db / 10))


def _falling_by(most_db: float, level_db: np.ndarray, sample_rate: int) -> np.ndarray:
    """Levels ``(n,)`` of frames that rise as these do, and fall by so many dB a second at most."""
    fallen = most_db * np.arange(len(level_db)) * hop_samples(sample_rate) / sample_rate
    return np.maximum.accumulate(level_db + fallen) - fallen


def _partials(facts: FrameFacts, spectra: Spectra, parts: HarmonicSound) -> tuple[np.ndarray, np.ndarray]:
    hertz, sample_rate = parts.pitch.hertz, parts.sample_rate
    count = min(MAX_PARTIALS, max(1, int(sample_rate / 2 / hertz[parts.pitch.voiced].min())))
    ratios = np.arange(1.0, count + 1)
    grid = envelope_grid(sample_rate)
    octaves = np.log2(hertz)[:, None] + np.log2(ratios)
    places = np.clip((octaves - grid[0]) / (grid[1] - grid[0]), 0, len(grid) - 1.001)
    below = places.astype(int)
    rows = np.arange(len(hertz))[:, None]
    levels = spectra.envelope[rows, below] * (1 - places + below) + spectra.envelope[rows, below + 1] * (places - below)
    numbered = min(count, spectra.partials.shape[1])
    near = spectra.nearness[:, None]
    levels[:, :numbered] = near * spectra.partials[:, :numbered] + (1 - near) * levels[:, :numbered]
    amplitudes = np.sqrt(facts.power)[:, None] * 10 ** (levels / 20)
    amplitudes = amplitudes.T * in_band(hertz, ratios, sample_rate) * parts.pitch.voiced
    phases = np.pi * ratios * (ratios - 1) / count  # as Schroeder (1970), so that no pulse is heard
    return (amplitudes * np.exp(1j * phases)[:, None])[None].astype(np.complex64), ratios


def _noise(facts: FrameFacts, spectra: Spectra, sample_rate: int, samples: int) -> np.ndarray:
    bands, hop = SpectralBands(sample_rate), hop_samples(sample_rate)
    carrier = np.random.default_rng(_SEED).normal(0, 1, (1, samples + bands.size)).astype(np.float32)
    amplitudes = spectra.noise * np.sqrt(facts.power)[:, None]
    frames = samples // bands.hop + 2
    nearest = np.minimum(np.arange(frames) * bands.hop // hop, len(amplitudes) - 1)

    def pieces() -> Iterator[np.ndarray]:
        for start in range(0, frames, _PIECE):
            centres = np.arange(start, min(start + _PIECE, frames)) * bands.hop
            spectrum = bands.spectra(segments_at(carrier, centres, bands.size))
            gains = amplitudes[nearest[start : start + _PIECE]] / np.maximum(bands.amplitudes(spectrum), 1e-9)
            yield spectrum * bands.to_bins(gains)

    return bands.overlap_add(pieces(), 1, samples)


def _levelled(sound: np.ndarray, facts: FrameFacts, parts: HarmonicSound) -> np.ndarray:
    """With the power that each frame is to have."""
    power = frame_power(sound, parts.sample_rate, len(facts.power))
    gains = np.minimum(np.sqrt(facts.power / np.maximum(power, 1e-12)), _LARGEST_GAIN)
    places = np.arange(sound.shape[1]) / hop_samples(parts.sample_rate)
    return (sound * np.interp(places, np.arange(len(gains)), gains)).astype(np.float32)
