"""Folders through the verbs of the codec."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from auricle.audio import AudioWriter, info
from auricle.audio.writer import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "low").mkdir(parents=True)
    time = np.arange(16000) / 16000
    for name, pitch in (("a.wav", 220), ("low/b.flac", 330), ("low/c.ogg", 440)):
        write(folder / name, 0.3 * np.sin(2 * np.pi * pitch * time)[None], 16000)
        os.utime(folder / name, (1e9, 1e9))
    (folder / "words.wav").write_text("these are words, not sound")
    return folder


def test_a_folder_goes_through_all_verbs(auricle, folder: Path, tmp_path: Path, model_file: Path):
    out, back, saved = tmp_path / "out", tmp_path / "back", tmp_path / "saved"
    model = f"--model={model_file}"
    page = tmp_path / "page.html"
    values = ran_json(auricle("compress", folder, out, model, "--check", "100%", "--report", page, "--json"), code=1)
    shown = page.read_text("utf-8")
    assert "1 failed" in shown and "The worst of 3 checked files" in shown and shown.count("<audio") == 6
    assert (values["files"], values["done"], len(values["failed"])) == (4, 3, 1) and values["seconds"] == 3.0
    assert "words.wav is not audio" in values["failed"][0]["reason"]
    (folder / "words.wav").unlink()
    assert "3 of 3 files done, 3 of them before" in auricle("compress", folder, out, model).out

    assert auricle("decompress", out, back, model, "--suffix", ".flac").code == 0
    assert sorted(path.name for path in back.rglob("*.flac")) == ["a.flac", "b.flac", "c.flac"]
    assert info(back / "low" / "b.flac").frames == 16000
    assert {path.stat().st_mtime for path in (*out.rglob("*.aur"), *back.rglob("*.flac"))} == {1e9}

    assert "3 of 3 files done" in auricle("verify", out, "--jobs", "2").out
    shown = auricle("info", out / "low" / "*.aur").out
    assert "b.aur" in shown and "c.aur" in shown and "2 of 2 files" in shown
    damaged = bytearray((out / "a.aur").read_bytes())
    damaged[-30] ^= 1
    (out / "a.aur").write_bytes(damaged)
    ran = auricle("verify", out)
    assert ran.code == 1 and "2 of 3 files done" in ran.out and "a.aur" in ran.err
    assert "1 of them damaged" in auricle("repair", out, saved).out
    assert auricle("verify", saved).code == 0


def ran_json(ran, code: int):
    assert ran.code == code, ran.err
    return json.loads(ran.out)


def test_a_list_and_a_file_into_a_folder(auricle, folder: Path, tmp_path: Path):
    vectors = Path(__file__).parents[2] / "vectors"
    names = [vectors / "mono.aur", vectors / "stereo.aur"]
    (tmp_path / "list.txt").write_text("".join(f"{name}\n" for name in names))
    assert "2 of 2 files done" in auricle("verify", "--files-from", tmp_path / "list.txt").out
    target = tmp_path / "saved"
    assert auricle("repair", "--files-from", tmp_path / "list.txt", target).code == 0
    assert sorted(path.name for path in target.glob("*.aur")) == ["mono.aur", "stereo.aur"]
    ran = auricle("repair", vectors / "gap.aur", target, "--json")
    assert ran.json["done"] == 1 and (target / "gap.aur").exists()
    ran = auricle("repair", vectors / "gap.aur", f"{tmp_path}/new/", "--json")
    assert ran.json["done"] == 1 and (tmp_path / "new" / "gap.aur").exists(), "a new name without ending is a folder"
    assert auricle("repair", vectors / "gap.aur", tmp_path / "v1.2").code == 0
    assert (tmp_path / "v1.2" / "gap.aur").exists(), "a number is no ending"
    assert "; 1 of other kinds" not in auricle("verify", target).out, "the ledger is Auricle's own"


def test_one_file_without_a_name_for_the_result_has_the_suffix(auricle, tmp_path: Path, model_file: Path):
    write(tmp_path / "a.wav", np.zeros((1, 8000), np.float32), 16000)
    assert auricle("compress", tmp_path / "a.wav", "--model", model_file).code == 0
    ran = auricle("decompress", tmp_path / "a.aur", "--suffix", ".flac", "--model", model_file)
    assert ran.code == 0 and info(tmp_path / "a.flac").frames == 8000


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("name the folder to write into too", "compress in"),
        ("lies inside", "compress in in/low/out"),
        ("is a file: name the folder", "compress in in/a.wav"),
        ("is a file: name the folder", "compress in/a.wav in/low/b.flac in/words.wav"),
        ("nothing matches", "compress in/*.mp3 out"),
        ("holds no .aur files", "verify in"),
        ("typo does not exist: check the name", "compress typo out"),
        ("end its name with .wav", "decompress in out --suffix .xyz"),
        ("a part of many files", "decompress in out --start 3"),
        ("--jobs of 0", "verify in --jobs 0"),
        ("--check beside one file, in/a.wav: name a folder", "compress in/a.wav --check 1%"),
        ("--report beside one file", "compress in/a.wav new.aur --report page.html"),
        ("--manifest beside one file", "compress in/a.wav new.aur --manifest ledger.jsonl"),
        ("--ray beside one file", "decompress a.aur new.wav --ray auto"),
        ("--suffix .flac, but the file to write is new.wav", "decompress a.aur new.wav --suffix .flac"),
        ("--suffix .flac, but a pipe is WAV", "decompress a.aur - --suffix .flac"),
        ("a suffix of 'flac': write it with a point", "decompress a.aur --suffix flac"),
        ("--check of '2%%'", "compress in out --check 2%%"),
        ("can't read the list", "verify --files-from missing.txt"),
        ("no model 'unknown'", "compress in out --model unknown"),
        ("PATHS requires an argument", "compress"),
        ("FILES requires an argument", "verify"),
    ],
)
def test_bad_input_is_one_line(auricle, folder: Path, monkeypatch: pytest.MonkeyPatch, said: str, command: str):
    monkeypatch.chdir(folder.parent)
    ran = auricle(*command.split())
    assert ran.code == 2 and said in ran.err and ran.err.count("\n") == 1 and not ran.out
    assert not list(folder.rglob("*.aur"))


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
def test_no_rights_are_lines(folder: Path, tmp_path: Path):
    as_user = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("the superuser may read everything")
        as_user = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    vectors = Path(__file__).parents[2] / "vectors"
    for name in ("mono.aur", "low/stereo.aur", "shut/gap.aur"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(vectors / Path(name).name, folder / name)
    (folder / "mono.aur").chmod(0)
    (folder / "shut").chmod(0)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [*as_user, sys.executable, "-m", "auricle", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True)

    try:
        ran = run("verify", folder)
        assert ran.returncode == 1 and "1 of 3 files done" in ran.stdout
        assert "can't read" in ran.stderr and "can't open the folder" in ran.stderr
        ran = run("repair", folder, closed)
        assert ran.returncode == 2 and len(ran.stderr.splitlines()) == 1 and "can't write into" in ran.stderr
    finally:
        (folder / "shut").chmod(0o755)


def test_tags_come_along(auricle, tmp_path: Path, model_file: Path):
    (tmp_path / "in").mkdir()
    with AudioWriter(tmp_path / "in" / "a.flac", 16000, 1, tags={"title": "A title"}) as writer:
        writer.write(np.full((1, 8000), 0.1))
    assert auricle("compress", tmp_path / "in", tmp_path / "out", f"--model={model_file}").code == 0
    assert auricle("info", tmp_path / "out" / "a.aur", "--json").json["tags"] == {"title": "A title"}
