"""Latents and codes of a model, as users hand them in and get them back."""

import numpy as np
import pytest
import torch
from torch import Tensor

from auricle.errors import AudioError, AuricleError, ModelError, OptionError
from auricle.model import Autoencoder
from auricle.model.blocks import ConvBlockConfig
from model.tiny import BOTTLENECKS, CODED, model_of, tiny_model

RATE, LENGTH = 16000, 4000


def chord(length: int = LENGTH, batch: int = 1) -> Tensor:
    time = torch.arange(length) / RATE
    sounds = [
        sum(0.1 * torch.sin(2 * torch.pi * hertz * (row + 1) * time) for hertz in (200, 330)) for row in range(batch)
    ]
    return torch.stack([torch.as_tensor(sound) for sound in sounds])


@pytest.fixture(scope="module", params=[*BOTTLENECKS])
def model(request: pytest.FixtureRequest) -> Autoencoder:
    return tiny_model(BOTTLENECKS[request.param])


@pytest.fixture(scope="module")
def coder() -> Autoencoder:
    return tiny_model()


def test_decode_of_encode_is_what_the_decoder_makes_of_the_bottleneck(model: Autoencoder):
    sound = chord(batch=2)
    best = torch.full((2,), model.bottleneck.quality_levels - 1.0)
    expected = model.decode_bottled(model.bottleneck.unrounded(model.encode(sound), best), LENGTH)
    assert torch.equal(model.decode(model.encode(sound), LENGTH), expected)
    assert torch.equal(model(sound), expected)


@pytest.mark.parametrize("length", [1, 319, 4000, 4001])
def test_lengths_are_exact(model: Autoencoder, length: int):
    z = model.encode(chord(length))
    assert z.shape == (1, model.frames(length), model.latent_dim)
    assert model.decode(z, length).shape == (1, length)
    assert model.samples(z.shape[1]) >= length


def test_numpy_in_is_numpy_out(coder: Autoencoder):
    sound = chord(batch=2)
    z = coder.encode(sound.numpy(), sample_rate=RATE)
    assert isinstance(z, np.ndarray) and z.dtype == np.float32
    np.testing.assert_array_equal(z, coder.encode(sound).numpy())
    np.testing.assert_array_equal(coder.decode(z, LENGTH), coder(sound).numpy())
    codes = coder.codes(sound.numpy(), 2)
    assert isinstance(codes, np.ndarray) and codes.dtype == np.int32
    np.testing.assert_array_equal(
        coder.from_codes(codes, LENGTH, 2), coder.from_codes(coder.codes(sound, 2), LENGTH, 2)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        lambda x: x[..., ::-1].copy()[..., ::-1],
        lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
        lambda x: np.asfortranarray(x),
        lambda x: x[0],
    ],
    ids=["float64", "big endian", "strided", "backwards", "read-only", "fortran", "one signal"],
)
def test_arrays_of_any_layout_are_the_same_sound(coder: Autoencoder, change, recwarn):
    sound = chord().numpy()
    np.testing.assert_array_equal(coder.encode(change(sound)), coder.encode(sound))
    assert not recwarn.list


def test_one_signal_is_a_batch_of_one(coder: Autoencoder):
    sound = chord()
    z = coder.encode(sound[0])
    assert torch.equal(z, coder.encode(sound))
    assert coder.decode(z[0], LENGTH).shape == (1, LENGTH)
    codes = coder.codes(sound[0], 1)
    assert torch.equal(coder.from_codes(codes[0], LENGTH, 1), coder.from_codes(codes, LENGTH, 1))


def test_what_is_padded_with_silence_has_the_frames_and_sound_of_itself(model: Autoencoder):
    """Everything is causal and silence follows every sound: shorter signals of a batch are cut to their frames."""
    short = chord(2500)
    batch = torch.cat((chord(), torch.nn.functional.pad(short, (0, LENGTH - 2500))))
    z = model.encode(batch)[1:, : model.frames(2500)]
    torch.testing.assert_close(z, model.encode(short), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model(batch)[1:, :2500], model(short), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CODED)
