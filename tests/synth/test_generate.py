"""New sounds, variations, continuations, loops and streams."""

import gc
import io
import tracemalloc
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import generate, generate_endless, read
from auricle.errors import AudioError, AuricleError, ModelError, OptionError, OutputError
from auricle.model import save
from auricle.options.synthesis import GenerationOptions, SamplingOptions, SoundFileOptions
from auricle.progress import Progress
from auricle.synth.endless import stream_blocks
from auricle.synth.priors.file import save_prior
from auricle.synth.priors.loading import load_prior_and_model
from auricle.synth.render_context import RenderContext
from synth.synth_sounds import RATE, make_model, make_prior, tone, wav

MODEL = make_model(recurrent=True, latent=16)
FLOW, STEREO = make_prior(MODEL), make_prior(MODEL, channels=2)
RECURRENT = make_prior(MODEL, recurrent=True)
SIZED = make_prior(MODEL, with_sizes=True)
ONE_STEP, TWO_STEPS = SamplingOptions(steps=1), SamplingOptions(steps=2)
PRIORS = pytest.mark.parametrize(
    "prior", [FLOW, STEREO, RECURRENT, SIZED], ids=["flow", "stereo", "recurrent", "sized"]
)


def audio(prior, **options) -> list[np.ndarray]:
    output = generate(prior, GenerationOptions(**options), model=MODEL, sampling=TWO_STEPS)
    assert all(sound.audio is not None for sound in output.sounds)
    return [sound.audio for sound in output.sounds if sound.audio is not None]


def at_its_level(prior, model, **options) -> np.ndarray:
    """One sound as it was before it was turned down."""
    (sound,) = generate(prior, GenerationOptions(**options), model=model, sampling=TWO_STEPS).sounds
    assert sound.audio is not None
    return sound.audio / 10 ** (sound.level_db / 20)


@PRIORS
def test_same_seed_same_samples_whatever_the_number(prior):
    six, two = audio(prior, count=6, seed=7, seconds=0.4), audio(prior, count=2, seed=7, seconds=0.4)
    assert all(np.array_equal(a, b) for a, b in zip(six[:2], two, strict=True))
    assert not np.array_equal(six[0], six[1])
    assert not np.array_equal(six[0], audio(prior, seed=8, seconds=0.4)[0])
    long = audio(prior, count=2, seed=7, seconds=2.0)
    assert np.array_equal(long[0], audio(prior, seed=7, seconds=2.0)[0]) and not np.array_equal(*long)


@PRIORS
@pytest.mark.parametrize("seconds", [0.01, 0.3, 3.3])
def test_lengths_and_channels(prior, seconds: float):
    (sound,) = audio(prior, seconds=seconds)
    assert sound.shape == (prior.channels, round(seconds * RATE))
    assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0 and sound.any()


def test_without_seconds_a_sound_is_at_most_a_window():
    (sound,) = audio(FLOW)
    assert 0 < sound.shape[1] <= FLOW.window * FLOW.hop_length


def peak_db(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(sound).max()))


def test_lengths_and_levels_are_those_of_the_class():
    for label, seconds, levels in (("a", (0.1,), (-20,)), ("b", (0.3, 0.4), (-6, -3))):
        sounds = audio(SIZED, label=label, count=8, seed=1)
        assert all(sound.shape[1] / RATE <= max(seconds) + 1e-3 for sound in sounds)
        nearest = [min(levels, key=lambda level, sound=sound: abs(level - peak_db(sound))) for sound in sounds]
        assert [peak_db(sound) for sound in sounds] == pytest.approx(nearest, abs=0.01)
        assert set(nearest) == set(levels), "each is drawn now and then"


@pytest.mark.parametrize("prior", [FLOW, SIZED])
@pytest.mark.parametrize("options", [{}, {"seconds": 0.5}, {"seconds": 2.0}, {"loop": True, "seconds": 1.0}])
def test_a_level_that_is_asked_for(prior, options: dict):
    (sound,) = audio(prior, level=-12.0, seed=3, **options)
    assert peak_db(sound) == pytest.approx(-12.0, abs=0.01)


