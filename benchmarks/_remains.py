"""What a run has left in its folder: temporary files, and files that can't be read back."""

import stat
import zipfile
from pathlib import Path

_TEMPORARY = (".auricle", ".unfinished-", ".damaged-", ".tmp", "auricle-", "tmp")


def leftovers(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name.startswith(_TEMPORARY) and "checkpoints" not in path.parts
    )


def broken_files(folder: Path) -> list[str]:
    """Files that can't be read back."""
    return [path.name for path in folder.rglob("*") if path.is_file() and not _is_whole(path)]


def _is_whole(path: Path) -> bool:
    import soundfile
    from safetensors import SafetensorError, safe_open

    from auricle.codec import info
    from auricle.errors import AuricleError

    if not path.stat().st_mode & stat.S_IRUSR:
        return True
    try:
        if path.suffix == ".wav":
            return soundfile.info(path).frames > 0
        if path.suffix == ".aur":
            return info(path).samples > 0
        if path.suffix == ".safetensors" and "checkpoints" not in path.parts:
            with safe_open(path, framework="np") as file:
                return bool(file.metadata() or file.keys())
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        if path.suffix == ".html":
            return path.read_text("utf-8").rstrip().endswith("</html>")
    except (OSError, AuricleError, SafetensorError, RuntimeError, zipfile.BadZipFile):
        return False
    return path.suffix != ".png" or path.read_bytes()[-8:-4] == b"IEND"