def test_codes_are_what_files_hold_and_decode_to(name: str):
    model = tiny_model(BOTTLENECKS[name])
    quality = model.bottleneck.quality_levels - 1
    codes = model.codes(chord(batch=2), quality)
    assert codes.dtype == torch.int32
    assert codes.shape == (2, model.frames(LENGTH), model.bottleneck.codebooks)
    assert torch.equal(codes, model.bottleneck.quantise(model.encode(chord(batch=2)), float(quality)))
    rebuilt = model.decode_bottled(model.bottleneck.dequantise(codes, float(quality)), LENGTH)
    assert torch.equal(model.from_codes(codes, LENGTH, quality), rebuilt)
    assert torch.equal(model.from_codes(codes.long(), LENGTH, quality), rebuilt)


def test_qualities_are_eighths_as_in_files(coder: Autoencoder):
    assert torch.equal(coder.codes(chord(), 1.3), coder.codes(chord(), 1.25))


def test_gradients_reach_the_sound_and_the_latents(model: Autoencoder):
    sound = chord().requires_grad_()
    z = model.encode(sound)
    model.decode(z, LENGTH).square().mean().backward()
    assert sound.grad is not None and sound.grad.isfinite().all() and sound.grad.abs().max() > 0


def test_models_in_double_precision_agree_with_those_in_single(coder: Autoencoder):
    double = tiny_model().double()
    assert double(chord()).dtype == torch.float64
    torch.testing.assert_close(double(chord()).float(), coder(chord()), rtol=1e-3, atol=1e-3)


def test_autocast_hardly_changes_the_sound(coder: Autoencoder):
    with torch.autocast("cpu", torch.bfloat16):
        rebuilt = coder(chord())
    assert (rebuilt - coder(chord())).square().mean() < 1e-3 * coder(chord()).square().mean()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_refused_in_one_line(dtype: torch.dtype):
    with pytest.raises(ModelError, match=r"in b?float16.*\.float\(\)"):
        tiny_model().to(dtype).encode(chord())


def test_nothing_of_a_model_stays_on_the_cpu(model: Autoencoder):
    """On a device where any constant of the processor would be an error."""
    moved = tiny_model(model.config.bottleneck).to("meta")
    sound = torch.zeros(2, LENGTH, device="meta")
    assert moved(sound).device.type == "meta"
    with pytest.raises(AudioError, match="audio on cpu, but the model is on meta"):
        moved.encode(torch.zeros(2, LENGTH))


DYNAMIC = {"audio": {1: torch.export.Dim.DYNAMIC}}


@pytest.mark.slow
def test_programs_of_any_length_can_be_exported(coder: Autoencoder):
    stages = {"decoder": (coder.config.decoder[0].model_copy(update={"blocks": (ConvBlockConfig(lookahead=1),)}),)}
    model = model_of(coder.config.model_copy(update=stages))
    program = torch.export.export(model, (chord(),), dynamic_shapes=DYNAMIC).module()
    for length in (500, 2222):
        torch.testing.assert_close(program(chord(length)), model(chord(length)), rtol=1e-4, atol=1e-5)


def test_recurrent_models_are_exported_with_one_length(coder: Autoencoder):
    with pytest.raises(ModelError, match=r"recurrent block.*fixed"):
        torch.export.export(coder, (chord(),), dynamic_shapes=DYNAMIC)
    program = torch.export.export(coder, (chord(),)).module()
    torch.testing.assert_close(program(chord()), coder(chord()), rtol=1e-4, atol=1e-5)


def test_a_cast_there_and_back_leaves_a_model_as_it_was(coder: Autoencoder):
    cast = tiny_model().to(torch.float64).to(torch.float32)
    assert torch.equal(cast(chord()), coder(chord()))


BAD_SOUNDS = {
    "int16": (np.zeros(LENGTH, np.int16), "int16.*divide"),
    "torch int": (torch.zeros(LENGTH, dtype=torch.int32), "int32.*divide"),
    "bool": (np.zeros(LENGTH, bool), "bool"),
    "complex": (np.zeros(LENGTH, np.complex64), "complex64"),
    "text": (np.array(["a"]), "<U1"),
    "list": ([0.0, 0.1], "audio of list"),
    "path": ("talk.wav", "audio of str"),
    "no axis": (torch.tensor(0.5), r"shape \(\)"),
    "three axes": (torch.zeros(1, 2, LENGTH), r"\(1, 2, 4000\)"),
    "no samples": (torch.zeros(2, 0), "not empty"),
    "no signals": (np.zeros((0, LENGTH), np.float32), "not empty"),
    "channels last": (np.zeros((LENGTH, 2), np.float32), "other way round"),
    "NaN": (torch.full((1, LENGTH), torch.nan), "NaN or infinite"),
    "infinite": (np.full(LENGTH, np.inf), "NaN or infinite"),
    "beyond float32": (np.full(LENGTH, 1e300), "NaN or infinite"),
}


