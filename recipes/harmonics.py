"""Give a model the decoder that the preset `speech` has today: harmonics, a comb for voices, and its depth.

    python recipes/harmonics.py corpora/speech --model speech --out voiced.auricle.safetensors --budget 36m --polish 70m

What reads pitch and voicing out of the latents learns alone, where a model has nothing that does. Then the decoder gets
used to it (`--polish`); encoder and files stay what they are. A model that is trained with the preset `speech` has all
of it from the start.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from auricle.api.training_run import TrainingCallbacks, open_run_folder
from auricle.api.training_sounds import find_sounds
from auricle.data import CropSampler, DecodedSounds
from auricle.losses.voice import VoiceLoss, wants_harmonics
from auricle.model import Autoencoder, load, save
from auricle.model.bands import harmonic_sources
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.model.harmonics import HarmonicsConfig
from auricle.options.training import DeviceConfig
from auricle.stream import Residual, Serial, threads
from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, named
from auricle.training.engine.optimiser import OptimiserConfig
from auricle.training.loop.loop import run_training
from auricle.training.loop.single_loss_worker import SingleLossWorker
from auricle.training.loop.task import Task
from auricle.training.objective.config import Phase

CROP_FRAMES, BATCH, AVERAGE = 160, 16, 0.999
POLISHING_RATE = 5e-4


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
        wanted = wants_harmonics(bottleneck.quality_levels, quality)
        with torch.no_grad():
            late = self.model.encoder(audio.unsqueeze(2))[:, self.model.encoder_latency :]
            latents = bottleneck(late, quality).z
        return {"loss": self.loss(self._source[0].read(latents), audio, wanted)}


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
        stage.model_copy(update={"blocks": stage.blocks + wanted.blocks[len(stage.blocks) :]})
        for stage, wanted in zip(config.decoder, preset.decoder, strict=False)
    )
    added = {
        "decoder": (*decoder, *config.decoder[len(preset.decoder) :]),
        "harmonics": config.harmonics or HarmonicsConfig(),
        "comb": preset.comb if config.envelope else 0.0,
    }
    grown = Autoencoder(config.model_copy(update=added), model.info, model.tables)
    known = model.decoder.state_dict()
    for name, block in grown.decoder.named_modules():
        is_new = not any(key.startswith(f"{name}.") for key in known)
        if is_new and isinstance(block, Residual) and isinstance(block.body, Serial):
            for parameter in block.body.chain()[-1].parameters():
                nn.init.zeros_(parameter)
    grown.load_state_dict({**grown.state_dict(), **model.state_dict()})
    return grown.eval()


def polish_task(model: Autoencoder, cache: DecodedSounds, seed: int) -> AutoencoderTask:
    """The decoder, with what reads voices, learns on as the preset `speech` says."""
    phase = Phase(name="decoder", frozen_encoder=True, optimiser=OptimiserConfig(rate=POLISHING_RATE))
    config = named("speech").model_copy(update={"model": model.config, "phases": (phase,), "seed": seed})
    return AutoencoderTask(model.requires_grad_(True), config, cache)


def main() -> None:
    """Read the command line, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder of sounds, with subfolder train")
    parser.add_argument("--model", default="speech")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--budget", default="40m", help="time or steps for what reads voices, where a model has none")
    parser.add_argument("--polish", help="time or steps for the decoder after that; none without it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    base = load(options.model)
    model = with_voices(base, options.seed)
    device, callbacks = TrainingDevice(DeviceConfig(threads=options.threads)), TrainingCallbacks()
    with threads(options.threads), open_run_folder(options.out, device, resume=False, force=True) as folder:
        sounds = find_sounds(options.corpus, folder, device, callbacks)
        cache = sounds.decode(model.sample_rate, device, callbacks).cache
        tasks: list[tuple[Task, str]] = []
        if base.config.harmonics is None:
            tasks.append((VoiceTask(VoiceReader(model), cache, options.seed), options.budget))
        if options.polish:
            tasks.append((polish_task(model, cache, options.seed), options.polish))
        for task, budget in tasks:
            place = folder / task.phases[0].name
            place.mkdir(exist_ok=True)
            run = Run(place, Budget.parse(budget), device, report_steps=100)
            for report in run_training(task, run):
                print(f"{report.phase} step {report.step}, {report.seconds:.0f} s: {report.loss:.3f}", flush=True)
    for part, kept in ((model.encoder, base.encoder), (model.bottleneck, base.bottleneck)):
        part.load_state_dict(kept.state_dict())  # to the last bit: averages of -0 are 0
    save(model, options.out, force=True)


if __name__ == "__main__":
    main()
