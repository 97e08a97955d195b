"""Options of the studio."""

import ipaddress
from dataclasses import dataclass
from typing import final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields

_PORTS = 0, 65535


@final
@dataclass(frozen=True)
class StudioOptions:
    """Where the studio's page is served, and what it takes.

    Attributes:
        port: of this machine; 0 takes any free one.
        no_browser: print the address, but open no page.
        host: name or address to listen at; any but this machine's own needs --allow-remote.
        allow_remote: let other machines in. Whoever has the address with its token can read and write the folder, and
            what is sent is not encrypted: use it in a network that you trust, or behind a proxy with TLS.
        max_upload: megabytes that a file sent to the studio may have.

    Raises:
        OptionError: a number is out of range, or a host that others reach was named alone.
    """

    port: int = 8765
    no_browser: bool = False
    host: str = "127.0.0.1"
    allow_remote: bool = False
    max_upload: int = 2000

    def __post_init__(self) -> None:
        check_fields(self)
        if not _PORTS[0] <= self.port <= _PORTS[1]:
            raise OptionError(f"port {self.port}: give {_PORTS[0]} (any free one) to {_PORTS[1]}")
        if self.max_upload < 1:
            raise OptionError(f"uploads of at most {self.max_upload} MB: give 1 or more")
        if not self.allow_remote and not is_loopback(self.host):
            raise OptionError(
                f"host {self.host} lets other machines in: add --allow-remote if that is meant, or leave --host out"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
