"""The autoencoder: sound to latents and codes, and back."""

from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any, Self, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.hub.download import HubAccess
from auricle.hub.upload import PushResult
from auricle.model.arrays import Array, as_source, check_length, integers, latents, rounded_quality, signals
from auricle.model.bottleneck import TableCounter, Tables
from auricle.model.config import AutoencoderConfig
from auricle.model.files.hub import push_model, save_files
from auricle.model.files.writing import Seal, save
from auricle.model.network import build_network, total_stride
from auricle.model.registry import Frozen
from auricle.options.field_types import check_arguments
from auricle.options.hub import PushOptions
from auricle.stream import Stream

_CACHED_FRAMES, _LEAST_FRAMES = 800, 32
"""Frames, of all signals together and of each at least, that are decoded at once, so that what they become on the way
stays in a processor's cache."""


@final
class ModelInfo(Frozen):
    """Where a model comes from; it changes nothing about how the model works."""

    name: str = Field(default="unnamed", max_length=64, description="short name, stored in compressed files")
    description: str = Field(default="", description="what it is for")
    licence: str = Field(default="", description="licence of the weights")
    data: str = Field(default="", description="what it was trained on, with licences")
    training: dict[str, str | int | float] = Field(default={}, description="steps, hours, preset, commands")
    metrics: dict[str, str | int | float] = Field(default={}, description="figures on held-out files")
    decodes: tuple[str, ...] = Field(
        default=(), max_length=64, description="fingerprints of earlier models whose files this one decodes too"
    )