def test_variations_and_continuations_keep_their_level_but_for_what_is_asked_for(tmp_path: Path):
    path = wav(tmp_path / "tone.wav", tone(500, 0.5))
    for options in ({"like": path, "strength": 0.0}, {"after": path, "seconds": 0.2}):
        (kept,), (quiet,) = audio(SIZED, seed=1, **options), audio(SIZED, seed=1, level=-40.0, **options)
        assert abs(peak_db(kept) + 40.0) > 0.5 and peak_db(quiet) == pytest.approx(-40.0, abs=0.01)


def test_short_sounds_take_short_windows():
    def frames(label: str) -> int:
        context = RenderContext(load_prior_and_model(SIZED, MODEL), TWO_STEPS, SIZED.label(label), 0, None)
        random = context.random(0)
        size = context.draw_size(random)
        assert size is not None
        return next(context.sampler.sample((random,), sizes=(size,))).shape[1]

    assert frames("a") == 10 and frames("b") in (20, 24)


def test_numbered_files_hold_what_arrays_hold(tmp_path: Path):
    options = GenerationOptions(label="a", count=3, seconds=0.5, seed=0)
    output = generate(FLOW, options, model=MODEL, sampling=TWO_STEPS, out=tmp_path / "new" / "folder")
    arrays = audio(FLOW, count=3, label="A", seconds=0.5, seed=0)
    assert [sound.path.name for sound in output.sounds if sound.path] == ["a-001.wav", "a-002.wav", "a-003.wav"]
    for sound, array in zip(output.sounds, arrays, strict=True):
        assert sound.path is not None and sound.label == "a"
        stored, rate = read(sound.path)
        assert rate == RATE and np.abs(stored - array).max() < 1e-4
    values = output.to_json()
    assert (
        values["sounds"][2]["path"].name == "a-003.wav" and values["seed"] == 0 and "audio" not in values["sounds"][0]
    )


def test_a_long_file_is_the_array(tmp_path: Path):
    output = generate(STEREO, GenerationOptions(seconds=4.0, seed=0), model=MODEL, sampling=TWO_STEPS, out=tmp_path)
    assert output.sounds[0].path is not None
    stored, _ = read(output.sounds[0].path)
    assert np.abs(stored - audio(STEREO, seconds=4.0, seed=0)[0]).max() < 1e-4


def test_memory_does_not_grow_with_length(tmp_path: Path):
    peaks = []
    for seconds in (12.0, 47.0):
        gc.collect()  # what earlier tests left must not be counted
        tracemalloc.start()
        options = GenerationOptions(seconds=seconds)
        generate(FLOW, options, model=MODEL, sampling=ONE_STEP, out=tmp_path / str(seconds))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000  # 35 s more of samples alone would be 2.2 MB


def test_like_at_no_strength_is_the_sound_as_the_model_rebuilds_it(tmp_path: Path):
    model = make_model()
    prior = make_prior(model)
    source = tone(440, 1.3)
    path = wav(tmp_path / "tone.wav", source)
    near, far = (
        generate(prior, GenerationOptions(like=path, strength=strength), model=model, sampling=TWO_STEPS)
        .sounds[0]
        .audio
        for strength in (0.0, 1.0)
    )
    assert near is not None and far is not None and near.shape == source.shape == far.shape
    assert np.abs(near - source)[:, 16:-160].max() < 0.02  # its ends may fade
    assert np.abs(far - source).max() > 0.1


def test_like_takes_any_rate_and_number_of_channels(tmp_path: Path):
    path = wav(tmp_path / "tone.wav", tone(440, 0.7, rate=44100, channels=2), 44100)
    assert audio(FLOW, like=path)[0].shape == (1, round(0.7 * RATE))
    assert audio(STEREO, like=path)[0].shape == (2, round(0.7 * RATE))


@PRIORS
def test_a_continuation_begins_with_the_sound(prior, tmp_path: Path):
    path = wav(tmp_path / "tone.wav", tone(440, 1.0))
    first, second = (at_its_level(prior, MODEL, after=path, seconds=1.0, seed=seed) for seed in (0, 1))
    assert 1.9 * RATE < first.shape[1] < 2.0 * RATE
    same = np.abs(first - second).max(axis=0)
    assert same[: round(0.85 * RATE)].max() < 1e-6 and same[RATE:].max() > 1e-3


