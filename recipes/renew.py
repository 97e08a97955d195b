"""Give a model what the preset `speech` has today, while its encoder, and all that is fitted to latents, stays.

    python recipes/renew.py corpora/speech --model speech --out voiced.auricle.safetensors --budget 36m --polish 70m
    python recipes/renew.py corpora/speech --model speech --out dialled.auricle.safetensors --dial --polish 70m

The decoder: harmonics, a comb for voices, and its depth. What reads pitch and voicing out of the latents learns alone,
where a model has nothing that does. Then the decoder gets used to it (`--polish`), and files stay what they are.

With `--dial` the quality dial, too: its levels, with gains between those of the levels that were. It learns with the
decoder, so that it needs `--polish`, and files become other ones. A model that is trained with the preset `speech` has
all of it from the start.
"""

import argparse
from math import log
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from auricle.api.training_run import TrainingCallbacks, open_run_folder
from auricle.api.training_sounds import find_sounds
from auricle.data import CropSampler, DecodedSounds
from auricle.losses.voice import VoiceLoss, uses_harmonics
from auricle.model import Autoencoder, load, save
from auricle.model.bands import harmonic_sources
from auricle.model.bottleneck import STEPS_PER_LEVEL, Entropy, EntropyConfig
from auricle.model.harmonics import HarmonicsConfig
from auricle.options.training import DeviceConfig
from auricle.stream import Residual, Serial, threads
from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, named
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.initialise import count_tables
from auricle.training.loop.loop import run_training
from auricle.training.loop.single_loss_worker import SingleLossWorker
from auricle.training.loop.task import Task
from auricle.training.objective.config import FrozenPart, Phase

CROP_FRAMES, BATCH, AVERAGE = 160, 16, 0.999
POLISHING_RATE = 5e-4


def voiced_share(model: Autoencoder) -> float:
    """Lower share of the dial in which voices want harmonics: the preset's on its own levels, a third on seven."""
    preset = named("speech")
    levels = getattr(preset.model.bottleneck, "levels", 0)
    return preset.objective.voiced if model.bottleneck.quality_levels == levels else 1 / 3


