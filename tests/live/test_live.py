"""Sound through a model while it is made: files on both sides, and the parts that a sound card would use."""

import gc
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from auricle import AudioError, Directions, LiveInputs, LiveOptions, OptionError, OutputError, play_live, read, write
from auricle.audio import AudioReader
from auricle.live.bridge import LiveBridge
from auricle.live.controls import Controls, LiveSettings
from auricle.live.engine import LiveEngine
from auricle.live.inputs import FIRST_CONTROLLER, handle_midi, key_handler, osc_input
from auricle.live.ring import SampleRing
from auricle.live.sources import FileSource, RecordedSource
from auricle.live.worker import LiveWorker
from auricle.model import Autoencoder, fingerprint, save
from export.running import moving_noise, random_model, snr_db
from model.tiny import tiny_config

RATE = 16000


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return random_model(tiny_config())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path / "in.wav", moving_noise(1, 20_123), RATE)
    return tmp_path / "in.wav"


def directions_of(model: Autoencoder) -> Directions:
    axes, deviations = np.eye(2, 8, dtype=np.float32), np.array([2.0, 1.0], np.float32)
    origin = model.name, fingerprint(model)
    return Directions(np.ones(8, np.float32), axes, deviations, deviations, sounds=3, model=origin)


def test_a_file_comes_out_as_the_model_makes_it(model: Autoencoder, source: Path, tmp_path: Path):
    status = play_live(model, LiveInputs(source), LiveOptions(quality=2.0), target=tmp_path / "out.wav")
    audio, result = read(source)[0], read(tmp_path / "out.wav")[0]
    z = torch.from_numpy(audio)
    with torch.inference_mode():
        expected = model.from_codes(model.codes(z, 2.0), audio.shape[1], 2.0).numpy()
    assert result.shape == audio.shape and snr_db(expected.clip(-1, 1), result) > 45
    assert status.seconds == pytest.approx(20_123 / RATE, abs=0.1) and status.values["quality"] == 2.0
    levels = [20 * np.log10(np.abs(sound).max()) for sound in (audio, expected)]
    assert [status.level_in_db, status.level_out_db] == pytest.approx(levels, abs=0.1), "of all, not of a moment"
    hop = model.hop_length
    assert status.latency_seconds == pytest.approx((model.lag + hop + 256 + 0.02 * RATE) / RATE)


def test_a_second_sound_takes_over(model: Autoencoder, source: Path, tmp_path: Path):
    write(tmp_path / "b.wav", moving_noise(1, 30_000)[:, ::-1].copy(), RATE)
    options = LiveOptions(mix=1.0, seconds=1.0)
    play_live(model, LiveInputs(source, tmp_path / "b.wav"), options, target=tmp_path / "x.wav")
    play_live(model, LiveInputs(tmp_path / "b.wav"), LiveOptions(seconds=1.0), target=tmp_path / "y.wav")
    x, y = (read(tmp_path / name)[0] for name in ("x.wav", "y.wav"))
    assert x.shape == y.shape == (1, RATE) and snr_db(y, x) > 45


def test_stereo_other_rates_and_loops(model: Autoencoder, tmp_path: Path):
    write(tmp_path / "in.flac", moving_noise(2, 9000), 44100)
    options = LiveOptions(channels=2, seconds=2.5, loop=True)
    play_live(model, LiveInputs(tmp_path / "in.flac"), options, target=tmp_path / "out.wav")
    audio, rate = read(tmp_path / "out.wav")
    assert (audio.shape, rate) == ((2, 40_000), RATE)


def test_shifts_move_the_sound(model: Autoencoder, source: Path, tmp_path: Path):
    directions = directions_of(model)
    inputs = LiveInputs(source, directions=directions, shifts=("PC1=+2",))
    status = play_live(model, inputs, target=tmp_path / "a.wav")
    play_live(model, LiveInputs(source), target=tmp_path / "b.wav")
    assert status.values["PC1"] == 2.0 and status.values["quality"] is None
    assert snr_db(read(tmp_path / "b.wav")[0], read(tmp_path / "a.wav")[0]) < 30


def test_what_can_not_be_is_one_line(model: Autoencoder, source: Path, tmp_path: Path):
    out = tmp_path / "out.wav"
    write(tmp_path / "four.wav", np.zeros((4, 100), np.float32), RATE)
    write(tmp_path / "none.wav", np.zeros((1, 0), np.float32), RATE)
    for inputs, options, error in (
        (LiveInputs(tmp_path / "four.wav"), LiveOptions(), AudioError),
        (LiveInputs(tmp_path / "none.wav"), LiveOptions(), AudioError),
        (LiveInputs(source, shifts=("PC1=1",)), LiveOptions(), OptionError),
        (LiveInputs(source), LiveOptions(quality=99.0), OptionError),
        (LiveInputs(source), LiveOptions(mix=0.5), OptionError),
        (LiveInputs(source), LiveOptions(loop=True), OptionError),
        (LiveInputs(source), LiveOptions(osc=9000), OptionError),
        (LiveInputs(source), LiveOptions(midi="nano"), OptionError),
        (LiveInputs(source), LiveOptions(device="0"), OptionError),
        (LiveInputs(None), LiveOptions(), OptionError),
    ):
        with pytest.raises(error):
            play_live(model, inputs, options, target=out)
        assert not out.exists()
    with pytest.raises(OptionError, match="no end"):
        play_live(model, LiveInputs(None), LiveOptions(loop=True))
    out.write_text("mine")
    with pytest.raises(OutputError, match=r"out\.wav"):
        play_live(model, LiveInputs(source), target=out)
    for values in ({"mix": 2.0}, {"channels": 3}, {"block": 1}, {"buffer_seconds": -1.0}, {"osc": 0}):
        with pytest.raises(OptionError):
            LiveOptions(**values)


