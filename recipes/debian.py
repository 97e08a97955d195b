"""Fetch pinned Debian packages, check them and unpack them without installing anything."""

import hashlib
import io
import shutil
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from packages import PACKAGES, Package

DEFAULT_MIRROR = "https://deb.debian.org/debian"


class UnavailableError(Exception):
    """A source can't be had here."""


def unpack(name: str, folder: Path, mirror: str = DEFAULT_MIRROR) -> Path:
    """The folder with an unpacked package, fetched on the first call. Raises UnavailableError.

    A .deb that already lies in `folder` is used, so that a machine without a network can be served by hand.
    """
    package = next(package for package in PACKAGES if package.name == name)
    target, marker = folder / name, folder / f"{name}.done"
    if marker.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    deb = fetch(package, folder, mirror)
    check(deb, package)
    shutil.rmtree(target, ignore_errors=True)
    extract(deb, target)
    marker.touch()
    return target


def fetch(package: Package, folder: Path, mirror: str) -> Path:
    """Download a .deb with apt-get where there is one that knows this version, else from the mirror."""
    archives = sorted(folder.glob(f"{package.name}_*.deb"))
    if archives:
        return archives[0]
    print(f"fetching {package.name} {package.version}", flush=True)
    if shutil.which("apt-get"):
        command = ["apt-get", "--quiet", "download", f"{package.name}={package.version}"]
        subprocess.run(command, cwd=folder, capture_output=True, check=False)
        archives = sorted(folder.glob(f"{package.name}_*.deb"))
        if archives:
            return archives[0]
    target = folder / Path(package.path).name
    part = target.with_suffix(".part")
    try:
        with urllib.request.urlopen(f"{mirror}/{package.path}", timeout=60) as reply, part.open("wb") as file:
            shutil.copyfileobj(reply, file)
    except (urllib.error.URLError, OSError) as error:
        raise UnavailableError(f"{mirror}/{package.path}: {error}") from error
    part.rename(target)
    return target


def check(deb: Path, package: Package) -> None:
    """Raise UnavailableError unless a .deb is exactly the one that the recipe was written for."""
    with deb.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != package.sha256:
        raise UnavailableError(f"{deb.name} is not version {package.version} (its SHA-256 is {digest}); delete it")


def extract(deb: Path, target: Path) -> None:
    """Unpack a .deb: an `ar` archive whose member data.tar.* holds the files (see deb(5))."""
    with deb.open("rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise UnavailableError(f"{deb.name} is not a Debian package")
        while header := file.read(60):
            name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
            body = file.read(size + size % 2)
            if name.startswith("data.tar"):
                with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                    archive.extractall(target, filter="data")
                return
    raise UnavailableError(f"{deb.name} holds no data.tar")
