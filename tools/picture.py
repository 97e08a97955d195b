"""The picture of the README, docs/same_bytes.png: one recording, Opus and Auricle at the same bytes, as spectrograms.

    python tools/picture.py [SOUND] [--kbps 6]

Auricle codes first, and its whole file counts. Opus (libopus in PyAV, 20 ms frames, variable bitrate) then gets the
setting whose packets, without their container, come nearest to those bytes. What stands in the picture is measured
here and printed as well, for the text beside it.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import auricle
from auricle.audio import resample
from auricle.bench.codecs.opus import Opus

ROOT = Path(__file__).parents[1]
SOUND = ROOT / "src" / "auricle" / "demo" / "sounds" / "speech_1.flac"
PICTURE = ROOT / "docs" / "same_bytes.png"
_SIZE, _FLOOR_DB, _HALVINGS = 512, -80.0, 8


def by_auricle(sound: Path, kbps: float) -> tuple[np.ndarray, int, int]:
    """What comes back, its rate, and the bytes of the file."""
    with TemporaryDirectory() as name:
        coded, decoded = Path(name) / "a.aur", Path(name) / "a.wav"
        auricle.compress(sound, coded, kbps=kbps)
        auricle.decompress(coded, decoded)
        return *auricle.read(decoded), coded.stat().st_size


def by_opus(audio: np.ndarray, rate: int, size: int) -> tuple[np.ndarray, int, int]:
    """What comes back from the setting whose packets are nearest to a size, its rate, and the bytes of its packets."""
    opus = Opus()
    low, high = opus.setting_range.low, 64.0
    stored = opus.encode(audio, rate, low)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        trial = opus.encode(audio, rate, middle)
        low, high = (middle, high) if (trial.payload or 0) < size else (low, middle)
        if abs((trial.payload or 0) - size) < abs((stored.payload or 0) - size):
            stored = trial
    return *opus.decode(stored), stored.payload or len(stored.data)


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """Levels in dB below full scale, frequency upwards."""
    hop = _SIZE // 4
    frames = np.lib.stride_tricks.sliding_window_view(audio, _SIZE)[::hop] * np.hanning(_SIZE)
    return 20 * np.log10(np.abs(np.fft.rfft(frames)).T / (_SIZE / 4) + 1e-6)


def main() -> None:
    """Code, draw, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sound", type=Path, nargs="?", default=SOUND)
    options.add_argument("--kbps", type=float, default=6.0)
    options.add_argument("--out", type=Path, default=PICTURE)
    args = options.parse_args()
    audio, rate = auricle.read(args.sound)
    seconds = audio.shape[1] / rate
    rebuilt, _, size = by_auricle(args.sound, args.kbps)
    peer, peer_rate, peer_size = by_opus(audio, rate, size)
    panels = {
        f"original: {audio.nbytes // 2:,} bytes of 16-bit samples": audio[0],
        f"Opus: {peer_size:,} bytes": resample(peer[:1], peer_rate, rate)[0, : audio.shape[1]],
        f"Auricle: {size:,} bytes": rebuilt[0],
    }
    figure = Figure((10, 3.4), layout="constrained")
    for place, (title, sound) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(1, len(panels), place)
        extent = (0.0, seconds, 0.0, rate / 2000)
        levels = spectrogram(sound)
        axes.imshow(levels, origin="lower", aspect="auto", extent=extent, vmin=_FLOOR_DB, vmax=0, cmap="magma")
        axes.set(title=title, xlabel="seconds", ylabel="kHz" if place == 1 else "")
    FigureCanvasAgg(figure).print_figure(args.out, dpi=110, format="png")
    print(f"{seconds:.1f} s at {rate} Hz, {8 * size / seconds / 1000:.2f} kb/s; {', '.join(panels)}")


if __name__ == "__main__":
    main()
