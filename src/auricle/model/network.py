"""Encoder and decoder, put together as a configuration says: untrained, they are a linear codec."""

from math import gcd, prod
from typing import NamedTuple

import numpy as np

from auricle.dsp.mel import band_edges
from auricle.errors import ModelError
from auricle.model.bands import BandLevels, BandNoise, NoiseFill, bands_above
from auricle.model.comb import PitchComb
from auricle.model.config import AutoencoderConfig, StageConfig
from auricle.model.envelope import CURVES, WithPartLevels, with_envelope
from auricle.model.front_end import Compand, front_end
from auricle.model.harmonics import HarmonicSource
from auricle.model.highpass import HighPass
from auricle.model.initial import (
    DirectLayout,
    start_as_linear_codec,
    start_as_transpose,
    start_levels_as_measured,
    start_noise_levels,
    start_quiet,
)
from auricle.stream import Activation, CausalConv, Layer, Parallel, Pointwise, Serial, Upsample

_HIGHPASS_BLOCKS = 8  # of a hop, or as many as divide it


class EncoderDecoder(NamedTuple):
    """Both sides of an autoencoder.

    Attributes:
        encoder: from samples ``(b, t, 1)`` to latents ``(b, n, d)``.
        decoder: from latents to samples.
        compand: the companding that the encoder does and the decoder undoes.
    """

    encoder: Serial
    decoder: Serial
    compand: Compand


class _FrameWidths(NamedTuple):
    """Values of a frame at each place of the network.

    Attributes:
        analysed: what the encoder gets: coefficients, levels of bands, levels of the parts of a hop.
        latent: d.
        waveform_bins: coefficients that the decoder makes; those above are noise alone.
        decoded: these, levels of bands, and points of the curves inside a hop.
    """

    analysed: int
    latent: int
    waveform_bins: int
    decoded: int


def build_network(config: AutoencoderConfig) -> EncoderDecoder:
    """Encoder and decoder with first weights out of torch's random numbers.

    Raises:
        ModelError: the strides of both differ.
    """
    if total_stride(config.decoder) != total_stride(config.encoder):
        raise ModelError("the strides of encoder and decoder differ: make their products equal")
    front, compand, synthesis = front_end(config.transform)
    edges = band_edges(config.sample_rate, config.transform.bins, config.bands) if config.bands else None
    widths = _frame_widths(config, edges)
    encoder_stages = [_encoder_stage(before, stage) for before, stage in _chained(widths.analysed, config.encoder)]
    decoder_stages = [_decoder_stage(before, stage) for before, stage in _chained(widths.latent, config.decoder)]
    to_latent = Pointwise(config.encoder[-1].dim, widths.latent)
    to_bins = Pointwise(config.decoder[-1].dim, widths.decoded)
    start_as_transpose(encoder_stages[0].layers[0], to_bins)
    start_as_transpose(to_latent, decoder_stages[0].layers[0])
    analysis, waveform = _analysis(config, front, edges), _waveform(config, synthesis, widths)
    if not config.direct:
        encoder = Serial([analysis, *encoder_stages, to_latent])
        return EncoderDecoder(encoder, Serial([*decoder_stages, to_bins, waveform]), compand)
    direct_in, direct_out = _direct_maps(config, widths, edges, to_latent, to_bins)
    inward = Parallel(Serial([*encoder_stages, to_latent]), direct_in, widths.latent)
    outward = Parallel(Serial([*decoder_stages, to_bins]), direct_out, widths.decoded)
    spectrum = outward if edges is None else _with_noise(config, outward, edges, widths)
    return EncoderDecoder(Serial([analysis, inward]), Serial([spectrum, waveform]), compand)


def total_stride(stages: tuple[StageConfig, ...]) -> int:
    """Factor by which all stages together change the frame rate."""
    return prod(stage.stride for stage in stages)


def _frame_widths(config: AutoencoderConfig, edges: np.ndarray | None) -> _FrameWidths:
    bins, points = config.transform.bins, CURVES * config.envelope
    waveform_bins = _waveform_bins(config, edges)
    return _FrameWidths(
        bins + config.bands + points,
        config.bottleneck.latent_dim,
        waveform_bins,
        waveform_bins + config.bands + points,
    )


def _waveform_bins(config: AutoencoderConfig, edges: np.ndarray | None) -> int:
    """Coefficients up to the edge of a band that is nearest to ``noise_from``; all of them without it."""
    bins = config.transform.bins
    if edges is None or not config.noise_from:
        return bins
    border = config.noise_from / (config.sample_rate / 2) * bins
    return int(edges[np.abs(edges - border).argmin()])


