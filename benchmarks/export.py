"""Exported graphs beside torch: how equal they are, how long a step takes, how large the files are.

Ten seconds of sound go through encoder and decoder, one frame at a time. The decoder hears codes at a middle quality.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from _shared import SOUNDS, looped, model_from, one_thread, parser, publish, run, table
from _timing import timed

if TYPE_CHECKING:
    from auricle.model import Autoencoder

_SPEECH_RATE = 24_000
_HALF = ".float16"


def main() -> None:
    one_thread()
    options = parser(__doc__)
    options.add_argument(
        "--models", nargs="+", default=["speech", "music", "live", "preset:mixed"], help="as --model elsewhere"
    )
    options.add_argument("--seconds", type=float, default=10.0, help="of sound")
    args = options.parse_args()
    rows = [row for model in args.models for row in _rows(model, args.seconds)]
    publish("export", args.out, {"models": args.models, "seconds": args.seconds}, {"rows": rows}, [table(rows)])


def _rows(name: str, seconds: float) -> list[dict[str, object]]:
    import torch

    from auricle import export_model

    model = model_from(name)
    sound = "speech_1.flac" if model.sample_rate <= _SPEECH_RATE else "music_1.flac"
    audio = looped(SOUNDS / sound, model.sample_rate, seconds)[:1]
    audio = audio[:, : audio.shape[1] // model.hop_length * model.hop_length].astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        files = export_model(model, folder).files
        return [_row(name, model, audio, Path(folder), files, suffix) for suffix in ("", _HALF)]


def _row(
    name: str, model: "Autoencoder", audio: np.ndarray, folder: Path, files: Mapping[str, int], suffix: str
) -> dict[str, object]:
    import torch

    encoder, decoder = (_Graph(folder, side, suffix) for side in ("encoder", "decoder"))
    latents = model.encoder(torch.from_numpy(audio).unsqueeze(2))
    passed, own = latents, encoder.stream(audio, model.hop_length)
    row: dict[str, object] = {"model": name, "weights": "float16" if suffix else "float32", "codes": "-"}
    if model.bottleneck.codebooks:
        step = 4 * (model.bottleneck.quality_levels - 1)
        codes = model.bottleneck.quantise(latents, step / 8)
        passed = model.bottleneck.dequantise(codes, step / 8)
        other = _Graph(folder, "quantiser").run({"latents": own, "step": np.array(step)})
        row["codes"] = f"{int((other != codes.numpy()).sum())} of {codes.numel()}"
    result = decoder.stream(passed.numpy(), 1)
    frame, block = torch.zeros(1, 1, model.latent_dim), torch.zeros(1, model.hop_length, 1)
    for word, graph, decibels, layer, x in (
        ("in", encoder, _snr_db(latents.numpy(), own), model.encoder, block),
        ("out", decoder, _snr_db(model.decoder(passed)[..., 0].numpy(), result), model.decoder, frame),
    ):
        state = layer.initial_state(1)
        row |= {
            f"{word}, dB": round(decibels, 1),
            f"{word}, ms": round(1e3 * timed(graph.again, repeats=200, warm_up=20).processor, 2),
            f"torch {word}, ms": round(1e3 * timed(lambda: layer.step(x, state), repeats=50).processor, 2),  # noqa: B023
        }
    return row | {"MB": round(sum(files[f"{side}{suffix}.onnx"] for side in ("encoder", "decoder")) / 1e6, 1)}


def _snr_db(reference: np.ndarray, other: np.ndarray) -> float:
    error = reference.astype(np.float64) - other
    return float(10 * np.log10(np.sum(reference.astype(np.float64) ** 2) / max(np.sum(error**2), 1e-300)))


class _Graph:
    """A graph and its state, on one thread."""

    def __init__(self, folder: Path, name: str, suffix: str = ""):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(folder / f"{name}{suffix}.onnx", options)
        about = json.loads((folder / "config.json").read_text())["graphs"][name]
        self._input = about["inputs"][0]
        self._state = {part["name"]: np.full(part["shape"], part["fill"], part["type"]) for part in about["state"]}
        self._feed: dict[str, np.ndarray] = {}

    def run(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        self._feed = {**inputs, **self._state}
        output, *after = cast(list[np.ndarray], self._session.run(None, self._feed))
        self._state = dict(zip(self._state, after, strict=True))
        return output

    def again(self) -> None:
        """The last step once more."""
        self._session.run(None, self._feed)

    def stream(self, whole: np.ndarray, size: int) -> np.ndarray:
        pieces = [self.run({self._input: whole[:, at : at + size]}) for at in range(0, whole.shape[1], size)]
        return np.concatenate(pieces, axis=1)


if __name__ == "__main__":
    run(main)
