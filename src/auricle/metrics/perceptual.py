"""Speech and sound quality by optional packages (``pip install 'auricle[bench]'``)."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError, MissingPackageError
from auricle.extras import require
from auricle.metrics.signals import mono_pair

_PESQ_RATE = 16_000
# P.862 is made for 8 to 30 s, and its code has room for 50 utterances.
_PESQ_LONGEST = 20 * _PESQ_RATE
_PESQ_SHORTEST = _PESQ_RATE // 4
_SPEECH_RATE, _AUDIO_RATE = 16_000, 48_000
_SHORTEST_SECONDS = 1.0
_SILENCE = 1e-4


@contextmanager
def no_native_chatter() -> Iterator[None]:
    """Drop what compiled code writes to standard error, such as LiteRT's line for each interpreter."""
    try:
        sys.stderr.flush()
        saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except (OSError, AttributeError, ValueError):  # there is no standard error to keep quiet
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def pesq_wb(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return wideband PESQ (ITU-T P.862.2): about 1.0 (bad) to 4.64 (transparent).

    Both are resampled to 16 kHz. Signals longer than 20 s are scored in equal pieces of at most that, and the
    scores of the pieces in which PESQ finds speech are averaged.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        MissingPackageError: the package ``pesq`` is not installed.
        AudioError: the lengths differ, a signal lasts less than a quarter of a second, or there is no speech
            in it.
    """
    pesq = require("pesq", extra="bench", purpose="PESQ scores")
    reference_mono, estimate_mono = _at_rate(reference, estimate, sample_rate, _PESQ_RATE)
    if reference_mono.size < _PESQ_SHORTEST:
        raise AudioError(
            f"PESQ can't score {reference_mono.size / _PESQ_RATE:.3f} s: give a quarter of a second or more"
        )
    pieces = -(-reference_mono.size // _PESQ_LONGEST)
    scores = []
    for first, second in zip(
        np.array_split(reference_mono, pieces), np.array_split(estimate_mono, pieces), strict=True
    ):
        if not first.any() or not second.any():
            continue  # the package divides by their level
        try:
            scores.append(float(pesq.pesq(_PESQ_RATE, first, second, "wb")))
        except pesq.NoUtterancesError:
            continue
        except pesq.PesqError as error:
            raise AudioError(f"PESQ can't score these signals: {error}") from error
    if not scores:
        raise AudioError("PESQ finds no speech in these signals: measure them by another metric")
    return float(np.mean(scores))


def stoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, *, extended: bool = False) -> float:
    """Return the short-time objective intelligibility (Taal et al., 2011): 0 (bad) to 1.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.
        extended: whether to return ESTOI (Jensen and Taal, 2016) instead.

    Raises:
        MissingPackageError: the package ``pystoi`` is not installed.
        AudioError: the lengths differ, or less than about 0.4 s is left when silent frames are removed.
    """
    pystoi = require("pystoi", extra="bench", purpose="STOI scores")
    reference_mono, estimate_mono = mono_pair(reference, estimate)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi.stoi(reference_mono, estimate_mono, sample_rate, extended=extended))
        except (RuntimeWarning, ValueError, IndexError) as error:
            raise AudioError("STOI finds too little sound in these signals: give half a second or more") from error


def _at_rate(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    signals = np.stack(mono_pair(reference, estimate)).astype(np.float32)
    first, second = resample(signals, sample_rate, rate)
    return first, second


def visqol(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, *, speech: bool) -> float:
    """Return ViSQOL's mean opinion score: about 1.0 (bad) to 4.73 (audio) or 5.0 (speech).

    Chinen et al., "ViSQOL v3: An Open Source Production Ready Objective Speech and Audio Metric", 2020, as the package
    visqol-python computes it, with the settings that Google's program has by default.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.
        speech: speech mode (both are resampled to 16 kHz, mapped by the lattice network); else audio mode (48 kHz,
            support vector regression).

    Raises:
        MissingPackageError: a package is not installed.
        AudioError: the lengths differ, a signal lasts less than a second, or the reference is silent.
    """
    judge = _judge("speech" if speech else "audio")
    rate = _SPEECH_RATE if speech else _AUDIO_RATE
    signals = np.stack(mono_pair(reference, estimate)).astype(np.float32)
    reference_mono, estimate_mono = resample(signals, sample_rate, rate).astype(np.float64)
    if reference_mono.size < _SHORTEST_SECONDS * rate:
        raise AudioError(f"ViSQOL can't score {reference_mono.size / rate:.3f} s: give a second or more")
    if np.abs(reference_mono).max() < _SILENCE:
        raise AudioError("ViSQOL can't score a silent reference: measure it by another metric")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # logarithms of silent bands, which the package handles
        try:
            score = float(judge.measure_from_arrays(reference_mono, estimate_mono, rate).moslqo)
        except (ValueError, IndexError, RuntimeError, ZeroDivisionError) as error:
            raise AudioError(f"ViSQOL can't score these signals: {error}") from error
    if not np.isfinite(score):
        raise AudioError("ViSQOL gives no number for these signals: measure them by another metric")
    return score


@cache
def _judge(mode: str) -> Any:
    api = require("visqol.api", extra="bench", purpose="ViSQOL scores")
    logging.getLogger("visqol").setLevel(logging.ERROR)
    judge = api.VisqolApi()
    try:
        with no_native_chatter():
            judge.create(mode=mode, use_lattice_model=mode == "speech" or None)
    except ImportError as error:  # without it another mapping would give scores of another scale
        raise MissingPackageError(
            "ViSQOL scores of speech need the package ai-edge-litert: pip install 'auricle[bench]'"
        ) from error
    return judge


def zimtohrli(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return Zimtohrli's distance: 0 for no audible difference, about .005 for a good codec, above .03 for a bad one.

    Alakuijala et al., "Zimtohrli: An Efficient Psychoacoustic Audio Similarity Metric", 2025. Both are resampled to
    48 kHz; of several channels it is the mean distance.

    Args:
        reference: ``(t,)`` or ``(c, t)``.
        estimate: as the reference, of the same shape.
        sample_rate: of both, in Hz.

    Raises:
        MissingPackageError: the package ``zimtohrli`` is not installed.
        AudioError: the shapes differ, or a signal lasts less than a tenth of a second.
    """
    judge = require("zimtohrli", extra="judges", purpose="Zimtohrli scores").Pyohrli()
    first, second = (np.atleast_2d(signal).astype(np.float32) for signal in (reference, estimate))
    if first.shape != second.shape:
        raise AudioError(f"Zimtohrli can't compare shapes {first.shape} and {second.shape}: trim them first")
    first, second = (resample(signal, sample_rate, _AUDIO_RATE) for signal in (first, second))
    if first.shape[1] < _AUDIO_RATE // 10:
        raise AudioError(
            f"Zimtohrli can't score {first.shape[1] / _AUDIO_RATE:.3f} s: give a tenth of a second or more"
        )
    return float(np.mean([judge.distance(*channels) for channels in zip(first, second, strict=True)]))


_DNSMOS_SAMPLES = 144_160
"""The 9.01 s that its network hears at once."""
_DNSMOS_CURVES = MappingProxyType(
    {
        "signal": (-0.08397278, 1.22083953, 0.0052439),
        "background": (-0.13166888, 1.60915514, -0.39604546),
        "overall": (-0.06766283, 1.11546468, 0.04602535),
    }
)
"""Polynomials from what the network says to mean opinions, as published with it."""


def dnsmos(audio: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Mean opinions that listeners would have of speech by itself, without an original, 1 to 5 (DNSMOS P.835).

    Reddy, Gopal and Cutler, "DNSMOS P.835: A Non-Intrusive Perceptual Objective Speech Quality Metric to Evaluate Noise
    Suppressors", ICASSP 2022. Sounds shorter than 9 s are repeated, longer ones judged every second.

    Args:
        audio: ``(t,)`` or ``(c, t)``; channels are averaged; clipped to [-1, 1].
        sample_rate: in Hz; judged at 16 kHz.

    Returns:
        ``signal``, ``background`` and ``overall``.

    Raises:
        AudioError: the sound is empty.
        MissingPackageError: the packages speechmos and onnxruntime are not installed.
    """
    mono = np.clip(resample(np.atleast_2d(audio).mean(0, keepdims=True), sample_rate, _SPEECH_RATE)[0], -1.0, 1.0)
    if not mono.size:
        raise AudioError("DNSMOS can't judge a sound without samples")
    mono = np.tile(mono, -(-_DNSMOS_SAMPLES // mono.size)) if mono.size < _DNSMOS_SAMPLES else mono
    session = _dnsmos_session()
    starts = range(0, mono.size - _DNSMOS_SAMPLES + 1, _SPEECH_RATE)
    pieces = (mono[start : start + _DNSMOS_SAMPLES].astype(np.float32)[None] for start in starts)
    outputs = np.array([session.run(None, {"input_1": piece})[0][0] for piece in pieces])
    return {
        name: float(np.polyval(curve, outputs[:, column]).mean())
        for column, (name, curve) in enumerate(_DNSMOS_CURVES.items())
    }


@cache
def _dnsmos_session() -> Any:
    runtime = require("onnxruntime", extra="judges", purpose="DNSMOS scores")
    spec = find_spec("speechmos")
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackageError("DNSMOS scores need the package speechmos: pip install 'auricle[judges]'")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    folder = Path(next(iter(spec.submodule_search_locations)))
    return runtime.InferenceSession(str(folder / "dnsmos_models" / "sig_bak_ovr.onnx"), options)
