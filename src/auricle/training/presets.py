"""Presets: each a function that returns a complete configuration."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from inspect import signature
from types import MappingProxyType
from typing import NamedTuple, TypeVar, final

from auricle.errors import ConfigError
from auricle.losses import (
    BandEnergyConfig,
    ComplexStftConfig,
    LogMelConfig,
    MeanSquaredErrorConfig,
    OnsetConfig,
    PeaksConfig,
    RepetitionConfig,
)
from auricle.model import AutoencoderConfig, StageConfig
from auricle.model.blocks import BlockConfig, ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import EntropyConfig, IdentityConfig
from auricle.model.front_end import MdctConfig, PatchConfig
from auricle.model.harmonics import HarmonicsConfig
from auricle.model.registry import OWN_PART_ADVICE, load_extensions
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.objective.adversary import AdversaryConfig
from auricle.training.objective.config import ObjectiveConfig, Phase, Term, TrainConfig

_POLISHING_RATE = 3e-4
_SPEECH_WAVEFORM_HZ = 3225.0
_SPEECH_LEVELS_HZ = 1000.0
"""At 3 kb/s all that is said above it is levels."""
_MUSIC_WAVEFORM_HZ = 5206.25
"""At 24 kb/s of stereo what is above it has no waveform that is nearer than noise."""
_MUSIC_LEVELS_HZ = 1837.5
_MUSIC_HUSH_DB = 30.0
"""So that hits come out 25 dB down before they begin."""
_MUSIC_AVERAGE = 0.9995
"""Weights of 2,000 steps: what is lost of a beginning jumps from one step of the training to the next."""
_TREBLE = 4.0
"""Levels where waveforms end are all that there is, and ears compare them band by band."""
_HIGHPASS_HZ = 2.0
_COMB = 0.4
_LEVEL_SECONDS = (0.002, 0.008, 0.04)
_CONTEXTS = 10  # so that the file of `speech` stays below 15 MB
_MUSIC_DECAY = 0.6
"""Nine levels from 5 to 73 kb/s of stereo."""
_SPEECH_DECAY = 0.69
"""Nine levels from 1 to 14 kb/s lie closest where most is asked for, from 1.4 to 6."""
_VOICED = 0.45
"""Up to 3 kb/s: above that harmonics bring nothing."""
_SHORT_HOP = 432
"""Sound that goes through it at once comes two hops late: 19.6 ms. A hop of 544 samples would save 3 % of the bits."""


def _conv(blocks: int) -> tuple[BlockConfig, ...]:
    return (ConvBlockConfig(lookahead=1), *_causal(blocks - 1))


def _causal(blocks: int) -> tuple[BlockConfig, ...]:
    """Blocks that see nothing ahead."""
    return tuple(ConvBlockConfig() for _ in range(blocks))


def _autoencoder(
    sample_rate: int,
    hop_length: int,
    dim: int,
    latent: EntropyConfig,
    encoder: tuple[BlockConfig, ...],
    decoder: tuple[BlockConfig, ...],
    bands: int,
    noise_from: float = 0.0,
    envelope: int = 0,
    highpass: float = 0.0,
    energies: bool = False,
    levels_from: float = 0.0,
    harmonics: HarmonicsConfig | None = None,
    comb: float = 0.0,
) -> AutoencoderConfig:
    return AutoencoderConfig(
        sample_rate=sample_rate,
        transform=MdctConfig(hop_length=hop_length),
        encoder=(StageConfig(dim=dim, blocks=encoder),),
        bottleneck=latent,
        decoder=(StageConfig(dim=dim, blocks=decoder),),
        direct=bands > 0,
        bands=bands,
        energies=energies,
        noise_from=noise_from,
        levels_from=levels_from,
        envelope=envelope,
        highpass=highpass,
        harmonics=harmonics,
        comb=comb,
    )


def _nine_levels(dim: int) -> EntropyConfig:
    """For features that are coefficients of unit variance; learned from rounded codes, no gain far from the next."""
    return EntropyConfig(
        dim=dim, levels=9, coarsest=0.2, finest=2.5, contexts=_CONTEXTS, widest=3.0, steepest=1.0, noisy=0.0
    )


def _voice(below: float | None, *, quality_decay: float = 0.5, voiced: float = 1 / 3) -> ObjectiveConfig:
    """Waveforms and smooth spectra below a frequency in Hz, energies of bands everywhere, more from 1 kHz on."""
    return ObjectiveConfig(
        losses=(
            Term(weight=5.5, loss=ComplexStftConfig(n_fft=(512,), below=below), lowest=0.22, spread=0.15),
            Term(weight=0.6, loss=LogMelConfig(n_fft=(256, 512, 1024), n_mels=(20, 40, 80), below=below), spread=0.15),
            Term(
                weight=3.0,
                loss=BandEnergyConfig(seconds=_LEVEL_SECONDS, bands=(3, 12, 24), border=_SPEECH_LEVELS_HZ, above=1.5),
                spread=0.15,
            ),
            Term(weight=4.0, loss=RepetitionConfig(hop_length=320)),
            Term(weight=0.5, loss=OnsetConfig()),
        ),
        bottleneck={"rate": 0.45},
        quality_decay=quality_decay,
        voiced=voiced,
    )


def _any_sound_objective() -> ObjectiveConfig:
    """Waveforms and smooth spectra as far as there is a waveform, energies, peaks and beginnings
    everywhere, energies with more weight where levels are features of their own.
    """
    below = _MUSIC_WAVEFORM_HZ
    return ObjectiveConfig(
        losses=(
            Term(weight=3.0, loss=ComplexStftConfig(n_fft=(512, 2048), below=below), lowest=0.3, spread=0.3),
            Term(weight=1.3, loss=LogMelConfig(n_fft=(512, 2048), n_mels=(24, 64), below=below), spread=0.3),
            Term(
                weight=3.0,
                loss=BandEnergyConfig(
                    seconds=_LEVEL_SECONDS, bands=(4, 16, 32), border=_MUSIC_LEVELS_HZ, above=_TREBLE
                ),
                spread=0.3,
            ),
            Term(weight=6.0, loss=RepetitionConfig(hop_length=_SHORT_HOP)),
            Term(weight=1.0, loss=PeaksConfig(tolerance=0.1)),
            Term(weight=0.3, loss=OnsetConfig(hush_db=_MUSIC_HUSH_DB)),
        ),
        bottleneck={"rate": 0.6},
        quality_decay=_MUSIC_DECAY,
    )


def _any_sound(dim: int, encoder: tuple[BlockConfig, ...], decoder: tuple[BlockConfig, ...]) -> TrainConfig:
    """44.1 kHz, hops of 432 samples, noise alone where waveforms end."""
    return TrainConfig(
        model=_autoencoder(
            44100,
            _SHORT_HOP,
            dim,
            _nine_levels(126),
            encoder,
            decoder,
            40,
            _MUSIC_WAVEFORM_HZ,
            8,
            _HIGHPASS_HZ,
            energies=True,
            levels_from=_MUSIC_LEVELS_HZ,
        ),
        objective=_any_sound_objective(),
        crop_frames=106,
        batch=8,
        rarities=True,
        average=_MUSIC_AVERAGE,
    )


@final
class Size(StrEnum):
    """How large a preset's network is."""

    SMALL = "small"
    BASE = "base"
    LARGE = "large"