def test_a_ring_keeps_order_between_threads():
    ring, received = SampleRing(2, 1000), []
    samples = np.arange(2 * 50_000, dtype=np.float32).reshape(-1, 2)

    def produce() -> None:
        at = 0
        while at < len(samples):
            at += ring.write(samples[at : at + 77])

    thread = threading.Thread(target=produce)
    thread.start()
    block = np.zeros((64, 2), np.float32)
    while sum(map(len, received)) < len(samples):
        received.append(block[: ring.read_into(block)].copy())
    thread.join()
    assert np.array_equal(np.concatenate(received), samples)


def test_a_callback_with_a_worker_plays_the_stream(model: Autoencoder):
    """What a sound card would do, as fast as the worker can."""
    engine = LiveEngine(model, 1)
    controls, delay = Controls(model, None, LiveSettings()), engine.hop + 256
    bridge = LiveBridge(1, RATE, delay)
    source = RecordedSource(bridge.incoming, 1, engine.hop)
    audio, played = moving_noise(1, 256 * 40).T, []
    with LiveWorker(engine, source, None, bridge.outgoing, controls, delay):
        for at in range(0, len(audio), 256):
            bridge.take(audio[at : at + 256])
            while bridge.outgoing.available < 256:
                time.sleep(0.001)
            block = np.zeros((256, 1), np.float32)
            bridge.fill(block)
            played.append(block)
    result = np.concatenate(played)[delay:, 0]
    with torch.inference_mode():
        z = model.encoder(torch.from_numpy(audio[: len(audio) // 320 * 320].T.copy()).unsqueeze(2))
        best = torch.full((1,), model.bottleneck.quality_levels - 1.0)
        expected = model.decoder(model.bottleneck.unrounded(z, best))[0, : len(result), 0].numpy()
    assert bridge.drop_outs == bridge.lost_blocks == 0
    assert snr_db(expected.clip(-1, 1), result) > 60


def test_a_late_worker_is_silent_and_does_not_stay_late():
    bridge = LiveBridge(1, 1000, 10)
    block = np.zeros((10, 1), np.float32)
    bridge.fill(block)
    bridge.fill(block)
    assert bridge.drop_outs == 1 and not block.any()
    bridge.outgoing.write(np.arange(1.0, 31.0, dtype=np.float32)[:, None])
    bridge.fill(block)
    assert block[:, 0].tolist() == list(range(11, 21)), "what came too late is left out"
    assert bridge.drop_outs == 1


def test_nothing_is_allocated_in_the_callback():
    import tracemalloc

    bridge = LiveBridge(2, 44100, 4096)
    recorded, played = np.ones((256, 2), np.float32), np.zeros((256, 2), np.float32)
    for _ in range(100):
        bridge.take(recorded)
        bridge.fill(played)
    tracemalloc.start()
    for _ in range(300):
        bridge.take(recorded)
        bridge.fill(played)
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert current < 2000 and peak < 4000, "less than a block"


def test_keys_midi_and_osc_move_controls(model: Autoencoder):
    mido = pytest.importorskip("mido")
    client = pytest.importorskip("pythonosc.udp_client")
    controls, end = Controls(model, directions_of(model), LiveSettings()), Event()
    press = key_handler(controls, end)
    for key in ("\x1b[B", "\x1b[C", "2", "+", "+", "b"):
        press(key)
    assert controls.settings == LiveSettings(3 - 1 / 8, 0.05, (0.0, 0.5), bypass=True)
    press("q")
    assert end.is_set()
    assert handle_midi(mido.Message("control_change", control=FIRST_CONTROLLER, value=0), controls)
    assert not handle_midi(mido.Message("control_change", control=5, value=0), controls)
    assert not handle_midi(mido.Message("note_on"), controls)
    assert controls.value("quality") == 0.0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with osc_input(port, controls):
        sender = client.SimpleUDPClient("127.0.0.1", port)
        deadline = time.monotonic() + 5
        while controls.value("mix") != 0.75 and time.monotonic() < deadline:
            sender.send_message("/auricle/mix", 0.75)
            sender.send_message("/auricle/nonsense", "x")
            time.sleep(0.02)
        with pytest.raises(AudioError, match=str(port)), osc_input(port, controls):
            pass
    assert controls.value("mix") == 0.75


def test_controls_stay_in_range(model: Autoencoder):
    controls = Controls(model, None, LiveSettings())
    assert controls.set("MIX", 7.0) and controls.value("mix") == 1.0
    assert not controls.set("PC1", 1.0) and not controls.set("mix", float("nan"))
    assert controls.set("quality", 1.3) and controls.value("quality") == 1.25


def test_a_sound_that_is_not_finite_is_silent(model: Autoencoder):
    engine = LiveEngine(model, 1)
    bad = np.full((1, engine.hop), np.nan, np.float32)
    assert not engine.play(bad, None, LiveSettings()).any()
    good = moving_noise(1, 10 * engine.hop)
    hops = [engine.play(block, None, LiveSettings()) for block in np.split(good, 10, axis=1)]
    assert np.isfinite(hops).all() and np.abs(hops).max() > 0


def test_onnx_plays_what_torch_does(model: Autoencoder):
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="the extra export is not installed")
    one, other = LiveEngine(model, 2), LiveEngine(model, 2, network="onnx")
    sounds = np.split(moving_noise(2, 12 * one.hop), 12, axis=1)
    settings = LiveSettings(quality=1.0, mix=0.25)
    expected, played = (
        np.concatenate([engine.play(block, 0.5 * block, settings) for block in sounds], axis=1)
        for engine in (one, other)
    )
    assert snr_db(expected, played) > 60  # a code may round the other way


def test_a_source_hands_over_all_of_a_file(model: Autoencoder, source: Path):
    engine = LiveEngine(model, 1)
    hops = FileSource(source, engine, 1)
    pieces = []
    while (piece := hops.next_hop()) is not None:
        pieces.append(piece)
    assert hops.ended and hops.samples == 20_123
    assert np.array_equal(np.concatenate(pieces, axis=1)[:, :20_123], read(source)[0])


def test_files_are_closed_before_their_end(model: Autoencoder, source: Path, tmp_path: Path):
    """Each open file had a resampler, whose library complained on standard error when Python ended."""
    gc.disable()
    try:
        options = LiveOptions(seconds=0.2, loop=True)
        play_live(model, LiveInputs(source, source), options, target=tmp_path / "out.wav")
        assert not [held for held in gc.get_objects() if type(held) is AudioReader and held.info.path == source]
    finally:
        gc.enable()


def test_the_command(model: Autoencoder, source: Path, tmp_path: Path):
    save(model, tmp_path / "m.auricle.safetensors")
    words = [sys.executable, "-m", "auricle", "live", "in.wav", "out.wav", "--model", "m.auricle.safetensors"]
    ran = subprocess.run([*words, "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0 and '"drop_outs"' in ran.stdout, ran.stderr
    again = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 2 and len(again.stderr.splitlines()) == 1 and "out.wav" in again.stderr


class SmallCard:
    """What sounddevice says of a card with one channel on each side."""

    class PortAudioError(Exception):
        pass

    def query_devices(self, device: str | None, side: str) -> dict[str, object]:
        return {"name": "Small", f"max_{side}_channels": 1}

    def check_output_settings(self, **wanted: object) -> None:
        raise self.PortAudioError("Invalid sample rate")


def test_channels_that_cannot_be_had_are_refused_with_what_to_do(
    model: Autoencoder, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for channels in (0, 3, 6):
        with pytest.raises(OptionError, match=rf"^{channels} channels live: give 1, or 2 for stereo$"):
            LiveOptions(channels=channels)
    write(tmp_path / "six.wav", moving_noise(6, 4000), RATE)
    message = r"six\.wav has 6 channels, and live sound at most 2: mix it down first, as `ffmpeg -i six\.wav -ac 2 "
    for inputs in (LiveInputs(tmp_path / "six.wav"), LiveInputs(source, second=tmp_path / "six.wav")):
        with pytest.raises(AudioError, match=message):
            play_live(model, inputs, target=tmp_path / "out.wav")
    monkeypatch.setattr("auricle.live.device._sounddevice", SmallCard)
    for inputs, side in ((LiveInputs(), "input"), (LiveInputs(source), "output")):
        with pytest.raises(AudioError, match=f"Small has 1 {side} channel, not 2: ask for --channels 1, or choose"):
            play_live(model, inputs, LiveOptions(channels=2))
    with pytest.raises(AudioError, match=r"does not take 1 output channel at the model's 16000 Hz \(Invalid"):
        play_live(model, LiveInputs(source))


def test_without_a_sound_card_there_is_one_line(tmp_path: Path, model: Autoencoder):
    try:
        import sounddevice
    except (ImportError, OSError):
        pytest.skip("sounddevice or PortAudio is not installed")
    if len(sounddevice.query_devices()):
        pytest.skip("this machine has a sound card")
    save(model, tmp_path / "m.auricle.safetensors")
    words = [sys.executable, "-m", "auricle", "live", "--model", "m.auricle.safetensors"]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 2 and len(ran.stderr.splitlines()) == 1 and "no sound card" in ran.stderr


def test_generated_sound_wants_a_sound_card_or_a_file(tmp_path: Path):
    words = [sys.executable, "-m", "auricle", "generate", "--play", "--stream", "a.wav"]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 2 and len(ran.stderr.splitlines()) == 1 and "--play" in ran.stderr
