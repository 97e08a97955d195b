"""Models on the hub, against a local stand-in for its HTTP interface; the real hub is not reached."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hub_stand_in import TOKEN, Hub, running_hub

import auricle
from auricle.audio.writer import write
from auricle.errors import ModelError
from auricle.hub.card import CardFacts, card
from auricle.hub.download import local_path
from auricle.model.files.tensor_file import pretrained

pytest.importorskip("huggingface_hub", reason="the extra hub, which make test installs")


@dataclass
class Place:
    """A hub, a folder to work in, and the settings that lead huggingface_hub to them."""

    hub: Hub
    folder: Path

    def run(self, code: str, **settings: str) -> str:
        """What Python prints, in a process of its own: huggingface_hub reads its settings when it is loaded."""
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=self._settings(settings), capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def auricle(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "auricle", *words]
        return subprocess.run(command, cwd=self.folder, env=self._settings(settings), capture_output=True, text=True)

    def _settings(self, more: dict[str, str]) -> dict[str, str]:
        return os.environ | {
            "HF_ENDPOINT": self.hub.url,
            "HF_HOME": str(self.folder / "hf"),
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
            **more,
        }


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def place(hub: Hub, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A hub that holds a model, pushed by the verb."""
    folder = tmp_path_factory.mktemp("hub")
    write(folder / "a.wav", 0.1 * np.random.default_rng(0).standard_normal((1, 16000), np.float32), 16000)
    (folder / "mine.auricle.safetensors").write_bytes(model_file.read_bytes())
    place = Place(hub, folder)
    pushed = place.auricle("push", "mine.auricle.safetensors", "owner/tiny", "--json")
    assert pushed.returncode == 0, pushed.stderr
    values = json.loads(pushed.stdout)
    assert values["commit"] == hub.branches["owner/tiny"]["main"]
    assert set(values["files"]) == {"model.auricle.safetensors", "config.json", "README.md"}
    return place


def test_what_was_pushed_is_the_file_its_config_and_a_card(place: Place, model_file: Path):
    files = place.hub.files("owner/tiny")
    assert files["model.auricle.safetensors"] == model_file.read_bytes()
    assert json.loads(files["config.json"])["config"]["sample_rate"] == 16000
    text = files["README.md"].decode()
    assert text.startswith("---\nlibrary_name: auricle\n") and "# tiny" in text
    assert "Licence of the weights: not stated" in text and "--model hf://owner/tiny" in text


