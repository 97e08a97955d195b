"""Keys, MIDI and OSC that move controls."""

import contextlib
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from auricle.errors import AudioError
from auricle.extras import require
from auricle.live.controls import Controls

FIRST_CONTROLLER = 20
_HIGHEST = 127
_KEYS = {"\x1b[A": ("quality", 1), "\x1b[B": ("quality", -1), "\x1b[C": ("mix", 1), "\x1b[D": ("mix", -1)}
_POLL_SECONDS = 0.2
KEY_HELP = "keys: up/down quality, left/right mix, 1-9 a direction, +/- shift, 0 shifts back, b bypass, q end"


def controller_map(controls: Controls) -> dict[int, str]:
    """Which control each number of a MIDI controller moves: from 20 on, in their order."""
    return dict(enumerate(controls.ranges, FIRST_CONTROLLER))


@contextmanager
def midi_input(port: str, controls: Controls) -> Iterator[None]:
    """Follow the controllers of a MIDI port inside.

    Raises:
        AudioError: there is no such port.
        MissingPackageError: mido is not installed.
    """
    mido = require("mido", extra="live", purpose="MIDI controllers")
    require("rtmidi", extra="live", purpose="MIDI controllers")
    names = mido.get_input_names()
    name = next((name for name in names if port.casefold() in name.casefold()), None)
    if name is None:
        raise AudioError(f"there is no MIDI port {port!r}: there are {', '.join(names) or 'none'}")
    with mido.open_input(name, callback=lambda message: handle_midi(message, controls)):
        yield


def handle_midi(message: Any, controls: Controls) -> bool:
    """Move what a message of mido's is for; tell whether there was anything."""
    if message.type != "control_change":
        return False
    name = controller_map(controls).get(message.control)
    return name is not None and controls.set_share(name, message.value / _HIGHEST)


@contextmanager
def osc_input(port: int, controls: Controls) -> Iterator[None]:
    """Listen to ``/auricle/NAME VALUE`` on a UDP port of this machine inside.

    Raises:
        AudioError: the port is taken.
        MissingPackageError: python-osc is not installed.
    """
    dispatcher = require("pythonosc.dispatcher", extra="live", purpose="OSC messages").Dispatcher()
    server_module = require("pythonosc.osc_server", extra="live", purpose="OSC messages")

    def move(address: str, *values: object) -> None:
        if len(values) == 1 and isinstance(values[0], int | float):
            controls.set(address.rpartition("/")[2], float(values[0]))

    dispatcher.map("/auricle/*", move)
    try:
        server = server_module.ThreadingOSCUDPServer(("127.0.0.1", port), dispatcher)
    except OSError as error:
        raise AudioError(f"can't listen for OSC on port {port}: {error.strerror or error}") from error
    with server:
        thread = Thread(target=server.serve_forever, name="auricle-osc", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def key_input(controls: Controls, end: Event) -> Iterator[None]:
    """Follow the keys of a terminal inside; without a terminal, or on a system without termios, there are none."""
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    stop, press = Event(), key_handler(controls, end)
    thread = Thread(target=_read_keys, args=(stop, press), name="auricle-keys", daemon=True)
    try:
        tty.setcbreak(descriptor)
        thread.start()
        yield
    finally:
        stop.set()
        thread.join()
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def key_handler(controls: Controls, end: Event) -> Callable[[str], None]:
    """What a key does: see `KEY_HELP`."""
    direction = "PC1"

    def press(key: str) -> None:
        nonlocal direction
        if key in _KEYS:
            controls.nudge(*_KEYS[key])
        elif key in tuple("123456789"):
            direction = f"PC{key}"
        elif key in ("+", "-"):
            controls.nudge(direction, 1 if key == "+" else -1)
        elif key == "0":
            for name in controls.ranges:
                if name.startswith("PC"):
                    controls.set(name, 0.0)
        elif key == "b":
            controls.set("bypass", 1.0 - controls.value("bypass"))
        elif key == "q":
            end.set()

    return press


def _read_keys(stop: Event, press: Callable[[str], None]) -> None:
    import os

    while not stop.is_set():
        if select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
            press(os.read(sys.stdin.fileno(), 8).decode(errors="ignore"))
