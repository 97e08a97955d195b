"""The room Train."""

import math
import re
from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError
from auricle.studio.routes.request_values import arguments, studio_of
from auricle.studio.server.runs import OUTCOME, model_file
from auricle.studio.server.studio import Studio
from auricle.studio.server.workspace import display_name

_PRESETS = {"speech": ("small", "base"), "music": ("small", "base"), "mixed": ("small", "base"), "conv": ("base",)}
_LONGEST_SECONDS, _MOST_STEPS = 7 * 86_400.0, 10_000_000.0
_LONGEST_NAME = 40


async def choices(request: Request) -> Response:
    """What there is to learn from, and to begin with."""
    studio = studio_of(request)
    sounds = (await studio.listing_worker.ask("list_sounds", {}, key="list"))["sounds"]
    folders = Counter(name.partition("/")[0] for _, name, *_ in sounds if "/" in name)
    models = (await studio.listing_worker.ask("list_models", {}))["models"]
    named = [{"name": name, "sounds": count} for name, count in sorted(folders.items())]
    presets = [{"name": name, "sizes": sizes} for name, sizes in _PRESETS.items()]
    return JSONResponse({"sounds": len(sounds), "folders": named, "models": models, "presets": presets})


async def runs(request: Request) -> Response:
    """All runs, the newest first."""
    return JSONResponse({"runs": studio_of(request).runs.runs()})


async def begin(request: Request) -> Response:
    """Ask for a training."""
    studio, values = studio_of(request), await arguments(request, "title", "sounds", "budget", "base")
    title = display_name(str(values["title"]))[:_LONGEST_NAME]
    stem = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-") or "mine"
    sounds, names = _sounds(studio, values["sounds"])
    facts = {
        "title": title,
        "model": f"{stem}.auricle.safetensors",
        "sounds": sounds,
        "budget": _budget(values["budget"]),
        **_start(studio, values),
    }
    return JSONResponse({"run": studio.runs.begin(facts, names)})


async def details(request: Request) -> Response:
    """A run with its curves and what was heard."""
    studio, values = studio_of(request), await arguments(request, "id")
    run = studio.workspace.run(values["id"])
    facts = studio.runs.details(run.id)
    for sound in (*facts["heard"].get("excerpts", ()), *_decoded(facts)):
        for name in ("file", "picture"):
            if sound.get(name):
                sound[f"{name}_url"] = studio.item_url(run.id, sound[name])
    if facts["outcome"] and model_file(run).is_file():
        facts["model_url"] = studio.item_url(run.id, facts["model"])
    return JSONResponse(facts)


async def request_intent(request: Request) -> Response:
    """Pause a run, or finish it early."""
    studio, values = studio_of(request), await arguments(request, "id", "intent")
    studio.runs.request_intent(values["id"], str(values["intent"]))
    return JSONResponse({})


async def resume(request: Request) -> Response:
    """Let a run go on, for longer if that is said."""
    studio, values = studio_of(request), await arguments(request, "id")
    more = values.get("more")
    studio.runs.resume(values["id"], {} if more is None else _budget(more))
    return JSONResponse({})


async def remove(request: Request) -> Response:
    """Forget a run."""
    studio_of(request).runs.remove((await arguments(request, "id"))["id"])
    return JSONResponse({})


def _decoded(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [sound for time in facts["heard"].get("times", ()) for sound in time["decoded"]]


def _sounds(studio: Studio, selection: Any) -> tuple[dict[str, Any], list[str] | None]:
    """What is noted of the chosen sounds, and their names where they are neither all nor a folder."""
    if not isinstance(selection, dict):
        raise OptionError("say which sounds: all, a folder, or a list")
    names = studio.catalog.names()
    if not names:
        raise OptionError("the folder holds no sounds yet: drop some first")
    if (folder := selection.get("folder")) is not None:
        if str(folder) not in {name.partition("/")[0] for name in names.values() if "/" in name}:
            raise OptionError("there is no such folder of sounds")
        return {"folder": str(folder)}, None
    if (ids := selection.get("ids")) is None:
        return {"folder": ""}, None
    selected = [names[id] for id in map(str, ids) if id in names] if isinstance(ids, list) else []
    if not selected:
        raise OptionError("none of the chosen sounds is in the folder: choose some in the room Sounds")
    return {"names": len(selected)}, selected


def _budget(values: Any) -> dict[str, float]:
    """Seconds or steps.

    Raises:
        OptionError: neither, or beyond a week.
    """
    for name, most in (("seconds", _LONGEST_SECONDS), ("steps", _MOST_STEPS)):
        if isinstance(values, dict) and isinstance(value := values.get(name), int | float):
            if not (math.isfinite(value) and 1 <= value <= most):
                raise OptionError(f"{value:g} {name}: ask for 1 to {most:g}")
            return {name: float(value)}
    raise OptionError("say how long to train, in seconds or steps")


def _start(studio: Studio, values: dict[str, Any]) -> dict[str, Any]:
    """Base, preset, size and the adversarial share; where no base or no preset is named, the sounds decide."""
    adversarial = values.get("adversarial", 0.0)
    if not isinstance(adversarial, int | float) or not 0 <= adversarial <= 1:
        raise OptionError("the adversarial share is a number from 0 to 1")
    base = str(values["base"])
    if base != "none":
        is_trained = base not in ("auto", "speech", "music")
        if is_trained and not studio.workspace.run(base).file(OUTCOME).is_file():
            raise OptionError("this model is not ready to begin with")
    if base != "none" or values.get("preset") is None:
        return {"base": base, "preset": None, "size": "base", "adversarial": float(adversarial)}
    preset, size = str(values["preset"]), str(values.get("size", "base"))
    if size not in _PRESETS.get(preset, ()):
        raise OptionError(f"there is no preset {display_name(preset)} of size {display_name(size)}")
    return {"base": base, "preset": preset, "size": size, "adversarial": float(adversarial)}


ROUTES = (
    Route("/api/train/choices", choices),
    Route("/api/train/runs", runs),
    Route("/api/train/begin", begin, methods=["POST"]),
    Route("/api/train/details", details, methods=["POST"]),
    Route("/api/train/want", request_intent, methods=["POST"]),
    Route("/api/train/resume", resume, methods=["POST"]),
    Route("/api/train/remove", remove, methods=["POST"]),
)
