"""Who asks the studio for what is not theirs is refused, and the server goes on."""

import hashlib
import io
import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

import auricle
from auricle import OptionError, StudioOptions
from auricle.studio.server.guard import Access
from auricle.studio.server.workspace import Workspace, display_name, safe_suffix

HOSTS = ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "10.0.0.7:{port}", ""]
OUTSIDE = [
    "/page/../../serve.py",
    "/page/%2e%2e/%2e%2e/serve.py",
    "/page/..%2f..%2fserve.py",
    "/page//etc/passwd",
    "/shared/..%2fpage.css",
    "/file/../../etc/passwd",
    "/file/..%2f..%2fetc/passwd?seal=x",
    "/library/..%2f..%2fetc%2fpasswd?seal=x",
    "/thumb/..%2f..%2fetc%2fpasswd?seal=x",
]
PRIVATE = [
    "/api/events",
    "/api/sounds/list",
    "/api/train/runs",
    "/api/make/priors",
    "/api/label/library",
    "/api/nothing",
]
BOMB = """
import sys, soundfile, numpy
with soundfile.SoundFile(sys.argv[1], "w", 192000, 8, format="FLAC", subtype="PCM_16") as file:
    for _ in range(30):
        file.write(numpy.zeros((192000, 8), "int16"))
"""
"""184 MB of samples in a few kilobytes."""


def raw(studio, *lines: str) -> bytes:
    """The answer to a request that no client would send."""
    answer = b""
    with socket.create_connection(("127.0.0.1", studio.port), timeout=60) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        while part := connection.recv(65536):
            answer += part
    return answer


