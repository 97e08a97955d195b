"""Lost packets: quality over the share that is lost, beside Opus with its own concealment under the same losses.

Sound is cut into slots of 60 ms; a lost slot takes one Auricle packet of three frames, or one Opus packet of 60 ms.
Losses are random, or come in bursts of 300 ms on average (Gilbert's model). Sizes are those of payloads alone: both
would travel in the same datagrams.
"""

import argparse
import ctypes
import ctypes.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _shared import OptionError, add_model, model_from, one_thread, parser, publish, run, table
from auricle import Decoder, Encoder
from auricle.audio import read, resample
from auricle.data import scan
from auricle.metrics import mel_distance

_SLOT = 0.06
_RATE = 16000
_BURST = 5
_VOIP, _SET_BITRATE, _SET_COMPLEXITY, _SET_LOSS, _SET_FEC = 2048, 4002, 4010, 4014, 4012


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, help="folder of speech")
    add_model(options, "speech")
    options.add_argument("--files", type=int, default=8, help="spread over the folder")
    options.add_argument("--seconds", type=float, default=10.0, help="of each file, at most")
    options.add_argument("--quality", type=float, default=2.0, help="of Auricle's dial")
    options.add_argument("--opus-kbps", type=float, default=9.0)
    options.add_argument("--loss", type=float, nargs="+", default=[0.0, 0.01, 0.05, 0.1, 0.2, 0.4])
    args = options.parse_args()
    one_thread()
    model, clips = model_from(args.model), _clips(args)
    coded = [_Auricle(model, clip, args.quality) for clip in clips], [_Opus(clip, args.opus_kbps) for clip in clips]
    rows = [
        _row(name, kind, share, clips, streams)
        for kind in ("random", "bursts")
        for share in args.loss
        if share or kind == "random"
        for name, streams in zip(("auricle", "opus"), coded, strict=True)
    ]
    settings = {"model": model.name, "quality": args.quality, "files": len(clips), "sounds": args.sounds.name}
    publish("loss", args.out, settings, {"rows": rows}, [table(rows)])


