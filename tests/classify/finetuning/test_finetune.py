import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from small_sounds import KINDS, RATE, sound

from auricle import ClassifierOptions, DeviceConfig, FinetuneOptions, finetune
from auricle.classify.classifier import Classifier
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.pooling import FeatureConfig, batch_features, normalise_level
from auricle.classify.finetuning.augment import Augmentation, LabelledCrops
from auricle.classify.finetuning.finetune import FineTuning
from auricle.classify.label_checks import load_labels
from auricle.classify.probes.folds import split_folds
from auricle.data import AudioCache, scan
from auricle.errors import DataError, ModelError, OptionError, OutputError
from auricle.model import load
from model.forged import save_forged


@pytest.fixture
def cache(sounds: Path, tmp_path: Path) -> AudioCache:
    return AudioCache.build(scan(sounds).sounds, tmp_path / "decoded", sample_rate=RATE)


def crops(cache: AudioCache, changes: Augmentation, seed: int = 0, rows: Sequence[int] = range(24)) -> LabelledCrops:
    return LabelledCrops(cache, rows, np.arange(24) // 8, 3, longest=4000, batch=6, changes=changes, seed=seed)


def test_features_of_a_batch_are_those_of_each_sound(model_file: Path):
    model, recipe = load(model_file), FeatureConfig(shifts=2, segments=3, depths="all", raw=True)
    alone = [normalise_level(sound(kind, 3, 0.2 + 0.1 * index)) for index, kind in enumerate(KINDS)]
    audio = np.zeros((3, max(map(len, alone))), np.float32)
    for row, samples in zip(audio, alone, strict=True):
        row[: len(samples)] = samples
    with torch.no_grad():
        together = batch_features(model, torch.from_numpy(audio), [len(samples) for samples in alone], recipe).numpy()
    extractor = LatentFeatures(model, recipe)
    for row, samples in zip(together, alone, strict=True):
        assert np.allclose(row, extractor.mono_features(samples), atol=2e-3)


def test_a_batch_depends_on_seed_step_and_shard_alone(cache: AudioCache):
    first = crops(cache, Augmentation()).batch(3, 1)
    second = crops(cache, Augmentation()).batch(3, 1)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first.audio[:, :500], crops(cache, Augmentation()).batch(4, 1).audio[:, :500])
    assert not np.array_equal(first.audio[:, :500], crops(cache, Augmentation(), seed=1).batch(3, 1).audio[:, :500])


def test_labels_of_mixtures_add_up_to_one(cache: AudioCache):
    batch = crops(cache, Augmentation(mix=1.0)).batch(0)
    assert np.allclose(batch.targets.sum(1), 1)
    assert ((batch.targets > 0.01).sum(1) > 1).any()
    assert all(np.abs(row[length:]).max(initial=0) == 0 for row, length in zip(batch.audio, batch.lengths, strict=True))


def test_without_changes_a_crop_is_a_piece_of_its_sound(cache: AudioCache):
    changes = Augmentation(share=1.0, speed=0, tilt=0, noise=0, mix=0)
    batch = crops(cache, changes, rows=[5]).batch(0)
    samples = cache.sound(5)[0]
    assert batch.targets.tolist() == [[1.0, 0.0, 0.0]] * 6
    piece = batch.audio[0, : batch.lengths[0]]
    likeness = np.correlate(samples, piece, "valid").max() / np.linalg.norm(piece)
    assert likeness > 0.9 * np.linalg.norm(samples[: len(piece)]) or likeness > 0.5 * np.linalg.norm(samples)


def test_rare_classes_are_drawn_as_often(cache: AudioCache):
    changes = Augmentation(mix=0)
    balanced_crops = crops(cache, changes, rows=[0, *range(8, 16), *range(16, 24)])
    counts = sum(balanced_crops.batch(step).targets.sum(0) for step in range(30))
    assert counts.min() > 0.7 * counts.mean()