def tone_bytes() -> bytes:
    """A short sound as a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(np.arange(8000) * 0.1), 16_000, format="WAV")
    return file.getvalue()


def items(studio) -> set[str]:
    return {path.name for path in (studio.folder / ".studio" / "items").iterdir()}


def test_the_first_line_is_the_address_with_a_token(studio):
    assert studio.address.startswith("http://127.0.0.1:") and len(studio.token) >= 32
    status, headers, body = studio.ask("/", token=False)
    assert status == 200 and studio.token.encode() not in body
    assert "script-src 'self'" in headers["content-security-policy"] and "unsafe-eval" not in str(headers)


@pytest.mark.parametrize("path", PRIVATE)
def test_everything_below_api_wants_the_token(studio, path: str):
    assert studio.refusal(path, token=False)[0] == 401
    assert studio.refusal(path, token=False, headers={"Authorization": "Bearer " + "x" * 32})[0] == 401


def test_another_origin_is_refused_even_with_the_token(studio):
    for origin in ("http://evil.example", "null", f"https://{studio.host}", f"http://127.0.0.1:{studio.port + 1}"):
        assert studio.refusal("/api/make/kept", headers={"Origin": origin})[0] == 403
    assert studio.refusal("/api/make/kept", headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert studio.ask("/api/make/kept", headers={"Origin": f"http://{studio.host}"})[0] == 200


@pytest.mark.parametrize("host", HOSTS)
def test_a_forged_host_is_refused(studio, host: str):
    line, named = "GET {} HTTP/1.1", f"Host: {host.format(port=studio.port)}"
    assert b" 421 " in raw(studio, line.format("/api/make/kept"), named, f"Authorization: Bearer {studio.token}")
    assert b" 421 " in raw(studio, line.format("/"), named)


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out(studio, path: str):
    answer = raw(studio, f"GET {path} HTTP/1.1", f"Host: {studio.host}", "Connection: close")
    assert b" 404 " in answer or b" 403 " in answer
    assert b"root:" not in answer and b"def run_studio" not in answer


def test_numbers_that_are_no_numbers_name_nothing(studio):
    for id in ("../../etc", "0" * 16, "", None, ["a"], {"a": 1}, "..", "a" * 5000):
        assert studio.refusal("/api/compress/opened", {"id": id})[0] == 400
        assert studio.refusal("/api/file", {"id": id, "file": "../job.json"})[0] == 400
    assert studio.refusal("/api/jobs/cancel", {"id": "../items"})[0] == 400
    assert studio.refusal("/api/compress/opened", body=b"[" * 100_000)[0] == 400
    assert studio.refusal("/api/compress/opened", body=b"\xff")[0] == 400


def test_values_of_the_wrong_kind_are_refused_in_a_line_and_nothing_of_them_stays(studio):
    sound = studio.upload("tone.wav", tone_bytes())["id"]
    made = studio.json("/api/make/sounds", {"prior": "drums", "count": 1, "seconds": 0.2, "seed": 1})["sounds"][0]["id"]
    in_folder = studio.upload_sound("to train on.wav")[0]
    infinite = json.dumps({"id": made, "kept": 1}).replace("1}", "1e999}")
    training = {"title": "T", "base": "none", "preset": "conv", "budget": {"steps": 1}}
    for path, values in (
        ("/api/make/keep", {"id": made, "kept": "abc"}),
        ("/api/make/keep", {"id": made, "kept": None}),
        ("/api/file", {"id": sound, "file": 5}),
        ("/api/compress/whole", {"id": made, "kbps": 6}),
        ("/api/compress/whole", {"id": studio.json("/api/make/pack", {"ids": [made]})["id"], "kbps": 6}),
        ("/api/train/begin", {**training, "sounds": {"folder": ["x"]}}),
        ("/api/train/begin", {**training, "sounds": {}, "adversarial": "much"}),
    ):
        status, reason = studio.refusal(path, values)
        assert status == 400 and "failed" not in reason and "Error" not in reason, (path, values, reason)
    assert studio.refusal("/api/make/keep", body=infinite)[0] == 400
    assert isinstance(studio.json("/api/make/kept")["sounds"], list), "one such sound would end the list for ever"
    studio.json("/api/make/keep", {"id": made, "kept": False})
    studio.json("/api/sounds/remove", {"ids": [in_folder]})


def test_ten_gigabytes_are_refused_before_they_are_sent(studio):
    head = ("POST /api/uploads?name=a.wav HTTP/1.1", f"Host: {studio.host}", f"Authorization: Bearer {studio.token}")
    answer = raw(studio, *head, f"Content-Length: {10 * 10**9}")
    assert b" 413 " in answer and b"--max-upload" in answer
    assert b" 400 " in raw(studio, *head, "Content-Length: -1", "Connection: close")


def test_uploads_and_requests_without_end_are_cut_at_the_limit(studio):
    def endless():
        for _ in range(10_000):
            yield bytes(65536)

    before, chunked = items(studio), {"Transfer-Encoding": "chunked"}
    for path in ("/api/uploads?name=a.wav", "/api/label/label"):
        with suppress(BrokenPipeError, ConnectionResetError):  # it may hang up while we are sending
            assert studio.refusal(path, body=endless(), headers=chunked)[0] == 413
    assert studio.ask("/api/make/kept")[0] == 200
    assert items(studio) == before


def test_what_is_no_sound_or_decodes_without_end_is_refused_and_forgotten(studio, tmp_path: Path):
    subprocess.run([sys.executable, "-c", BOMB, tmp_path / "bomb.flac"], check=True)
    bomb = (tmp_path / "bomb.flac").read_bytes()
    assert len(bomb) < 100_000
    before = items(studio)
    for name, data in [("bomb.flac", bomb), ("a.mp3", bytes(5000)), ("b.aur", b"RIFF" * 9), ("a.wav", b"")]:
        status, reason = studio.refusal(f"/api/uploads?name={name}", body=data)
        assert status == 400 and str(studio.folder) not in reason, reason
    assert items(studio) == before


def test_names_of_strangers_are_only_words():
    hostile = "../../<img src=x onerror=alert(1)>\u202e\n.wav"
    assert display_name(hostile) == "<img src=x onerror=alert(1)>\\u202e\\n.wav"
    assert display_name("/") == "sound" and safe_suffix("a.WAV") == ".wav"
    assert {safe_suffix(name) for name in ("a.w/av", "a", "a.\u202ewav", "x." + "y" * 99)} == {".bin"}


def test_files_have_the_names_that_the_studio_gives(tmp_path: Path):
    space = Workspace(tmp_path)
    space.prepare()
    item = space.new_item(kind="sound", name="x")
    for name in ("../x", "item.json", "A", ".hidden", "a/b", "a" * 101):
        with pytest.raises(OptionError):
            item.file(name)


def test_a_seal_opens_one_file_for_as_long_as_the_token_lasts(studio):
    access = Access("token", 1, StudioOptions())
    assert access.seal("a/b") != access.seal("a/c") != Access("other", 1, StudioOptions()).seal("a/c")
    assert studio.ask(f"/file/{'0' * 16}/play.flac?seal={'0' * 32}", token=False)[0] == 403


def test_other_machines_come_in_only_where_that_was_said():
    with pytest.raises(OptionError, match="--allow-remote"):
        StudioOptions(host="0.0.0.0")
    local = Access("t", 80, StudioOptions(port=80))
    remote = Access("t", 80, StudioOptions(host="0.0.0.0", allow_remote=True))
    assert local.allows_host("localhost:80") and local.allows_host("[::1]:80")
    assert not local.allows_host("192.168.1.5:80")
    assert remote.allows_host("192.168.1.5:80") and not remote.allows_host("evil.example:80")


def test_a_folder_in_use_or_missing_and_a_port_that_is_taken_are_refused_in_a_line(studio, tmp_path: Path):
    cases = [
        (studio.folder, "0", "is writing into"),
        (tmp_path / "no", "0", "is no folder"),
        (tmp_path, str(studio.port), "choose another --port"),
    ]
    for folder, port, words in cases:
        command = [sys.executable, "-m", "auricle", "studio", str(folder), "--port", port, "--no-browser"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 2 and words in ended.stderr and ended.stderr.count("\n") == 1


def test_the_page_says_what_it_carries(studio):
    listed = json.loads(studio.ask("/page/vendor/carried.json")[2])
    folder = Path(auricle.__file__).parent / "studio" / "page" / "vendor"
    named = {"carried.json"}
    for entry in listed:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        assert (folder / entry["licence_file"]).read_text("utf-8").strip()
        named |= {entry["file"], entry["licence_file"]}
    assert {path.name for path in folder.iterdir()} == named
