"""Sounds at a URL."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import soundfile
from fsspec.implementations.memory import MemoryFileSystem

from auricle.data import scan
from auricle.data.remote import Mirror, local_copy
from auricle.errors import DataError
from auricle.progress import Progress
from auricle.urls import is_url


def sound(path: Path, seed: int = 0) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.random.default_rng(seed).standard_normal(4000), 16000)
    return path.read_bytes()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[MemoryFileSystem]:
    """Three sounds and a text at memory://corpus."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    for index, name in enumerate(("a.wav", "sub/b.wav", "sub/deep/c d.wav")):
        system.pipe(f"/corpus/{name}", sound(tmp_path / "made" / "x.wav", index))
    system.pipe("/corpus/notes.txt", b"words")
    yield system
    system.store.clear()


def names(mirror: Mirror) -> list[str]:
    return [sound.name for sound in scan(mirror.folder).sounds]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("s3://bucket/folder", True),
        ("https://example.org/x", True),
        ("memory://x", True),
        ("sounds/", False),
        ("/a/b", False),
        ("C:\\sounds", False),
        ("C://sounds", False),
        ("://x", False),
    ],
)
def test_what_a_url_is(text: str, answer: bool) -> None:
    assert is_url(text) is answer


def test_a_copy(memory: MemoryFileSystem, tmp_path: Path) -> None:
    steps: list[Progress] = []
    mirror = local_copy("memory://corpus", tmp_path / "home", on_progress=steps.append)
    assert names(mirror) == ["a.wav", "sub/b.wav", "sub/deep/c d.wav"]
    assert (mirror.files, mirror.fetched, mirror.rejected) == (3, 3, ())
    assert (mirror.folder / "sub/b.wav").read_bytes() == memory.cat("/corpus/sub/b.wav")
    assert mirror.folder.parent == tmp_path / "home" and [step.text for step in steps] == [
        f"fetching sounds, {count} of 3 files" for count in (1, 2, 3)
    ]


def test_only_what_changed_is_fetched(memory: MemoryFileSystem, tmp_path: Path) -> None:
    first = local_copy("memory://corpus", tmp_path)
    (first.folder / "a.wav").unlink()
    (first.folder / "sub/b.wav").write_bytes(b"half")
    memory.rm("/corpus/sub/deep/c d.wav")
    second = local_copy("memory://corpus", tmp_path)
    assert second.folder == first.folder and (second.files, second.fetched) == (2, 2)
    assert names(second) == ["a.wav", "sub/b.wav"]
    assert local_copy("memory://corpus", tmp_path).fetched == 0


def test_another_url_is_another_folder(memory: MemoryFileSystem, tmp_path: Path) -> None:
    corpus, part = local_copy("memory://corpus", tmp_path), local_copy("memory://corpus/sub", tmp_path)
    assert corpus.folder != part.folder and names(part) == ["b.wav", "deep/c d.wav"]


def test_what_cannot_be_fetched_is_listed(
    memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = MemoryFileSystem.open

    def refuse(self: MemoryFileSystem, path: str, *arguments: Any, **options: Any) -> Any:
        if path.endswith("b.wav"):
            raise PermissionError("access denied")
        return usual(self, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "open", refuse)
    mirror = local_copy("memory://corpus", tmp_path)
    (refused,) = mirror.rejected
    assert refused.path == mirror.folder / "sub/b.wav" and mirror.files == 2
    assert "can't fetch /corpus/sub/b.wav: PermissionError: access denied" in refused.reason
    assert names(mirror) == ["a.wav", "sub/deep/c d.wav"]
    assert not list(mirror.folder.rglob(".*"))


def test_a_file_that_comes_short(memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = MemoryFileSystem.find

    def promise(self: MemoryFileSystem, *arguments: Any, **options: Any) -> Any:
        entries = usual(self, *arguments, **options)
        return {
            name: {**details, "size": details["size"] + (name.endswith("a.wav"))} for name, details in entries.items()
        }

    monkeypatch.setattr(MemoryFileSystem, "find", promise)
    mirror = local_copy("memory://corpus", tmp_path)
    assert "bytes came" in mirror.rejected[0].reason and mirror.files == 2


def test_nothing_is_written_outside(memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = memory.cat("/corpus/a.wav")
    evil = ("/corpus/../../evil.wav", "/elsewhere/evil.wav", "/corpus/a/../../evil.wav", "/corpus/x\\..\\evil.wav")
    entries = {name: {"size": len(data)} for name in (*evil, "/corpus/a.wav")}
    monkeypatch.setattr(MemoryFileSystem, "find", lambda self, *arguments, **options: entries)
    mirror = local_copy("memory://corpus", tmp_path / "home")
    assert names(mirror) == ["a.wav"] and len(mirror.rejected) == len(evil)
    assert all("rename it" in refused.reason for refused in mirror.rejected)
    assert not list(tmp_path.rglob("*evil*"))


def test_local_urls(tmp_path: Path) -> None:
    sound(tmp_path / "sounds" / "x" / "a.wav")
    assert names(local_copy((tmp_path / "sounds").as_uri(), tmp_path / "home")) == ["x/a.wav"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://empty", "holds no audio files that can be fetched: check the address"),
        ("nonsense://x/y", "can't open nonsense://x/y: ValueError: Protocol not known"),
        ("file:///nowhere/at/all", "holds no audio files"),
    ],
)
def test_bad_addresses(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        local_copy(url, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="the driver is installed")
def test_a_missing_driver(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"s3:// needs a driver that is not installed: Install s3fs"):
        local_copy("s3://bucket/folder", tmp_path)


def test_secrets_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: MemoryFileSystem, *arguments: Any, **options: Any) -> Any:
        raise OSError("no\nway")

    monkeypatch.setattr(MemoryFileSystem, "find", fail)
    with pytest.raises(DataError) as caught:
        local_copy("memory://user:secret@place/sounds?key=secret", tmp_path)
    assert str(caught.value) == "can't list memory://place/sounds: OSError: no way"


def test_no_place_for_the_copy(memory: MemoryFileSystem, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(DataError, match="can't write the copy of memory://corpus"):
        local_copy("memory://corpus", tmp_path / "home")


@pytest.mark.skipif(find_spec("aiohttp") is None, reason="fsspec reads http through aiohttp, which is not installed")
def test_a_web_page_with_links(tmp_path: Path) -> None:
    expected = sound(tmp_path / "site" / "sounds" / "a b.wav")
    sound(tmp_path / "site" / "sounds" / "more" / "c.wav", 1)
    sound(tmp_path / "site" / "outside.wav", 2)
    handler = functools.partial(_Quiet, directory=tmp_path / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/sounds/"
        mirror = local_copy(url, tmp_path / "home")
        second = local_copy(url, tmp_path / "home")
        server.shutdown()
    assert names(mirror) == ["a b.wav", "more/c.wav"] and mirror.rejected == ()
    assert (mirror.folder / "a b.wav").read_bytes() == expected and second.files == 2


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass
