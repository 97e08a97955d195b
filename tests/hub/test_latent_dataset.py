"""A folder's latents and codes, as batches."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed
from torch.multiprocessing import spawn
from torch.utils.data import DataLoader

import auricle
from auricle.audio.writer import write
from auricle.errors import DataError, OptionError

FRAMES = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for label, count in (("low", 3), ("high", 2)):
        (folder / label).mkdir()
        for number in range(count):
            noise = 0.1 * random.standard_normal((1, 16000 + 1600 * number), np.float32)
            write(folder / label / f"{number}.wav", noise, 16000)
    (folder / "high" / "broken.wav").write_bytes(b"nothing")
    return folder


def test_windows_put_together_are_the_latents_of_the_file(folder: Path, model_file: Path):
    dataset, model = auricle.LatentDataset(folder, model_file, frames=FRAMES), auricle.load(model_file)
    assert [rejected.path.name for rejected in dataset.rejected] == ["broken.wav"]
    windows = [item for item in dataset if item["name"] == "low/1.wav"]
    assert [item["start"] for item in windows] == [FRAMES * index for index in range(len(windows))]
    together = torch.cat([item["latents"][: item["length"]] for item in windows])
    audio, rate = auricle.read(folder / "low" / "1.wav")
    assert torch.equal(together, torch.from_numpy(model.encode(audio, sample_rate=rate)[0]))
    assert {item["label"] for item in dataset} == {"low", "high"}


def test_codes_are_those_of_the_model(folder: Path, model_file: Path):
    model = auricle.load(model_file)
    dataset = auricle.LatentDataset(folder, model, form="codes", quality=2)
    first = next(iter(dataset))
    audio, _ = auricle.read(folder / first["name"])
    assert first["codes"].dtype == torch.int32
    assert torch.equal(first["codes"], torch.from_numpy(model.codes(audio, 2)[0]))


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_share_the_files_and_each_window_comes_once(folder: Path, model_file: Path, workers: int):
    dataset = auricle.LatentDataset(folder, model_file, frames=FRAMES, shuffle_seed=1)
    loader = DataLoader(dataset, batch_size=4, num_workers=workers)
    batches = list(loader)
    assert batches[0]["latents"].shape == (4, FRAMES, 8)
    windows = [pair for batch in batches for pair in zip(batch["name"], batch["start"].tolist(), strict=True)]
    plain = [(item["name"], item["start"]) for item in auricle.LatentDataset(folder, model_file, frames=FRAMES)]
    assert sorted(windows) == sorted(plain) and windows != plain


def _names_of_share(rank: int, folder: Path, model_file: Path, out: Path) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{out / 'group'}", rank=rank, world_size=2)
    dataset = auricle.LatentDataset(folder, model_file, shuffle_seed=1)
    (out / f"{rank}.txt").write_text("\n".join(item["name"] for item in dataset))
    distributed.destroy_process_group()


@pytest.mark.skipif(sys.platform == "win32", reason="a group by a file")
def test_processes_of_a_group_share_the_files(folder: Path, model_file: Path, tmp_path: Path):
    spawn(_names_of_share, (folder, model_file, tmp_path), nprocs=2)
    first, second = ((tmp_path / f"{rank}.txt").read_text().split("\n") for rank in (0, 1))
    assert sorted(first + second) == [sound.name for sound in auricle.LatentDataset(folder, model_file).sounds]
    assert abs(len(first) - len(second)) <= 1


def test_another_pass_has_another_order(folder: Path, model_file: Path):
    dataset = auricle.LatentDataset(folder, model_file, shuffle_seed=3)
    orders = {tuple(item["name"] for item in dataset) for _ in range(6)}
    assert len(orders) > 1


def test_bad_settings_are_refused(folder: Path, model_file: Path, tmp_path: Path):
    for settings in ({"frames": 0}, {"form": "words"}, {"quality": 2.0}):
        with pytest.raises(OptionError):
            auricle.LatentDataset(folder, model_file, **settings)
    with pytest.raises(DataError, match="does not exist"):
        auricle.LatentDataset(tmp_path / "none", model_file)


def test_hugging_face_datasets_takes_it(folder: Path, model_file: Path, tmp_path: Path):
    datasets = pytest.importorskip("datasets", reason="the datasets package")
    source = auricle.LatentDataset(folder, model_file, frames=FRAMES)
    table = datasets.Dataset.from_generator(source.__iter__, cache_dir=str(tmp_path))
    assert len(table) == len(list(source))
