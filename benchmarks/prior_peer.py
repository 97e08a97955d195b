"""A peer for priors: audio-diffusion-pytorch, trained on the same sounds for the same minutes, judged alike.

It is a diffusion network on samples (Schneider et al., "Moûsai", 2023): a U-Net with class conditioning by
cross-attention and classifier-free guidance, as its authors' README sets it up, narrowed to what a laptop trains. It
needs no autoencoder, so its minutes are all it costs; Auricle's prior builds on one that was trained before. Not part
of Auricle: ``pip install --no-deps --target PEER audio-diffusion-pytorch==0.1.3 a-unet==0.0.16 einops``, and set
PYTHONPATH to PEER.
"""

import argparse
import sys
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from _shared import OptionError, one_thread, parser, publish, run, table, write_sound
from auricle.audio import read, resample
from auricle.bench.synthesis import evaluate_synthesis
from auricle.bench.synthesis.sounds import trim_silence
from auricle.data.labels import labelled
from auricle.options.benchmark import SynthesisEvaluationOptions
from synthesis import row

_FEATURES = 64
_FORGOTTEN = 0.1
_CHANNELS, _FACTORS, _ITEMS = (16, 32, 64, 128, 128, 256), (2, 4, 4, 2, 2, 2), (1, 1, 1, 1, 2, 2)


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--corpus", type=Path, required=True, help="folder with train and test, a folder for each class"
    )
    options.add_argument("--held-out", default="test", help="the folder of the corpus that nothing was trained on")
    options.add_argument("--minutes", type=float, default=10.0, help="of training, on one thread")
    options.add_argument("--rate", type=int, default=8000, help="at which it works, in Hz")
    options.add_argument("--samples", type=int, default=8192, help="length of its sounds")
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("-n", type=int, default=60, help="sounds of each class")
    options.add_argument("--steps", type=int, default=20, help="of its sampler")
    options.add_argument("--guidance", type=float, default=1.0)
    options.add_argument("--generated", type=Path, help="keep its sounds here")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--name", default="prior-peer", help="of the result")
    args = options.parse_args()
    one_thread()
    torch.manual_seed(args.seed)
    audio, labels, classes = _sounds(args)
    scale = float(audio.std())
    peer = _Peer(len(classes))
    steps, loss, trained = _train(peer, audio / scale, labels, args)
    with TemporaryDirectory() as spare:
        folder = args.generated or Path(spare) / "generated"
        speed = _generate(peer.eval(), folder, classes, scale, args)
        corpus: Path = args.corpus
        evaluation = SynthesisEvaluationOptions(train=corpus / "train", seed=args.seed)
        result = evaluate_synthesis(folder, corpus / args.held_out, options=evaluation)
    rows = [row(embedding, result, speed) for embedding in result.embeddings]
    cost = {
        "peer": "audio-diffusion-pytorch 0.1.3",
        "parameters": sum(weights.numel() for weights in peer.parameters()),
        "training steps": steps,
        "training processor minutes": round(trained / 60, 1),
        "last loss": loss,
        "x real time": speed,
    }
    settings = {key: getattr(args, key) for key in ("minutes", "rate", "samples", "batch", "n", "steps", "guidance")}
    results = {"rows": rows, "cost": cost, "synthesis": result.to_json()}
    publish(
        args.name, args.out, settings | {"corpus": corpus.name}, results, [table(rows), table([cost]), *result.notes]
    )


class _Peer(nn.Module):
    """The package's diffusion model, with an embedding of classes where it expects one of a text."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        parts = _package()
        deep = [0] * (len(_CHANNELS) - 2) + [1, 1]
        self.labels = nn.Embedding(classes, _FEATURES)
        self.diffusion = parts.DiffusionModel(
            net_t=parts.UNetV0,
            diffusion_t=parts.VDiffusion,
            sampler_t=parts.VSampler,
            in_channels=1,
            channels=_CHANNELS,
            factors=_FACTORS,
            items=_ITEMS,
            attentions=deep,
            cross_attentions=deep,
            attention_heads=4,
            attention_features=32,
            embedding_features=_FEATURES,
            embedding_max_length=1,
            use_embedding_cfg=True,
            modulation_features=256,
        )

    def forward(self, audio: Tensor, label: Tensor) -> Tensor:
        return self.diffusion(audio, embedding=self.labels(label)[:, None], embedding_mask_proba=_FORGOTTEN)

    @torch.no_grad()
    def sample(self, label: Tensor, samples: int, steps: int, guidance: float) -> Tensor:
        noise = torch.randn(len(label), 1, samples)
        text = self.labels(label)[:, None]
        return self.diffusion.sample(noise, embedding=text, embedding_scale=guidance, num_steps=steps)[:, 0]


def _package() -> Any:
    """The package; it loads torchaudio for a part that is not used here, and which may not fit this torch."""
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError):
        absent = ModuleType("torchaudio")
        absent.transforms = ModuleType("torchaudio.transforms")  # type: ignore[attr-defined]
        sys.modules["torchaudio"] = absent
    try:
        import audio_diffusion_pytorch
    except ImportError as error:
        raise OptionError(f"the peer is not installed ({error}): see the first lines of this script") from error
    return audio_diffusion_pytorch


def _sounds(args: argparse.Namespace) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Training sounds of one length ``(n, 1, t)``, their classes ``(n,)``, and the classes' names."""
    corpus = labelled(args.corpus / "train")
    rows = np.zeros((len(corpus.labelled), 1, args.samples), np.float32)
    for index, sound in enumerate(corpus.labelled):
        audio, rate = read(sound.sound.path)
        mono = resample(audio.mean(axis=0, keepdims=True), rate, args.rate)[0, : args.samples]
        rows[index, 0, : len(mono)] = mono
    labels = torch.tensor([corpus.classes.index(str(sound.label)) for sound in corpus.labelled])
    return torch.from_numpy(rows), labels, corpus.classes


def _train(peer: _Peer, audio: Tensor, labels: Tensor, args: argparse.Namespace) -> tuple[int, float, float]:
    """Train for the minutes; return steps, the mean of the last losses, and seconds of processor time."""
    optimiser = torch.optim.AdamW(peer.parameters(), lr=3e-4, weight_decay=1e-3, betas=(0.95, 0.999))
    began, losses = time.process_time(), [float("nan")]
    for _ in count():
        if time.process_time() - began > 60 * args.minutes:
            break
        rows = torch.randint(len(audio), (args.batch,))
        loss = peer(audio[rows], labels[rows])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if len(losses) % 100 == 0:
            print(f"step {len(losses)}, loss {np.nanmean(losses[-100:]):.3f}", file=sys.stderr, flush=True)
    return len(losses) - 1, float(np.nanmean(losses[-100:])), time.process_time() - began


def _generate(peer: _Peer, folder: Path, classes: tuple[str, ...], scale: float, args: argparse.Namespace) -> float:
    """Write the sounds; return seconds of sound per second of processor time."""
    began, sounds = time.process_time(), 0
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for first in range(0, args.n, args.batch):
            labels = torch.full((min(args.batch, args.n - first),), label)
            for index, audio in enumerate(peer.sample(labels, args.samples, args.steps, args.guidance)):
                sound = np.clip(scale * audio.numpy(), -1.0, 1.0)
                write_sound(folder / name / f"{first + index:04}.wav", trim_silence(sound)[None], args.rate)
                sounds += 1
    return round(sounds * args.samples / args.rate / (time.process_time() - began), 3)


if __name__ == "__main__":
    run(main)
