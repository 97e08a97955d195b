"""Let `speech` say levels of bands from 1 kHz on with features of their own, measured by energy, and learn with them.

    python recipes/levels.py corpora/speech --out levels.auricle.safetensors --budget 98m
    python recipes/levels.py corpora/speech --out further.auricle.safetensors --budget 60m --from STATE

At 3 kb/s all that `speech` says above 1.2 kHz is levels of noise and harmonics, and they had no features. Those that
carry no bits at any quality make room for them; all else begins as it was, and encoder, codes and decoder learn on.
Files and features become other ones. `--from` goes on from the weights of such a run instead (a model file, or one of
`--state`: in half precision, and without tables).
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from auricle.api.training_run import TrainingCallbacks, open_run_folder
from auricle.api.training_sounds import find_sounds
from auricle.data import CropSampler, DecodedSounds
from auricle.dsp.mel import band_edges
from auricle.losses import BandEnergyConfig
from auricle.model import Autoencoder, AutoencoderConfig, load, save
from auricle.model.bands import bands_above
from auricle.model.bottleneck import Entropy
from auricle.options.training import DeviceConfig
from auricle.stream import threads
from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, named
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.initialise import count_tables
from auricle.training.loop.loop import run_training
from auricle.training.objective.config import Phase, TrainConfig

LEVELS_HZ = 1000.0
AS_ENERGIES = 0.907  # of levels by mean magnitude: their ratio in flat noise, so that weights keep their meaning
LEVEL_GAIN = 8.0
NEVER = -8.0  # of an entropy coder's context: softplus makes nothing of it
CROPS, CROP_FRAMES = 64, 160
_ENCODER = ("encoder.layers.1.body.layers.0.layers.0.weight", "encoder.layers.1.side.weight")
_TO_LATENTS = ("body.layers.1.weight", "body.layers.1.bias", "side.weight", "side.bias")
_FROM_LATENTS = ("body.body.layers.0.layers.0.weight", "body.side.weight", "harmonics.reader.layers.0.weight")


def levels_config(base: AutoencoderConfig) -> AutoencoderConfig:
    """The shape of a model whose levels from 1 kHz on have features."""
    return base.model_copy(update={"energies": True, "levels_from": LEVELS_HZ})


def features_by_bits(model: Autoencoder, cache: DecodedSounds) -> list[int]:
    """Numbers of the latent features, those that carry the fewest bits first, at qualities 3 and 8 together."""
    length = CROP_FRAMES * model.hop_length
    crops = CropSampler(cache, length=length, batch=CROPS, seed=5).labelled_batch(0, 0)[0]
    bottleneck = model.bottleneck
    assert isinstance(bottleneck, Entropy)
    with torch.no_grad():
        latents = model.encoder(torch.from_numpy(crops).unsqueeze(2))[:, model.encoder_latency :]
        bits = sum(bottleneck.usage(latents, torch.full((len(crops),), quality))["bits"] for quality in (3.0, 8.0))
    assert isinstance(bits, Tensor)
    return bits.argsort().tolist()


def with_levels(base: Autoencoder, cache: DecodedSounds) -> Autoencoder:
    """The model with a feature for each band from 1 kHz on; its decoder makes nothing of them yet."""
    config = base.config
    bins, dim = config.transform.bins, config.bottleneck.latent_dim
    edges = band_edges(config.sample_rate, bins, config.bands)
    highest_bands = bands_above(edges, dim)
    first = int(np.abs(edges - LEVELS_HZ / (config.sample_rate / 2) * edges[-1]).argmin())
    bands = range(first, config.bands - highest_bands)
    levels = list(range(dim - highest_bands, dim))
    places = [feature for feature in features_by_bits(base, cache) if feature not in levels][: len(bands)]
    model = Autoencoder(levels_config(config), base.info, None)
    state = {name: tensor.clone() for name, tensor in {**model.state_dict(), **base.state_dict()}.items()}
    for name in _ENCODER:
        state[name][:, bins : bins + config.bands] *= AS_ENERGIES
    for name in _TO_LATENTS:
        state[f"encoder.layers.1.{name}"][places] = 0.0
    for place, band in zip(places, bands, strict=True):
        state["encoder.layers.1.side.weight"][place, bins + band] = LEVEL_GAIN
    for name in _FROM_LATENTS:
        state[f"decoder.layers.0.{name}"][:, places] = 0.0
    for name in ("log_gain", "log_inverse", "log_floor"):
        values = state[f"bottleneck.{name}"]
        values[:, places] = values[:, levels].median(1, keepdim=True).values
    for name, nothing in (("mean", 0.0), ("raw_scale", NEVER)):
        values = state[f"bottleneck.{name}"]
        own = [torch.stack([values[level, level + past] for level in levels]).median() for past in (0, dim)]
        values[places] = nothing
        for past, usual in zip((0, dim), own, strict=True):
            values[:, [place + past for place in places]] = nothing
            for place in places:
                values[place, place + past] = usual
    model.load_state_dict(state)
    return model


def from_state(path: Path, base: Autoencoder) -> Autoencoder:
    """The model of a file, or of a state in half precision."""
    if path.name.endswith(".auricle.safetensors"):
        return load(path)
    model = Autoencoder(levels_config(base.config), base.info, None)
    stored = {name: tensor.float() for name, tensor in load_file(path).items()}
    model.load_state_dict({**model.state_dict(), **stored})
    return model


def train_config(model: Autoencoder, rate: float, above: float, seed: int) -> TrainConfig:
    """The preset's, with more weight on levels from 1 kHz on and averaged weights of 2,000 steps."""
    preset = named("speech")
    heard = {"border": LEVELS_HZ, "above": above}
    terms = tuple(
        term.model_copy(update={"loss": term.loss.model_copy(update=heard)})
        if isinstance(term.loss, BandEnergyConfig)
        else term
        for term in preset.objective.losses
    )
    changes = {
        "model": model.config,
        "objective": preset.objective.model_copy(update={"ramp": 0.0, "losses": terms}),
        "phases": (Phase(optimiser=OptimiserConfig(rate=rate)),),
        "average": 0.9995,
        "seed": seed,
    }
    return preset.model_copy(update=changes)


def main() -> None:
    """Read the command line, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of sounds, with subfolder train")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="state", type=Path, help="weights of an earlier run to go on from")
    parser.add_argument("--state", dest="state_out", type=Path, help="write the weights in half precision, too")
    parser.add_argument("--budget", default="98m")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--above", type=float, default=2.0, help="weight of levels from 1 kHz on, beside those below")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    base = load("speech")
    device, callbacks = TrainingDevice(DeviceConfig(threads=options.threads)), TrainingCallbacks()
    with threads(options.threads), open_run_folder(options.out, device, resume=options.resume, force=True) as folder:
        sounds = find_sounds(options.corpus, folder, device, callbacks)
        cache = sounds.decode(base.sample_rate, device, callbacks).cache
        model = with_levels(base, cache) if options.state is None else from_state(options.state, base)
        config = train_config(model, options.rate, options.above, options.seed)
        task = AutoencoderTask(model.requires_grad_(True), config, cache)
        run = Run(folder, Budget.parse(options.budget), device, report_steps=100)
        for report in run_training(task, run):
            print(f"step {report.step}, {report.seconds:.0f} s: {report.loss:.3f}", flush=True)
        count_tables(model, cache, options.seed)
    save(model, options.out, force=True)
    if options.state_out:
        half = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
        save_file(half, options.state_out)


if __name__ == "__main__":
    main()