def test_it_learns_is_stored_and_needs_no_other_model(sounds: Path, model_file: Path, tmp_path: Path):
    path = tmp_path / "fine.classifier.safetensors"
    options = FinetuneOptions(groups=r"_(\w+)\.", trackers="none", budget="30")
    tuned = finetune(sounds, out=path, model=model_file, options=options, device=DeviceConfig(threads=1))
    assert tuned.held_out > 0
    assert tuned.before is not None and tuned.after is not None
    assert tuned.after.loss <= tuned.before.loss
    classifier = Classifier.load(path)
    right = [
        classifier.predict((sound(KINDS[n % 3], 700 + n), RATE)).sounds[0].guesses[0].label == KINDS[n % 3]
        for n in range(12)
    ]
    assert np.mean(right) > 0.9
    fresh = (sound(KINDS[0], 5), RATE)
    assert classifier.predict(fresh) == tuned.classifier.predict(fresh)
    assert (tmp_path / "fine.classifier.run" / "run.html").is_file()
    with pytest.raises(OutputError, match="exists already"):
        finetune(sounds, out=path, model=model_file, options=options)


def test_the_encoder_changes_unless_that_does_not_help(sounds: Path, model_file: Path, tmp_path: Path):
    model = load(model_file)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    finetuning = FineTuning(load_labels(sounds, ClassifierOptions()), model, tmp_path)
    with torch.no_grad():
        finetuning.task.module.get_parameter("weights").mul_(-3)  # as if training had gone wrong
    tuned = finetuning.result()
    assert not tuned.helped
    assert tuned.classifier.metadata.encoder == LatentFeatures(model).fingerprint
    assert tuned.after is not None and tuned.before is not None and tuned.after.loss == tuned.before.loss
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.fixture
def stored(sounds: Path, model_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "own.classifier.safetensors"
    FineTuning(load_labels(sounds, ClassifierOptions()), load(model_file), tmp_path / "home").result().classifier.save(
        path
    )
    return path


@pytest.mark.parametrize("damage", ["missing", "shape", "infinite", "strange", "config"])
def test_a_damaged_encoder_is_refused(stored: Path, damage: str):
    arrays = load_file(stored)
    with safe_open(stored, "np") as file:
        words = file.metadata()
    name = next(name for name in arrays if name.startswith("encoder.") and arrays[name].ndim == 2)
    match damage:
        case "missing":
            del arrays[name]
        case "shape":
            arrays[name] = arrays[name][1:]
        case "infinite":
            arrays[name] = np.full_like(arrays[name], np.inf)
        case "strange":
            arrays["encoder.more"] = np.zeros(3, np.float16)
        case _:
            metadata = json.loads(words["classifier"])
            metadata["own"]["encoder"][0]["dim"] = 17
            words["classifier"] = json.dumps(metadata)
    save_forged(arrays, stored, words)
    with pytest.raises(ModelError, match="damaged"):
        Classifier.load(stored)


def test_changed_weights_do_not_pass_for_the_described_encoder(stored: Path):
    arrays = load_file(stored)
    with safe_open(stored, "np") as file:
        words = file.metadata()
    name = next(name for name in arrays if name.startswith("encoder.") and arrays[name].ndim == 2)
    arrays[name] = arrays[name] * np.float16(1.5)
    save_forged(arrays, stored, words)
    with pytest.raises(ModelError):
        Classifier.load(stored)


def test_what_can_not_be_learned_is_refused(sounds: Path, model_file: Path, tmp_path: Path):
    out = tmp_path / "a.classifier.safetensors"
    with pytest.raises(DataError, match="two classes or more"):
        finetune(_one_class(sounds), out=out, model=model_file)
    with pytest.raises(OptionError, match="budget"):
        finetune(sounds, out=out, model=model_file, options=FinetuneOptions(budget="soon"))
    assert not out.exists()
    assert not out.with_name("a.classifier.run").exists()


def _one_class(sounds: Path) -> Path:
    folder = sounds.with_name("lonely")
    folder.mkdir()
    (sounds / KINDS[0]).rename(folder / KINDS[0])
    return folder


@pytest.mark.parametrize("groups", [None, ["a", "b", "a", "c"]])
def test_fewer_sounds_of_a_class_than_folds_can_be_dealt_out(groups: list[str] | None):
    parts = split_folds(np.array([0, 1, 2, 2]), groups, 3, 0)
    assert sorted(np.concatenate(parts).tolist()) == [0, 1, 2, 3]
    if groups is not None:
        assert any({0, 2} <= set(part.tolist()) for part in parts)
