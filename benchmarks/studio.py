"""The studio with many sounds, many files and little peace: how soon it shows, how it holds, what it loses.

Parts: page (first page), library (sounds listed and scrolled), map (points drawn), uploads (some of them damaged), busy
(answers while a training has all cores), use (memory after a time of use), lost (pages and the server go away in the
middle). Pages are those of the machine's Chromium, which draws without a graphics card here. Beside the clock stands
the processor time of server and browser together: of frames, that of each.

Parts that are not asked for stay in the result as they were measured before on the same day: `--parts use` takes an
hour, the others want a machine to themselves for some minutes.
"""

import io
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, final

import numpy as np
import soundfile

from _shared import OptionError, parser, publish, run, table, tell
from _studio import StudioServer, browser, new_page, processor_seconds, share_priority
from auricle.studio.server.library import sound_id

_RATE = 16_000
_TINY = {"title": "tiny", "sounds": {}, "base": "none", "preset": "conv"}
_FRAMES = """async ([act, seconds]) => {
  const move = new Function("step", act);
  const times = [];
  const end = performance.now() + 1000 * seconds;
  for (let step = 0; performance.now() < end; step++) {
    move(step);
    times.push(await new Promise(requestAnimationFrame));
  }
  return times.slice(1).map((time, index) => time - times[index]);
}"""
_SCROLL = "document.querySelector('.sound-list').scrollTop = 170 * step"
_DRAG = """
  const canvas = document.querySelector('.map canvas'), box = canvas.getBoundingClientRect();
  const at = { clientX: box.x + 300 + 100 * Math.sin(step / 9), clientY: box.y + 200, bubbles: true, pointerId: 1 };
  if (step === 0) { canvas.setPointerCapture = () => {}; canvas.dispatchEvent(new PointerEvent('pointerdown', at)); }
  canvas.dispatchEvent(new PointerEvent('pointermove', at));
"""


_DRAW = """async ([count, turns]) => {
  const { soundMap } = await import("/page/components/map.js");
  const point = (n) => ({ x: (Math.sin(n) * (n % 97)) / 97, y: (Math.cos(n) * (n % 89)) / 89, name: n });
  const points = Array.from({ length: count }, (_, n) => point(n));
  const colours = ["#c8553d", "#2f7f8f", "#d99a2b", "#6a5acd"];
  const colourOf = ({ name }) => (name % 2 ? colours[name % 4] : null);
  const map = soundMap({ points, colourOf, onPoint() {}, onHover() {}, onSelect() {} });
  document.querySelector("main").replaceChildren(map.element);
  await new Promise((done) => setTimeout(done, 500));
  for (let turn = 0; turn < turns; turn++) map.draw();
  map.remove();
}"""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--parts", nargs="+", default=list(_PARTS), choices=list(_PARTS), help="what is measured")
    options.add_argument("--sounds", type=int, default=10_000, help="in the library")
    options.add_argument("--points", type=int, default=20_000, help="on the map")
    options.add_argument("--files", type=int, default=500, help="that are sent, two of five of them damaged")
    options.add_argument("--minutes", type=float, default=60.0, help="of use")
    args = options.parse_args()
    settings: dict[str, Any] = {name: vars(args)[name] for name in ("sounds", "points", "files", "minutes")}
    earlier = _earlier(args.out)
    rows = [row for row in earlier.get("rows", ()) if row["part"] not in args.parts]
    settings |= {name: load for name, load in earlier.get("settings", {}).items() if name.startswith("load after ")}
    settings["priority of the session"] = share_priority()
    for part in args.parts:
        tell(part)
        with tempfile.TemporaryDirectory() as scratch:
            rows += [{"part": part, **row} for row in _PARTS[part](Path(scratch), args)]
        settings["load after " + part] = round(os.getloadavg()[0], 1)
        publish("studio", args.out, settings, {"rows": rows}, [table(rows)])  # the next one may take long


def _earlier(folder: Path) -> dict[str, Any]:
    """What was published today, if anything was."""
    path = folder / f"{date.today().isoformat()}-studio.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _row(what: str, value: float | str, unit: str = "", processor: float | None = None) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "processor s": processor}


@final
class Stopwatch:
    """Seconds, and processor seconds of server and browser, since it was made."""

    def __init__(self) -> None:
        self._began, self._spent = time.perf_counter(), processor_seconds()

    def row(self, what: str) -> dict[str, Any]:
        return _row(what, time.perf_counter() - self._began, "s", processor_seconds() - self._spent)


