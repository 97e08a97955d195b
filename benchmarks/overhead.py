"""Size of a file over the ideal code length of its codes, with what each part adds."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import SOUNDS, add_model, looped, model_from, one_thread, parser, publish, run, table, write_sound


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--sounds", type=Path, nargs="+", default=[SOUNDS / "speech_1.flac", SOUNDS / "speech_2.flac"])
    options.add_argument("--kbps", type=float, nargs="+", default=[1.5, 3.0, 6.0], help="bitrates asked for")
    options.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="lengths: sounds are repeated")
    args = options.parse_args()
    one_thread()
    model = model_from(args.model)
    rows = [
        _measure(model, sound, kbps, seconds) for seconds in args.seconds for kbps in args.kbps for sound in args.sounds
    ]
    settings = {"model": model.name, "kbps": args.kbps, "seconds": args.seconds}
    publish("overhead", args.out, settings, {"rows": rows}, [table(rows)])


def _measure(model: Any, sound: Path, kbps: float, seconds: float) -> dict[str, Any]:
    from auricle.codec import compress

    with TemporaryDirectory() as name:
        source, coded = Path(name) / "in.wav", Path(name) / "coded.aur"
        write_sound(source, looped(sound, model.sample_rate, seconds), model.sample_rate)
        result = compress(source, coded, model=model, kbps=kbps)
        packets, payload = _packets(model, coded)
    tables = model.tables.at(round(result.quality * 8))
    ideal_bits = tables.ideal_bits(np.concatenate(packets, axis=1))
    reset_bits = sum(tables.ideal_bits(codes) for codes in packets)
    bits = result.bytes * 8
    return {
        "sound": sound.name,
        "seconds": seconds,
        "kb/s": result.kbps,
        "quality": result.quality,
        "file bits": bits,
        "ideal bits": round(ideal_bits),
        "file / ideal": f"{bits / ideal_bits:.4f}",
        "packets' own contexts": f"{reset_bits / ideal_bits - 1:+.2%}",
        "range coder": f"{(payload * 8 - reset_bits) / ideal_bits:+.2%}",
        "header, packets, checksums": f"{(bits - payload * 8) / ideal_bits:+.2%}",
        "of the file": f"{1 - payload * 8 / bits:.2%}",
    }


def _packets(model: Any, path: Path) -> tuple[list[np.ndarray], int]:
    """Codes int32 ``(c, n, k)`` of each packet, and the bytes that they are coded in."""
    from auricle.codec.coding.entropy_coder import PacketCoder
    from auricle.codec.format.container import PacketReader

    packets, payload = [], 0
    with path.open("rb") as file:
        reader = PacketReader(file, path.name)
        coder = PacketCoder(model.tables.at(reader.header.quality_step))
        for packet in reader.packets():
            assert packet.payload is not None, "a whole file lacks no packet"
            packets.append(coder.decode([packet.payload], reader.header.channels, packet.frames)[0])
            payload += len(packet.payload)
    return packets, payload


if __name__ == "__main__":
    run(main)