class _Shape(NamedTuple):
    dim: int
    encoder: int
    decoder: int


Preset = TypeVar("Preset", bound=Callable[..., TrainConfig])
_presets: dict[str, Callable[..., TrainConfig]] = {}
_sized: dict[str, Callable[..., TrainConfig]] = {}
PRESETS: Mapping[str, Callable[[], TrainConfig]] = MappingProxyType(_presets)
"""Every preset by its name on the command line."""
SIZED: Mapping[str, Callable[[Size], TrainConfig]] = MappingProxyType(_sized)
"""Those that come in sizes."""


def preset(name: str) -> Callable[[Preset], Preset]:
    """Register a function that returns a complete configuration, to be trained by its name.

    The function takes nothing, or a size with ``base`` as default. One that is defined again, as in a notebook, takes
    its own place.

    Raises:
        ConfigError: another function has that name.
    """

    def register(function: Preset) -> Preset:
        there = _presets.get(name)
        if there is not None and (there.__module__, there.__qualname__) != (function.__module__, function.__qualname__):
            raise ConfigError(f"there is a preset {name!r} already, of {there.__module__}: choose another name")
        _presets[name] = function
        if signature(function).parameters:
            _sized[name] = function
        return function

    return register


_SPEECH = {Size.SMALL: _Shape(160, 2, 3), Size.BASE: _Shape(256, 3, 8), Size.LARGE: _Shape(512, 4, 8)}
_MUSIC = {Size.SMALL: _Shape(160, 2, 3), Size.BASE: _Shape(240, 3, 4), Size.LARGE: _Shape(512, 4, 8)}
_MIXED = {Size.SMALL: _Shape(128, 1, 1), Size.BASE: _Shape(192, 1, 2), Size.LARGE: _Shape(384, 2, 3)}


