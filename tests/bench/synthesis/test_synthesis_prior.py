"""A prior whose sounds are made in order to be judged."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle import evaluate_prior
from auricle.audio.writer import write
from auricle.errors import AuricleError
from auricle.model import Autoencoder, load
from auricle.options.benchmark import SynthesisEvaluationOptions
from auricle.options.synthesis import SamplingOptions
from auricle.progress import Progress
from auricle.synth import FlowConfig, Origin, Prior, PriorInfo

PER_CLASS = 6
OPTIONS = SynthesisEvaluationOptions(per_class=PER_CLASS, embeddings=("log-mel",))


@pytest.fixture(scope="module")
def model(model_file: Path) -> Autoencoder:
    return load(model_file)


@pytest.fixture(scope="module")
def prior(model: Autoencoder) -> Prior:
    torch.manual_seed(1)
    config = FlowConfig(window=16, width=16, depth=1, heads=2)
    made = config.build(Origin.of(model, 1, ("hiss", "hum")), PriorInfo(name="toy"))
    z = model.encode(0.1 * torch.randn(1, 16000))
    made.fit_scale(z.mean((0, 1)), z.std((0, 1)), model.encode(torch.zeros(1, 16000))[0, -1])
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    random = np.random.Generator(np.random.PCG64(0))
    for label, smooth in (("hiss", 1), ("hum", 20)):
        (folder / label).mkdir()
        for index in range(12):
            sound = np.convolve(random.normal(size=4000), np.ones(smooth) / smooth) * random.uniform(0.05, 0.1)
            write(folder / label / f"{index}.wav", sound[None], 16000)
    return folder


def test_it_is_made_and_judged(prior: Prior, model: Autoencoder, real: Path, tmp_path: Path):
    steps: list[Progress] = []
    result = evaluate_prior(
        prior,
        real,
        model=model,
        sampling=SamplingOptions(guidance=2.0, steps=2),
        options=OPTIONS,
        out=tmp_path / "kept",
        on_progress=steps.append,
    )
    assert {path.parent.name for path in (tmp_path / "kept").rglob("*.wav")} == {"hiss", "hum"}
    assert result.sets[0].sounds == 2 * PER_CLASS
    assert result.settings["prior"] == "toy" and result.settings["guidance"] == 2.0
    assert result.settings["sound per processor second"] > 0
    assert len(result.embeddings[0].comparisons) == 3, "the prior's own autoencoder is the ceiling"
    assert steps[0].stage == "making sounds" and steps[-1].share == 1.0
    assert [step.done for step in steps if step.unit == "sounds"] == sorted(
        step.done for step in steps if step.unit == "sounds"
    )


def test_what_is_there_is_not_replaced(prior: Prior, model: Autoencoder, real: Path, tmp_path: Path):
    def evaluate(force: bool) -> None:
        evaluate_prior(
            prior, real, model=model, sampling=SamplingOptions(steps=1), options=OPTIONS, out=tmp_path, force=force
        )

    evaluate(force=False)
    with pytest.raises(AuricleError, match="--force"):
        evaluate(force=False)
    evaluate(force=True)


def test_none_of_a_class_are_refused():
    with pytest.raises(AuricleError, match="0 sounds of a class: give 1 or more"):
        SynthesisEvaluationOptions(per_class=0)


def test_names_of_a_stranger_s_prior(model: Autoencoder, real: Path, tmp_path: Path):
    """Classes are found again whatever they are called, and nothing is written where a name points to."""
    names = {"hiss": "a wide  hiss+", "hum": "dr.hum"}
    spaced, outside = tmp_path / "real", tmp_path / "outside"
    for old, new in names.items():
        shutil.copytree(real / old, spaced / new)
    config = FlowConfig(window=16, width=16, depth=1, heads=2)
    made = config.build(Origin.of(model, 1, tuple(sorted(names.values()))), PriorInfo(name="x"))
    made.info = PriorInfo.model_construct(**{**made.info.model_dump(), "name": str(outside)})
    result = evaluate_prior(made.eval(), spaced, model=model, sampling=SamplingOptions(steps=1), options=OPTIONS)
    assert result.settings["classes"] == sorted(names.values())
    assert not outside.exists()
