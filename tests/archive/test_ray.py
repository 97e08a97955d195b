"""The same engine on the machines of a Ray cluster."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from copy_task import CopyTask, contents

from auricle.archive.run import run_archive
from auricle.errors import MachineError, MissingPackageError
from auricle.options.archive import ArchiveOptions

HERE = Path(__file__).parent
DRIVER = """
import sys
from pathlib import Path
from auricle.archive.run import run_archive
from auricle.options.archive import ArchiveOptions
from copy_task import CopyTask

folder, out, log, address = sys.argv[1:]
run_archive(CopyTask(Path(log)), [folder], out, options=ArchiveOptions(ray=address))
"""


def test_without_ray_the_extra_is_named(folder: Path, tmp_path: Path, task: CopyTask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r"auricle\[scale\]"):
        run_archive(task, [folder], tmp_path / "out", options=ArchiveOptions(ray="auto"))


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense", "127.0.0.1:99999999"])
def test_an_address_without_a_cluster_is_one_line(folder: Path, tmp_path: Path, task: CopyTask, address: str):
    pytest.importorskip("ray")
    with pytest.raises(MachineError, match="no Ray cluster at"):
        run_archive(task, [folder], tmp_path / "out", options=ArchiveOptions(ray=address))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without processors, and two nodes with one each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(HERE), *sys.path)))
    memory = {"object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **memory})
    cluster.doomed = [cluster.add_node(num_cpus=1, **memory) for _ in range(2)][1]
    yield cluster
    cluster.shutdown()


@pytest.fixture
def many(folder: Path) -> Path:
    for number in range(60):
        (folder / f"{number:02d}.wav").write_text(f"slow {number}")
    return folder


def when_some_ran(log: Path, do: Callable[[], object]) -> None:
    while not log.exists() or log.read_text().count("ran") < 10:
        time.sleep(0.02)
    do()


@pytest.mark.slow
def test_a_node_and_a_process_die_and_nothing_is_missing(cluster: Any, many: Path, tmp_path: Path, task: CopyTask):
    (many / "crash.wav").write_text("crash ")
    kill = threading.Thread(
        target=when_some_ran, args=(task.log, lambda: cluster.remove_node(cluster.doomed, allow_graceful=False))
    )
    kill.start()
    result = run_archive(task, [many], tmp_path / "out", options=ArchiveOptions(ray=cluster.address))
    kill.join()
    assert [record.source for record in result.failed] == ["crash.wav"] and len(result.done) == 63
    (many / "crash.wav").unlink()
    run_archive(CopyTask(tmp_path / "other"), [many], tmp_path / "unbroken")
    assert contents(tmp_path / "out") == contents(tmp_path / "unbroken")


@pytest.mark.slow
def test_a_driver_that_was_killed_is_started_again(cluster: Any, many: Path, tmp_path: Path, task: CopyTask):
    out = tmp_path / "out"
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    command = [sys.executable, str(script), str(many), str(out), str(task.log), cluster.address]
    driver = subprocess.Popen(command)
    when_some_ran(task.log, lambda: driver.send_signal(signal.SIGKILL))
    driver.wait()
    result = run_archive(task, [many], out, options=ArchiveOptions(ray=cluster.address))
    assert not result.failed and len(result.done) == 63 and result.skipped > 0
    run_archive(CopyTask(tmp_path / "other"), [many], tmp_path / "unbroken")
    assert contents(out) == contents(tmp_path / "unbroken")
