"""Loudness in LUFS (ITU-R BS.1770-4), by FFmpeg's filter ``ebur128``."""

from typing import Any, final

import numpy as np

_BLOCK_SECONDS = 0.4
_SILENCE_LUFS = -70.0
_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0")


@final
class LoudnessMeter:
    """Measures a sound that comes in blocks.

    Sounds shorter than a block of 0.4 s are measured as if silence followed.

    Args:
        sample_rate: in Hz.
        channels: c.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._sample_rate, self._channels = sample_rate, channels
        self._samples = 0
        self._graph = _graph(sample_rate, channels) if channels <= len(_LAYOUTS) else None
        self._lufs = _SILENCE_LUFS

    def add(self, block: np.ndarray) -> np.ndarray:
        """Take float32 ``(c, t)`` and return it."""
        for start in range(0, block.shape[1], self._sample_rate):
            self._push(block[:, start : start + self._sample_rate])
        return block

    def loudness(self) -> float | None:
        """Integrated loudness in LUFS of all that was added; None for silence and over five channels. To be called
        once, at the end."""
        missing = round(_BLOCK_SECONDS * self._sample_rate) + 1 - self._samples
        if self._samples and missing > 0:
            self._push(np.zeros((self._channels, missing), np.float32))
        if self._graph is not None:
            self._graph.push(None)
            self._pull()
        return self._lufs if self._lufs > _SILENCE_LUFS else None

    def _push(self, block: np.ndarray) -> None:
        if self._graph is None or not block.shape[1]:
            return
        from av import AudioFrame

        planes = np.ascontiguousarray(block, np.float32)
        frame = AudioFrame.from_ndarray(planes, format="fltp", layout=_LAYOUTS[self._channels - 1])
        frame.sample_rate, frame.pts = self._sample_rate, self._samples
        self._samples += block.shape[1]
        self._graph.push(frame)
        self._pull()

    def _pull(self) -> None:
        from av.error import BlockingIOError, EOFError

        assert self._graph is not None
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            self._lufs = float(frame.metadata.get("lavfi.r128.I", self._lufs))


def integrated_loudness(audio: np.ndarray, sample_rate: int) -> float | None:
    """Loudness of float ``(c, t)`` in LUFS; None for silence and over five channels."""
    meter = LoudnessMeter(sample_rate, len(audio))
    meter.add(audio)
    return meter.loudness()


def _graph(sample_rate: int, channels: int) -> Any:
    from av import filter as filters  # the whole first: a part alone, on one of several threads, breaks the import

    graph = filters.Graph()
    graph.threads = 1  # starting a pool of threads takes longer than the loudness of a second
    layout = _LAYOUTS[channels - 1]
    source = graph.add(
        "abuffer", f"sample_rate={sample_rate}:sample_fmt=fltp:channel_layout={layout}:time_base=1/{sample_rate}"
    )
    meter, sink = graph.add("ebur128", "metadata=1:framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return graph