def _analysis(config: AutoencoderConfig, front: Serial, edges: np.ndarray | None) -> Layer:
    """From samples to frames of all that the encoder gets."""
    hop_length = config.transform.hop_length
    analysis: Layer = front
    if edges is not None:
        analysis = Serial([*front.chain(), BandLevels(edges, energies=config.energies)])
    if config.envelope:
        analysis = WithPartLevels(analysis, hop_length, config.envelope)
    if config.highpass:
        block = hop_length // gcd(hop_length, _HIGHPASS_BLOCKS)
        analysis = Serial([HighPass(config.highpass / config.sample_rate, block), analysis])
    return analysis


def _waveform(config: AutoencoderConfig, synthesis: Serial, widths: _FrameWidths) -> Layer:
    """From frames of coefficients, and of the curves inside hops if there are any, to samples."""
    if not config.envelope:
        return synthesis
    transform = config.transform
    comb = PitchComb(config.comb, transform.hop_length, config.sample_rate) if config.comb else None
    return with_envelope(synthesis, transform.bins, widths.waveform_bins, transform.hop_length, config.envelope, comb)


def _direct_maps(
    config: AutoencoderConfig, widths: _FrameWidths, edges: np.ndarray | None, to_latent: Pointwise, to_bins: Pointwise
) -> tuple[Pointwise, Pointwise]:
    """Linear maps beside encoder and decoder that start as a codec, while the network starts with little to add."""
    start_quiet(to_latent, to_bins)
    direct_in, direct_out = Pointwise(widths.analysed, widths.latent), Pointwise(widths.latent, widths.decoded)
    layout = _direct_layout(config, widths, edges)
    start_as_linear_codec(direct_in, direct_out, layout)
    start_noise_levels(to_bins, widths.waveform_bins, config.bands)
    if config.energies:
        start_levels_as_measured(to_bins, layout)
    return direct_in, direct_out


def _direct_layout(config: AutoencoderConfig, widths: _FrameWidths, edges: np.ndarray | None) -> DirectLayout:
    """Which bands start with a feature: those from `levels_from` on, or above the coefficients that have features.

    Raises:
        ModelError: there are more of them than features.
    """
    noise_bands = levels = 0 if edges is None else bands_above(edges, widths.latent)
    if edges is not None and config.levels_from:
        first = config.levels_from / (config.sample_rate / 2) * edges[-1]
        levels = config.bands - int(np.abs(edges - first).argmin())
        noise_bands = int((edges[:-1] >= widths.waveform_bins).sum())
    if levels > widths.latent:
        raise ModelError(f"{levels} bands have features, and {widths.latent} features there are: raise levels_from")
    return DirectLayout(widths.waveform_bins, config.bands, levels, noise_bands, CURVES * config.envelope)


def _with_noise(config: AutoencoderConfig, spectrum: Layer, edges: np.ndarray, widths: _FrameWidths) -> Layer:
    """Coefficients with noise of the levels that are decoded beside them."""
    if not config.noise_from:
        return NoiseFill(spectrum, edges)
    harmonics = _harmonics(config, spectrum.latency)
    return BandNoise(spectrum, edges, widths.waveform_bins, harmonics, tells_pitch=config.comb > 0)


def _harmonics(config: AutoencoderConfig, latency: int) -> HarmonicSource | None:
    if config.harmonics is None:
        return None
    reader, bins = config.harmonics.reader(config.bottleneck.latent_dim), config.transform.bins
    if reader.latency > latency:
        raise ModelError(
            f"what reads voices looks {reader.latency} frames ahead, the decoder {latency}: make that no more"
        )
    highest = round(config.harmonics.highest / (config.sample_rate / 2) * bins)
    return HarmonicSource(reader, config.transform.analysis(), highest, bins, config.sample_rate, latency)


def _chained(first: int, stages: tuple[StageConfig, ...]) -> list[tuple[int, StageConfig]]:
    """Each stage with the features of the frames that go into it."""
    return list(zip((first, *(stage.dim for stage in stages)), stages, strict=False))


def _encoder_stage(before: int, stage: StageConfig) -> Serial:
    entry: Layer = Pointwise(before, stage.dim)
    if stage.kernel > 1 or stage.stride > 1:
        entry = CausalConv(before, stage.dim, max(stage.kernel, stage.stride), stride=stage.stride)
    return _stage(entry, stage)


def _decoder_stage(before: int, stage: StageConfig) -> Serial:
    entry: Layer = Pointwise(before, stage.dim)
    if stage.stride > 1:
        entry = Upsample(before, stage.dim, stage.stride)
    elif stage.kernel > 1:
        entry = CausalConv(before, stage.dim, stage.kernel)
    return _stage(entry, stage)


def _stage(entry: Layer, stage: StageConfig) -> Serial:
    blocks = [block.build(stage.dim) for block in stage.blocks]
    activation = [] if stage.activation == "none" else [Activation(stage.activation)]
    return Serial([entry, *activation, *blocks])
