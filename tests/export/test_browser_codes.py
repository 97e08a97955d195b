"""JavaScript reads every golden file as Python does, and refuses what is damaged: in node, without a browser."""

import io
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auricle import info, verify
from auricle.codec.format.container import Packet, PacketReader, PacketWriter
from auricle.model import fingerprint, load

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors"
NAMES = sorted(path.stem for path in VECTORS.glob("*.aur"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    model = load(VECTORS / "entropy.auricle.safetensors")
    config = {
        "name": model.name,
        "fingerprint": fingerprint(model),
        "sample_rate": model.sample_rate,
        "hop_length": model.hop_length,
        "decoder_latency": model.decoder_latency,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with (VECTORS / "packets.aur").open("rb") as file:
        header = replace(PacketReader(file, "packets").header, samples=None)
    data = io.BytesIO()
    PacketWriter(data, header).write(Packet(0, header.packet_frames << 24, None, count=1 << 24, salt=header.salt))
    (folder / "claims.aur").write_bytes(data.getvalue())
    return folder


@pytest.fixture(scope="module")
def seen(scratch: Path) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    command = [node, str(HERE / "golden_in_node.mjs"), str(VECTORS), str(scratch)]
    seen = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print(f"{seen['speed']:,} codes a second in node")
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_golden_files_have_the_same_codes(name: str, seen: dict[str, Any]):
    expected, facts = json.loads((VECTORS / f"{name}.json").read_text("utf-8")), seen["said"][name]
    assert facts["codes"] == expected["codes_sha256"] and facts["tables"] and facts["again"]
    found = tuple(facts[key] for key in ("samples", "channels", "rate", "lost", "tags"))
    assert found == tuple(expected[key] for key in ("samples", "channels", "sample_rate", "lost_packets", "tags"))
    assert facts["table"] == (info(VECTORS / f"{name}.aur").packets if facts["table"] else 0)


@pytest.mark.parametrize("name", ["mono", "gap"])
def test_every_cut_and_every_wrong_bit_is_refused_in_a_line(name: str, seen: dict[str, Any]):
    size = (VECTORS / f"{name}.aur").stat().st_size
    assert seen["damage"][name] == {"refused": 9 * size - len(cuts(name)), "taken": cuts(name), "thrown": []}


def cuts(name: str) -> list[str]:
    """Ends at which a file is whole: its seek table may be missing."""
    path = VECTORS / f"{name}.aur"
    length = int.from_bytes(path.read_bytes()[-8:-4], "little")
    return [f"cut at {path.stat().st_size - length}"] if name == "gap" else []


def test_a_file_that_claims_years_is_refused_before_anything_is_made(seen: dict[str, Any]):
    assert "hours of sound" in seen["refused"]


def test_a_file_that_was_written_there_is_read_here(scratch: Path, seen: dict[str, Any]):
    result = verify(scratch / "again.aur", model=VECTORS / "entropy.auricle.safetensors")
    assert result.codes and info(scratch / "again.aur").tags == {"title": "again ♪"}
    assert info(scratch / "again.aur").packets > 16