def _page(folder: Path, args: Any) -> list[dict[str, Any]]:
    server = StudioServer(folder)
    icon = f"{server.address.partition('#')[0]}page/icon.svg"
    rows: dict[str, list[dict[str, Any]]] = {}
    with browser() as opened:
        for _ in range(7):  # in turn, for the machine may have others to serve
            for what, address, sign in (("first page", server.address, ".drop"), ("a picture alone", icon, "svg")):
                watch = Stopwatch()
                page = new_page(opened, address)
                page.locator(sign).wait_for()
                rows.setdefault(f"{what}, with its browser window", []).append(watch.row(""))
                clock = page.evaluate("performance.now() / 1000")
                rows.setdefault(f"{what}, since its address was opened", []).append(_row("", clock, "s"))
                page.context.close()
    server.end()
    server_row = _row("server up", server.start_seconds, "s", server.start_processor)
    return [server_row, *(row for what, times in rows.items() for row in _median_and_best(what, times))]


def _median_and_best(what: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(rows, key=lambda row: row["value"])
    middle, best = ordered[len(ordered) // 2], ordered[0]
    return [{**middle, "what": f"{what}, median of {len(rows)}"}, {**best, "what": f"{what}, fastest"}]


def _library(folder: Path, args: Any) -> list[dict[str, Any]]:
    data = _tone(0.1)
    for number in range(args.sounds):
        home = folder / f"kind {number % 20:02d}"
        home.mkdir(exist_ok=True)
        (home / f"sound {number:05d}.wav").write_bytes(data)
    server = StudioServer(folder)
    rows = []
    with browser() as opened:
        for what in ("listed, the first time", "listed again"):
            page = new_page(opened, server.address)
            page.locator(".drop").wait_for()
            watch = Stopwatch()
            page.get_by_role("link", name="Sounds").click()
            page.get_by_text(f"{args.sounds} sounds", exact=True).wait_for()
            page.locator(".sound-row").first.wait_for()
            rows.append(watch.row(what))
        page.locator(".sound-row .outline").first.wait_for()
        rows.append(watch.row("first outlines after"))
        rows += _frames(page, _SCROLL, "scrolling")
        rows.append(_row("rows in the page", float(page.locator(".sound-row").count())))
        rows.append(_row("server", server.memory()["server"], "MB"))
    server.end()
    return rows


def _map(folder: Path, args: Any) -> list[dict[str, Any]]:
    state = folder / ".studio"
    state.mkdir()
    places = np.random.default_rng(0).normal(0, 0.3, (args.points, 2)).clip(-1, 1).round(4)
    sounds = [
        {"id": sound_id(f"{n}.wav"), "name": f"{n}.wav", "x": x, "y": y} for n, (x, y) in enumerate(places.tolist())
    ]
    (state / "library.json").write_text(json.dumps({"model": "speech", "sounds": sounds, "rejected": []}))
    kinds = "\n".join(f"{n}.wav,class {n % 7}" for n in range(0, args.points, 2))
    (state / "labels.csv").write_text(f"path,label\n{kinds}\n")
    server = StudioServer(folder)
    with browser() as opened:
        page = new_page(opened, server.address)
        page.locator(".drop").wait_for()
        watch = Stopwatch()
        page.get_by_role("link", name="Label").click()
        page.locator(".map canvas").wait_for()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        rows = [watch.row("map shown"), *_frames(page, _DRAG, "dragging the map")]
        page.evaluate(_DRAW, [args.points, 1])
        spent = processor_seconds()
        page.evaluate(_DRAW, [args.points, 20])
        rows.append(_row("one drawing of all points", 50 * (processor_seconds() - spent), "processor ms"))
    server.end()
    return rows


def _frames(page: Any, act: str, what: str) -> list[dict[str, Any]]:
    spent = processor_seconds()
    times = page.evaluate(_FRAMES, [act, 6])
    each = (processor_seconds() - spent) / len(times)
    return [
        _row(f"{what}, frames", 1000 * len(times) / sum(times), "per s", each),
        _row(f"{what}, 95 of 100 frames within", float(np.percentile(times, 95)), "ms"),
        _row(f"{what}, the fastest tenth within", float(np.percentile(times, 10)), "ms"),
    ]


def _uploads(folder: Path, args: Any) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    sound = _tone(1.0)
    files = [(f"file {n}", *(_damaged(rng, n) if n % 5 < 2 else (".wav", sound))) for n in range(args.files)]
    server = StudioServer(folder)
    began = time.perf_counter()
    answers: list[float] = []
    with ThreadPoolExecutor(3) as pool:
        statuses = pool.map(lambda file: server.upload(file[0] + file[1], file[2]), files)
        watching = pool.submit(_watch, server, answers)
        codes = list(statuses)
        answers.append(-1.0)  # the watcher ends
        watching.result()
    took = time.perf_counter() - began
    wrong = sum((code == 200) == (number % 5 < 2) for number, code in enumerate(codes))
    kept = len(list(folder.glob("*.wav"))) + len(list(folder.glob("*.flac")))
    left = len(list((folder / ".studio" / "items").iterdir()))
    status, values = server.ask("sounds/list")
    server.end()
    waits = [answer for answer in answers if answer >= 0]
    return [
        _row(f"files sent, {codes.count(400)} refused", float(len(codes))),
        _row("sound refused or damage let in", float(wrong)),
        _row("in the folder, on the list", f"{kept}, {len(values['sounds']) if status == 200 else status}"),
        _row("left behind", float(left)),
        _row("a file", took / len(codes), "s"),
        _row("another answer meanwhile, at most", max(waits), "s"),
    ]


def _watch(server: StudioServer, answers: list[float]) -> None:
    while -1.0 not in answers:
        started = time.perf_counter()
        server.ask("train/runs")
        answers.append(time.perf_counter() - started)
        time.sleep(0.1)


def _damaged(rng: np.random.Generator, number: int) -> tuple[str, bytes]:
    """The suffix and bytes of a file that is none, or not whole."""
    sound = _tone(1.0, "FLAC")
    kinds: tuple[Callable[[], tuple[str, bytes]], ...] = (
        lambda: (".flac", sound[: len(sound) // 2]),
        lambda: (".wav", _tone(1.0)[:9000]),
        lambda: (".mp3", rng.bytes(5000)),
        lambda: (".flac", sound[:4000] + rng.bytes(2000) + sound[6000:]),
        lambda: (".txt", b"words and words"),
        lambda: (".wav", b""),
    )
    return kinds[number % len(kinds)]()


def _busy(folder: Path, args: Any) -> list[dict[str, Any]]:
    server = _trained_on(folder)
    run = server.ask("train/begin", {**_TINY, "budget": {"steps": 100_000}})[1]["run"]
    _until(server, run, lambda details: bool(details["course"]))
    item = server.ask("compress/example", {"name": "speech_1"})[1]
    answers, previews = [], []
    for number in range(40):
        answers.append(_seconds(lambda: server.ask("train/details", {"id": run})))
        if number % 8 == 0:
            values = {"id": item["id"], "codec": "auricle", "kbps": 2 + number / 8}
            previews.append(_seconds(lambda values=values: server.ask("compress/preview", values)))
        time.sleep(0.05)
    paused = _seconds(lambda: server.ask("train/want", {"id": run, "intent": "pause"}))
    _until(server, run, lambda details: details["state"] == "paused")
    server.end()
    return [
        _row("an answer, median of 40", median(answers), "s"),
        _row("an answer, at most", max(answers), "s"),
        _row("a sound at another bitrate, median of 5", median(previews[1:]), "s"),
        _row("a pause is taken in", paused, "s"),
    ]


def _use(folder: Path, args: Any) -> list[dict[str, Any]]:
    server = _trained_on(folder)
    ids = [row[0] for row in server.ask("sounds/list")[1]["sounds"]]
    end, begun, cycles = time.monotonic() + 60 * args.minutes, None, 0
    while time.monotonic() < end:
        _use_once(server, ids, cycles)
        cycles += 1
        begun = begun or (server.memory() if cycles == 3 else None)  # models are loaded then
    last = server.memory()
    server.end()
    begun = begun or last
    return [
        _row("minutes of use", args.minutes),
        _row("rounds of 12 questions", float(cycles)),
        *(
            _row(f"{name}, after 3 rounds and in the end", f"{begun[name]:.0f}, {last[name]:.0f}", "MB")
            for name in last
        ),
    ]


def _use_once(server: StudioServer, ids: list[str], number: int) -> None:
    """What a person does within a minute or so, without the pauses."""
    item = server.ask("compress/example", {"name": ("speech_1", "tabla", "rooster")[number % 3]})[1]["id"]
    for kbps in (2, 3, 6):
        server.ask("compress/preview", {"id": item, "codec": "auricle", "kbps": kbps})
    server.ask("compress/preview", {"id": item, "codec": "opus", "kbps": 12})
    sounds = server.ask("make/sounds", {"prior": "drums", "label": "snare", "count": 4, "seed": number})[1]["sounds"]
    server.ask("make/variations", {"id": sounds[0]["id"], "count": 2, "seed": number})
    server.ask("make/blend", {"ids": [sound["id"] for sound in sounds[:2]], "shares": [0.4, 0.6]})
    for sound in sounds:
        server.ask("make/keep", {"id": sound["id"], "kept": False})
    server.ask("sounds/list")
    server.ask("sounds/looks", {"ids": ids})
    server.ask("sounds/open", {"id": ids[number % len(ids)]})


def _lost(folder: Path, args: Any) -> list[dict[str, Any]]:
    """Two pages, of which one goes in the middle of a training; then the server, by SIGKILL."""
    server = _trained_on(folder)
    with browser() as opened:
        first, second = (new_page(opened, server.address) for _ in range(2))
        for page in (first, second):
            page.get_by_role("link", name="Train").click()
        training = {**_TINY, "budget": {"steps": 100_000}}
        runs = [server.ask("train/begin", {**training, "title": title})[1]["run"] for title in "ab"]
        shown = []
        for page in (first, second):
            page.locator(".runs li").nth(1).wait_for()
            shown.append(page.locator(".runs li").count())
        sounds = server.ask("make/sounds", {"prior": "drums", "label": "kick", "count": 3, "seed": 1})[1]["sounds"]
        for sound in sounds:
            server.ask("make/keep", {"id": sound["id"], "kept": time.time()})
        first.context.close()
    _until(server, runs[0], lambda details: bool(details["course"]))
    before = _kept(server)
    server.end(signal.SIGKILL)
    again = StudioServer(folder)
    after = _kept(again)
    went_on = _until(again, runs[0], lambda details: details["course"][-1]["step"] >= 30)
    for number in reversed(runs):
        again.ask("train/want", {"id": number, "intent": "pause"})
    _until(again, runs[0], lambda details: details["state"] == "paused")
    again.end()
    return [
        _row("runs in two pages", f"{shown[0]}, {shown[1]}"),
        _row("runs, sounds, kept sounds before the server was killed", _words(before)),
        _row("after it", _words(after)),
        _row("step that the run has come to since", float(went_on["course"][-1]["step"])),
        _row("lost", float(sum(len(old - new) for old, new in zip(before, after, strict=True)))),
    ]


def _kept(server: StudioServer) -> tuple[set[str], ...]:
    runs = {run["id"] for run in server.ask("train/runs")[1]["runs"]}
    sounds = {row[0] for row in server.ask("sounds/list")[1]["sounds"]}
    return runs, sounds, {sound["id"] for sound in server.ask("make/kept")[1]["sounds"]}


def _words(kept: tuple[set[str], ...]) -> str:
    return ", ".join(str(len(part)) for part in kept)


def _trained_on(folder: Path) -> StudioServer:
    for number in range(6):
        (folder / f"tone {number}.wav").write_bytes(_tone(1.0, hertz=150.0 * (number + 1)))
    server = StudioServer(folder)
    server.ask("sounds/list")
    return server


def _until(server: StudioServer, run: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end = time.monotonic() + 600
    while not reached(details := server.ask("train/details", {"id": run})[1]):
        if time.monotonic() > end or details["state"] == "failed":
            raise OptionError(f"the training did not come on: {details.get('error') or details['state']}")
        time.sleep(0.2)
    return details


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _tone(seconds: float, kind: str = "WAV", hertz: float = 330.0) -> bytes:
    time_axis = np.arange(round(_RATE * seconds)) / _RATE
    noise = 0.01 * np.random.default_rng(1).standard_normal(time_axis.size)
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * hertz * time_axis) + noise, _RATE, format=kind)
    return file.getvalue()


_PARTS: dict[str, Callable[[Path, Any], list[dict[str, Any]]]] = {
    "page": _page,
    "library": _library,
    "map": _map,
    "uploads": _uploads,
    "busy": _busy,
    "use": _use,
    "lost": _lost,
}

if __name__ == "__main__":
    run(main)
