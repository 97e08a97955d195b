"""Folders on a Ray cluster of two hosts (network namespaces that a virtual cable joins), from S3 to S3 (moto's server):
a worker is killed, then a host, then the process that was called, which is started again. What comes out is compared
with the results of one process on local files; the store keeps versions, so that what was written twice shows.

Needs Linux, root, ``ip``, and the packages ray, s3fs, moto and flask.
"""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _hosts import ADDRESSES, HOSTS, two_hosts
from _shared import OptionError, parser, publish, run, table, tell, write_pieces

_STORE = f"http://{ADDRESSES[0]}:5555"
_ENVIRONMENT = {
    "AWS_ENDPOINT_URL": _STORE,
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "RAY_agent_register_timeout_ms": "300000",  # a busy machine is slow to begin
    "OMP_NUM_THREADS": "1",
}
_CLUSTER = f"{ADDRESSES[0]}:6379"
_PORTS = {
    "dashboard-agent-listen": 5601,
    "dashboard-agent-grpc": 5602,
    "runtime-env-agent": 5603,
    "metrics-export": 5604,
}
_RAY = (
    *("--object-store-memory", "80000000", "--num-cpus", "1", "--block"),
    *(
        word for name, port in _PORTS.items() for word in (f"--{name}-port", str(port))
    ),  # a busy machine is slow to choose
)
_PATIENCE = 900.0


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--files", type=int, default=120, help="to compress")
    options.add_argument("--seconds", type=float, default=2.0, help="of a file")
    options.add_argument("--model", default="speech", help="a shipped model or a model file")
    args = options.parse_args()
    with TemporaryDirectory() as place, two_hosts():
        home = Path(place)
        write_pieces(home / "in", args.files, args.seconds, max(1, args.files // 4))
        with _store(), _nodes(home / "ray") as nodes:
            _child("upload", str(home / "in"))
            rows = [_broken(args, nodes)]
            store_contents = json.loads(_child("results", "broken"))
        started = time.monotonic()
        words = [
            sys.executable,
            "-m",
            "auricle",
            "compress",
            str(home / "in"),
            str(home / "out"),
            "--model",
            args.model,
        ]
        subprocess.run([*words, "--quiet"], check=True)
        one_process = time.monotonic() - started
        rows[0] |= _compared(store_contents, home / "out")
    settings = {"files": args.files, "seconds": args.seconds, "model": args.model, "one process alone, s": one_process}
    publish("cluster", args.out, settings, {"rows": rows}, [table(rows)])


def _broken(args: Any, nodes: list[subprocess.Popen[bytes]]) -> dict[str, Any]:
    """Compress from S3 to S3, while this and that dies."""
    started, log = time.monotonic(), []
    with _results("broken") as results, _driver(args.model, "broken") as driver:
        _wait(results, driver, args.files // 6)
        log.append(_kill(_actors()[:1], "worker", results))
        _wait(results, driver, args.files // 3)
        log.append(_kill(_pids(HOSTS[1]), "host", results))
        _wait(results, driver, args.files // 2)
        log.append(_kill([driver.pid], "driver", results))
        driver.wait()
    with _driver(args.model, "broken") as driver:
        said = driver.communicate(timeout=_PATIENCE)[0].decode()
        if driver.returncode:
            raise OptionError(f"the second run ended with {driver.returncode}: {said[-1000:]}")
    return {
        "killed": "; ".join(log),
        "wall s": round(time.monotonic() - started, 1),
        "said": said.strip().split("\n")[-1],
    }


def _kill(pids: list[int], what: str, results: "_Count") -> str:
    if not pids:
        raise OptionError(f"there is no {what} to kill")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return f"{what} after {results.now} results"


def _compared(store_contents: dict[str, Any], unbroken: Path) -> dict[str, Any]:
    expected = {
        path.relative_to(unbroken).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in unbroken.rglob("*.aur")
    }
    digests, versions, done = store_contents["digests"], store_contents["versions"], store_contents["done"]
    return {
        "results": len(digests),
        "as of one process": sum(digests.get(name) == digest for name, digest in expected.items()),
        "missing": len(expected.keys() - digests.keys()),
        "left over": len(digests.keys() - expected.keys()),
        "written twice": sum(count > 1 for count in versions.values()),
        "done twice in the ledger": sum(count > 1 for count in done.values()),
    }


def _on(host: str, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
    """A process on a host: ``ip`` replaces itself by it."""
    return subprocess.Popen(["ip", "netns", "exec", host, *words], env=os.environ | _ENVIRONMENT, **streams)


@contextmanager
def _store() -> Iterator[None]:
    words = (sys.executable, "-m", "moto.server", "-H", ADDRESSES[0], "-p", "5555")
    with _on(HOSTS[0], *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _nodes(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A node on each host; the first is the head."""
    ray = str(Path(sys.executable).with_name("ray"))
    head = ("--head", "--port", "6379", "--include-dashboard", "false", "--temp-dir", str(folder))
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    nodes = [_on(HOSTS[0], ray, "start", "--node-ip-address", ADDRESSES[0], *head, *_RAY, **silent)]
    try:
        _child("wait", ADDRESSES[0], "6379")
        join = ("--address", _CLUSTER, "--node-ip-address", ADDRESSES[1])
        nodes.append(_on(HOSTS[1], ray, "start", *join, *_RAY, **silent))
        _child("nodes")
        yield nodes
    finally:
        for pid in (*_pids(HOSTS[1]), *_ray_pids(HOSTS[0])):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for node in nodes:
            node.wait()


@contextmanager
def _driver(model: str, out: str) -> Iterator[subprocess.Popen[bytes]]:
    words = ("compress", "s3://sounds/in", f"s3://results/{out}", "--model", model, "--ray", _CLUSTER)
    arguments = (sys.executable, "-m", "auricle", *words)
    with _on(HOSTS[0], *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        yield process


class _Count:
    """How many results lie in the store."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process, self.now = process, 0

    def next(self) -> int:
        assert self._process.stdout is not None
        self.now = int(self._process.stdout.readline() or self.now)
        return self.now


@contextmanager
def _results(out: str) -> Iterator[_Count]:
    words = (sys.executable, __file__, "--child", "count", out)
    with _on(HOSTS[0], *words, stdout=subprocess.PIPE) as process:
        try:
            yield _Count(process)
        finally:
            process.kill()


def _wait(results: _Count, driver: subprocess.Popen[bytes], count: int) -> None:
    end = time.monotonic() + _PATIENCE
    while results.next() < count:
        tell(f"{results.now} results")
        if driver.poll() is not None or time.monotonic() > end:
            output = driver.stdout.read().decode() if driver.stdout and driver.poll() is not None else ""
            raise OptionError(f"the run came to {results.now} results and no further: {output[-1500:]}")


def _pids(host: str) -> list[int]:
    ran = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True)
    return [int(word) for word in ran.stdout.split()]


def _titles(host: str) -> dict[int, str]:
    titles = {}
    for pid in _pids(host):
        try:
            titles[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return titles


def _actors() -> list[int]:
    """Processes of the first host that work on files."""
    return [pid for pid, title in _titles(HOSTS[0]).items() if title.startswith("ray::_Actor")]


def _ray_pids(host: str) -> list[int]:
    return [pid for pid, title in _titles(host).items() if "ray" in title and "moto" not in title]


def _child(*words: str) -> str:
    with _on(HOSTS[0], sys.executable, __file__, "--child", *words, stdout=subprocess.PIPE) as process:
        output = process.communicate(timeout=_PATIENCE)[0].decode()
    if process.returncode:
        raise OptionError(f"{words[0]} ended with {process.returncode}")
    return output


def _inside(job: str, *words: str) -> None:
    """What is done on the first host."""
    {"upload": _upload, "results": _print_results, "count": _count, "wait": _wait_for_port, "nodes": _wait_for_nodes}[
        job
    ](*words)


def _upload(folder: str) -> None:
    import boto3
    import s3fs

    end = time.monotonic() + _PATIENCE
    while True:
        try:
            urllib.request.urlopen(_STORE, timeout=5).close()
            break
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    client = boto3.client("s3")
    for bucket in ("sounds", "results"):
        client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket="results", VersioningConfiguration={"Status": "Enabled"})
    s3fs.S3FileSystem().put(folder, "s3://sounds/in", recursive=True)


def _print_results(out: str) -> None:
    import boto3
    import s3fs

    filesystem, root = s3fs.S3FileSystem(), f"results/{out}/"
    contents = filesystem.cat([key for key in filesystem.find(root) if key.endswith(".aur")])
    digests = {key.removeprefix(root): hashlib.sha256(data).hexdigest() for key, data in contents.items()}
    pages = boto3.client("s3").get_paginator("list_object_versions").paginate(Bucket="results", Prefix=f"{out}/")
    keys = [version["Key"] for page in pages for version in page.get("Versions", ())]
    lines = [line for part in filesystem.find(f"{root}manifest.jsonl") for line in filesystem.cat(part).splitlines()]
    records = map(json.loads, lines)
    done = Counter(record["source"] for record in records if record.get("state") == "done")
    print(
        json.dumps({"digests": digests, "versions": Counter(key for key in keys if key.endswith(".aur")), "done": done})
    )


def _count(out: str) -> None:
    """Print the number of results again and again."""
    while True:
        try:
            with urllib.request.urlopen(
                f"{_STORE}/results?list-type=2&prefix={out}/&max-keys=1000", timeout=30
            ) as answer:
                print(len(re.findall(rb"\.aur</Key>", answer.read())), flush=True)
        except OSError:
            print(0, flush=True)
        time.sleep(0.25)


def _wait_for_port(host: str, port: str) -> None:
    import socket

    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection((host, int(port)), 2).close()
            return
        except OSError:
            time.sleep(0.5)
    raise OptionError(f"nobody answers at {host}:{port}")


def _wait_for_nodes() -> None:
    import ray

    end = time.monotonic() + _PATIENCE
    while not ray.is_initialized() and time.monotonic() < end:
        with suppress(Exception):  # its first node has not come up yet
            ray.init(address=_CLUSTER, log_to_driver=False, logging_level="ERROR")
    while sum(node["Alive"] for node in ray.nodes()) < len(HOSTS):
        if time.monotonic() > end:
            raise OptionError("the second host does not join")
        time.sleep(0.5)


if __name__ == "__main__":
    run(main, _inside)
