"""Sources and results at URLs; a store in memory stands for others."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import soundfile
from copy_task import CopyTask
from fsspec.implementations.memory import MemoryFileSystem

from auricle.archive.manifest import DONE, FAILED, FileRecord, Manifest
from auricle.archive.places import RemotePath, is_remote, place_of
from auricle.archive.plan import check_target_folder, make_plan
from auricle.archive.sources import find_sources, is_many, read_list
from auricle.archive.tasks.classify import rejected_of
from auricle.archive.tasks.codec import is_audio
from auricle.archive.tasks.prepare import PrepareTask, listed_sounds
from auricle.archive.tasks.task import FileJob, LoadedModels, Outcome, work_on
from auricle.cli.many import split_target, uses_engine
from auricle.errors import DataError, OptionError, OutputError
from auricle.options.archive import ArchiveOptions, PrepareOptions
from auricle.printable import file_reasons, rejected_lines


@pytest.fixture
def store() -> Iterator[MemoryFileSystem]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    for name in ("a.wav", "low/b c.wav", "low/notes.txt", ".hidden/d.wav"):
        system.pipe(f"/in/{name}", f"sound {name}".encode())
    yield system
    system.store.clear()


def remote(url: str) -> RemotePath:
    place = place_of(url)
    assert isinstance(place, RemotePath)
    return place


@pytest.mark.parametrize(("text", "shown"), [("memory://in/x.wav", "memory:///in/x.wav")])
def test_a_url_survives_pathlib(text: str, shown: str):
    assert str(place_of(text)) == str(place_of(Path(text))) == shown and is_remote(Path(text))


def test_what_stays_a_path(tmp_path: Path):
    assert place_of(tmp_path) == tmp_path and place_of(f"file://{tmp_path}/x") == tmp_path / "x"
    assert place_of(Path(f"file://{tmp_path}/x")) == tmp_path / "x"
    assert place_of("C:\\sounds") == Path("C:\\sounds") and not is_remote(Path("odd:name"))
    with pytest.raises(DataError, match=r"can't open nonsense://x"):
        place_of("nonsense://x")


def test_files_below_a_url_are_named_from_inside(store: MemoryFileSystem, task: CopyTask):
    found = find_sources([remote("memory://in")], (), task.accepts, task.kind)
    assert [source.name for source in found.sources] == ["a.wav", "low/b c.wav"] and found.others == 1
    assert find_sources([remote("memory://in"), remote("memory://in")], (), task.accepts, task.kind).others == 1
    (one,) = find_sources([remote("memory://in/a.wav")], (), task.accepts, task.kind).sources
    assert one.name == "a.wav" and is_many([Path("memory:/in/a.wav")])
    both = find_sources(read_list(["memory://in/low\n", "memory://in/a.wav\n"]), (), task.accepts, task.kind)
    assert [source.name for source in both.sources] == ["a.wav", "low/b c.wav"]
    with pytest.raises(DataError, match="nothing lies at memory:///elsewhere"):
        find_sources([remote("memory://elsewhere")], (), task.accepts, task.kind)


def worked(task: CopyTask, *, force: bool = False) -> list[Outcome]:
    """What becomes of everything below memory://in, written below memory://out."""
    target = remote("memory://out")
    found = find_sources([remote("memory://in")], (), task.accepts, task.kind)
    with Manifest.open(target / "manifest.jsonl") as manifest:
        key = manifest.begin(task.settings())
        plan = make_plan(found, target, task, manifest, key, force=force, checked_share=0.0)
        manifest.start([job.record.target for job in plan.jobs])
        outcomes = [work_on(job, task, LoadedModels()) for job in plan.jobs]
        for outcome in outcomes:
            manifest.add(outcome.record)
    return outcomes


def test_results_and_ledger_lie_at_the_url(store: MemoryFileSystem, task: CopyTask):
    assert [outcome.record.error for outcome in worked(task)] == ["", ""]
    assert store.cat("/out/low/b c.copy") == b"sound low/b c.wav"
    assert worked(task) == []
    store.pipe("/in/a.wav", b"sound, and a longer one")
    (again,) = worked(task)
    assert again.record.source == "a.wav" and store.cat("/out/a.copy") == b"sound, and a longer one"
    store.rm("/out/a.copy")
    assert len(worked(task)) == 1


def test_what_nobody_knows_is_not_replaced_but_an_equal_result_counts(store: MemoryFileSystem, task: CopyTask):
    store.pipe("/out/a.copy", b"somebody's")
    store.pipe("/out/low/b c.copy", b"sound low/b c.wav")
    first, second = worked(task)
    assert "memory:///out/a.copy exists already" in first.record.error and not second.record.error
    assert store.cat("/out/a.copy") == b"somebody's"
    assert not worked(task, force=True)[0].record.error and store.cat("/out/a.copy") == b"sound a.wav"