@preset("speech")
def speech(size: Size = Size.BASE) -> TrainConfig:
    """16 kHz, 50 frames a second: voices."""
    shape = _SPEECH[size]
    return TrainConfig(
        model=_autoencoder(
            16000,
            320,
            shape.dim,
            _nine_levels(168),
            _conv(shape.encoder),
            _conv(shape.decoder),
            24,
            _SPEECH_WAVEFORM_HZ,
            8,
            _HIGHPASS_HZ,
            energies=True,
            levels_from=_SPEECH_LEVELS_HZ,
            harmonics=HarmonicsConfig(dim=shape.dim // 2),
            comb=_COMB,
        ),
        objective=_voice(below=_SPEECH_WAVEFORM_HZ, quality_decay=_SPEECH_DECAY, voiced=_VOICED),
        batch=8,
        rarities=True,
    )


@preset("music")
def music(size: Size = Size.BASE) -> TrainConfig:
    """44.1 kHz, 102 frames a second: music and any other sound."""
    shape = _MUSIC[size]
    return _any_sound(shape.dim, _conv(shape.encoder), _conv(shape.decoder))


@preset("live")
def live() -> TrainConfig:
    """44.1 kHz, 102 frames a second, nothing seen ahead: 20 ms from sound to sound, small enough to be played."""
    return _any_sound(256, _causal(2), _causal(3))


@preset("conv")
def conv() -> TrainConfig:
    """A small, plain convolutional autoencoder, 16 kHz, at frame rate: learns fast in few minutes."""
    return speech(Size.SMALL)


@preset("mixed")
def mixed(size: Size = Size.BASE) -> TrainConfig:
    """Convolutional and recurrent blocks in turn, 16 kHz, at frame rate."""
    shape, pair = _MIXED[size], (ConvBlockConfig(), RecurrentBlockConfig())
    encoder, decoder = pair * shape.encoder, pair * shape.decoder
    model = _autoencoder(16000, 320, shape.dim, EntropyConfig(dim=64), encoder, decoder, 0)
    return TrainConfig(model=model, objective=_voice(below=None), batch=8)


@preset("conv-lstm")
def conv_lstm() -> TrainConfig:
    """The small recurrent autoencoder of the literature on patches of 4 ms.

    A convolution of 64 features and kernel 3, an LSTM of 64 units, a linear layer; mean squared error and Adam.
    """
    return TrainConfig(
        model=AutoencoderConfig(
            sample_rate=16000,
            transform=PatchConfig(hop_length=64),
            encoder=(StageConfig(dim=64, kernel=3, activation="relu"),),
            bottleneck=IdentityConfig(dim=64),
            decoder=(StageConfig(dim=64, blocks=(RecurrentBlockConfig(cell="lstm", residual=False),)),),
        ),
        objective=ObjectiveConfig(losses=(Term(weight=1.0, loss=MeanSquaredErrorConfig()),)),
        phases=(Phase(optimiser=OptimiserConfig(weight_decay=0.0, betas=(0.9, 0.999))),),
        crop_frames=250,
    )


def named(name: str, size: str = Size.BASE) -> TrainConfig:
    """A preset by name and size.

    Raises:
        ConfigError: unknown name or size, or the preset has one size only; the message lists the known ones.
    """
    if name not in PRESETS:
        load_extensions()
    if name not in PRESETS:
        raise ConfigError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}, or, {OWN_PART_ADVICE}")
    if size not in list(Size):
        raise ConfigError(f"no size {size!r}: choose one of {', '.join(Size)}")
    if size == Size.BASE:
        return PRESETS[name]()
    if name not in SIZED:
        raise ConfigError(f"preset {name!r} has one size: leave out --size, or choose one of {', '.join(SIZED)}")
    return SIZED[name](Size(size))


def with_adversary(config: TrainConfig, share: float, adversary: AdversaryConfig) -> TrainConfig:
    """The last ``share`` of the budget goes to an adversarial phase, in which only the decoder learns.

    Raises:
        ConfigError: the share is not between 0 and 1.
    """
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"an adversarial share of {share:g}: give 0 (none) to 1 (the whole run)")
    if share == 0.0:
        return config
    polish = Phase(
        name="adversarial",
        share=share,
        optimiser=OptimiserConfig(rate=_POLISHING_RATE),
        frozen="codes",
        adversary=adversary,
    )
    before = (phase.model_copy(update={"share": phase.share * (1.0 - share)}) for phase in config.phases)
    return config.model_copy(update={"phases": (polish,) if share == 1.0 else (*before, polish)})
