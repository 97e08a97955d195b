"""Damaged and hostile .aur files: every cut, every flipped bit, random mutations. Nothing may crash or hang.

Two kinds of mutants. Those for the parser are random damage, half of them with their checksums made right again. Those
for the full decoder have right checksums all over, so that they reach the tables and the network.
"""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import SOUNDS, add_model, looped, model_from, one_thread, parser, publish, run, table, write_sound
from auricle import codec
from auricle.codec.format.container import Packet, PacketReader, header_bytes, magic
from auricle.codec.format.header import SALT_BYTES
from auricle.codec.format.record import crc, read_record, with_crc
from auricle.errors import AuricleError
from auricle.options.coding import CompressOptions


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--sound", type=Path, default=SOUNDS / "speech_1.flac")
    options.add_argument("--seconds", type=float, default=1.5, help="length of the sound that is damaged")
    options.add_argument("--parsed", type=int, default=1_000_000, help="mutants for the parser")
    options.add_argument("--decoded", type=int, default=10_000, help="mutants for the full decoder")
    args = options.parse_args()
    one_thread()
    with TemporaryDirectory() as name:
        rows = _measure(args, Path(name))
    settings = {"model": Path(args.model).name, "sound": args.sound.name, "seconds": args.seconds}
    publish("damage", args.out, settings, {"rows": rows}, [table(rows)])


