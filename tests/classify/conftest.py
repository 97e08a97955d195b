"""Small sounds of three kinds, and a cache of their own for features."""

from pathlib import Path

import pytest
import soundfile
from small_sounds import KINDS, RATE, sound


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "auricle" / "features"


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder per kind; the names end in one of four makers."""
    folder = tmp_path / "sounds"
    for number, kind in enumerate(KINDS):
        (folder / kind).mkdir(parents=True)
        for index in range(8):
            path = folder / kind / f"{kind}{index}_maker{index % 4}.wav"
            soundfile.write(path, sound(kind, 100 * number + index), RATE)
    return folder
