"""What tests of pages share: a strict parser, and a real browser where there is one."""

import html
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "link", "img", "br", "input", "line", "rect", "circle", "polyline", "path", "use"}


class Page(HTMLParser):
    """Start tags with their attributes, and all text but that of style and script. Tags must close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._open = "", []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def asks_nothing_of_the_network(text: str) -> None:
    for tag, attributes in Page(text).tags:
        for name in ("src", "href", "srcset", "action", "xlink:href"):
            if name in attributes:
                assert str(attributes[name]).startswith(("data:", "#")), (tag, attributes)
    assert "@import" not in text and "fetch(" not in text and "XMLHttpRequest" not in text
    assert not re.search(r"url\((?!#)", text)


def title_in_browser(text: str, folder: Path, *, seconds: int = 10) -> str:
    """The title of a page after some seconds of its own time in a narrow window; sounds may play unasked.

    The page's clock runs ahead where nothing happens.
    """
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("needs chromium or chrome")
    path = folder / "page.html"
    path.write_text(text, "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=400,900", "--dump-dom",
               "--autoplay-policy=no-user-gesture-required", f"--virtual-time-budget={1000 * seconds}",
               f"--user-data-dir={folder / 'profile'}", path.as_uri()]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert title is not None
    return html.unescape(title[1])