class VoiceReader(nn.Module):
    """A model of which only what reads voices learns."""

    def __init__(self, model: Autoencoder):
        super().__init__()
        self.model = model.requires_grad_(False)
        (source,) = harmonic_sources(model.decoder)
        source.reader.requires_grad_(True)
        self._source = (source,)  # in a tuple, because it is registered as a part of the model
        self.loss = VoiceLoss(model.sample_rate, model.hop_length)

    def forward(self, audio: Tensor) -> dict[str, Tensor]:
        """The loss ``(b,)`` of crops ``(b, t)``, each at a random quality of the lower half of the dial."""
        bottleneck = self.model.bottleneck.eval()
        steps = torch.randint(0, (bottleneck.quality_levels - 1) * STEPS_PER_LEVEL // 2 + 1, (len(audio),))
        quality = (steps / STEPS_PER_LEVEL).to(audio.device)
        with_harmonics = uses_harmonics(bottleneck.quality_levels, quality, voiced_share(self.model))
        with torch.no_grad():
            late = self.model.encoder(audio.unsqueeze(2))[:, self.model.encoder_latency :]
            latents = bottleneck(late, quality).z
        return {"loss": self.loss(self._source[0].read(latents), audio, with_harmonics)}


class VoiceTask(Task):
    """Crops of a corpus for a reader of voices."""

    def __init__(self, reader: VoiceReader, cache: DecodedSounds, seed: int):
        model, length = reader.model, CROP_FRAMES * reader.model.hop_length
        self.module, self._reader, self._seed = reader, reader, seed
        self.phases = (Phase(name="voices", optimiser=OptimiserConfig(rate=2e-3, decay=0.8)),)
        self.identity, self.batch_seconds = f"voices {seed}", BATCH * length / model.sample_rate
        self._crops = CropSampler(cache, length=length, batch=BATCH, seed=seed)

    def worker(self, phase: int, device: TrainingDevice) -> SingleLossWorker:
        """One module, one optimiser, one loss."""
        return SingleLossWorker(self._reader, self.phases, phase, device, seed=self._seed, memory=AVERAGE)

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Crops ``(b, t)``."""
        return (self._crops.labelled_batch(step, shard)[0],)

    def measure(self) -> None:
        """Nothing is held out: the last weights are kept."""


def with_voices(model: Autoencoder, seed: int) -> Autoencoder:
    """The model with a reader of voices, untrained unless it has one, a comb where its frames have curves, and as many
    blocks in its decoder as the preset has; new ones begin as nothing.
    """
    torch.manual_seed(seed)
    config, preset = model.config, named("speech").model
    decoder = (
        stage.model_copy(update={"blocks": stage.blocks + larger.blocks[len(stage.blocks) :]})
        for stage, larger in zip(config.decoder, preset.decoder, strict=False)
    )
    added = {
        "decoder": (*decoder, *config.decoder[len(preset.decoder) :]),
        "harmonics": config.harmonics or HarmonicsConfig(),
        "comb": preset.comb if config.envelope else 0.0,
    }
    grown = Autoencoder(config.model_copy(update=added), model.info, model.tables)
    source_state = model.decoder.state_dict()
    for name, block in grown.decoder.named_modules():
        is_new = not any(key.startswith(f"{name}.") for key in source_state)
        if is_new and isinstance(block, Residual) and isinstance(block.body, Serial):
            for parameter in block.body.chain()[-1].parameters():
                nn.init.zeros_(parameter)
    grown.load_state_dict({**grown.state_dict(), **model.state_dict()})
    return grown.eval()


def with_dial(model: Autoencoder, decay: float) -> Autoencoder:
    """The model with the levels that the preset has: where one lies between two old ones, so do its gains.

    Args:
        model: with a bottleneck of the kind `entropy`.
        decay: factor on the weight of the rate from level to level when the model was trained.
    """
    preset = named("speech")
    config, old = preset.model.bottleneck, model.bottleneck
    assert isinstance(config, EntropyConfig) and isinstance(old, Entropy)
    config = config.model_copy(update={"dim": old.dim})
    assert config.steepest is not None
    places = [level * log(preset.objective.quality_decay) / log(decay) for level in range(config.levels)]
    quality = torch.tensor(places).clamp(max=old.quality_levels - 1)
    laid = {
        name: old.interpolate(getattr(old, name).detach(), quality).squeeze(1)
        for name in ("log_gain", "log_inverse", "log_floor")
    }
    for level in range(config.levels - 2, -1, -1):
        lowest = laid["log_gain"][level + 1] - config.steepest
        silent = laid["log_gain"][level] < lowest  # so that its inverse has no meaning
        laid["log_gain"][level] = torch.where(silent, lowest, laid["log_gain"][level])
        highest = laid["log_inverse"][level + 1] + config.steepest
        laid["log_inverse"][level] = torch.where(silent, highest, laid["log_inverse"][level])
    dialled = Autoencoder(model.config.model_copy(update={"bottleneck": config}), model.info, None)
    weights = {f"bottleneck.{name}": tensor for name, tensor in laid.items()}
    dialled.load_state_dict({**dialled.state_dict(), **model.state_dict(), **weights})
    return dialled.eval()


def polish_task(model: Autoencoder, cache: DecodedSounds, seed: int, frozen: FrozenPart) -> AutoencoderTask:
    """The decoder, with what reads voices, learns on as the preset `speech` says."""
    phase = Phase(name="decoder", frozen=frozen, optimiser=OptimiserConfig(rate=POLISHING_RATE))
    preset = named("speech")
    objective = preset.objective.model_copy(update={"ramp": 0.0, "voiced": voiced_share(model)})
    changes = {"model": model.config, "phases": (phase,), "objective": objective, "seed": seed}
    return AutoencoderTask(model.requires_grad_(True), preset.model_copy(update=changes), cache)


def main() -> None:
    """Read the command line, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of sounds, with subfolder train")
    parser.add_argument("--model", default="speech")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", default="40m", help="time or steps for what reads voices, where a model has none")
    parser.add_argument("--polish", help="time or steps for the decoder after that; none without it")
    parser.add_argument("--dial", action="store_true", help="the preset's levels of quality, too")
    parser.add_argument("--decay", type=float, default=0.5, help="quality_decay that the model was trained with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.dial and not options.polish:
        parser.error("--dial needs --polish: give a time or a number of steps")
    base = load(options.model)
    model = with_voices(base, options.seed)
    if options.dial:
        model = with_dial(model, options.decay)
    device, callbacks = TrainingDevice(DeviceConfig(threads=options.threads)), TrainingCallbacks()
    with threads(options.threads), open_run_folder(options.out, device, resume=False, force=True) as folder:
        sounds = find_sounds(options.corpus, folder, device, callbacks)
        cache = sounds.decode(model.sample_rate, device, callbacks).cache
        tasks: list[tuple[Task, str]] = []
        if base.config.harmonics is None:
            tasks.append((VoiceTask(VoiceReader(model), cache, options.seed), options.budget))
        if options.polish:
            frozen: FrozenPart = "encoder" if options.dial else "codes"
            tasks.append((polish_task(model, cache, options.seed, frozen), options.polish))
        for task, budget in tasks:
            place = folder / task.phases[0].name
            place.mkdir(exist_ok=True)
            run = Run(place, Budget.parse(budget), device, report_steps=100)
            for report in run_training(task, run):
                print(f"{report.phase} step {report.step}, {report.seconds:.0f} s: {report.loss:.3f}", flush=True)
        model.encoder.load_state_dict(base.encoder.state_dict())  # to the last bit: averages of -0 are 0
        if options.dial:
            count_tables(model, cache, options.seed)
        else:
            model.bottleneck.load_state_dict(base.bottleneck.state_dict())
    save(model, options.out, force=True)


if __name__ == "__main__":
    main()
