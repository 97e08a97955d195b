"""Training a prior: it learns, resumes bit for bit, tells how it goes, and refuses what can't work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import auricle
from auricle.audio.writer import write
from auricle.errors import AuricleError, DataError, ModelError, OptionError, OutputError
from auricle.synth import FlowConfig, PriorConfig
from auricle.synth.priors.base import Prior
from auricle.synth.priors.file import load_prior
from auricle.synth.priors.flow import FlowPrior
from synth.tiny_priors import CONFIGS

KINDS = pytest.mark.parametrize("kind", CONFIGS)
MEANS = FlowConfig(window=12, width=32, depth=2, heads=2, patch=2, mean_velocities=True)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of short sounds, and one without."""
    folder, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for label, hertz in (("low", 200), ("high", 2000)):
        (folder / label).mkdir()
        for index in range(8):
            time = np.arange(3200 + 300 * index) / 16000
            tone = np.sin(2 * np.pi * hertz * time) * np.exp(-8 * time)
            write(folder / label / f"{index}.wav", (0.5 * tone + 0.01 * random.standard_normal(len(time)))[None], 16000)
    write(folder / "stray.wav", 0.1 * random.standard_normal((2, 4000)), 16000)
    return folder


@pytest.fixture
def train(sounds: Path, model_file: Path, tmp_path: Path) -> Callable[..., auricle.TrainedPrior]:
    def run(kind: str = "flow", **options: Any) -> auricle.TrainedPrior:
        usual: dict[str, Any] = {
            "model": model_file,
            "out": tmp_path / "x.prior.safetensors",
            "config": CONFIGS[kind],
            "budget": "8",
            "batch": 8,
            "max_mel_distance": 10.0,
            "device": auricle.DeviceConfig(cpu=True),
            "trackers": "none",
        }
        return _train(options.pop("folder", sounds), usual | options)

    return run


def _train(folder: Any, arguments: dict[str, Any]) -> auricle.TrainedPrior:
    fields = auricle.PriorTrainingOptions.__dataclass_fields__
    options = auricle.PriorTrainingOptions(**{name: arguments[name] for name in arguments if name in fields})
    return auricle.train_prior(
        folder, options=options, **{name: arguments[name] for name in arguments if name not in fields}
    )


def weights(prior: Prior) -> dict[str, torch.Tensor]:
    return prior.state_dict()


@KINDS
def test_a_run_leaves_a_prior_that_loads_and_knows_where_it_comes_from(
    train: Callable[..., auricle.TrainedPrior], kind: str, tmp_path: Path, model_file: Path
) -> None:
    stages: list[str] = []
    reports: list[Any] = []
    callbacks = auricle.TrainingCallbacks(
        on_progress=lambda progress: stages.append(progress.stage), on_report=reports.append
    )
    result = train(kind, callbacks=callbacks)
    prior = load_prior(result.path)
    assert prior.classes == ("high", "low") and prior.config.kind == kind and prior.info.name == "x"
    prior.require(auricle.load(model_file))
    assert sum(result.counts.values()) + result.unlabelled + len(result.held_out) == 17 and result.unlabelled <= 1
    assert result.steps == 8 and result.loss is not None and np.isfinite(result.loss)
    assert list(dict.fromkeys(stages)) == ["decoding sounds", "trying the model on them", "encoding sounds", "training"]
    preview = reports[-1].preview
    assert preview.measure == "loss" and preview.figure == pytest.approx(result.loss, rel=0.05)
    assert {excerpt.name for excerpt in preview.excerpts} == {"high", "low"}
    assert all(np.isfinite(excerpt.decoded).all() and excerpt.original is None for excerpt in preview.excerpts)
    page = (tmp_path / "x.prior.run" / "run.html").read_text("utf-8")
    assert "high" in page and "<audio" in page


@KINDS
def test_more_steps_lower_the_held_out_loss(train: Callable[..., auricle.TrainedPrior], kind: str) -> None:
    short, long = train(kind, budget="1"), train(kind, budget="60", force=True)
    assert short.loss is not None and long.loss is not None and long.loss < short.loss - 0.01


