"""Exported pages in a real browser, from a server of files on this machine alone."""

import base64
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

FETCHED = Path(__file__).parents[2] / "web" / "src" / "auricle_web" / "runtime"
FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


def runtime() -> Path:
    """The folder of the runtime; the test is skipped where there is none."""
    if find_spec("auricle_web") is not None:
        import auricle_web  # pyright: ignore[reportMissingImports]

        return auricle_web.RUNTIME
    if not FETCHED.exists():
        pytest.skip("the runtime of browsers is not installed: pip install ./web")
    return FETCHED


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder, with a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@contextmanager
def browser_page() -> Iterator["Page"]:
    """A page of the machine's Chromium, whose errors are collected in `errors_of`."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("needs chromium or chrome")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        page = browser.new_context().new_page()
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def wait_until(page: "Page", condition: str, argument: object = None) -> None:
    """Until a function in the page says so. Playwright's own way needs what the page's policy forbids."""
    last = time.monotonic() + 120
    while not page.evaluate(condition, argument):
        assert time.monotonic() < last, (condition, argument, page.inner_text("#status"))
        page.wait_for_timeout(50)


def sound_of(channels: list[str]) -> np.ndarray:
    """Float32 ``(c, t)`` of what ``textOf`` made of a sound in the page."""
    return np.stack([np.frombuffer(as_bytes(text), np.float32) for text in channels])


def as_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    return base64.b64decode(text)


HELPERS = """
globalThis.bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
globalThis.textOf = (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
};
0;
"""


def opened(page: "Page", address: str) -> Any:
    """Open an exported page and wait until its model is there as ``model``."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.evaluate(HELPERS)
    return page
