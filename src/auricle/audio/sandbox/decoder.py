"""Decoding in a child process, so that a hostile file can take neither the memory nor the time of this one.

The child limits itself before it opens the file: processor time, memory (Linux only), no new processes (unless by the
superuser), no files to write, no core. The parent bounds the time it waits, checks every byte that comes, and turns
whatever happens to the child into one `AudioError`. Windows has no such limits, so there it is refused.

It is a fence against runaway decoders and crashes, no complete sandbox: a decoder that a file takes over can read
files, delete them and open sockets as its user may, so a server does well to run in a container besides.
"""

import os
import select
import signal
import subprocess
import sys
import time
import weakref
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.sandbox import protocol
from auricle.audio.sandbox.limits import AudioLimits, check_shape
from auricle.errors import AudioError, OptionError

_PACKAGES = str(Path(__file__).resolve().parents[3])
_RUN = f"import sys; sys.path.append({_PACKAGES!r}); from auricle.audio.sandbox_child import main; main(sys.argv[1:])"
COMMAND = (sys.executable, "-P", "-c", _RUN)
"""How a child is started; ``-P`` keeps a ``numpy.py`` in the working folder from being loaded."""
_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE")
_PIPE_BYTES = 1 << 20


@final
class ChildDecoder(AudioDecoder):
    """A sound that a child process decodes.

    Args:
        path: the file, or the name of the stream.
        limits: what the sound and the child may take.
        stream: read this instead: an open binary file that has a descriptor and of which nothing has been read.
        command: the program that writes the records; a request (`protocol.pack_request`) is appended.

    Raises:
        AudioError: the child refused the sound, crashed, or took more than it may.
        OptionError: this system has no limits for processes, or the stream has no descriptor.
    """

    def __init__(
        self, path: Path, limits: AudioLimits, *, stream: BinaryIO | None = None, command: tuple[str, ...] = COMMAND
    ) -> None:
        self._path, self._limits = path, limits
        # Who waits for a stream waits for whoever writes it, too: only a long silence is wrong there.
        self._patience = limits.stall_seconds if stream is None else limits.wait_seconds
        self._total = limits.wait_seconds if stream is None else inf
        self._process = _start_child(path, limits, stream, command)
        self._release = weakref.finalize(self, _kill, self._process, os.getpid())
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._waited = 0.0
        self._buffer = memoryview(bytearray(max(protocol.MAX_CONTENT_BYTES.values())))
        self._samples = np.zeros((0, 1), np.float32)
        self._ended = False
        try:
            info, tags = self._header()
            check_shape(info, limits)
        except BaseException:
            self.close()
            raise
        super().__init__(info, 0 if info.exact else None, tags)

    def damage(self) -> str | None:
        """None: the child has looked for it already."""
        return None

    def read(self, size: int) -> np.ndarray:
        block = np.empty((size, self.info.channels), np.float32)
        filled = 0
        while filled < size and self._has_samples():
            part = self._samples[: size - filled]
            block[filled : filled + len(part)] = part
            self._samples = self._samples[len(part) :]
            filled += len(part)
        return block[:filled]

    def close(self) -> None:
        """End the child, whatever it does."""
        self._release()

    def _header(self) -> tuple[AudioInfo, dict[str, str]]:
        header, content = self._record()
        try:
            if header.kind != protocol.HEADER:
                raise protocol.ProtocolError
            return protocol.parse_header(self._path, bytes(content))
        except protocol.ProtocolError as error:
            raise self._protocol_error() from error

    def _has_samples(self) -> bool:
        """Whether there are samples, after waiting for them."""
        if len(self._samples) or self._ended:
            return not self._ended
        header, content = self._record()
        self._ended = header.kind == protocol.END
        try:
            if self._ended:
                self.warnings += protocol.parse_warnings(bytes(content))
                return False
            if header.kind != protocol.SAMPLES:
                raise protocol.ProtocolError
            self._samples = protocol.parse_samples(content, self.info.channels)
        except protocol.ProtocolError as error:
            raise self._protocol_error() from error
        return True

    def _record(self) -> tuple[protocol.RecordHeader, memoryview]:
        """The next record; its content is good until the one after.

        Raises:
            AudioError: it is a failure, or no record.
        """
        try:
            header = protocol.parse_record_header(bytes(self._receive(protocol.RECORD_HEADER.size)))
            content = self._receive(header.length)
            if header.kind != protocol.FAILURE:
                return header, content
            failure = protocol.parse_failure(bytes(content))
        except protocol.ProtocolError as error:
            raise self._protocol_error() from error
        self.close()
        raise AudioError(failure)

    def _receive(self, size: int) -> memoryview:
        remaining = self._buffer[:size]
        while remaining:
            self._wait()
            count = os.readv(self._pipe, [remaining])
            if count == 0:
                raise self._exit_error()
            remaining = remaining[count:]
        return self._buffer[:size]

    def _wait(self) -> None:
        begun = time.monotonic()
        seconds_left = self._total - self._waited
        ready = self._poll.poll(1000 * max(0.0, min(self._patience, seconds_left)))
        self._waited += time.monotonic() - begun
        if not ready:
            self.close()
            if seconds_left < self._patience:
                raise self._too_slow(self._total, "wait")
            raise self._too_slow(self._patience, "stall")

    def _too_slow(self, seconds: float, limit: str) -> AudioError:
        return AudioError(
            f"decoding {self._path} takes more than {seconds:g} s: replace it, or raise the limit on {limit}_seconds"
        )

    def _protocol_error(self) -> AudioError:
        self.close()
        return AudioError(f"decoding {self._path} gave bytes that no decoder writes: the file may be an attack")

    def _exit_error(self) -> AudioError:
        with suppress(subprocess.TimeoutExpired):  # it may live and have closed its end: `close` ends it
            self._process.wait(1.0)
        self.close()
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return self._too_slow(self._limits.wait_seconds, "wait")
        if code == -signal.SIGALRM:
            return self._too_slow(self._patience, "stall")
        if code == -signal.SIGKILL:
            return AudioError(f"decoding {self._path} was killed, most likely for lack of memory: replace the file")
        cause = f"signal {-code}, {signal.strsignal(-code)}" if code < 0 else f"exit status {code}"
        return AudioError(f"decoding {self._path} crashed ({cause}): the file is damaged or an attack, replace it")


