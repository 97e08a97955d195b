"""Two network namespaces as two hosts, joined by a virtual cable. Needs Linux, root and ``ip``."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from _shared import OptionError

HOSTS, CABLE = ("auricle-a", "auricle-b"), ("auricle0", "auricle1")
ADDRESSES = ("10.213.77.1", "10.213.77.2")


@contextmanager
def two_hosts() -> Iterator[None]:
    """Two namespaces with an address each, and nothing else."""
    try:
        for host in HOSTS:
            _ip("netns", "add", host)
        _ip("link", "add", CABLE[0], "netns", HOSTS[0], "type", "veth", "peer", "name", CABLE[1], "netns", HOSTS[1])
        for host, end, address in zip(HOSTS, CABLE, ADDRESSES, strict=True):
            _ip("-n", host, "address", "add", f"{address}/24", "dev", end)
            for link in (end, "lo"):
                _ip("-n", host, "link", "set", link, "up")
        yield
    finally:
        for host in HOSTS:
            subprocess.run(["ip", "netns", "delete", host], capture_output=True, check=False)


def _ip(*words: str) -> None:
    try:
        subprocess.run(["ip", *words], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise OptionError(f"ip {' '.join(words)} does not work here ({error}): run this as root on Linux") from error
