"""Names and tags that strangers wrote: a terminal obeys nothing in them, and no line is forged, whatever the verb."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.audio.writer import write
from auricle.cli import main
from auricle.codec.format.container import Packet, PacketWriter, StreamEnd
from auricle.codec.format.header import Header
from auricle.printable import is_shown

HOSTILE = "a\x1b]0;t\x07\x1b[2J\x9b1m\x7f\u202e\u2066\u200b[bold]\nFORGED: all is well"
RATE = 16000
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs a command; checks the bytes that it wrote, and that ``--json`` says the same in JSON of plain ASCII."""

    def run_once(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        streams = capfdbinary.readouterr()
        for text in (streams.out.decode(), streams.err.decode()):
            assert all(letter == "\n" or is_shown(letter) for letter in text), text
            assert not any(line.startswith("FORGED") for line in text.splitlines()), text
        return code, streams.out.decode(), streams.err.decode()

    def run_both(*arguments: str | Path) -> tuple[int, str, str]:
        code, out, err = run_once(*arguments, "--json")
        assert out.isascii()
        if code == 2:
            return code, out, err
        json.loads(out)
        return run_once(*arguments)

    return run_both


def sound(seed: int, seconds: float = 0.3) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((1, round(seconds * RATE)))


@pytest.fixture
def place(tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, two classes of sounds with hostile names, and files that are no sounds."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(model_file, "tiny.auricle.safetensors")
    for number, folder in enumerate(("hum", "hiss")):
        Path("sounds", folder).mkdir(parents=True)
        for take in range(3):
            write(Path("sounds", folder, f"{take}{HOSTILE}.wav"), (1 + 9 * number) * 0.1 * sound(take), RATE)
    Path("bad").mkdir()
    for folder in ("bad", "sounds/hum"):
        Path(folder, f"bad{HOSTILE}.wav").write_bytes(b"words, not sound")
    return tmp_path


MODEL = "--model=tiny.auricle.safetensors"


def test_the_codec(run: Run, place: Path) -> None:
    source, small, back = Path(f"{HOSTILE}.wav"), Path(f"{HOSTILE}.aur"), Path(f"{HOSTILE} back.wav")
    with soundfile.SoundFile(source, "w", RATE, 1) as file:
        file.title = HOSTILE
        file.write(sound(0)[0])
    assert run("compress", source, small, MODEL, "--force")[0] == 0
    for verb in (("info", small), ("verify", small), ("verify", small, MODEL), ("repair", small, "--force")):
        code, out, _ = run(*verb)
        assert code == 0 and "\\x1b" in out
    assert run("decompress", small, back, MODEL, "--force")[0] == 0
    assert run("decompress", small, back, MODEL)[0] == 2  # it exists
    small.write_bytes(small.read_bytes()[:-3])
    for verb in ("info", "verify", "decompress"):
        assert "\\x1b" in run(verb, small)[2]
    assert run("info", f"{HOSTILE}.auricle.safetensors")[0] == 2
    assert run("compress", source, MODEL + HOSTILE)[0] == 2
    assert run("compress", source, "--bitrate" + HOSTILE)[0] == 2
    assert run(HOSTILE)[0] == 2


def test_tags_are_one_line_each(run: Run, place: Path) -> None:
    header = Header(b"fingerpr", b"tabl", "tiny", RATE, RATE, 1, 160, 320, 5, 8, 0, 480, ())
    with Path("tags.aur").open("wb") as file:
        PacketWriter(file, header, {"comment": HOSTILE, "title": "Träum"}).write(Packet(0, 5, b"", StreamEnd(480, 0)))
    code, out, _ = run("info", "tags.aur")
    assert code == 0 and "well" in out and "Träum" in out


def test_classes(run: Run, place: Path) -> None:
    assert run("classify", "fit", "sounds", MODEL, "--out", "c.classifier.safetensors", "--force", "--no-cache")[0] == 0
    options = ("--classifier", "c.classifier.safetensors", MODEL, "--no-cache")
    code, out, err = run("classify", "predict", "sounds", *options)
    assert code == 1 and "\\x1b" in out and "\\x1b" in err
    assert run("classify", "predict", "sounds", "--timeline", "--window", "0.1", *options[:3])[0] == 1
    assert run("classify", "suggest", "sounds", MODEL, "--no-cache")[0] == 1
    assert run("classify", "evaluate", "sounds", MODEL, "--folds", "3", "--skip-baselines", "--no-cache")[0] == 0
    assert run("classify", "predict", "sounds", "--classifier", HOSTILE)[0] == 2


def test_classes_with_hostile_names(run: Run, place: Path) -> None:
    for name in ("hum", "hiss"):
        Path("sounds", name).rename(Path("sounds", name + HOSTILE))
    code, _, err = run("classify", "fit", "sounds", MODEL, "--out", "new.classifier.safetensors", "--no-cache")
    assert code == 2 and "\\x1b" in err and not Path("new.classifier.safetensors").exists()
    options = ("--folds", "3", "--skip-baselines", "--no-cache")
    assert run("classify", "evaluate", "sounds", MODEL, *options)[0] == 2


def test_folders(run: Run, place: Path) -> None:
    query = min(Path("sounds/hum").iterdir())
    code, out, _ = run("similar", query, "sounds", MODEL, "--no-cache")
    assert code == 0 and "\\x1b" in out
    assert run("features", "sounds", MODEL, "--out", "f.npz", "--force", "--no-cache")[0] == 1
    assert "\\x1b" in run("doctor", "sounds")[1]
    assert run("doctor", "bad")[0] == 2
    for verb in ("train", "doctor"):
        assert run(verb, HOSTILE)[0] == 2 and run(verb, "bad")[0] == 2
    assert run("train-prior", "bad", MODEL)[0] == 2


def test_synthesis(run: Run, place: Path) -> None:
    first, second = sorted(Path("sounds/hum").iterdir())[:2]
    assert run("latents", first, f"{HOSTILE}.npz", MODEL, "--force")[0] == 0
    assert "\\x1b" in run("latents", "sounds", MODEL, "--count", "2")[2]
    assert "\\x1b" in run("morph", first, second, "--crossfade", MODEL, "--out", HOSTILE, "--count", "3", "--force")[1]
    assert run("transfer", first, "--onto", "tiny.auricle.safetensors", "--out", HOSTILE, "--force")[0] == 0
    assert run("generate", "--prior", f"{HOSTILE}.prior.safetensors")[0] == 2
    assert run("evaluate-synthesis", HOSTILE, "--real", "sounds")[0] == 2