def _start_child(
    path: Path, limits: AudioLimits, stream: BinaryIO | None, command: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    if os.name != "posix":
        raise OptionError("sounds of strangers can't be decoded safely on this system: it needs Linux or macOS")
    environment = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    try:
        process = subprocess.Popen(
            [*command, *protocol.pack_request(protocol.DecodeRequest(path, stream is not None, limits))],
            stdin=subprocess.DEVNULL if stream is None else _descriptor(path, stream),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
    except OSError as error:
        raise AudioError(f"can't start a process to decode {path}: {error.strerror or error}") from error
    _enlarge_pipe(process)
    return process


def _descriptor(path: Path, stream: BinaryIO) -> int:
    try:
        return stream.fileno()
    except (OSError, AttributeError) as error:
        raise OptionError(f"{path} is no file of the system, so no other process can read it") from error


def _enlarge_pipe(process: "subprocess.Popen[bytes]") -> None:
    """A larger pipe lets the child work ahead; where there is none the usual size will do."""
    import fcntl

    command = getattr(fcntl, "F_SETPIPE_SZ", None)
    if command is None or process.stdout is None:
        return
    try:
        fcntl.fcntl(process.stdout.fileno(), command, _PIPE_BYTES)
    except OSError:
        return


def _kill(process: "subprocess.Popen[bytes]", owner: int) -> None:
    if os.getpid() != owner:  # in a fork of the owner
        return
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
