"""How the golden files in tests/vectors were made. Adds what is missing, and never replaces a file.

python tests/codec/make_vectors.py
"""

import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from codec_helpers import make_model, make_sound

from auricle import codec
from auricle.codec.coding.encoder import require_tables
from auricle.codec.coding.entropy_coder import PacketCoder
from auricle.codec.format.container import PacketReader, PacketWriter
from auricle.model import Autoencoder, load, save
from auricle.model.bottleneck import RvqConfig
from auricle.options.coding import CompressOptions

FOLDER = Path(__file__).parents[1] / "vectors"
CASES = {
    "mono": ("entropy", 1, 16000, 16000, {"quality": 1.0}),
    "low": ("entropy", 1, 9000, 16000, {"quality": 0.0}),
    "between": ("entropy", 1, 9000, 16000, {"quality": 1.625}),
    "stereo": ("entropy", 2, 30_001, 44100, {"quality": 2.0}),
    "surround": ("entropy", 6, 4000, 8000, {"quality": 0.5}),
    "odd-rate": ("entropy", 1, 5000, 12345, {}),
    "empty": ("entropy", 1, 0, 48000, {}),
    "one-sample": ("entropy", 2, 1, 192_000, {}),
    "packets": ("entropy", 1, 16000, 16000, {"options": CompressOptions(packet_seconds=0.05)}),
    "gain": ("entropy", 1, 8000, 16000, {"options": CompressOptions(gain_db=12.5)}),
    "escapes": ("entropy", 1, 4000, 16000, {"options": CompressOptions(gain_db=60.0), "quality": 2.0}),
    "rvq": ("rvq", 2, 9000, 16000, {"quality": 2.0}),
}
"""Name: model, channels, samples, sample rate in Hz, options of ``compress``."""


def main() -> None:
    models = {"entropy": _model("entropy"), "rvq": _model("rvq")}
    for name, (kind, channels, samples, rate, options) in CASES.items():
        target = FOLDER / f"{name}.aur"
        if not target.exists():
            source = FOLDER / "source.wav"
            soundfile.write(source, make_sound(channels, samples, rate).T.reshape(samples, channels), rate, "FLOAT")
            codec.compress(source, target, model=models[kind], **options)
            source.unlink()
            if name == "packets":
                _lose(target, FOLDER / "gap.aur")
    if not (FOLDER / "stereo.flac").exists():
        codec.decompress(FOLDER / "stereo.aur", FOLDER / "stereo.flac", model=models["entropy"])
    for path in sorted(FOLDER.glob("*.aur")):
        _note(path, models["rvq" if path.stem == "rvq" else "entropy"])


def _model(kind: str) -> Autoencoder:
    path = FOLDER / f"{kind}.auricle.safetensors"
    if not path.exists():
        options = {"bottleneck": RvqConfig(dim=12, codebooks=3, size=16, code_dim=4)} if kind == "rvq" else {}
        save(make_model(strided=False, name=f"golden-{kind}", **options), path)
    return load(path)


def _lose(source: Path, target: Path) -> None:
    """The same file without packets 4, 5 and the last."""
    with source.open("rb") as file, target.open("xb") as file_out:
        reader = PacketReader(file, source)
        packets = list(reader.packets())
        writer = PacketWriter(
            file_out, reader.header, {"title": "with ♪ gaps", "comment": "4, 5 and the last are lost"}
        )
        for packet in packets:
            lost = packet.sequence in (4, 5) or packet.end is not None
            writer.write(replace(packet, payload=None) if lost else packet)


def _note(path: Path, model: Autoencoder) -> None:
    """Write what a file must decode to, once."""
    note_path = path.with_suffix(".json")
    if note_path.exists():
        return
    data = path.read_bytes()
    reader = PacketReader(BytesIO(data), path)
    coder = PacketCoder(require_tables(model).at(reader.header.quality_step))
    digest, frames = hashlib.sha256(), 0
    for packet in reader.packets():
        if packet.payload is not None:
            (codes,) = coder.decode([packet.payload], reader.header.channels, packet.frames)
            digest.update(np.ascontiguousarray(codes.swapaxes(0, 1)).astype("<i4").tobytes())
            frames += packet.frames
    about = codec.info(path)
    values = {
        "model": model.name.removeprefix("golden-"),
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "codes_sha256": digest.hexdigest(),
        "frames": frames,
        "samples": about.samples,
        "channels": about.channels,
        "sample_rate": about.sample_rate,
        "lost_packets": about.lost_packets,
        "tags": about.tags,
    }
    note_path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