@pytest.mark.parametrize("name", BAD_SOUNDS)
def test_bad_sounds_are_refused_in_one_line(coder: Autoencoder, name: str):
    audio, message = BAD_SOUNDS[name]
    for work in (coder.encode, lambda audio: coder.codes(audio, 1)):
        with pytest.raises(AudioError, match=message) as caught:
            work(audio)
        assert "\n" not in str(caught.value)


def test_another_rate_is_refused(coder: Autoencoder):
    with pytest.raises(AudioError, match=r"44100 Hz: this model takes 16000 Hz"):
        coder.encode(chord(), sample_rate=44100)
    with pytest.raises(AudioError, match="44100"):
        coder.codes(chord(), 1, sample_rate=44100)


Z = torch.zeros(1, 14, 8)
BAD_CALLS = {
    "latents of another model": (lambda m: m.decode(torch.zeros(1, 14, 9), LENGTH), ModelError, r"takes \(b, n, 8\)"),
    "no latents": (lambda m: m.decode(torch.zeros(1, 0, 8), LENGTH), ModelError, "not empty"),
    "integer latents": (lambda m: m.decode(Z.int(), LENGTH), ModelError, "int32"),
    "NaN latents": (lambda m: m.decode(Z * torch.nan, LENGTH), ModelError, "NaN"),
    "list of latents": (lambda m: m.decode([[0.0] * 8], LENGTH), ModelError, "list"),
    "too long": (lambda m: m.decode(Z, 10**6), OptionError, "1000000 samples: these frames carry 1 to"),
    "no length": (lambda m: m.decode(Z, 0), OptionError, "0 samples"),
    "fractional length": (lambda m: m.decode(Z, 4000.0), OptionError, r"4000\.0"),
    "true length": (lambda m: m.decode(Z, True), OptionError, "True"),
    "quality too high": (lambda m: m.codes(chord(), 4), OptionError, "dial runs from 0 to 3"),
    "quality NaN": (lambda m: m.codes(chord(), float("nan")), OptionError, "nan"),
    "quality of text": (lambda m: m.from_codes(Z.int(), LENGTH, "best"), OptionError, "best"),
    "quality of digits": (lambda m: m.codes(chord(), "3"), OptionError, "'3': give a number from 0 to 3"),
    "float codes": (lambda m: m.from_codes(Z, LENGTH, 1), ModelError, "float32: give integers"),
    "codes of another model": (lambda m: m.from_codes(torch.zeros(1, 14, 3).int(), LENGTH, 1), ModelError, "n, 8"),
    "huge codes": (lambda m: m.from_codes(Z.long() + 2**40, LENGTH, 1), ModelError, "1048576"),
    "codes of too few frames": (lambda m: m.from_codes(Z.int(), 10**6, 1), OptionError, "carry"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_calls_are_refused_in_one_line(coder: Autoencoder, name: str):
    call, error, message = BAD_CALLS[name]
    with pytest.raises(error, match=message) as caught:
        call(coder)
    assert "\n" not in str(caught.value)


def test_codes_outside_a_codebook_are_refused():
    model = tiny_model(BOTTLENECKS["rvq"])
    for value in (-1, 16):
        with pytest.raises(ModelError, match="this model's are 0 to 15"):
            model.from_codes(torch.full((1, 14, 3), value), LENGTH, 2)


@pytest.mark.parametrize("name", sorted({*BOTTLENECKS} - {*CODED}))
def test_continuous_bottlenecks_have_no_codes(name: str):
    model = tiny_model(BOTTLENECKS[name])
    for call in (lambda: model.codes(chord(), 0), lambda: model.from_codes(Z.int(), LENGTH, 0)):
        with pytest.raises(AuricleError, match="continuous"):
            call()
