"""The page's own files, out of memory: few enough to be read once, and so quick to send."""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auricle.html import asset

_SHARED = {"page.css": "html", "answers.js": "bench/report", "tally.js": "bench/report"}
"""Files of other pages that the studio's shares, and where they lie."""
_FIRST = ("app.js", "rooms/compress.js")
_IMPORT = re.compile(r"""^import .*? from "(\..+?)";$""", re.MULTILINE)
_HEAD_END = "</head>"
_KINDS = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "json": "application/json",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
"""Of all files of the page; what a system has noted of suffixes may be wrong, and a browser takes no script then."""


@final
class _File:
    """A file as it is sent, with a tag by which a browser that has it knows it again."""

    def __init__(self, name: str, data: bytes) -> None:
        self._data, self._kind = data, _KINDS[name.rpartition(".")[2]]
        self._tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'

    def answer(self, request: Request) -> Response:
        headers = {"ETag": self._tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers=headers)
        return Response(self._data, media_type=self._kind, headers=headers)


@cache
def _files() -> dict[str, _File]:
    page = dict(_below(resources.files("auricle") / "studio" / "page"))
    page["index.html"] = _with_preloads(page).encode()
    shared = {f"shared/{name}": asset(room, name).encode() for name, room in _SHARED.items()}
    files = {f"page/{name}": data for name, data in page.items()} | shared
    return {name: _File(name, data) for name, data in files.items()}


def _below(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files in a folder."""
    for path in folder.iterdir():
        if path.is_dir():
            yield from _below(path, f"{prefix}{path.name}/")
        else:
            yield prefix + path.name, path.read_bytes()


def _with_preloads(page: dict[str, bytes]) -> str:
    """index.html, which asks for the modules of the first room at once instead of one after the other."""
    links = "".join(f'<link rel="modulepreload" href="/page/{name}">\n' for name in _modules(page))
    return page["index.html"].decode().replace(_HEAD_END, links + _HEAD_END)


def _modules(page: dict[str, bytes]) -> list[str]:
    """What the first room imports, and what that imports, each once."""
    names: list[str] = list(_FIRST)
    for name in names:  # which grows meanwhile
        for target in _IMPORT.findall(page[name].decode()):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            if path not in names:
                names.append(path)
    return names


async def _index(request: Request) -> Response:
    return _files()["page/index.html"].answer(request)


async def _file(request: Request) -> Response:
    file = _files().get(request.url.path.removeprefix("/"))
    if file is None:
        raise HTTPException(404, "there is no such page")
    return file.answer(request)


ROUTES = (
    Route("/", _index),
    Route("/page/{path:path}", _file),
    Route("/shared/{path:path}", _file),
)