def test_errors_name_the_url(store: MemoryFileSystem, task: CopyTask):
    store.pipe("/in/bad.wav", b"bad ")
    source = remote("memory://in/bad.wav")
    outcome = work_on(
        FileJob(0, source, remote("memory://out/bad.copy"), False, False, FileRecord("bad.wav", FAILED)),
        task,
        LoadedModels(),
    )
    assert outcome.record.error == "memory:///in/bad.wav is bad"
    store.rm("/in/bad.wav")
    gone = work_on(FileJob(0, source, source, False, False, FileRecord("bad.wav", FAILED)), task, LoadedModels())
    assert gone.record.error == "memory:///in/bad.wav does not exist any more"


def test_two_runs_at_a_url_notice_each_other(store: MemoryFileSystem, task: CopyTask):
    place = remote("memory://out") / "manifest.jsonl"
    with pytest.raises(OutputError, match="another run is writing"), Manifest.open(place) as first:
        first.begin({})
        with Manifest.open(place) as second:
            second.begin({})


def test_verbs_take_urls_as_folders(tmp_path: Path):
    """pathlib has made one slash of two by then."""
    inside, local, single = Path("memory://in"), tmp_path / "out", ArchiveOptions()
    assert split_target("compress", (inside, local), single) == ((inside,), local)
    assert split_target("compress", (tmp_path / "a.wav", inside), single) == ((tmp_path / "a.wav",), inside)
    assert split_target("compress", (tmp_path / "a.wav", local), single) == ((tmp_path / "a.wav",), local)
    assert split_target("compress", (tmp_path / "a.wav", tmp_path / "a.aur"), single) is None
    with pytest.raises(OptionError, match="is at a URL: name the folder to write into"):
        split_target("compress", (inside,), single)
    assert uses_engine((inside,), single) and not uses_engine((local,), single)


def test_a_target_inside_what_is_read_is_refused(store: MemoryFileSystem):
    with pytest.raises(OptionError, match="lies inside"):
        check_target_folder(remote("memory://in/out"), [remote("memory://in")])
    check_target_folder(remote("memory://input"), [remote("memory://in")])


@pytest.fixture
def without_sizes(store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch) -> MemoryFileSystem:
    """The store, whose listings tell only names, as the links of a web page."""
    found = MemoryFileSystem.find

    def links(system: MemoryFileSystem, path: str, **more: Any) -> dict[str, Any]:
        return {name: {"name": name, "size": None, "type": "file"} for name in found(system, path)}

    monkeypatch.setattr(MemoryFileSystem, "find", links)
    return store


def test_a_file_at_a_url_is_rejected_by_its_whole_name(store: MemoryFileSystem) -> None:
    store.pipe("/in/a.wav", b"words")
    (source,) = find_sources([remote("memory://in/a.wav")], (), is_audio, "audio files", as_named=True).sources
    failed = [
        FileRecord(name, FAILED, error=f"{name} is no sound") for name in (source.name, "s3://in//b.wav", "c/d.wav")
    ]
    rejected = rejected_of([*failed, FileRecord("e.wav", DONE)])
    names = ["memory:///in/a.wav", "s3://in//b.wav", "c/d.wav"]
    assert [file["path"] for file in file_reasons(rejected)] == names and rejected[2].path == Path("c/d.wav")
    assert [file.brief[0] for file in rejected] == ["a.wav", "b.wav", "d.wav"]
    assert rejected_lines(rejected[:1]) == ("1 file was left out: memory:///in/a.wav is no sound",)


def test_a_source_whose_listing_tells_no_size_is_done_once(
    without_sizes: MemoryFileSystem, task: CopyTask, tmp_path: Path
):
    found = find_sources([remote("memory://in/low")], (), task.accepts, task.kind)
    with Manifest.open(tmp_path / "manifest.jsonl") as manifest:
        key = manifest.begin(task.settings())
        (job,) = make_plan(found, tmp_path, task, manifest, key, force=False, checked_share=0.0).jobs
        manifest.add(work_on(job, task, LoadedModels()).record)
        assert not make_plan(found, tmp_path, task, manifest, key, force=False, checked_share=0.0).jobs


def test_a_sound_whose_listing_tells_no_size_is_not_taken_for_changed(without_sizes: MemoryFileSystem, tmp_path: Path):
    data = io.BytesIO()
    soundfile.write(data, np.random.default_rng(0).uniform(-0.5, 0.5, 4000), 16000, format="WAV")
    without_sizes.pipe("/web/a.wav", data.getvalue())
    found = find_sources([remote("memory://web")], (), is_audio, "audio files")
    listing = tmp_path / "sounds-000000-of-000001.jsonl"
    listing.write_text("".join(f"{sound.line()}\n" for sound in listed_sounds(found.sources)))
    task = PrepareTask(PrepareOptions(sample_rate=16000))
    result = task.run(listing, tmp_path / "sounds.tar", LoadedModels(), force=False)
    assert result["refused"] == [] and result["sounds"] == 1