@pytest.mark.parametrize("at", [4, 7])
@pytest.mark.parametrize("config", [*CONFIGS.values(), MEANS], ids=[*CONFIGS, "mean velocities"])
def test_a_resumed_run_is_the_same_bit_for_bit(
    train: Callable[..., auricle.TrainedPrior], config: PriorConfig, at: int, tmp_path: Path
) -> None:
    uninterrupted = weights(train(config=config, out=tmp_path / "whole.prior.safetensors").prior)

    class StopError(Exception):
        pass

    def stop(report: Any) -> None:
        if report.step >= at:
            raise StopError

    cut = tmp_path / "cut.prior.safetensors"
    stopper = auricle.TrainingCallbacks(on_report=stop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auricle.api.train_prior.Run", _eager)
        with pytest.raises(StopError):
            train(config=config, out=cut, callbacks=stopper)
        assert not cut.exists()
        resumed = train(config=config, out=cut, resume=True)
    assert {
        name for name, value in weights(resumed.prior).items() if not torch.equal(value, uninterrupted[name])
    } == set()


def _eager(*arguments: Any, **options: Any) -> Any:
    """A run that saves and reports after every step."""
    from auricle.training import Run

    return Run(*arguments, **options, save_seconds=0.0, report_steps=1)


def test_seeds_decide(train: Callable[..., auricle.TrainedPrior]) -> None:
    first = weights(train(budget="2").prior)["into.weight"]
    assert torch.equal(weights(train(budget="2", force=True).prior)["into.weight"], first)
    assert not torch.equal(weights(train(budget="2", force=True, seed=1).prior)["into.weight"], first)


def test_a_resumed_run_must_be_the_same_one(train: Callable[..., auricle.TrainedPrior]) -> None:
    train(budget="2")
    notes: list[str] = []
    callbacks = auricle.TrainingCallbacks(on_note=notes.append)
    with pytest.raises(ModelError, match="belongs to a run with other settings"):
        train(budget="4", resume=True, force=True, no_labels=True, callbacks=callbacks)
    assert not notes, "nothing goes on, so nothing is said of how"


def test_without_labels_and_in_stereo(train: Callable[..., auricle.TrainedPrior]) -> None:
    result = train(budget="2", no_labels=True, channels=2)
    assert result.prior.classes == () and result.prior.features == 2 * result.prior.latent_dim


def test_classes_from_a_table(train: Callable[..., auricle.TrainedPrior], tmp_path: Path, sounds: Path) -> None:
    names = [path.relative_to(sounds).as_posix() for path in sorted(sounds.rglob("*.wav"))]
    table = tmp_path / "labels.csv"
    table.write_text("path,label\nnowhere.wav,lost\n" + "".join(f"{name},{'ab'[len(name) % 2]}\n" for name in names))
    result = train(budget="2", labels_table=table)
    assert result.prior.classes == ("a", "b") and result.unmatched == 1 and result.unlabelled == 0


def test_the_window_holds_most_short_sounds(train: Callable[..., auricle.TrainedPrior]) -> None:
    fields = {"width": 32, "depth": 1, "heads": 2, "kind": "flow"}
    result = train(budget="2", config=PriorConfig.model_validate(fields))
    assert 16 <= result.prior.window <= 24 and result.prior.window % 4 == 0, "sounds have up to 17 frames"


def test_a_poor_autoencoder_is_refused_with_the_figure_before_anything_is_written(
    train: Callable[..., auricle.TrainedPrior], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"log-mel distance of \d\.\d\d, above the limit of 0.2: train a model"):
        train(max_mel_distance=0.2)
    assert not list(tmp_path.glob("x.*"))


BAD: list[tuple[dict[str, Any], type[AuricleError], str]] = [
    ({"model": "nowhere"}, ModelError, "no model 'nowhere'"),
    ({"kind": "gan", "config": None}, OptionError, "no prior of kind 'gan': choose one of flow, recurrent"),
    ({"kind": "recurrent", "base": "drums"}, OptionError, "the prior drums is of kind flow, not recurrent"),
    ({"notes": True, "base": "drums"}, OptionError, "the prior drums knows no notes: leave --base out"),
    ({"out": "drums"}, OutputError, "drums is the name of a shipped prior, which would be loaded instead"),
    (
        {"out": "x.wav"},
        OutputError,
        "x.wav would be a prior that has the name of a sound: end its name",
    ),
    ({"channels": 3}, OptionError, "a prior of 3 channels: use 1 or 2"),
    ({"max_mel_distance": 0.0}, OptionError, "log-mel distance of 0"),
    ({"temperature": 0.0}, OptionError, "usual temperature of 0"),
    ({"max_mel_distance": float("nan")}, OptionError, "log-mel distance of nan"),
    ({"budget": "soon"}, OptionError, "budget 'soon'"),
    ({"seed": -1}, OptionError, "seed -1"),
    ({"batch": 0}, OptionError, "a batch of 0"),
    ({"labels_table": Path("missing.csv")}, DataError, "missing.csv"),
    ({"folder": "missing"}, DataError, "missing"),
    ({"out": "missing/x.prior.safetensors"}, OutputError, "does not exist"),
    ({"resume": True}, ModelError, "no checkpoint to go on from"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_input(
    sounds: Path, model_file: Path, tmp_path: Path, options: dict[str, Any], error: type[AuricleError], message: str
) -> None:
    usual = {
        "model": model_file,
        "out": tmp_path / "x.prior.safetensors",
        "max_mel_distance": 10.0,
        "config": CONFIGS["flow"],
    }
    arguments = {**usual, "device": auricle.DeviceConfig(cpu=True), "trackers": "none", **options}
    with pytest.raises(error, match=message) as caught:
        _train(arguments.pop("folder", sounds), arguments)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir()), "nothing is left half-written"


def test_the_verb(sounds: Path, model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from auricle.cli import main

    out = tmp_path / "v.prior.safetensors"
    command = ["train-prior", str(sounds), "--model", str(model_file), "--out", str(out), "--budget", "2"]
    command += ["--cpu", "--trackers", "none", "--kind", "recurrent", "--batch", "4", "--json"]
    assert main(command) == 2
    assert "above the limit of 1: train a model on them first" in capsys.readouterr().err
    assert main([*command, "--max-mel-distance", "10"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["steps"] == 2 and values["kind"] == "recurrent" and set(values["classes"]) == {"high", "low"}
    assert values["bytes"] == out.stat().st_size and values["loss"] > 0
    assert main([*command, "--max-mel-distance", "10"]) == 2
    assert "exists already: use --force" in capsys.readouterr().err


def test_a_flow_is_told_lengths_and_levels_and_knows_attacks(train: Callable[..., auricle.TrainedPrior]) -> None:
    prior = train(config=None, batch=4, budget="2", temperature=0.7).prior
    assert prior.config.temperature == 0.7
    assert prior.sizes is not None and prior.sizes[:, 0].min() >= -1
    assert 0.2 < prior.sizes[:, 1].max() < 0.4 and prior.sizes[:, 2].max() == pytest.approx(-6.0, abs=0.5)
    assert prior.config.attacks and 0 <= prior.sizes[:, 3].min() <= prior.sizes[:, 3].max() < 0.4


def test_a_larger_budget_goes_on_from_where_a_run_ended(train: Callable[..., auricle.TrainedPrior]) -> None:
    short = train(budget="6")
    long = train(budget="60", resume=True, force=True)
    assert long.steps == 60 and short.loss is not None and long.loss is not None and long.loss < short.loss - 0.01


def test_a_flow_learns_mean_velocities_in_the_last_part_of_its_run(
    train: Callable[..., auricle.TrainedPrior], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auricle.synth.training.task.LEAST_STEPS", 9)
    reports: list[Any] = []
    prior = train(config=MEANS, budget="30", callbacks=auricle.TrainingCallbacks(on_report=reports.append)).prior
    assert isinstance(prior, FlowPrior) and prior.has_mean_velocities and prior.state_dict()["span.2.weight"].any()
    assert [(report.step, report.phase, report.preview.measure) for report in reports] == [
        (10, "prior", "loss"),
        (20, "prior", "loss"),
        (21, "prior", "loss"),
        (30, "mean velocities", "error of mean velocities"),
    ]


@pytest.mark.parametrize("early", [True, False])
def test_a_run_with_next_to_no_mean_velocities_leaves_a_flow_without_them(
    train: Callable[..., auricle.TrainedPrior], early: bool
) -> None:
    finish = auricle.TrainingCallbacks(intent=lambda: auricle.TrainingIntent.finish)
    callbacks = finish if early else auricle.TrainingCallbacks()
    prior = train(config=MEANS, budget="30", callbacks=callbacks).prior
    assert isinstance(prior, FlowPrior) and not prior.has_mean_velocities
    assert not any(name.startswith("span.") for name in prior.state_dict())


def test_a_larger_budget_goes_back_to_the_flow_before_its_mean_velocities(
    train: Callable[..., auricle.TrainedPrior],
) -> None:
    short = train(config=MEANS, budget="10")
    phases: list[str] = []
    callbacks = auricle.TrainingCallbacks(on_report=lambda report: phases.append(report.phase))
    long = train(config=MEANS, budget="100", resume=True, force=True, callbacks=callbacks)
    assert (phases[0], phases[-1], long.steps) == ("prior", "mean velocities", 100)
    assert short.loss is not None and long.loss is not None and long.loss < short.loss - 0.01


def test_a_base_without_mean_velocities_gets_them(
    train: Callable[..., auricle.TrainedPrior], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auricle.synth.training.task.LEAST_STEPS", 3)
    first = train(budget="10", out=tmp_path / "first.prior.safetensors")
    second = train(budget="10", base=str(first.path), config=None, out=tmp_path / "second.prior.safetensors")
    assert not first.prior.state_dict().keys() & {"span.2.weight"}
    assert isinstance(second.prior, FlowPrior) and second.prior.has_mean_velocities
    assert second.prior.state_dict()["span.2.weight"].any()


def test_a_prior_goes_on_from_another_one(train: Callable[..., auricle.TrainedPrior], tmp_path: Path) -> None:
    first = train(budget="60", out=tmp_path / "first.prior.safetensors")
    second = train(budget="1", base=str(first.path), config=None, out=tmp_path / "second.prior.safetensors")
    fresh = train(budget="1", out=tmp_path / "fresh.prior.safetensors")
    assert first.loss is not None and second.loss is not None and fresh.loss is not None
    assert second.loss < first.loss + 0.05 < fresh.loss
    assert second.prior.info.training["base"] == "first"


def test_a_base_of_another_model_is_refused(train: Callable[..., auricle.TrainedPrior]) -> None:
    with pytest.raises(ModelError, match="makes latents of the model 'music', not of"):
        train(base="drums", config=None)


def test_a_config_beside_a_base_is_refused(train: Callable[..., auricle.TrainedPrior], tmp_path: Path) -> None:
    out = tmp_path / "never.prior.safetensors"
    with pytest.raises(OptionError, match="the prior drums has a shape of its own: leave config or base out"):
        train(base="drums", config=CONFIGS["flow"], out=out)
    assert not list(tmp_path.glob("never*"))


def test_few_steps_and_chance_are_called_that(train: Callable[..., auricle.TrainedPrior]) -> None:
    nothing = train(budget="1", force=True)
    assert nothing.verdict.startswith("no better than chance after 1 steps")
    some = train(budget="60", force=True)
    assert some.verdict == "60 steps are few: expect rough sounds, go on with a larger budget"
    assert auricle.info(some.path).info["metrics"]["verdict"] == some.verdict  # type: ignore[union-attr]
    again = train(budget="60", force=True, resume=True)
    assert (again.steps, again.verdict, again.prior.info.training) == (60, some.verdict, some.prior.info.training)
