"""Take the runtime of exported pages from the npm package onnxruntime-web, and check it.

    python web/fetch.py

Digests are those in carried.json, which a page carries too. Nothing is written unless all of them fit.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LIST = HERE.parent / "src" / "auricle" / "export" / "browser_folder" / "carried.json"
TARGET = HERE / "src" / "auricle_web" / "runtime"
PACKAGE = "onnxruntime-web"


def fetch() -> None:
    """Fill the folder of the runtime, unless it is right already."""
    about = json.loads(LIST.read_text("utf-8"))[PACKAGE]
    digests = about["sha256"]
    if all(_digest_of_file(TARGET / name) == digest for name, digest in digests.items()):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: it fetches onnxruntime-web; or name its folder dist with --runtime")
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", f"{PACKAGE}@{about['version']}", "--silent", "--pack-destination", scratch]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"npm could not fetch {PACKAGE} {about['version']}")
        (archive,) = Path(scratch).glob("*.tgz")
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if integrity != about["integrity"]:
            raise SystemExit(f"{PACKAGE} {about['version']} is not the package that was listed: {integrity}")
        files = _extracted(archive, digests)
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (TARGET / name).write_bytes(data)
    licence = LIST.parent / "onnxruntime-licence.txt"
    (TARGET / licence.name).write_bytes(licence.read_bytes())


def _extracted(archive: Path, digests: dict[str, str]) -> dict[str, bytes]:
    files = {}
    with tarfile.open(archive) as package:
        for name, digest in digests.items():
            member = package.extractfile(f"package/dist/{name}")
            data = b"" if member is None else member.read()
            if hashlib.sha256(data).hexdigest() != digest:
                raise SystemExit(f"{name} is not the file that was listed")
            files[name] = data
    return files


def _digest_of_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(fetch())
