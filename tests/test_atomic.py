"""Files that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from auricle.atomic import atomic_write
from auricle.errors import OutputError


def write(path: Path, *, force: bool = False) -> None:
    with atomic_write(path, force=force) as temporary:
        temporary.write_text("new")


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(OutputError, match="--force"):
        write(tmp_path / "link")
    write(tmp_path / "link", force=True)
    write(tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "nowhere").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_device_or_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OutputError, match="device or a pipe"):
            write(path, force=True)
    assert (tmp_path / "pipe").is_fifo()
