"""The sound card."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from auricle.errors import AudioError, MissingPackageError
from auricle.extras import require
from auricle.printable import counted

_SIDES = ("input", "output")


def list_devices() -> list[str]:
    """A line for each sound card, with its number.

    Raises:
        MissingPackageError: sounddevice or PortAudio is not installed.
    """
    sound = _sounddevice()
    return [
        f"{number}: {device['name']}, {device['max_input_channels']} in, {device['max_output_channels']} out, "
        f"{device['default_samplerate']:.0f} Hz"
        for number, device in enumerate(sound.query_devices())
    ]


@final
class SoundCard:
    """A sound card that was asked whether it can do what is wanted.

    Args:
        device: its number or a part of its name; None for the system's own.
        sample_rate: in Hz.
        channels: of each side.
        recording: whether its input is used too, beside its output.
        remedy: what to do where it has too few channels, for the message.

    Raises:
        AudioError: there is no such sound card, or it has too few channels or not this rate.
        MissingPackageError: sounddevice or PortAudio is not installed.
    """

    def __init__(self, device: str | None, sample_rate: int, channels: int, *, recording: bool, remedy: str):
        self._sound, self._rate, self._channels = _sounddevice(), sample_rate, channels
        self._remedy = remedy
        self._device = int(device) if device is not None and device.isdecimal() else device
        self._sides = _SIDES if recording else _SIDES[1:]
        for side in self._sides:
            self._check(side)

    @contextmanager
    def open(
        self, block: int, buffer_seconds: float, callback: Callable[[np.ndarray | None, np.ndarray], None]
    ) -> Iterator[float]:
        """Play inside, and yield the seconds of latency that the card states.

        Args:
            block: samples at a time.
            buffer_seconds: latency that the card is asked for; it takes what it can.
            callback: takes what was recorded ``(t, c)``, if that was asked for, and fills what is to be played.
        """

        def both(recorded: np.ndarray, played: np.ndarray, *_: Any) -> None:
            callback(recorded, played)

        def output(played: np.ndarray, *_: Any) -> None:
            callback(None, played)

        kind, function = (self._sound.Stream, both) if len(self._sides) == 2 else (self._sound.OutputStream, output)
        try:
            stream = kind(
                samplerate=self._rate,
                blocksize=block,
                device=self._device,
                channels=self._channels,
                dtype="float32",
                latency=max(buffer_seconds, block / self._rate),
                callback=function,
            )
            with stream:
                yield float(np.sum(stream.latency))
        except self._sound.PortAudioError as error:
            raise AudioError(f"the sound card stopped: {_reason(error)}") from error

    def _check(self, side: str) -> None:
        try:
            about = self._sound.query_devices(self._device, side)
        except (ValueError, self._sound.PortAudioError) as error:
            missing = "no sound card" if self._device is None else f"no sound card {self._device!r}"
            raise AudioError(f"there is {missing} for {side}: `auricle live --list` shows what there is") from error
        most = about[f"max_{side}_channels"]
        if most < self._channels:
            has = counted(most, f"{side} channel")
            raise AudioError(f"{about['name']} has {has}, not {self._channels}: {self._remedy}")
        check = self._sound.check_input_settings if side == "input" else self._sound.check_output_settings
        try:
            check(device=self._device, channels=self._channels, dtype="float32", samplerate=self._rate)
        except self._sound.PortAudioError as error:
            requested_format = f"{counted(self._channels, f'{side} channel')} at the model's {self._rate} Hz"
            raise AudioError(
                f"{about['name']} does not take {requested_format} ({_reason(error)}): choose another --device"
            ) from error


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else "no reason given"


def _sounddevice() -> Any:
    try:
        return require("sounddevice", extra="live", purpose="microphone and speaker")
    except OSError as error:
        raise MissingPackageError(
            "microphone and speaker need the library PortAudio: install it (on Debian: apt install libportaudio2)"
        ) from error
