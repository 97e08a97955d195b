"""Archives and corpora in an object store: moto's S3 on this machine."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from copy_task import CopyTask, contents

from auricle.archive.prepare import prepare
from auricle.archive.run import run_archive
from auricle.data.shards.corpus import PreparedCorpus, is_prepared
from auricle.options.archive import ArchiveOptions, PrepareOptions

pytestmark = pytest.mark.slow
RATE = 8000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="the extra scale is not installed")
    moto = pytest.importorskip("moto.server", reason="moto with flask is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket named ``bucket``, which keeps versions."""
    for name, value in (
        ("AWS_ENDPOINT_URL", server),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    import boto3
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    client.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    system = s3fs.S3FileSystem(use_listings_cache=False)
    yield system
    for version in client.list_object_versions(Bucket="bucket").get("Versions", ()):
        client.delete_object(Bucket="bucket", Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket="bucket")


def versions(prefix: str) -> list[str]:
    import boto3

    answer = boto3.client("s3").list_object_versions(Bucket="bucket", Prefix=prefix)
    return sorted(version["Key"].removeprefix(prefix) for version in answer.get("Versions", ()))


def test_from_a_bucket_into_a_bucket(store: Any, folder: Path, tmp_path: Path, task: CopyTask):
    store.put(str(folder), "bucket/in", recursive=True)
    source, target = "s3://bucket/in", "s3://bucket/out"
    result = run_archive(task, [source], target, options=ArchiveOptions(jobs=2))
    assert not result.failed and len(result.done) == 3 and result.others == 1
    run_archive(CopyTask(tmp_path / "other"), [folder], tmp_path / "unbroken")
    expected = contents(tmp_path / "unbroken")
    assert {name: store.cat(f"bucket/out/{name}") for name in expected} == expected
    again = run_archive(task, [source], target)
    assert again.skipped == 3 and task.log.read_text().count("ran") == 3
    store.pipe("bucket/in/a.wav", b"another sound")
    changed = run_archive(task, [source], target)
    assert changed.skipped == 2 and store.cat("bucket/out/a.copy") == b"another sound"
    once = [name for name in versions("out/") if name.endswith(".copy")]
    assert once == ["a.copy", "a.copy", "low/b.copy", "low/deep/c.copy"]


def test_from_a_folder_and_back(store: Any, folder: Path, tmp_path: Path, task: CopyTask):
    store.pipe("bucket/out/a.copy", b"somebody's")
    result = run_archive(task, [folder], "s3://bucket/out")
    (failed,) = result.failed
    assert "s3://bucket/out/a.copy exists already" in failed.error and store.cat("bucket/out/a.copy") == b"somebody's"
    run_archive(task, [folder], "s3://bucket/out", force=True)
    assert store.cat("bucket/out/a.copy") == b"sound a.wav"
    store.put(str(folder), "bucket/in", recursive=True)
    back = run_archive(task, ["s3://bucket/in/low"], tmp_path / "back")
    assert not back.failed and contents(tmp_path / "back")["deep/c.copy"] == b"sound low/deep/c.flac"


def test_a_corpus_in_a_bucket_is_that_of_a_folder(store: Any, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        soundfile.write(folder / f"{number}.wav", np.random.default_rng(number).uniform(-0.5, 0.5, 4000), RATE)
    store.put(str(folder), "bucket/sounds", recursive=True)
    options = PrepareOptions(sample_rate=RATE)
    there = prepare(["s3://bucket/sounds"], "s3://bucket/corpus", options=options)
    here = prepare([folder], tmp_path / "corpus", options=options)
    assert there.sounds == here.sounds == 5 and there.bytes == here.bytes
    assert prepare(["s3://bucket/sounds"], "s3://bucket/corpus", options=options).skipped == 1
    assert is_prepared("s3://bucket/corpus")
    ours, _ = PreparedCorpus.open("s3://bucket/corpus", tmp_path).parts()
    theirs, _ = PreparedCorpus.open(tmp_path / "corpus", tmp_path).parts()
    assert list(ours.names) == list(theirs.names)
    for index in range(len(ours)):
        np.testing.assert_array_equal(ours.crop(index, 100, 500), theirs.crop(index, 100, 500))