def _measure(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    model = model_from(args.model)
    write_sound(folder / "in.wav", looped(args.sound, model.sample_rate, args.seconds), model.sample_rate)
    codec.compress(folder / "in.wav", folder / "whole.aur", model=model, options=CompressOptions(packet_seconds=0.25))
    data = (folder / "whole.aur").read_bytes()
    trial = _Trial(model, data, folder)
    trial.decoder(data)
    cuts = [data[:cut] for cut in range(len(data))]
    flips = [_flipped(data, bit) for bit in range(8 * len(data))]
    rng = np.random.default_rng(0)
    return [
        trial.row("every cut, saved by repair", trial.saved, iter(cuts), len(cuts)),
        trial.row("every bit flipped, parser", trial.parser, iter(flips), len(flips)),
        trial.row("every bit flipped, saved by repair", trial.saved, iter(flips), len(flips)),
        trial.row("mutants, parser", trial.parser, (mutant(data, rng) for _ in range(args.parsed)), args.parsed),
        trial.row("mutants, decoder", trial.decoder, (sound(data, rng) for _ in range(args.decoded)), args.decoded),
    ]


class _Trial:
    def __init__(self, model: Any, data: bytes, folder: Path):
        self._model, self._folder = model, folder
        self._packets = {p.sequence: p.payload for p in PacketReader(BytesIO(data), "whole").packets()}
        self._data = data

    def row(self, title: str, act: Callable[[bytes], str], files: Any, count: int) -> dict[str, Any]:
        """Run; anything but an answer or an error that is meant for the user stops the script."""
        before, outcomes, slowest, began = _peak(), Counter(), 0.0, time.perf_counter()
        for data in files:
            start = time.perf_counter()
            try:
                outcomes[act(data)] += 1
            except AuricleError as error:
                assert "\n" not in str(error)
                outcomes["refused"] += 1
            slowest = max(slowest, time.perf_counter() - start)
        return {
            "what": title,
            "files": count,
            "outcome": ", ".join(f"{number} {key}" for key, number in sorted(outcomes.items())),
            "crashes": 0,
            "slowest, s": slowest,
            "peak MB": _peak(),
            "more than before, MB": _peak() - before,
            "all, s": time.perf_counter() - began,
        }

    def parser(self, data: bytes) -> str:
        """Read as `info` does."""
        list(PacketReader(BytesIO(data), "a.aur").packets())
        return "whole" if data == self._data else "other but valid"

    def saved(self, data: bytes) -> str:
        """Repair; every packet that is saved must be one that was written, in its place, and every sample counted."""
        source, target = self._folder / "damaged.aur", self._folder / "saved.aur"
        source.write_bytes(data)
        result = codec.repair(source, target, force=True)
        with target.open("rb") as file:
            packets = list(PacketReader(file, target).packets())
        payloads = {packet.sequence: packet.payload for packet in packets if packet.payload is not None}
        assert payloads.items() <= self._packets.items() and len(payloads) == result.packets
        assert packets[-1].end is not None and packets[-1].end.samples == result.samples
        return "whole again" if len(payloads) == len(self._packets) else "good part"

    def decoder(self, data: bytes) -> str:
        """Decode all; the samples must be finite and as many as the file says."""
        source, target = self._folder / "mutant.aur", self._folder / "mutant.wav"
        source.write_bytes(data)
        result = codec.decompress(source, target, model=self._model, force=True)
        assert result.samples == codec.info(source).samples
        return "decoded, codes as written" if not result.lost else "decoded around lost packets"


def _flipped(data: bytes, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def mutant(data: bytes, rng: np.random.Generator) -> bytes:
    """Random damage; in half of the files the first record or header that it hits gets a right checksum."""
    damaged = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at, size = int(rng.integers(len(damaged))), int(rng.integers(1, 40))
        kind = rng.integers(6)
        if kind == 0:
            damaged[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            damaged[at : at + size] = rng.bytes(len(damaged[at : at + size]))
        elif kind == 2:
            del damaged[at : at + size]
        elif kind == 3:
            damaged[at:at] = rng.bytes(size)
        elif kind == 4:
            damaged[at:at] = damaged[at : at + size]
        else:
            damaged[at : at + size] = bytes([int(rng.choice([0, 127, 128, 255]))]) * len(damaged[at : at + size])
        if not damaged:
            return b""
    return _resealed(bytes(damaged)) if rng.random() < 0.5 else bytes(damaged)


def _resealed(data: bytes) -> bytes:
    """The same with right checksums, as far as the lengths in it lead."""
    sealed, file, salt = b"", BytesIO(data), b""
    if len(data) > 9:
        end = 5 + data[4]
        sealed = data[:end] + crc(data[:end])
        salt = data[end - 1 - SALT_BYTES : end - 1]  # the last field but one of version 2
        file.seek(end + 4)
    while True:
        at = file.tell()
        try:
            record = read_record(file, salt)
        except AuricleError:
            size = _claimed(data, at)
            if size is None:
                return sealed + data[at:]
            sealed += with_crc(data[at : at + size], salt)
            file.seek(at + size + 4)
            continue
        if record is None:
            return sealed
        sealed += record.to_bytes(salt)


def _claimed(data: bytes, at: int) -> int | None:
    from auricle.codec.format.fields import read_varint

    file = BytesIO(data[at : at + 10])
    try:
        key, raw = read_varint(file, 1 << 40)
    except AuricleError:
        return None
    size = len(raw) + (key >> 2)
    return size if raw and at + size + 4 <= len(data) else None


def sound(data: bytes, rng: np.random.Generator) -> bytes:
    """A file whose payloads, order or header lie while every checksum is right."""
    reader = PacketReader(BytesIO(data), "whole")
    packets = [_lied(packet, rng) if rng.random() < 0.4 else packet for packet in reader.packets()]
    head = bytearray(header_bytes(reader.header)[5:-4])
    if rng.random() < 0.3:
        head[int(rng.integers(20, len(head)))] ^= 1 << int(rng.integers(8))
    start = magic(reader.header.version) + bytes([len(head)]) + bytes(head)
    return with_crc(start) + b"".join(packet.to_bytes() for packet in packets)


def _lied(packet: Packet, rng: np.random.Generator) -> Packet:
    from dataclasses import replace

    payload = bytearray(packet.payload or b"")
    kind = rng.integers(6)
    if kind == 0 and payload:
        payload[int(rng.integers(len(payload)))] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        payload = bytearray(rng.bytes(int(rng.integers(0, 200))))
    elif kind == 2:
        del payload[int(rng.integers(len(payload) + 1)) :]
    elif kind == 3:
        payload += rng.bytes(9)
    elif kind == 4:
        return replace(packet, payload=None)
    elif packet.end is not None:
        samples = max(0, packet.end.samples + int(rng.integers(-400, 400)))
        return replace(packet, end=replace(packet.end, samples=samples))
    return replace(packet, payload=bytes(payload))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run(main)
