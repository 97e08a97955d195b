"""Edges of streams, and sounds that are shorter than all that a prior learned."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import generate, generate_endless, read
from auricle.errors import AudioError
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.progress import Progress
from auricle.synth.endless import without_clicks
from auricle.synth.sampling.flow import FlowSampler
from synth.synth_sounds import RATE, make_model, make_prior

MODEL = make_model(recurrent=True, latent=16)
FLOW, SIZED = make_prior(MODEL), make_prior(MODEL, with_sizes=True)
ONE_STEP = SamplingOptions(steps=1)


@pytest.mark.parametrize("size", [1, 700, 99_999])
def test_a_stream_begins_and_ends_without_a_click(size: int):
    loud = np.full((2, 20_000), 0.5, np.float32)
    blocks = [loud[:, :0], *np.split(loud, range(size, 20_000, size), axis=1)]
    cut = np.concatenate(list(without_clicks(blocks, 16_000, 16_000)), axis=1)
    assert cut.shape == (2, 16_000) and np.abs(np.diff(cut, axis=1, prepend=0.0, append=0.0)).max() < 0.06
    assert (cut[:, 16:14_400] == 0.5).all() and cut[:, -1].max() == 0.0
    endless = np.concatenate(list(without_clicks(blocks, 16_000, None)), axis=1)
    assert endless[:, 0].max() == 0.0 and (endless[:, 16:] == loud[:, 16:]).all()
    quiet = loud * np.append(0.005, np.ones(19_999)).astype(np.float32)
    if size > 1:
        assert np.array_equal(next(without_clicks([quiet], 16_000, None)), quiet), "what begins quietly stays as it is"


def test_a_streamed_file_begins_and_ends_at_nothing(tmp_path: Path):
    generate_endless(FLOW, tmp_path / "a.wav", GenerationOptions(seconds=1.0, seed=1), model=MODEL, sampling=ONE_STEP)
    sound = read(tmp_path / "a.wav")[0]
    assert sound.shape[1] == RATE and np.abs(sound[:, [0, -1]]).max() < 0.01 * np.abs(sound).max()


def test_a_stream_of_a_length_can_be_read_while_it_grows_and_where_it_was_ended(tmp_path: Path):
    path, lengths = tmp_path / "stream.wav", []

    def listen(progress: Progress) -> None:
        lengths.append(read(path)[0].shape[1] / RATE)
        if progress.done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_endless(
            FLOW, path, GenerationOptions(seconds=60.0), model=MODEL, sampling=ONE_STEP, on_progress=listen
        )
    assert lengths[-1] > 1 and soundfile.info(path).frames == read(path)[0].shape[1] == round(lengths[-1] * RATE)
    assert path.read_bytes()[40:44] == (2 * soundfile.info(path).frames).to_bytes(4, "little")


def test_a_sound_shorter_than_all_that_were_learned_is_the_beginning_of_one_that_is_not(monkeypatch):
    lengths: list[float] = []
    sample = FlowSampler.sample

    def listening(self, random, start=None, sizes=None):
        lengths.extend(size.seconds for size in sizes)
        return sample(self, random, start, sizes)

    monkeypatch.setattr(FlowSampler, "sample", listening)
    options = GenerationOptions(label="b", seconds=0.05, seed=1)
    (sound,) = generate(SIZED, options, model=MODEL, sampling=ONE_STEP).sounds
    assert sound.seconds == pytest.approx(0.05) and lengths[0] == pytest.approx(0.3)
    lengths.clear()
    silent = make_prior(MODEL, with_sizes=True)
    silent.mean.copy_(silent.silence)
    silent.deviation.fill_(1e-6)
    with pytest.raises(AudioError, match=r"sound 1 of 0\.05 s is silent, .*: choose a longer sound, a temperature"):
        generate(silent, options, model=MODEL, sampling=ONE_STEP)
    assert lengths[3] == pytest.approx(0.3) and lengths[-4:] == pytest.approx([0.3 * 1.5**n for n in range(1, 5)])
