"""The decoded corpus."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.data import AudioCache, Corpus, Sound, cache, row_cache, scan
from auricle.errors import DataError, OptionError
from auricle.progress import Progress

RATE = 16000


def write(path: Path, sound: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.T, rate, subtype=subtype)
    return sound


def noise(channels: int, frames: int, seed: int = 0) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    sounds = tmp_path / "sounds"
    write(sounds / "a.wav", noise(1, 5000, 1))
    write(sounds / "b.wav", noise(2, 300_001, 2))
    write(sounds / "c.wav", noise(6, 44_100, 3), 44_100)
    return scan(sounds)


def build(corpus: Corpus, tmp_path: Path, rate: int = RATE, **options: int) -> AudioCache:
    return AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=rate, **options)


def test_what_is_in_comes_out(corpus: Corpus, tmp_path: Path) -> None:
    store = build(corpus, tmp_path)
    assert len(store) == 3 and store.names == ("a.wav", "b.wav", "c.wav")
    assert store.lengths.tolist() == [5000, 300_001, 16_000] and store.lengths.dtype == np.int64
    assert store.seconds == pytest.approx((5000 + 300_001 + 16_000) / RATE)
    assert [store.channels(index) for index in range(3)] == [1, 2, 2]
    assert store.rejected == () and store.sample_rate == RATE
    for index in range(2):
        sound = store.sound(index)
        assert sound.dtype == np.float32 and sound.flags.c_contiguous
        np.testing.assert_allclose(sound, audio.read(corpus.sounds[index].path)[0], atol=2**-15)
    wide, _ = audio.read(corpus.sounds[2].path)
    np.testing.assert_allclose(store.sound(2), audio.resample(wide[:2], 44_100, RATE), atol=2**-15)


def test_the_number_of_channels_is_a_choice(corpus: Corpus, tmp_path: Path) -> None:
    store = build(corpus, tmp_path, max_channels=1)
    assert [store.channels(index) for index in range(3)] == [1, 1, 1]
    np.testing.assert_allclose(store.sound(1), audio.read(corpus.sounds[1].path)[0][:1], atol=2**-15)


@settings(max_examples=60, deadline=None)
@given(index=st.integers(0, 1), start=st.integers(0, 6000), length=st.integers(0, 6000))
def test_crops(small: AudioCache, index: int, start: int, length: int) -> None:
    sound = small.sound(index)
    crop = small.crop(index, start, length)
    assert crop.shape == (sound.shape[0], length) and crop.dtype == np.float32
    expected = np.pad(sound, ((0, 0), (0, 12_000)))[:, start : start + length]
    np.testing.assert_array_equal(crop, expected)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> AudioCache:
    folder = tmp_path_factory.mktemp("small")
    write(folder / "sounds" / "a.wav", noise(1, 5000, 1))
    write(folder / "sounds" / "b.wav", noise(2, 3000, 2))
    return build(scan(folder / "sounds"), folder)


def test_loud_sounds_are_not_clipped(tmp_path: Path) -> None:
    sound = write(tmp_path / "sounds" / "a.wav", np.array([[1.0, -1.0, 1.9, -1.99] * 500], np.float32))
    np.testing.assert_allclose(build(scan(tmp_path / "sounds"), tmp_path).sound(0), sound, atol=2**-15)


def test_progress(corpus: Corpus, tmp_path: Path) -> None:
    steps: list[Progress] = []
    AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=RATE, on_progress=steps.append)
    assert steps == [Progress("decoding sounds", count, 3, "files") for count in range(4)]


def test_many_sounds_keep_their_order(tmp_path: Path) -> None:
    for index in range(150):
        write(tmp_path / "sounds" / f"{index:03}.wav", np.full((1, 1000 + index), index / 256, np.float32))
    store = build(scan(tmp_path / "sounds"), tmp_path)
    for index in range(150):
        assert store.sound(index).tolist() == [[index / 256] * (1000 + index)]


def test_damaged_sounds_are_left_out(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    for name in ("a", "b", "d"):
        write(sounds / f"{name}.wav", np.full((1, 2000), 0.25, np.float32))
    for name in ("cut", "zcut"):
        path = sounds / f"{name}.flac"
        soundfile.write(path, noise(1, 200_000).T, RATE)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    broken = np.full((1, 300_000), 0.25, np.float32)
    broken[0, -1] = np.nan
    write(sounds / "c.wav", broken)
    write(sounds / "loud.wav", np.full((1, 2000), 32767.0, np.float32))
    store = build(scan(sounds), tmp_path)
    assert store.names == ("a.wav", "b.wav", "d.wav")
    assert all((store.sound(index) == 0.25).all() for index in range(3))
    reasons = {refused.path.name: refused.reason for refused in store.rejected}
    assert set(reasons) == {"c.wav", "cut.flac", "loud.wav", "zcut.flac"}
    assert "nan at 18.750 s" in reasons["c.wav"] and "samples that reach 32767" in reasons["loud.wav"]
    assert build(scan(sounds), tmp_path).rejected == store.rejected


def test_a_sound_that_vanishes(corpus: Corpus, tmp_path: Path) -> None:
    corpus.sounds[0].path.unlink()
    store = build(corpus, tmp_path)
    assert len(store) == 2 and "does not exist" in store.rejected[0].reason


def test_nothing_decodes(tmp_path: Path) -> None:
    write(tmp_path / "sounds" / "a.wav", np.full((1, 2000), np.nan, np.float32))
    with pytest.raises(DataError, match=r"the only sound can't be decoded; the first problem: .*nan"):
        build(scan(tmp_path / "sounds"), tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []


def test_used_again(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(corpus, tmp_path)
    monkeypatch.setattr(cache, "ordered_map", lambda *arguments, **options: pytest.fail("decoded again"))
    second = build(corpus, tmp_path)
    assert first.folder == second.folder
    np.testing.assert_array_equal(first.sound(1), second.sound(1))


def test_made_again_when_something_changed(corpus: Corpus, tmp_path: Path) -> None:
    folders = {build(corpus, tmp_path).folder, build(corpus, tmp_path, 8000).folder}
    folders.add(build(corpus, tmp_path, max_channels=1).folder)
    write(corpus.sounds[0].path, noise(1, 6000, 9))
    store = build(corpus, tmp_path)
    folders.add(store.folder)
    assert len(folders) == 4 and store.lengths[0] == 6000


def test_whole_or_not_at_all(corpus: Corpus, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=RATE, on_progress=stop)
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(build(corpus, tmp_path)) == 3
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [build(corpus, tmp_path).folder.name]


def test_another_process_was_faster(corpus: Corpus, tmp_path: Path) -> None:
    finished = build(corpus, tmp_path).folder
    hidden = finished.rename(tmp_path / "hidden")

    def finish_elsewhere(progress: Progress) -> None:
        if progress.share == 1:
            shutil.copytree(hidden, finished)

    store = AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=RATE, on_progress=finish_elsewhere)
    assert len(store) == 3


DAMAGES: dict[str, Callable[[Path], object]] = {
    "index": lambda folder: (folder / "index.json").write_text("{"),
    "old index": lambda folder: (folder / "index.json").write_text('{"sample_rate": 1, "sounds": [], "rejected": []}'),
    "no samples": lambda folder: (folder / "samples.i16").unlink(),
    "few samples": lambda folder: (folder / "samples.i16").write_bytes(bytes(100)),
    "a word of the index": lambda folder: replace_text(folder / "index.json", '"b.wav"', '"b.wax"'),
    "a number of the index": lambda folder: replace_text(folder / "index.json", "16000", "16001"),
    "one sample": lambda folder: flip(folder / "samples.i16", 600_001),
}


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(data)


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_of_a_huge_cache_each_sound_is_checked_when_it_is_read(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_cache, "_MAX_CHECKED_BYTES", 1)
    store = build(corpus, tmp_path)
    flip(store.folder / "samples.i16", 600_001)
    store = build(corpus, tmp_path)
    assert store.sound(0).any() and store.sound(2).any()
    for _ in range(2):
        with pytest.raises(DataError, match=r"\(b.wav has changed\): delete this folder and go on with --resume"):
            store.crop(1, 0, 10)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_anew(corpus: Corpus, tmp_path: Path, damage: str) -> None:
    first = build(corpus, tmp_path)
    expected = first.sound(1)
    DAMAGES[damage](first.folder)
    with pytest.raises(DataError, match="delete this folder"):
        AudioCache(first.folder)
    notes: list[str] = []
    second = AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=RATE, on_note=notes.append)
    np.testing.assert_array_equal(second.sound(1), expected)
    (note,) = notes
    assert note.startswith(f"the audio cache {first.folder}") and note.endswith(": it is made anew")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [second.folder.name]
    notes.clear()
    AudioCache.build(corpus.sounds, tmp_path / "cache", sample_rate=RATE, on_note=notes.append)
    assert not notes


def test_a_disk_that_fails_in_the_middle_of_a_sound(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = audio.AudioReader.blocks

    def fail_later(reader: audio.AudioReader, size: int) -> Iterator[np.ndarray]:
        yield from usual(reader, size)
        if reader.info.path.name == "b.wav":
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(audio.AudioReader, "blocks", fail_later)
    store = build(corpus, tmp_path)
    assert store.names == ("a.wav", "c.wav")
    assert store.rejected[0].reason == f"can't read {corpus.sounds[1].path}: Input/output error"


def test_a_header_that_promises_too_much(corpus: Corpus, tmp_path: Path) -> None:
    liar = Sound(corpus.sounds[0].path, RATE, 1, 2**50, "a.wav")
    store = AudioCache.build((liar, *corpus.sounds[1:]), tmp_path / "cache", sample_rate=RATE)
    assert store.lengths[0] == 5000


def test_no_room(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(DataError, match=r"needs 0\.00 GB .* make room"):
        build(corpus, tmp_path)


def test_no_place(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="can't write the audio cache"):
        build(corpus, tmp_path)


@pytest.mark.parametrize(("rate", "channels"), [(0, 2), (16000, 0)])
def test_options(corpus: Corpus, tmp_path: Path, rate: int, channels: int) -> None:
    with pytest.raises(OptionError, match="must be positive"):
        build(corpus, tmp_path, rate, max_channels=channels)


def test_the_index_is_plain(corpus: Corpus, tmp_path: Path) -> None:
    index = json.loads((build(corpus, tmp_path).folder / "index.json").read_text())
    assert index["sounds"][1][:4] == ["b.wav", 5000, 300_001, 2]


def test_what_kill_left_goes_with_the_next_run(corpus: Corpus, tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from auricle.data import AudioCache, scan\n"
        "wait = lambda progress: (print(flush=True), time.sleep(60))\n"
        "sounds = scan(pathlib.Path(sys.argv[1])).sounds\n"
        "AudioCache.build(sounds, pathlib.Path(sys.argv[2]), sample_rate=16000, on_progress=wait)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "sounds"), str(tmp_path / "cache")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        process.kill()
    assert len(list((tmp_path / "cache").iterdir())) == 1, "half of a cache"
    build(corpus, tmp_path)
    (folder,) = (tmp_path / "cache").iterdir()
    assert not folder.name.startswith(".")