def _clips(args: argparse.Namespace) -> list[np.ndarray]:
    sounds = scan(args.sounds).sounds
    clips = []
    for sound in sounds[:: max(1, len(sounds) // args.files)][: args.files]:
        audio, rate = read(sound.path)
        clips.append(resample(audio[:1], rate, _RATE)[:, : round(args.seconds * _RATE)])
    return clips


def lost_slots(slots: int, share: float, kind: str, seed: int) -> np.ndarray:
    """Bool ``(slots,)``: which are lost."""
    luck = np.random.default_rng(seed).random(slots)
    if kind == "random":
        return luck < share
    leave = 1 / _BURST
    enter = leave * share / (1 - share) if share < 1 else 1.0
    lost, state = np.zeros(slots, bool), False
    for slot, chance in enumerate(luck):
        state = chance >= leave if state else chance < enter
        lost[slot] = state
    return lost


def _row(name: str, kind: str, share: float, clips: Sequence[np.ndarray], streams: Sequence[Any]) -> dict[str, Any]:
    from pesq import pesq

    scores = []
    for seed, (clip, stream) in enumerate(zip(clips, streams, strict=True)):
        lost = lost_slots(stream.slots, share, kind, seed)
        decoded = stream.play(lost)
        assert decoded.shape[-1] == clip.shape[1] and np.isfinite(decoded).all()
        lossless = stream.play(np.zeros_like(lost))
        edges = np.flatnonzero(np.diff(lost.astype(int))) + 1
        scores.append(
            {
                "lost": lost.mean(),
                "mel": mel_distance(clip[0], decoded, _RATE),
                "pesq": pesq(_RATE, clip[0].astype(float), decoded.astype(float), "wb"),
                "step": _largest_step(decoded, edges) / max(1e-9, float(np.abs(np.diff(lossless)).max())),
            }
        )
    means = {key: float(np.mean([score[key] for score in scores])) for key in scores[0]}
    size = sum(stream.bytes for stream in streams) * 8 / sum(clip.shape[1] / _RATE for clip in clips) / 1000
    return {
        "codec": name,
        "kb/s": size,
        "losses": kind if share else "none",
        "asked": f"{share:.0%}",
        "lost": f"{means['lost']:.1%}",
        "log-mel": means["mel"],
        "PESQ-WB": means["pesq"],
        "largest step at a seam / in the whole": max(score["step"] for score in scores),
    }


def _largest_step(decoded: np.ndarray, edges: np.ndarray) -> float:
    """Largest difference of neighbouring samples within a slot of where packets begin or cease to be lost."""
    steps, reach = np.abs(np.diff(decoded)), round(_SLOT * _RATE)
    near = [steps[max(0, edge * reach - reach) : edge * reach + reach] for edge in edges]
    return max((float(part.max()) for part in near if part.size), default=0.0)


class _Auricle:
    def __init__(self, model: Any, clip: np.ndarray, quality: float):
        encoder = Encoder(model, sample_rate=_RATE, quality=quality, packet_seconds=_SLOT)
        self._packets = [*encoder.push(clip), *encoder.finish()]
        self._model, self._head = model, encoder.header_bytes
        self.slots = len(self._packets)
        self.bytes = sum(len(packet.payload or b"") for packet in self._packets)

    def play(self, lost: np.ndarray) -> np.ndarray:
        """The last packet always arrives: it tells the length."""
        decoder = Decoder(self._head, self._model)
        received = [packet for packet, is_lost in zip(self._packets, lost, strict=True) if not is_lost or packet.end]
        return np.concatenate([decoder.push(packet) for packet in received], axis=1)[0]


class _Opus:
    """libopus, packet by packet: 60 ms frames, told to expect losses; ``opus_decode`` of nothing conceals."""

    def __init__(self, clip: np.ndarray, kbps: float):
        self._library, frame, error = _libopus(), round(_SLOT * _RATE), ctypes.c_int()
        encoder = self._library.opus_encoder_create(_RATE, 1, _VOIP, ctypes.byref(error))
        for request, value in (
            (_SET_BITRATE, round(kbps * 1000)),
            (_SET_COMPLEXITY, 10),
            (_SET_LOSS, 10),
            (_SET_FEC, 0),
        ):
            self._library.opus_encoder_ctl(ctypes.c_void_p(encoder), request, ctypes.c_int(value))
        delay = round(0.0065 * _RATE)
        padded = np.concatenate((clip[0], np.zeros(delay + frame, np.float32)))
        self._packets, self._delay, self._length = [], delay, clip.shape[1]
        for at in range(0, len(padded) - frame + 1, frame):
            block, buffer = np.ascontiguousarray(padded[at : at + frame]), (ctypes.c_ubyte * 1500)()
            size = self._library.opus_encode_float(
                ctypes.c_void_p(encoder), block.ctypes.data_as(_FLOATS), frame, buffer, 1500
            )
            self._packets.append(bytes(buffer[:size]))
        self._library.opus_encoder_destroy(ctypes.c_void_p(encoder))
        self.slots = len(self._packets)
        self.bytes = sum(map(len, self._packets))

    def play(self, lost: np.ndarray) -> np.ndarray:
        error, frame = ctypes.c_int(), round(_SLOT * _RATE)
        decoder = self._library.opus_decoder_create(_RATE, 1, ctypes.byref(error))
        self._library.opus_decoder_ctl(ctypes.c_void_p(decoder), _SET_COMPLEXITY, ctypes.c_int(10))
        decoded = np.zeros(frame * len(self._packets), np.float32)
        for slot, packet in enumerate(self._packets):
            data = None if lost[slot] else packet
            block = decoded[slot * frame : (slot + 1) * frame]
            size = self._library.opus_decode_float(
                ctypes.c_void_p(decoder), data, len(packet) if data else 0, block.ctypes.data_as(_FLOATS), frame, 0
            )
            assert size == frame, size
        self._library.opus_decoder_destroy(ctypes.c_void_p(decoder))
        return decoded[self._delay : self._delay + self._length]


_FLOATS = ctypes.POINTER(ctypes.c_float)


def _libopus() -> Any:
    """The libopus that PyAV brings, else the system's: PyAV itself does not offer its concealment."""
    try:
        import av
    except ImportError:
        paths = []
    else:
        paths = sorted((Path(av.__file__).parents[1] / "av.libs").glob("libopus-*.so*"))
    name = str(paths[0]) if paths else ctypes.util.find_library("opus")
    if name is None:
        raise OptionError("no libopus: install the wheel of av from PyPI")
    library = ctypes.CDLL(name)
    library.opus_encoder_create.restype = library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_get_version_string.restype = ctypes.c_char_p
    return library


if __name__ == "__main__":
    run(main)
