"""Sounds of strangers: decoded by a child process that may crash, hang or lie."""

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.audio import UNTRUSTED_LIMITS, AudioLimits, reader
from auricle.audio.sandbox import protocol
from auricle.audio.sandbox.decoder import ChildDecoder
from auricle.errors import AudioError, OptionError

if os.name != "posix":
    pytest.skip("this system can't confine a process", allow_module_level=True)

QUICK = replace(UNTRUSTED_LIMITS, wait_seconds=6.0, stall_seconds=4.0)
HEADER = "s(w.HEADER, w.pack_header(AudioInfo(Path('x'), 16000, 2, 0, 'WAV', False), {}))\n"
PRELUDE = (
    "import os, sys, time, signal, subprocess\n"
    "from pathlib import Path\n"
    "from auricle.audio import AudioInfo\nfrom auricle.audio.sandbox import protocol as w\n"
    "def s(kind, content=b''): os.write(1, w.pack_record(kind, content))\n"
)


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return 0.2 * np.random.default_rng(3).standard_normal((frames, channels)).astype(np.float32)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(100), 16_000)
    return path


def child(path: Path, code: str, limits: AudioLimits = QUICK) -> ChildDecoder:
    return ChildDecoder(path, limits, command=(sys.executable, "-c", PRELUDE + code))


def drained(decoder: ChildDecoder) -> int:
    frames = 0
    while len(block := decoder.read(1000)):
        assert np.isfinite(block).all()
        frames += len(block)
    return frames


def gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().split(")")[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("suffix", "rate"), [("wav", 8000), ("flac", 44_100), ("ogg", 48_000), ("mp3", 22_050)])
def test_the_same_samples_and_tags(tmp_path: Path, suffix: str, rate: int) -> None:
    path = tmp_path / f"a b\u00fc.{suffix}"
    soundfile.write(path, noise(3 * rate), rate)
    if suffix != "mp3":
        with audio.AudioWriter(path, rate, 2, tags={"title": "A \u2026 b"}) as file:
            file.write(noise(3 * rate).T)
    expected, plain_rate = audio.read(path)
    with audio.AudioReader(path, untrusted=True) as reader:
        assert (reader.sample_rate, reader.channels, reader.frames) == (plain_rate, 2, audio.info(path).frames)
        assert reader.info == audio.info(path) and reader.tags == audio.tags(path)
        blocks = list(reader.blocks(1777))
    assert {block.shape[1] for block in blocks[:-1]} == {1777}
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), expected)


@pytest.mark.parametrize("content", [b"hello" * 100, b"RIFF", None])
def test_the_same_errors(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(5000), 16_000)
    path.write_bytes(path.read_bytes()[:7000] if content is None else content)
    messages = []
    for untrusted in (False, True):
        with pytest.raises(AudioError) as caught:
            audio.read(path, untrusted=untrusted)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_nan_is_refused_by_name(tmp_path: Path) -> None:
    samples = noise(1000)
    samples[500, 1] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"the sample nan at 0\.062 s"):
        audio.read(tmp_path / "a.wav", untrusted=True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("time.sleep(60)", "takes more than 0.5 s: .*stall_seconds"),
        (HEADER + "time.sleep(60)", "takes more than 0.5 s: .*stall_seconds"),
        ("os.close(1); time.sleep(60)", "was killed|crashed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(signal 11"),
        (HEADER + "os.abort()", r"crashed \(signal 6"),
        (HEADER + "os.kill(os.getpid(), signal.SIGKILL)", "killed, most likely for lack of memory"),
        (HEADER, r"crashed \(exit status 0\)"),
        ("raise SystemExit(7)", r"crashed \(exit status 7\)"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)", "takes more than 0.5 s"),
    ],
)
def test_children_that_die_or_hang(sound: Path, code: str, words: str) -> None:
    limits = replace(QUICK, stall_seconds=0.5) if "takes" in words else QUICK
    begun = time.monotonic()
    with pytest.raises(AudioError, match=words) as caught:
        drained(_patient(sound, code, limits))
    assert time.monotonic() - begun < 5 and str(sound) in str(caught.value) and str(caught.value).isprintable()


