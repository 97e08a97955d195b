"""Sounds to play in the site: recordings at several bitrates, and sounds that nobody recorded.

`tools/site_pages.py` calls it. Everything is made anew by the models in the package.
"""

from collections.abc import Iterator
from pathlib import Path

import auricle

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "src" / "auricle" / "demo" / "sounds"
_CODED = (("speech_1", "speech", (1.5, 3.0, 6.0)), ("music_1", "music", (6.0, 12.0, 24.0)))
_CLASSES = ("kick", "snare", "hat_closed", "crash")
_SUFFIX = ".flac"
_HEAD = """# Listen

Made by `python tools/site_pages.py` with the models in the package: nothing is chosen by ear. Credits of the
recordings: `src/auricle/demo/sounds/CREDITS.md`. `auricle demo` makes a page with more of them, and with your own.
"""


def write_sounds(folder: Path) -> str:
    """Write the files below a folder; the page that plays them."""
    folder.mkdir()
    parts = [_HEAD]
    for name, model, bitrates in _CODED:
        rows = list(_coded(folder, name, model, bitrates))
        parts.append(f"## {name.replace('_', ' ')}\n\n" + "\n\n".join(rows) + "\n")
    parts.append("## Nobody recorded these\n\n" + "\n\n".join(_generated_sounds(folder)) + "\n")
    return "\n".join(parts)


def _coded(folder: Path, name: str, model: str, bitrates: tuple[float, ...]) -> Iterator[str]:
    source = RECORDINGS / f"{name}{_SUFFIX}"
    target = folder / source.name
    target.write_bytes(source.read_bytes())
    yield _player("original", target)
    for kbps in bitrates:
        coded, decoded = folder / "coded.aur", folder / f"{name}-{kbps:g}{_SUFFIX}"
        auricle.compress(source, coded, model=model, kbps=kbps)
        auricle.decompress(coded, decoded)
        yield _player(f"{auricle.info(coded).kbps:.1f} kb/s, {coded.stat().st_size:,} bytes", decoded)
        coded.unlink()


def _generated_sounds(folder: Path) -> Iterator[str]:
    for label in _CLASSES:
        sounds = auricle.generate("drums", auricle.GenerationOptions(label=label, count=2, seed=1))
        for number, sound in enumerate(sounds.sounds, 1):
            path = folder / f"{label}-{number}{_SUFFIX}"
            auricle.write(path, sound.audio, sounds.sample_rate)
            yield _player(f"{label.replace('_', ' ')} {number}", path)


def _player(title: str, path: Path) -> str:
    return f'{title}<br><audio controls preload="none" src="sounds/{path.name}"></audio>'
