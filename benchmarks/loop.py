"""Latency of `auricle live` from sound to sound, through PulseAudio: a sink that plays nowhere, and its monitor.

The sound that is recorded goes into the left channel of the sink, what live makes of it into the right one. So one
recording of the sink has both, and the lag between them is the loop's: model, rings, PortAudio and PulseAudio. Wants
the Debian packages pulseaudio, pulseaudio-utils and libasound2-plugins; no sound card, no rights, no settings of the
user's.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from _shared import SOUNDS, OptionError, parser, publish, run, table

_RATE = 44100
_PROGRAMS = "pulseaudio", "pacat", "parec"
_START_SECONDS = 20.0
_LONGEST_LAG = 0.5
_SINK = f"rate={_RATE} channels=2 channel_map=front-left,front-right"
_ONE = "channels=1 channel_map=mono remix=no"
_MODULES = (
    f"module-null-sink sink_name=loop {_SINK}",
    f"module-remap-sink sink_name=original master=loop {_ONE} master_channel_map=front-left",
    f"module-remap-sink sink_name=played master=loop {_ONE} master_channel_map=front-right",
    f"module-remap-source source_name=microphone master=loop.monitor {_ONE} master_channel_map=front-left",
)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--models", nargs="+", default=["live", "music", "speech"], help="shipped ones, or files")
    options.add_argument("--buffers", type=float, nargs="+", default=[0.02], help="--buffer-seconds of live")
    options.add_argument("--networks", nargs="+", default=["torch"], choices=["torch", "onnx"], help="what computes")
    options.add_argument("--seconds", type=float, default=10.0, help="that are looked at")
    args = options.parse_args()
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        raise OptionError(f"{missing[0]} is not installed: the loop goes through PulseAudio")
    if args.seconds < 1:
        raise OptionError(f"{args.seconds:g} s: give 1 or more")
    with TemporaryDirectory() as name, _server(Path(name)) as environment:
        cases = product(args.models, args.networks, args.buffers)
        rows = [_row(*case, args.seconds, environment, Path(name)) for case in cases]
    publish("loop", args.out, {"models": args.models, "seconds": args.seconds}, {"rows": rows}, [table(rows)])


@contextmanager
def _server(folder: Path) -> Iterator[Mapping[str, str]]:
    """An own PulseAudio, and the environment of its clients."""
    address = folder / "socket"
    modules = [f"module-native-protocol-unix socket={address} auth-anonymous=1", *_MODULES]
    environment = {**os.environ, "PULSE_RUNTIME_PATH": str(folder), "PULSE_STATE_PATH": str(folder)}
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error"]
    server = subprocess.Popen([*command, *(f"--load={module}" for module in modules)], env=environment)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not address.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise OptionError("PulseAudio did not start")
            time.sleep(0.1)
        yield {**environment, "PULSE_SERVER": f"unix:{address}", "PULSE_SINK": "played", "PULSE_SOURCE": "microphone"}
    finally:
        server.terminate()
        server.wait()


def _row(
    model: str, network: str, buffer: float, seconds: float, environment: Mapping[str, str], folder: Path
) -> dict[str, object]:
    sound, recording = folder / "sound.f32", folder / "recording.f32"
    _write_sound(sound, 2 * _START_SECONDS + seconds)
    words = ["--model", model, "--network", network, "--buffer-seconds", str(buffer), "--device", "pulse", "--json"]
    command = [sys.executable, "-m", "auricle", "live", *words, "--seconds", str(_START_SECONDS + seconds)]
    form = ["--format=float32le", f"--rate={_RATE}"]
    with (
        subprocess.Popen(["pacat", *form, "--channels=1", "--device=original", str(sound)], env=environment) as player,
        subprocess.Popen(
            ["parec", *form, "--channels=2", "--device=loop.monitor", str(recording)], env=environment
        ) as recorder,
    ):
        result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        player.terminate()
        recorder.terminate()
    status = json.loads(result.stdout)
    both = np.fromfile(recording, np.float32)
    both = both[: len(both) // 2 * 2].reshape(-1, 2)
    last = int(np.flatnonzero(both[:, 1])[-1])
    original, played = both[max(0, last - round(seconds * _RATE)) : last].T
    lag, likeness = _lag(original, played)
    return {
        "model": model,
        "network": network,
        "buffer, ms": round(1e3 * buffer),
        "latency measured, ms": round(1e3 * lag / _RATE, 1),
        "latency told, ms": round(1e3 * status["latency_seconds"], 1),
        "correlation there": round(likeness, 2),
        "load": f"{status['load']:.0%}",
        "drop-outs": status["drop_outs"],
    }


def _write_sound(path: Path, seconds: float) -> None:
    from auricle.audio import read
    from auricle.audio.resample import resample

    sound, rate = read(SOUNDS / "music_1.flac")
    sound = resample(sound[:1], rate, _RATE)[0]
    np.resize(sound, round(seconds * _RATE)).astype(np.float32).tofile(path)


def _lag(original: np.ndarray, played: np.ndarray) -> tuple[int, float]:
    """Samples by which one lags the other, and their correlation there."""
    size = 2 * len(original)
    products = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(original, size).conj(), size)[: len(original)]
    lag = int(products[: round(_LONGEST_LAG * _RATE)].argmax())
    energy = float(np.linalg.norm(original[: len(original) - lag]) * np.linalg.norm(played[lag:]))
    return lag, float(products[lag]) / max(energy, 1e-9)


if __name__ == "__main__":
    run(main)