def _patient(path: Path, code: str, limits: AudioLimits) -> ChildDecoder:
    """A child whose start is not counted where the limit is short: the interpreter takes a while itself."""
    return ChildDecoder(path, limits, command=(sys.executable, "-c", (PRELUDE if "s(w" in code else _BARE) + code))


_BARE = "import os, sys, time, signal\n"


@pytest.mark.parametrize(
    "code",
    [
        "os.write(1, b'hello, this is no sound')",
        "os.write(1, b'S' + (2**32 - 1).to_bytes(4, 'little'))",
        "os.write(1, b'H' + (2**31).to_bytes(4, 'little') + bytes(2**20))",
        "s(w.HEADER, b'short')",
        "s(w.SAMPLES, bytes(8))",
        "s(w.END)",
        "s(w.HEADER, w.pack_header(AudioInfo(Path('x'), 16000, 2, 2**63, 'WAV'), {}))",
        "s(w.HEADER, w.pack_header(AudioInfo(Path('x'), 16000, 2, 1, 'W\\x1b[2J'), {}))",
        HEADER + "s(w.SAMPLES, bytes(7))",
        HEADER + "s(w.SAMPLES, b'')",
        HEADER + HEADER,
        "s(w.FAILURE, b'two\\nlines')",
        "s(w.FAILURE, b'\\x1b[31m')",
        "s(w.FAILURE, b'')",
    ],
)
def test_children_that_talk_nonsense(sound: Path, code: str) -> None:
    with pytest.raises(AudioError, match="bytes that no decoder writes"):
        drained(child(sound, code))


@pytest.mark.parametrize(("channels", "rate"), [(0, 16_000), (255, 16_000), (9, 16_000), (2, 0), (2, 2**32 - 1)])
def test_absurd_shapes_allocate_nothing(sound: Path, channels: int, rate: int) -> None:
    code = (
        f"s(w.HEADER, w.pack_header(AudioInfo(Path('x'), {rate}, {channels}, 0, 'WAV', False), {{}}))\ntime.sleep(60)"
    )
    with pytest.raises(AudioError, match=r"channels|sample rate"):
        child(sound, code)