def test_a_continuation_has_the_beginning_rebuilt(tmp_path: Path):
    model = make_model()
    path = wav(tmp_path / "tone.wav", tone(440, 1.0))
    rebuilt = at_its_level(make_prior(model), model, after=path, seconds=0.5)
    assert np.abs(rebuilt[:, 16:14000] - tone(440, 1.0)[:, 16:14000]).max() < 0.02


@PRIORS
def test_a_stream_is_endless_and_repeatable(prior):
    context = RenderContext(load_prior_and_model(prior, MODEL), ONE_STEP, -1, 3, None)
    runs = [np.concatenate(list(islice(stream_blocks(context), 60)), axis=1)[:, : 4 * RATE] for _ in range(2)]
    assert runs[0].shape == (prior.channels, 4 * RATE) and np.array_equal(*runs)
    assert np.abs(runs[0][:, -RATE:]).max() > 0


def test_a_stream_into_a_pipe_is_a_wav_of_the_length_asked_for():
    pipe = io.BytesIO()
    result = generate_endless(FLOW, pipe, GenerationOptions(seconds=2.5), model=MODEL, sampling=ONE_STEP)
    assert result.seconds == 2.5
    pipe.seek(0)
    stored, rate = soundfile.read(pipe)
    assert rate == RATE and len(stored) == 2.5 * RATE


def test_whoever_has_heard_enough_closes_the_pipe():
    class Closed(io.BytesIO):
        def write(self, data) -> int:
            if self.tell() > 100_000:
                raise BrokenPipeError
            return super().write(data)

    with pytest.raises(BrokenPipeError):
        generate_endless(FLOW, Closed(), model=MODEL, sampling=ONE_STEP)


def test_a_stream_into_a_file_can_be_read_while_it_grows(tmp_path: Path):
    path = tmp_path / "stream.wav"

    def stop(progress: Progress) -> None:
        if progress.done > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_endless(FLOW, path, model=MODEL, sampling=ONE_STEP, on_progress=stop)
    assert read(path)[0].shape[1] > 2 * RATE
    with pytest.raises(OutputError, match="exists already"):
        generate_endless(FLOW, path, GenerationOptions(seconds=1), model=MODEL)


def test_the_model_is_found_beside_the_prior(tmp_path: Path):
    save(MODEL, tmp_path / "mine.auricle.safetensors")
    save_prior(make_prior(MODEL), tmp_path / "mine.prior.safetensors")
    short = GenerationOptions(seconds=0.1)
    assert generate(tmp_path / "mine.prior.safetensors", short, sampling=ONE_STEP).seconds == pytest.approx(0.1)
    (tmp_path / "mine.auricle.safetensors").unlink()
    with pytest.raises(ModelError, match="needs the model 'linear'"):
        generate(tmp_path / "mine.prior.safetensors")


BAD = [
    (OptionError, r"class 'c' is unknown .*a, b", {"label": "c"}),
    (OptionError, "a sound of 0 s", {"seconds": 0.0}),
    (OptionError, "a sound of -1 s", {"seconds": -1.0}),
    (OptionError, "a sound of nan s", {"seconds": float("nan")}),
    (OptionError, "a sound of inf s", {"seconds": float("inf")}),
    (OptionError, "a loop of 0.1 s", {"seconds": 0.1, "loop": True}),
    (OptionError, "0 sounds", {"count": 0}),
    (OptionError, "-2 sounds", {"count": -2}),
    (OptionError, "strength 1.5", {"strength": 1.5, "like": "silent.wav"}),
    (OptionError, "a strength is of a variation or a gap", {"strength": 0.5}),
    (OptionError, "seed -1", {"seed": -1}),
    (OptionError, "exclude each other", {"like": "silent.wav", "loop": True}),
    (OptionError, "as long as its sound", {"like": "silent.wav", "seconds": 1.0}),
    (AudioError, "silent.wav is silent", {"like": "silent.wav"}),
    (AudioError, "silent.wav is silent", {"after": "silent.wav"}),
    (AudioError, "too short to go on from", {"after": "short.wav"}),
    (AudioError, "blip.wav lasts 0.000625 s: that is too short to vary", {"like": "blip.wav"}),
    (AudioError, "missing.wav does not exist", {"like": "missing.wav"}),
    (AudioError, "holds no samples", {"like": "void.wav"}),
    (OutputError, "short.wav exists already", {"out": "short.wav"}),
    (OutputError, "short.wav is a file", {"out": "short.wav/below"}),
    (OptionError, "one file for 2 sounds", {"out": "new.wav", "count": 2}),
    (OptionError, "class 'c' is unknown .*a, b", {"label": "a,c"}),
]


