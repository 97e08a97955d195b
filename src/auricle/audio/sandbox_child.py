"""A process that decodes one sound under limits and writes its samples to a pipe.

It is started by `audio.sandbox.decoder`; `audio.sandbox.protocol` says what it writes. It never loads torch.
"""

import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from auricle.audio.reader import AudioReader
from auricle.audio.sandbox import protocol
from auricle.audio.sandbox.limits import AudioLimits
from auricle.errors import AudioError

_MAX_OPEN_FILES = 64
_GRACE_SECONDS = 5  # the parent, which waits as long, shall be first to complain


def confine(limits: AudioLimits, largest_file: int) -> None:
    """Give this process no more than a decoder needs. What the system does not know is left out.

    Memory is bounded on Linux, beyond what is in use now; macOS has no such limit. No process can be started unless
    by the superuser, no core is dumped, no file grows beyond ``largest_file`` bytes.
    """
    import resource

    seconds = math.ceil(limits.wait_seconds)
    bounds = [
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_CPU", seconds, seconds + 1),  # the first ends in SIGXCPU, which tells why
        ("RLIMIT_FSIZE", largest_file, largest_file),
        ("RLIMIT_NOFILE", _MAX_OPEN_FILES, _MAX_OPEN_FILES),
        ("RLIMIT_NPROC", 0, 0),
    ]
    if (used := _address_space()) is not None:
        bounds.append(("RLIMIT_AS", used + limits.memory_bytes, used + limits.memory_bytes))
    for name, soft, hard in bounds:
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        highest = resource.getrlimit(kind)[1]
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int | None:
    """Bytes of address space in use; None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """End this process if what follows takes longer, even where nobody waits for it any more."""
    signal.alarm(math.ceil(seconds) + _GRACE_SECONDS)
    yield
    signal.alarm(0)


def _send(kind: bytes, content: bytes | memoryview = b"") -> None:
    view = memoryview(protocol.pack_record(kind, content))
    while view:
        view = view[os.write(sys.stdout.fileno(), view) :]


def _decode(request: protocol.DecodeRequest) -> None:
    limits = request.limits
    patience = limits.wait_seconds if request.from_stdin else limits.stall_seconds
    with _deadline(patience):
        reader = _open(request)
    with reader:
        _send(protocol.HEADER, protocol.pack_header(reader.info, reader.tags))
        blocks = reader.blocks(
            min(reader.sample_rate // 2, protocol.MAX_CONTENT_BYTES[protocol.SAMPLES] // (4 * reader.channels))
        )
        while True:
            with _deadline(patience):
                block = next(blocks, None)
            if block is None:
                break
            _send(protocol.SAMPLES, np.ascontiguousarray(block.T, "<f4").data.cast("B"))
        _send(protocol.END, protocol.pack_warnings(reader.warnings))


def _open(request: protocol.DecodeRequest) -> AudioReader:
    if request.from_stdin:
        return AudioReader.from_stream(sys.stdin.buffer, str(request.path), limits=request.limits)
    return AudioReader(request.path, limits=request.limits)


def main(arguments: Sequence[str]) -> None:
    """Decode what the arguments request."""
    request = protocol.parse_request(arguments)
    try:
        confine(request.limits, request.limits.spool_bytes if request.from_stdin else 0)
        _decode(request)
        return
    except BrokenPipeError:  # the parent has seen enough
        os._exit(0)
    except MemoryError:
        most = request.limits.memory_bytes >> 20
        failure = f"{request.path} needs more than {most} MiB to decode: raise the limit on memory_bytes"
    except AudioError as error:
        failure = str(error)
    _send(protocol.FAILURE, failure.encode(errors="replace")[: protocol.MAX_CONTENT_BYTES[protocol.FAILURE]])
