"""Files in and out: uploads, and what the server itself has named."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError, OutputError
from auricle.studio.routes.request_values import studio_of
from auricle.studio.server.guard import UPLOADS
from auricle.studio.server.studio import attachment
from auricle.studio.server.workspace import Item, display_name, safe_suffix

_SPARE_BYTES = 200_000_000
_TYPES = {".flac": "audio/flac", ".wav": "audio/wav", ".png": "image/png"}


async def upload(request: Request) -> Response:
    """Take a file and open it: an .aur file, or a sound in any format; with ``to=folder`` put a sound into the
    folder."""
    studio = studio_of(request)
    length = int(request.headers.get("content-length", 0))
    if shutil.disk_usage(studio.workspace.folder).free < length + _SPARE_BYTES:
        raise OutputError("there is not enough room on the disk for this file: free some, or send less")
    name = display_name(request.query_params.get("name", "sound"))
    kind = "aur" if safe_suffix(name) == ".aur" else "sound"
    source = f"source{safe_suffix(name)}"
    item = studio.workspace.new_item(kind=kind, name=name, source=source)
    await _store(request, item, source)
    if request.query_params.get("to") == "folder":
        return JSONResponse(await studio.listing_worker.ask("add_upload", {"id": item.id}))
    facts = await studio.model_worker.ask("open_aur" if kind == "aur" else "open_sound", {"id": item.id})
    return JSONResponse(studio.with_urls(facts, item.id))


async def _store(request: Request, item: Item, name: str) -> None:
    """Write a request's body as it comes; what does not come whole is forgotten."""
    try:
        with item.file(name).open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        if item.file(name).stat().st_size == 0:
            raise OptionError("the file is empty: choose another one")
    except BaseException as error:
        item.remove()
        if isinstance(error, ClientDisconnect):
            raise HTTPException(400, "the file did not come whole") from error
        raise


async def item_file(request: Request) -> Response:
    """A file of an item, to whoever has its address; with ``save`` as a download."""
    studio = studio_of(request)
    id, name = request.path_params["id"], request.path_params["name"]
    if request.query_params.get("seal") != studio.access.seal(f"{id}/{name}"):
        raise HTTPException(403, "this address is no longer valid: load the page again")
    path = studio.workspace.item(id).file(name)
    if not path.is_file():
        raise HTTPException(404, "this file is no longer there")
    save = request.query_params.get("save")
    headers = {} if save is None else {"Content-Disposition": attachment(display_name(save))}
    return _answer(request, path, headers, _TYPES.get(path.suffix, "application/octet-stream"))


async def library_sound(request: Request) -> Response:
    """One of the folder's sounds."""
    studio = studio_of(request)
    id = request.path_params["id"]
    if request.query_params.get("seal") != studio.access.seal(id):
        raise HTTPException(403, "this address is no longer valid: load the page again")
    return _answer(request, studio.sound_path(id))


async def thumb(request: Request) -> Response:
    """A small spectrogram of one of the folder's sounds."""
    studio = studio_of(request)
    id = request.path_params["id"]
    if request.query_params.get("seal") != studio.access.seal(f"thumb/{id}"):
        raise HTTPException(403, "this address is no longer valid: load the page again")
    path = studio.workspace.state / "thumbs" / f"{id}.png"
    if not path.is_file():
        raise HTTPException(404, "there is no such picture")
    return _answer(request, path)


def _answer(
    request: Request, path: Path, headers: Mapping[str, str] = MappingProxyType({}), kind: str | None = None
) -> Response:
    """A file; a browser that has it as it is now is told so, and asks each time, for it may have changed."""
    sent = {**headers, "Cache-Control": "private, no-cache"}
    answer = FileResponse(path, media_type=kind, headers=sent, stat_result=path.stat())
    if request.headers.get("if-none-match") != answer.headers["etag"]:
        return answer
    return Response(status_code=304, headers={**sent, "ETag": answer.headers["etag"]})


ROUTES = (
    Route(UPLOADS, upload, methods=["POST"]),
    Route("/file/{id}/{name}", item_file),
    Route("/library/{id}", library_sound),
    Route("/thumb/{id}", thumb),
)