@pytest.mark.parametrize(("kind", "message", "options"), BAD)
def test_bad_input(
    kind: type[AuricleError], message: str, options: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    wav(Path("silent.wav"), np.zeros((1, RATE)))
    wav(Path("short.wav"), tone(440, 0.03))
    wav(Path("void.wav"), np.zeros((1, 0)))
    wav(Path("blip.wav"), 0.5 * np.ones((1, 10)))
    out = options.get("out", "new")
    with pytest.raises(kind, match=message) as error:
        fields = {name: value for name, value in options.items() if name != "out"}
        generate(FLOW, GenerationOptions(**fields), model=MODEL, out=out)
    assert "\n" not in str(error.value) and not Path("new").exists()


def test_a_prior_belongs_to_its_model():
    another = make_model(latent=32)
    with pytest.raises(ModelError, match=r"'linear' \(fingerprint [0-9a-f]{16}\), not of 'linear' \([0-9a-f]{16}\)"):
        generate(FLOW, model=another)


def test_numbers_go_on_after_what_is_there(tmp_path: Path):
    three = GenerationOptions(count=3, seconds=0.1)
    (tmp_path / "sound-002.flac").write_bytes(b"mine")
    generate(FLOW, three, model=MODEL, sampling=ONE_STEP, out=tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["sound-002.flac", "sound-003.wav", "sound-004.wav", "sound-005.wav"]
    before = (tmp_path / "sound-003.wav").read_bytes()
    generate(FLOW, three, model=MODEL, sampling=ONE_STEP, out=tmp_path, force=True)
    assert len(list(tmp_path.iterdir())) == 6 and (tmp_path / "sound-003.wav").read_bytes() != before


def test_each_run_has_a_seed_of_its_own_that_repeats_it():
    short = GenerationOptions(seconds=0.1)
    runs = [generate(FLOW, short, model=MODEL, sampling=ONE_STEP) for _ in range(2)]
    seeds = [run.details["seed"] for run in runs]
    assert seeds[0] != seeds[1]
    again = generate(FLOW, GenerationOptions(seconds=0.1, seed=seeds[0]), model=MODEL, sampling=ONE_STEP)
    first, second = runs[0].sounds[0].audio, again.sounds[0].audio
    assert first is not None and second is not None and np.array_equal(first, second)


def test_several_classes_are_made_as_each_alone(tmp_path: Path):
    output = generate(FLOW, GenerationOptions("B, a", count=2, seconds=0.1, seed=3), model=MODEL, sampling=ONE_STEP)
    assert [sound.label for sound in output.sounds] == ["b", "b", "a", "a"] and output.to_json()["label"] == "b,a"
    alone = generate(FLOW, GenerationOptions("a", count=2, seconds=0.1, seed=3), model=MODEL, sampling=ONE_STEP)
    for together, single in zip(output.sounds[2:], alone.sounds, strict=True):
        assert together.audio is not None and single.audio is not None and np.array_equal(together.audio, single.audio)


@pytest.mark.parametrize("names", ["a,", ",a", "a,,b", " "])
def test_an_empty_class_between_commas_is_called_so(names: str):
    with pytest.raises(OptionError, match="empty"):
        generate(FLOW, GenerationOptions(names), model=MODEL)


@pytest.mark.parametrize("name", ["one.wav", "one.flac", "one.ogg", "one.opus", "one.mp3"])
def test_one_file_says_that_a_model_made_it(tmp_path: Path, name: str):
    output = generate(FLOW, GenerationOptions("a", seconds=0.5, seed=77), model=MODEL, out=tmp_path / "new" / name)
    path = tmp_path / "new" / name
    assert [sound.path for sound in output.sounds] == [path]
    with soundfile.SoundFile(path) as file:
        assert "made by a model" in file.comment and "seed 77" in file.comment and "class a" in file.comment


@pytest.mark.parametrize(
    ("files", "suffix", "subtype", "rate"),
    [
        (SoundFileOptions(rate=48000, bits="24"), ".wav", "PCM_24", 48000),
        (SoundFileOptions(bits="float"), ".wav", "FLOAT", RATE),
        (SoundFileOptions(format="flac", bits="24"), ".flac", "PCM_24", RATE),
        (SoundFileOptions(format="mp3", rate=22050), ".mp3", "MPEG_LAYER_III", 22050),
    ],
)
@pytest.mark.parametrize("loop", [False, True])
def test_rate_bits_and_format(
    tmp_path: Path, files: SoundFileOptions, suffix: str, subtype: str, rate: int, loop: bool
):
    options = GenerationOptions(seconds=0.5, loop=loop)
    output = generate(FLOW, options, model=MODEL, sampling=ONE_STEP, out=tmp_path, files=files)
    (path,) = tmp_path.iterdir()
    found = soundfile.info(path)
    assert (path.suffix, found.subtype, found.samplerate) == (suffix, subtype, rate) and output.sample_rate == rate
    assert output.sounds[0].seconds == pytest.approx(0.5) and found.duration == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("message", "files", "out"),
    [
        ("FLAC holds whole numbers only", SoundFileOptions(format="flac", bits="float"), "new"),
        ("no bits per sample", SoundFileOptions(bits="24"), "new.ogg"),
        ("is no .flac file", SoundFileOptions(format="flac"), "new.wav"),
        ("no sample rate of 11000 Hz", SoundFileOptions(rate=11000), "new.mp3"),
        ("a sample rate of 5 Hz", SoundFileOptions(rate=5), "new"),
    ],
)
def test_forms_that_no_file_has(tmp_path: Path, message: str, files: SoundFileOptions, out: str):
    with pytest.raises(OptionError, match=message):
        generate(FLOW, model=MODEL, out=tmp_path / out, files=files)
    assert not list(tmp_path.iterdir())


@PRIORS
@pytest.mark.parametrize("options", [{}, {"seconds": 0.4}, {"seconds": 2.0}], ids=["window", "cut", "long"])
def test_sounds_begin_and_end_without_a_click_within_full_scale(prior, options: dict):
    output = generate(prior, GenerationOptions(count=3, seed=1, **options), model=MODEL, sampling=ONE_STEP)
    for sound in output.sounds:
        assert sound.audio is not None
        peak = np.abs(sound.audio).max()
        assert peak <= 1.0 and sound.peak_dbfs == pytest.approx(20 * np.log10(peak), abs=1e-3)
        assert np.abs(sound.audio[:, [0, -1]]).max() < 0.01 * peak


def test_a_silent_sound_is_drawn_again_and_at_last_refused(tmp_path: Path):
    silent = make_prior(MODEL)
    silent.mean.copy_(silent.silence)
    silent.deviation.fill_(1e-6)
    with pytest.raises(AudioError, match=r"sound 1 of 0\.2 s is silent, 8 times in a row, at temperature 1:"):
        generate(silent, GenerationOptions(seconds=0.2), model=MODEL, sampling=ONE_STEP, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_sound_that_would_be_over_full_scale_by_over_1_db_is_drawn_again():
    loud = make_prior(MODEL)
    loud.mean.mul_(2.0)
    loud.deviation.mul_(2.0)
    demanded = generate(loud, GenerationOptions(count=16, seed=1), model=MODEL, sampling=ONE_STEP).sounds
    decoded_db = [sound.peak_dbfs - sound.level_db for sound in demanded]
    assert max(decoded_db) <= 1.0 and min(decoded_db) < -2.0, "three of them were up to 3.9 dB over it at first"
    loud.deviation.mul_(100)
    (always,) = generate(loud, GenerationOptions(seed=1), model=MODEL, sampling=ONE_STEP).sounds
    assert always.level_db < -20.0 and always.peak_dbfs == pytest.approx(-0.1, abs=0.01), "turned down, and told"
