"""Exported pages in the machine's Chromium: how soon they sound, how fast they decode, how equal that is to torch.

The page is served from this machine. A file of so many seconds is opened, decoded in one piece, and played.
"""

import base64
import shutil
import tempfile
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from _shared import SOUNDS, OptionError, looped, model_from, one_thread, parser, publish, run, table

_SPEECH_RATE = 24_000
_FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
_MEASURE = """async ([text, samples, most]) => {
  const { AurFile, Tables } = await import("./auricle.js");
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const sound = await model.open(data);
  const seconds = sound.samples / model.sampleRate;
  const player = await model.player(sound);
  const heard = new Promise((resolve) =>
    player.addEventListener("time", () => player.time > 0 && resolve(performance.now())));
  await player.play();
  const first = await heard;
  await new Promise((resolve) => setTimeout(resolve, 1000 * most));
  const gaps = player.gaps;
  await player.close();
  const started = performance.now();
  const channels = await model.decode(sound, { sampleRate: model.sampleRate });
  const decoding = (performance.now() - started) / 1000;
  const audio = new Float32Array(Uint8Array.from(atob(samples), (letter) => letter.charCodeAt(0)).buffer);
  const before = performance.now();
  await model.encode([audio], model.sampleRate);
  const encoding = (performance.now() - before) / 1000;
  const tables = Tables.read(await (await fetch("tables.safetensors")).arrayBuffer());
  const file = new AurFile(data);
  for (let packet = 0; packet < file.packets; packet++) file.codes(packet, tables); // rows are made once
  const entropy = performance.now();
  let codes = 0;
  for (let packet = 0; packet < file.packets; packet++) codes += file.codes(packet, tables).length;
  const bytes = new Uint8Array(channels[0].buffer);
  let result = "";
  for (let at = 0; at < bytes.length; at += 8192) result += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const rate = (1000 * codes) / (performance.now() - entropy);
  return { first, gaps, decoding: seconds / decoding, encoding: seconds / encoding, rate, sound: btoa(result) };
}"""


def main() -> None:
    one_thread()
    options = parser(__doc__)
    options.add_argument(
        "--models", nargs="+", default=["speech", "music", "live"], help="shipped, files, or preset:NAME"
    )
    options.add_argument("--seconds", type=float, default=20.0, help="of sound")
    options.add_argument("--play", type=float, default=10.0, help="seconds of it that are played")
    options.add_argument("--runtime", type=Path, help="folder of onnxruntime-web's files, instead of auricle-web")
    args = options.parse_args()
    if shutil.which("chromium") is None:
        raise OptionError("there is no chromium on this machine")
    rows = [_row(model, args.seconds, args.play, args.runtime) for model in args.models]
    publish("browser", args.out, {"models": args.models, "seconds": args.seconds}, {"rows": rows}, [table(rows)])


def _row(name: str, seconds: float, play: float, runtime: Path | None) -> dict[str, object]:
    from auricle import compress, decompress, export_model, read, write
    from auricle.options.coding import DecompressOptions

    model = model_from(name)
    source = SOUNDS / ("speech_1.flac" if model.sample_rate <= _SPEECH_RATE else "music_1.flac")
    audio = looped(source, model.sample_rate, seconds)[:1].astype(np.float32)
    with tempfile.TemporaryDirectory() as scratch:
        folder, coded, decoded = (Path(scratch) / part for part in ("page", "a.aur", "a.wav"))
        files = export_model(model, folder, to="browser", runtime=runtime).files
        write(Path(scratch) / "in.wav", audio, model.sample_rate)
        compress(Path(scratch) / "in.wav", coded, model=model, quality=2.0)
        decompress(coded, decoded, model=model, options=DecompressOptions(bits="float"))
        words = [base64.b64encode(data).decode() for data in (coded.read_bytes(), audio.tobytes())]
        ready, figures = _measured(folder, [*words, play])
        torch_sound = read(decoded)[0]
    own = np.frombuffer(base64.b64decode(figures["sound"]), np.float32)[None]
    error = float(np.sum((torch_sound - own) ** 2, dtype=np.float64))
    return {
        "model": name,
        "page, MB": round(sum(files.values()) / 1e6, 1),
        "without runtime": round(sum(size for file, size in files.items() if not file.startswith("ort")) / 1e6, 1),
        "ready, s": round(ready, 2),
        "first sound, s": round(figures["first"] / 1e3, 2),
        "decoding": f"{figures['decoding']:.0f} x",
        "encoding": f"{figures['encoding']:.0f} x",
        "codes a second": round(figures["rate"]),
        "SNR, dB": round(10 * np.log10(float(np.sum(torch_sound**2, dtype=np.float64)) / error)),
        "late blocks": figures["gaps"],
    }


def _measured(folder: Path, words: list[Any]) -> tuple[float, dict[str, Any]]:
    """Seconds until the page is ready, and what it measured; its own clock begins when it is opened."""
    from playwright.sync_api import sync_playwright

    handler = partial(_QuietFiles, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_page()
        page.set_default_timeout(300_000)
        started = time.perf_counter()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_selector("html[data-ready]")
        ready = time.perf_counter() - started
        figures = page.evaluate(_MEASURE, words)
        browser.close()
        server.shutdown()
    return ready, figures


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    run(main)