def test_a_sound_that_ends_before_its_header_says(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "s(w.HEADER, w.pack_header(AudioInfo(Path('x'), 16000, 2, 99, 'WAV'), {}))\ns(w.SAMPLES, bytes(8))\ns(w.END)"
    monkeypatch.setattr(reader, "ChildDecoder", lambda path, limits: child(path, code))
    with pytest.raises(AudioError, match=r"cut short .*promises 99 samples, 1 are there"):
        audio.read(sound, untrusted=True)


def test_endless_samples_stop_at_the_limit(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = HEADER + "while True: s(w.SAMPLES, bytes(w.MAX_CONTENT_BYTES[w.SAMPLES]))"
    monkeypatch.setattr(reader, "ChildDecoder", lambda path, limits: child(path, code))
    with pytest.raises(AudioError, match="longer than 30 s, the limit"):
        audio.read(sound, limits=replace(QUICK, seconds=30.0), untrusted=True)
    with pytest.raises(AudioError, match="decodes to more than 5000 times as many"):
        audio.read(sound, limits=QUICK, untrusted=True)


def test_a_trickle_is_bounded_in_all(sound: Path) -> None:
    trickle = HEADER + "for byte in w.pack_record(w.SAMPLES, bytes(80)): os.write(1, bytes([byte])); time.sleep(0.2)"
    begun = time.monotonic()
    with pytest.raises(AudioError, match=r"takes more than 2 s: .*wait_seconds"):
        drained(child(sound, trickle, replace(QUICK, wait_seconds=2.0, stall_seconds=1.5)))
    assert time.monotonic() - begun < 5


CONFINED = (
    "from auricle.audio import sandbox_child as child\n"
    "limits = w.parse_request(sys.argv[1:]).limits\nchild.confine(limits, 0)\n"
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux bounds a process's memory")
@pytest.mark.parametrize(
    "allocation", ["blocks = [bytearray(1 << 24) for _ in range(1000)]", "memoryview(bytearray(1 << 40))"]
)
def test_a_child_that_eats_memory(sound: Path, allocation: str) -> None:
    code = (
        "from auricle.audio import sandbox_child as child\n"
        f"class Eater:\n    def __init__(self, path, limits):\n        {allocation}\n"
        "child.AudioReader = Eater\nchild.main(sys.argv[1:])"
    )
    with pytest.raises(AudioError, match="needs more than 256 MiB to decode: raise the limit on memory_bytes"):
        child(sound, code, replace(QUICK, memory_bytes=1 << 28))


def test_a_child_that_burns_time(sound: Path) -> None:
    burn = CONFINED + HEADER + "while True: pass"
    with pytest.raises(AudioError, match=r"takes more than 1 s: .*wait_seconds"):
        drained(ChildDecoder(sound, replace(QUICK, wait_seconds=1.0), command=(sys.executable, "-c", PRELUDE + burn)))


def test_a_child_may_write_no_file(sound: Path, tmp_path: Path) -> None:
    target = tmp_path / "loot"
    with pytest.raises(AudioError, match="crashed"):
        drained(child(sound, CONFINED + f"Path({str(target)!r}).write_bytes(b'x')\n" + HEADER + "s(w.END)"))
    assert not target.exists() or target.stat().st_size == 0


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may start any number of processes"
)
def test_a_child_may_start_no_process(sound: Path) -> None:
    with pytest.raises(AudioError, match="crashed"):
        drained(child(sound, CONFINED + "subprocess.run(['true'])\n" + HEADER + "s(w.END)"))


@pytest.mark.parametrize("read", [0, 1, 3])
def test_closing_early_leaves_nothing(tmp_path: Path, read: int) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(500_000), 16_000)
    with audio.AudioReader(path, untrusted=True) as reader:
        process = reader._decoder._process  # type: ignore[attr-defined]
        blocks = reader.blocks(1000)
        for _ in range(read):
            next(blocks)
        assert process.poll() is None
    assert process.returncode == -signal.SIGKILL and gone(process.pid, 0.1)
    reader.close()


def test_a_forgotten_reader_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(500_000), 16_000)
    reader = audio.AudioReader(path, untrusted=True)
    process = reader._decoder._process  # type: ignore[attr-defined]
    del reader
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_parent_that_ends_takes_its_child_along(tmp_path: Path, signal_number: signal.Signals) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(500_000), 16_000)
    code = (
        "import sys, time\nfrom auricle import audio\n"
        f"reader = audio.AudioReader({str(path)!r}, untrusted=True)\n"
        "print(reader._decoder._process.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal_number)
    assert gone(pid)


def test_a_module_in_the_working_folder_is_not_loaded(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path = sound.parent
    (tmp_path / "numpy.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert audio.read(sound.name, untrusted=True)[0].shape == (2, 100)


def test_no_torch_in_the_child() -> None:
    code = (
        "import sys, auricle.audio.sandbox_child; print([m for m in ('torch', 'pydantic', 'av') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_an_interpreter_that_is_missing(sound: Path) -> None:
    with pytest.raises(AudioError, match="can't start a process"):
        ChildDecoder(sound, QUICK, command=("/nowhere/python",))


def test_a_stream_without_a_descriptor(sound: Path) -> None:
    with pytest.raises(OptionError, match="no file of the system"):
        ChildDecoder(sound, QUICK, stream=io.BytesIO(sound.read_bytes()))


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_a_stream_of_a_stranger(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(50_000), 16_000)
    with (
        subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat,
        audio.AudioReader.from_stream(cat.stdout, untrusted=True) as reader,  # type: ignore[arg-type]
    ):
        np.testing.assert_array_equal(reader.read_all(), audio.read(path)[0])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), suffix=st.sampled_from(["wav", "flac", "ogg", "mp3", "aiff"]))
def test_mutated_files_are_errors_or_the_same_samples(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("mutated") / f"a.{suffix}"
    soundfile.write(path, noise(3000), 16_000)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(200, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    outcomes: list[object] = []
    for untrusted in (False, True):
        try:
            outcomes.append(audio.read(path, untrusted=untrusted, limits=UNTRUSTED_LIMITS)[0].tobytes())
        except AudioError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_wire_header_keeps_everything(tmp_path: Path) -> None:
    about = audio.AudioInfo(tmp_path, 44_100, 2, 12_345, "FLAC", False)
    tags = {"title": "two\nlines", "x": "\u00e9" * 2000}
    assert protocol.parse_header(tmp_path, protocol.pack_header(about, tags)) == (about, tags)