@final
class Autoencoder(nn.Module):
    """Waveform to latent frames and back.

    Attributes:
        config: its shape.
        info: its origin.
        tables: the frozen prior, None until :meth:`fit_tables` or where the bottleneck is continuous.
        encoder: layer ``(b, t, 1)`` to ``(b, t / hop_length, d)``.
        decoder: layer ``(b, n, d)`` to ``(b, n * hop_length, 1)``.
        bottleneck: what stands between them.
        seal: fingerprint of the file that the model was loaded from; None for others.
        hop_length: samples per latent frame.
    """

    def __init__(self, config: AutoencoderConfig, info: ModelInfo | None = None, tables: Tables | None = None):
        super().__init__()
        self.config = config
        self.info = info or ModelInfo()
        self.tables = tables
        self.seal: Seal | None = None
        self.hop_length = config.transform.hop_length * total_stride(config.encoder)
        self.encoder, self.decoder, compand = build_network(config)
        self._compand = (compand,)  # in a tuple, because it is registered as a part of the encoder
        self.bottleneck = config.bottleneck.build(config.sample_rate / self.hop_length)
        if self.encoder.block != self.hop_length:
            raise ModelError("a lookahead inside a strided stage does not fit whole latent frames: move it")

    @property
    def name(self) -> str:
        """The name that files made with the model state."""
        return self.info.name

    @property
    def sample_rate(self) -> int:
        """Native rate in Hz."""
        return self.config.sample_rate

    @property
    def latent_dim(self) -> int:
        """Features of a latent frame."""
        return self.config.bottleneck.latent_dim

    @property
    def encoder_latency(self) -> int:
        """Frames by which the encoder's output lags."""
        return self.encoder.latency

    @property
    def decoder_latency(self) -> int:
        """Samples by which the decoder's output lags."""
        return self.decoder.latency

    @property
    def lag(self) -> int:
        """Samples by which ``decoder(encoder(x))`` lags x."""
        return self.encoder_latency * self.hop_length + self.decoder_latency

    def frames(self, samples: int) -> int:
        """Latent frames that are needed to decode ``samples`` samples; 0 for 0."""
        return -(-(samples + self.decoder_latency) // self.hop_length) if samples else 0

    def samples(self, frames: int) -> int:
        """Samples that ``frames`` latent frames carry."""
        return max(0, frames * self.hop_length - self.decoder_latency)

    def encode(self, audio: Array, sample_rate: int | None = None) -> Array:
        """Signals to latents float32 ``(b, n, d)``, n = ``frames(t)``: the encoder's output, before the bottleneck.

        Args:
            audio: floats ``(t,)``, one signal, or ``(b, t)``, several; numpy or torch, and so is what comes back.
            sample_rate: of the audio in Hz; None for the model's own.

        Raises:
            AudioError: another rate, not floats, another shape, empty, or not finite.
        """
        batch = signals(audio, self._weight, sample_rate, self.sample_rate)
        length = (self.frames(batch.shape[1]) + self.encoder_latency) * self.hop_length
        padded = F.pad(batch, (0, length - batch.shape[1]))
        return as_source(self.encoder(padded.unsqueeze(2))[:, self.encoder_latency :], audio)

    def decode(self, z: Array, length: int) -> Array:
        """Latents to the sound ``(b, length)`` as the model rebuilds it at its best quality.

        Nothing is rounded that can be left unrounded; `codes` and `from_codes` round as files do.

        Args:
            z: floats ``(b, n, d)`` or, of one signal, ``(n, d)``: from `encode`, or anything like it.
            length: samples, at most what ``n`` frames carry.

        Raises:
            ModelError: latents of another shape or type, or not finite.
            OptionError: the frames carry less.
        """
        batch = latents(z, self._weight, self.latent_dim)
        check_length(length, self.samples(batch.shape[1]))
        return as_source(self._rebuilt(batch, length), z)

    def forward(self, audio: Array) -> Array:
        """Signals ``(t,)`` or ``(b, t)`` as the model rebuilds them, ``(b, t)``: `decode` of `encode`."""
        batch = signals(audio, self._weight, None, self.sample_rate)
        return as_source(self._rebuilt(self.encode(batch), batch.shape[1]), audio)

    def codes(self, audio: Array, quality: float, sample_rate: int | None = None) -> Array:
        """Signals to the integers int32 ``(b, n, k)`` that a file of that quality holds.

        Args:
            audio: as for `encode`.
            quality: from 0 to the model's highest level, in steps of an eighth.
            sample_rate: as for `encode`.

        Raises:
            AudioError: as `encode`.
            ModelError: the bottleneck is continuous.
            OptionError: the quality is not on the dial.
        """
        step = rounded_quality(quality, self.bottleneck.quality_levels)
        with torch.no_grad():
            z = self.encode(signals(audio, self._weight, sample_rate, self.sample_rate))
            return as_source(self.bottleneck.quantise(z, step), audio)

    def from_codes(self, codes: Array, length: int, quality: float) -> Array:
        """Integers of `codes` to the sound ``(b, length)`` as a file of that quality gives it.

        Args:
            codes: ``(b, n, k)`` or, of one signal, ``(n, k)``.
            length: samples, at most what ``n`` frames carry.
            quality: that they were made at.

        Raises:
            ModelError: the bottleneck is continuous, or these are not its codes.
            OptionError: the quality is not on the dial, or the frames carry less.
        """
        step = rounded_quality(quality, self.bottleneck.quality_levels)
        shape = self.bottleneck.table_shape()
        if shape is None:
            raise ModelError("a continuous bottleneck has no codes: use a model with 'entropy', 'rvq' or 'fsq'")
        batch = integers(codes, self._weight, self.bottleneck.codebooks, shape)
        check_length(length, self.samples(batch.shape[1]))
        return as_source(self.decode_bottled(self.bottleneck.dequantise(batch, step), length), codes)

    @check_arguments()
    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a model file, also of a model that has been changed: `auricle.load` reads it.

        Weights are rounded to float16. A model whose encoder or bottleneck has learned anew needs `fit_tables` first,
        or its files grow.

        Raises:
            ModelError: a weight is not finite, or too large for float16.
            OutputError: the file exists and ``force`` is false, or can't be written.
        """
        save(self, path, force=force)

    @classmethod
    @check_arguments()
    def from_pretrained(cls, name_or_path: Path | str, **access: Any) -> Self:
        """A model from the hub (``owner/name``, ``hf://owner/name@revision``), a folder, or what `auricle.load` takes.

        Args:
            name_or_path: where it is.
            access: ``revision``, ``cache_dir``, ``token``, ``local_files_only``, ``force_download`` of huggingface_hub.

        Raises:
            MissingPackageError: huggingface_hub is not installed.
            ModelError: it can't be had, or is malformed.
        """
        reader = import_module("auricle.model.files.pretrained")  # which needs this class
        return reader.load_pretrained(name_or_path, HubAccess(**access))

    @check_arguments()
    def save_pretrained(self, folder: Path | str, *, force: bool = False) -> None:
        """Write into a folder what the hub wants: file, ``config.json`` and card. Errors are those of `save`."""
        save_files(self, Path(folder), force=force)

    def push_to_hub(self, repo: str, *, token: str | None = None, options: PushOptions = PushOptions()) -> PushResult:
        """Publish the model and its card in the repository ``owner/name`` of the hub. Errors are those of `push`."""
        return push_model(self, repo, options, token)

    def decode_bottled(self, z: Tensor, length: int) -> Tensor:
        """What came out of the bottleneck ``(b, n, d)`` to ``(b, length)``, length at most what n frames carry."""
        if length == 0:
            return z.new_zeros(z.shape[0], 0)
        pieces = 1 if self._learns(z) else ceil(z.shape[1] / max(_LEAST_FRAMES, _CACHED_FRAMES // z.shape[0]))
        if pieces > 1:
            chunk = ceil(z.shape[1] / pieces / self.decoder.block) * self.decoder.block
            stream = Stream(self.decoder, batch=z.shape[0], chunk=chunk, device=z.device)
            return stream.push(F.pad(z, (0, 0, 0, chunk * pieces - z.shape[1]))).squeeze(2)[:, :length]
        audio = self.decoder(z).squeeze(2)[:, self.decoder_latency :]
        assert torch.compiler.is_compiling() or audio.shape[1] >= length, (audio.shape, length)
        return audio[:, :length]

    def _learns(self, z: Tensor) -> bool:
        """Whether gradients are wanted of what latents are decoded to, or a graph of it."""
        wants_gradients = torch.is_grad_enabled() and (z.requires_grad or self._weight.requires_grad)
        return wants_gradients or torch.compiler.is_compiling()

    def _rebuilt(self, z: Tensor, length: int) -> Tensor:
        best = self._weight.new_full((z.shape[0],), self.bottleneck.quality_levels - 1.0)
        return self.decode_bottled(self.bottleneck.unrounded(z, best), length)

    @property
    def _weight(self) -> Tensor:
        """Any: its type and device are the model's."""
        return next(self.parameters())

    @torch.inference_mode()
    def fit_scale(self, audio: Tensor) -> None:
        """Set the front end's scale so that each bin of ``audio`` ``(b, t)`` has unit variance."""
        (compand,), hop = self._compand, self.config.transform.hop_length
        frames = audio[:, : audio.shape[1] // hop * hop].unsqueeze(2)
        coefficients = compand.compress(self.config.transform.analysis().to(audio.device)(frames))
        deviation = coefficients.flatten(0, 1).square().mean(0).sqrt()
        compand.deviation.copy_(deviation.clamp(min=1e-3 * float(deviation.max()) + 1e-8))

    @torch.inference_mode()
    def fit_tables(self, latents: list[Tensor]) -> None:
        """Freeze the prior into integer tables by counting codes.

        Args:
            latents: encoder outputs ``(b, n, d)`` of training sound.

        Raises:
            ModelError: the bottleneck is continuous.
        """
        shape = self.bottleneck.table_shape()
        if shape is None:
            raise ModelError("a continuous bottleneck has no tables: train one with 'entropy', 'rvq' or 'fsq'")
        counter = TableCounter(shape)
        for z in latents:
            for level in range(self.bottleneck.quality_levels):
                counter.add(level, self.bottleneck.quantise(z, float(level)).cpu().numpy())
        self.tables = counter.tables()
