"""Exported pages in a real Chromium: they decode as torch does, play all of it, and say in a line what is wrong."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from auricle import (
    MissingPackageError,
    ModelError,
    OptionError,
    compress,
    decompress,
    export_model,
    read,
    verify,
    write,
)
from auricle.codec.coding.decoder import PacketDecoder
from auricle.codec.format.container import PacketReader, open_file
from auricle.export import browser
from auricle.model import load, save
from auricle.model.bottleneck import VaeConfig
from auricle.options.coding import DecompressOptions
from auricle.training import named
from export.running import moving_noise, random_model, shared_hiss, snr_db
from export.serving import as_bytes, as_text, browser_page, opened, runtime, served, sound_of, wait_until
from model.tiny import tiny_config

if TYPE_CHECKING:
    from playwright.sync_api import Page

for _package in ("onnx", "playwright"):
    pytest.importorskip(_package, reason=f"{_package} is not installed")

VECTORS = Path(__file__).parents[1] / "vectors"
MODEL = VECTORS / "entropy.auricle.safetensors"
NAMES = sorted(path.stem for path in VECTORS.glob("*.aur") if path.stem not in ("rvq", "empty"))
BARS = {"one-sample": 70}  # one sample has hardly any energy
DECODE = """async (text) => {
  const sound = await model.open(bytesOf(text));
  const channels = await model.decode(sound, { sampleRate: model.sampleRate });
  await model.close(sound);
  return channels.map(textOf);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    export_model(MODEL, folder, to="browser", runtime=runtime())
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def page(address: str) -> Iterator["Page"]:
    with browser_page() as page:
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        started = time.perf_counter()
        opened(page, address)
        print(f"ready after {time.perf_counter() - started:.1f} s")
        yield page
        assert errors == []


def at_native_rate(path: Path, model: Path = MODEL) -> np.ndarray:
    """What torch decodes, before it is resampled."""
    with open_file(path) as file:
        reader = PacketReader(file, path)
        packets = list(reader.packets())
        end, rate = packets[-1].end, reader.header.native_rate
        assert end is not None
        samples = -(-end.samples * rate // reader.header.sample_rate)
        packets[-1] = replace(packets[-1], end=replace(end, samples=samples))
        header = replace(reader.header, sample_rate=rate, samples=samples)
        blocks = list(PacketDecoder(load(model), header, path).blocks(packets))
    return np.concatenate(blocks, axis=1)


def test_golden_files_sound_as_with_torch(page: "Page"):
    for name in NAMES:
        path = VECTORS / f"{name}.aur"
        sound, expected = sound_of(page.evaluate(DECODE, as_text(path.read_bytes()))), at_native_rate(path)
        assert sound.shape == expected.shape and snr_db(expected, sound) > BARS.get(name, 100), name


def test_a_sound_comes_back_at_its_own_rate_and_length(page: "Page", tmp_path: Path):
    text = as_text((VECTORS / "odd-rate.aur").read_bytes())
    channels = page.evaluate("async (text) => (await model.decode(await model.open(bytesOf(text)))).map(textOf)", text)
    decompress(VECTORS / "odd-rate.aur", tmp_path / "a.wav", model=MODEL, options=DecompressOptions(bits="float"))
    expected = read(tmp_path / "a.wav")[0]
    sound = sound_of(channels)
    assert sound.shape == expected.shape and snr_db(expected, sound) > 75  # it begins with a jump


def test_what_the_page_writes_is_what_it_plays(page: "Page", tmp_path: Path):
    audio = 0.2 * moving_noise(2, 20_000)
    channels = [as_text(channel.tobytes()) for channel in audio]
    script = """async (channels) => {
      const sound = await model.encode(channels.map((text) => new Float32Array(bytesOf(text).buffer)), 16000);
      const [data, decoded] = [await model.write(sound, { quality: 1.5 }), await model.decode(sound, { quality: 1.5 })];
      return [textOf(data), decoded.map(textOf)];
    }"""
    data, decoded = page.evaluate(script, channels)
    (tmp_path / "a.aur").write_bytes(as_bytes(data))
    assert verify(tmp_path / "a.aur", model=MODEL).codes
    decompress(tmp_path / "a.aur", tmp_path / "a.wav", model=MODEL, options=DecompressOptions(bits="float"))
    assert snr_db(read(tmp_path / "a.wav")[0], sound_of(decoded)) > 100


def test_channels_share_noise_as_their_file_says(page: "Page", tmp_path: Path):
    model, path = tmp_path / "noise.auricle.safetensors", tmp_path / "a.aur"
    save(random_model(named("speech", "small").model), model)
    compress((shared_hiss(20_000), 16000), path, model=model, quality=3)
    export_model(model, tmp_path / "page", to="browser", runtime=runtime())
    with served(tmp_path / "page") as address:
        other = page.context.new_page()
        opened(other, address)
        sound = sound_of(other.evaluate(DECODE, as_text(path.read_bytes())))
        other.close()
    with open_file(path) as file:
        assert PacketReader(file, path).header.coherence > 0.3
    assert snr_db(at_native_rate(path, model), sound) > 60


PLAY = """async ([text, seconds]) => {
  const sound = await model.open(bytesOf(text));
  const whole = await model.decode(sound, { sampleRate: model.sampleRate });
  const player = await model.player(sound);
  const listener = new AudioWorkletNode(player.context, "auricle-recorder", { numberOfOutputs: 0 });
  const blocks = [];
  listener.port.onmessage = ({ data }) => blocks.push(data[0]);
  player.node.connect(listener);
  if (seconds) await player.seek(seconds);
  const ended = new Promise((resolve) => player.addEventListener("end", resolve));
  await player.play();
  await ended;
  const isSilent = () => blocks.length > 0 && blocks[blocks.length - 1].every((sample) => sample === 0);
  while (!isSilent()) await new Promise((resolve) => setTimeout(resolve, 10)); // the last block has a port of its own
  const result = { heard: blocks.map(textOf), whole: textOf(whole[0]), gaps: player.gaps, time: player.time };
  await player.close();
  return result;
}"""


@pytest.mark.parametrize("seconds", [0.0, 0.4])
def test_every_sample_is_played(page: "Page", seconds: float):
    result = page.evaluate(PLAY, [as_text((VECTORS / "mono.aur").read_bytes()), seconds])
    print(f"{result['gaps']} late blocks of 128 samples")
    heard = np.concatenate([sound_of([text])[0] for text in result["heard"]])
    expected = sound_of([result["whole"]])[0][round(seconds * 16000) :]
    heard, expected = heard[heard != 0], expected[expected != 0]  # a loaded machine makes gaps
    assert heard.shape == expected.shape and snr_db(expected, heard) > 90
    assert result["time"] == pytest.approx(1.0, abs=1e-3)


def test_a_sound_is_dropped_heard_and_saved(page: "Page", tmp_path: Path):
    write(tmp_path / "in.wav", moving_noise(2, 40_000), 44_100)
    page.set_input_files("#coded input[type=file]", tmp_path / "in.wav")
    wait_until(page, "() => document.querySelector('#kbps').textContent.includes('kb/s')")
    before = page.inner_text("#kbps")
    page.eval_on_selector("#quality", "(e) => { e.value = 0; e.dispatchEvent(new Event('input')); }")
    wait_until(page, "(before) => document.querySelector('#kbps').textContent !== before", before)
    page.click("#coded [data-play]")
    wait_until(page, "() => parseFloat(document.querySelector('#coded [data-time]').textContent) > 0.1")
    page.check("#original")
    page.click("#coded [data-play]")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "saved.aur")
    assert verify(tmp_path / "saved.aur", model=MODEL).codes
    page.set_input_files("#coded input[type=file]", tmp_path / "saved.aur")
    page.wait_for_selector("#own", state="hidden")
    assert page.inner_text("#title") == "saved.aur" and page.inner_text("#status") == ""


def test_what_is_no_sound_and_what_is_damaged_is_one_line(page: "Page", tmp_path: Path):
    data = (VECTORS / "mono.aur").read_bytes()
    for name, content, line in (
        ("a.txt", b"not a sound", "can't read that file as sound"),
        ("b.aur", data[:-3], "cut short"),
        ("c.aur", (VECTORS / "rvq.aur").read_bytes(), "it was made with model golden-rvq"),
    ):
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#coded input[type=file]", tmp_path / name)
        wait_until(page, "(line) => document.querySelector('#status').textContent.includes(line)", line)


def test_a_point_between_four_sounds_and_a_recording(page: "Page"):
    page.click("#morph [data-play]")
    page.click("#pad", position={"x": 30, "y": 30})
    page.focus("#pad")
    page.keyboard.press("ArrowRight")
    assert page.eval_on_selector("#point", "(point) => point.style.left !== '50%'")
    wait_until(page, "() => document.querySelector('#morph [data-play]').textContent === 'Pause'")
    page.click("#morph [data-play]")
    page.click("#record")
    wait_until(page, "() => document.querySelector('#record').textContent === 'Stop'")
    page.wait_for_timeout(300)
    page.click("#record")
    wait_until(page, "() => document.querySelector('#title').textContent === 'recording'")
    assert page.inner_text("#status") == ""


def test_a_page_opened_as_a_file_and_one_without_its_runtime_say_what_to_do(page: "Page", folder: Path, tmp_path: Path):
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "ort.wasm.min.mjs").unlink()
    other = page.context.new_page()
    other.goto((folder / "index.html").as_uri())
    other.wait_for_timeout(2500)
    assert "python -m http.server" in other.inner_text("#status")
    with served(tmp_path) as address:
        other.goto(address)
        wait_until(other, "() => document.querySelector('#status').textContent.includes('runtime is missing')")
        other.close()


def test_what_a_page_has_no_place_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ModelError, match="no codes"):
        export_model(random_model(tiny_config(VaeConfig(dim=8))), tmp_path / "a", to="browser", runtime=tmp_path)
    with pytest.raises(OptionError, match="onnxruntime-web"):
        export_model(MODEL, tmp_path / "a", to="browser", runtime=tmp_path)
    for name in browser.carried()["onnxruntime-web"]["sha256"]:
        (tmp_path / name).write_bytes(b"another")
    with pytest.raises(OptionError, match="SHA-256"):
        export_model(MODEL, tmp_path / "a", to="browser", runtime=tmp_path)
    with pytest.raises(OptionError, match="--runtime"):
        export_model(MODEL, tmp_path / "a", runtime=tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "auricle_web", None)
    with pytest.raises(MissingPackageError, match="auricle-web"):
        export_model(MODEL, tmp_path / "a", to="browser")
    assert not (tmp_path / "a").exists()