def test_verbs_take_a_model_of_the_hub_and_then_its_copy(place: Place):
    done = place.auricle("compress", "a.wav", "a.aur", "--model", "hf://owner/tiny", "--quality", "2", "--json")
    assert done.returncode == 0, done.stderr
    offline = place.auricle("decompress", "a.aur", "b.wav", "--model", "hf://owner/tiny@main", HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stderr
    assert auricle.read(place.folder / "b.wav")[0].shape == (1, 16000)
    told = place.auricle("info", "hf://owner/tiny", "--json", HF_HUB_OFFLINE="1")
    assert json.loads(told.stdout)["info"]["name"] == "tiny"


def test_a_folder_is_compressed_with_a_model_of_the_hub(place: Place):
    (place.folder / "sounds").mkdir()
    (place.folder / "sounds" / "a.wav").write_bytes((place.folder / "a.wav").read_bytes())
    done = place.auricle("compress", "sounds", "coded", "--model", "hf://owner/tiny", "--quality", "2")
    assert done.returncode == 0 and (place.folder / "coded" / "a.aur").is_file(), done.stderr


PRETRAINED = """
import auricle
from auricle.model import fingerprint
print(len({{fingerprint(auricle.Autoencoder.from_pretrained(name)) for name in {names!r}}}))
"""
NAMES = ("owner/tiny", "hf://owner/tiny@main", "hf://owner/tiny/model.auricle.safetensors", "mine.auricle.safetensors")


def test_from_pretrained_is_the_same_model(place: Place):
    assert place.run(PRETRAINED.format(names=NAMES)) == "1"


PUSHED = """
import auricle
model = auricle.load("mine.auricle.safetensors")
result = model.push_to_hub("owner/other", options=auricle.PushOptions(private=True, branch="next"))
print(result.commit)
model.save_pretrained("folder")
assert auricle.Autoencoder.from_pretrained("folder").name == "tiny"
found = auricle.Autoencoder.from_pretrained("owner/other", revision="next")
print(found.name)
try:
    auricle.load("hf://owner/other")
except auricle.ModelError as error:
    print(error)
"""


def test_push_to_hub_commits_to_a_branch(place: Place):
    commit, name, error = place.run(PUSHED).splitlines()
    assert place.hub.branches["owner/other"]["next"] == commit and name == "tiny"
    assert error == "owner/other on the hub holds no .auricle.safetensors file: name another repository"


def test_a_card_that_is_there_stays_and_a_commit_can_be_a_pull_request(place: Place):
    repo = "owner/edited"
    place.auricle("push", "mine.auricle.safetensors", repo)
    place.hub.files(repo)["README.md"] = b"written by hand"
    again = place.auricle(
        "push", "mine.auricle.safetensors", repo, "--create-pr", "--message", "a better one", "--json"
    )
    values = json.loads(again.stdout)
    assert values["url"].endswith("/discussions/1") and "README.md" not in values["files"]
    assert place.hub.files(repo, "refs/pr/1")["README.md"] == b"written by hand"
    proposed = place.auricle("info", f"hf://{repo}@refs%2Fpr%2F1", "--json")
    assert json.loads(proposed.stdout)["info"]["name"] == "tiny"
    place.auricle("push", "mine.auricle.safetensors", repo, "--replace-card")
    assert b"# tiny" in place.hub.files(repo)["README.md"]


ASKED = """
import auricle
for name in {names!r}:
    try:
        auricle.load(name)
        print("loaded")
    except auricle.ModelError as error:
        print(error)
"""
MISSING = {
    "hf://owner/nothing": "there is no owner/nothing on the hub, or you may not see it",
    "hf://owner/tiny@v9": "owner/tiny on the hub has no revision v9",
    "hf://owner/tiny/other.bin": "owner/tiny on the hub has no file other.bin",
    "hf://closed/model": "closed/model on the hub asks for permission",
    "hf://tiny": "'hf://tiny' is no place on the hub",
}


def test_what_the_hub_has_not_is_one_line(place: Place):
    lines = place.run(ASKED.format(names=list(MISSING))).splitlines()
    assert len(lines) == len(MISSING)
    assert all(line.startswith(message) for line, message in zip(lines, MISSING.values(), strict=True)), lines


def test_a_hub_out_of_reach_is_one_line(place: Place):
    ran = place.auricle("compress", "a.wav", "never.aur", "--model", "hf://owner/nothing", HF_HUB_OFFLINE="1")
    assert ran.returncode == 2 and "owner/nothing is not in the cache of the hub" in ran.stderr
    assert "Traceback" not in ran.stderr and not (place.folder / "never.aur").exists()
    (line,) = place.run(ASKED.format(names=["hf://owner/nothing"]), HF_ENDPOINT="http://127.0.0.1:9").splitlines()
    assert line.startswith("owner/nothing is not in the cache of the hub")


def test_pushing_without_a_token_says_to_log_in(place: Place):
    ran = place.auricle("push", "mine.auricle.safetensors", "owner/new", HF_TOKEN="wrong")
    assert ran.returncode == 2 and "hf auth login" in ran.stderr and "Traceback" not in ran.stderr


def test_a_dry_run_sends_nothing(place: Place):
    before = len(place.hub.requests)
    ran = place.auricle("push", "drums", "owner/drums", "--dry-run")
    assert ran.returncode == 0 and "# drums" in ran.stdout and "hf://owner/drums" in ran.stdout
    assert len(place.hub.requests) == before


def test_a_file_of_any_name_is_pushed_by_its_kind(place: Place):
    (place.folder / "mine.bin").write_bytes((place.folder / "mine.auricle.safetensors").read_bytes())
    (place.folder / "drums.safetensors").write_bytes((pretrained() / "drums.prior.safetensors").read_bytes())
    (place.folder / "forest").write_bytes((pretrained() / "environment.classifier.safetensors").read_bytes())
    for file, kind, pipeline in (
        ("mine.bin", "auricle", "audio-to-audio"),
        ("drums.safetensors", "prior", "audio-to-audio"),
        ("forest", "classifier", "audio-classification"),
    ):
        ran = place.auricle("push", file, "owner/odd", "--dry-run", "--json")
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert told["files"][0] == f"model.{kind}.safetensors" and f"pipeline_tag: {pipeline}\n" in told["card"]


@pytest.mark.parametrize(
    ("options", "named"), [(("--branch", "next"), "@next"), (("--create-pr",), "@refs%2Fpr%2F1"), ((), "")]
)
def test_the_name_that_push_tells_is_that_of_the_commit(place: Place, options: tuple[str, ...], named: str):
    repo = "owner/told"
    ran = place.auricle("push", "mine.auricle.safetensors", repo, *options)
    assert f"hf://{repo}{named} names it" in ran.stdout, ran.stdout
    assert place.auricle("info", f"hf://{repo}{named}").returncode == 0


def test_a_path_keeps_naming_the_hub(place: Place):
    assert str(Path("hf://owner/tiny")).startswith("hf:/")
    with pytest.raises(ModelError, match="no place on the hub"):
        local_path(Path("hf://tiny"))


def test_a_card_says_what_is_not_known_and_holds_no_markup_of_the_file():
    facts = CardFacts("model", "a<script>", licence="My Own", metrics={"x|y": 0.123456})
    text = card(facts, "owner/name")
    assert "license: other\nlicense_name: my-own\n" in text
    assert "<script>" not in text and "x\\|y | 0.1235" in text and "The file does not say." in text
    known = card(CardFacts("model", "b", licence="Apache-2.0"), "owner/name")
    assert known.startswith("---\nlicense: apache-2.0\n")
