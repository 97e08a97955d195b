"""A page with a model: graphs, tables, and programs that read, write and play .aur files."""

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors.numpy import save_file

from auricle.errors import MissingPackageError, ModelError, OptionError
from auricle.export.onnx_export import HALF, stored_tables, write_onnx
from auricle.export.parts import ExportParts
from auricle.html import asset, escape
from auricle.model import Autoencoder
from auricle.progress import OnProgress

_PROGRAMS = (
    "aur-file.js", "aur-writer.js", "auricle.js", "bytes.js", "codec.js", "network.js", "page.js", "range-coder.js",
    "sound.js", "sources.js", "tables.js", "tones.js", "worker.js", "worklet.js", "carried.json",
    "onnxruntime-licence.txt",
)  # fmt: skip
_PAGES = {"index.html": "index.html", "page.md": "README.md"}
_RUNTIME = "onnxruntime-web"


def write_browser(parts: ExportParts, folder: Path, on_progress: OnProgress) -> None:
    """Fill an empty folder.

    Raises:
        ModelError: the model has no codes, or can't be exported.
        OptionError: a prior or directions, which the page has no place for, or a runtime that is not the one listed.
        MissingPackageError: there is no runtime, or the package onnx is not installed.
    """
    model = parts.model
    if parts.prior is not None or parts.directions is not None:
        raise OptionError("a page has no place for priors and directions: leave them out, or export them to onnx")
    if model.tables is None:
        raise ModelError(f"model {model.name!r} has no codes, so it has no .aur files: a page needs a model with codes")
    runtime = _runtime(parts.runtime)
    _write_graphs(model, folder, on_progress)
    arrays = {f"tables.{name}": values for name, values in stored_tables(model.tables).items()}
    save_file(arrays, folder / "tables.safetensors")
    for name, data in runtime.items():
        (folder / name).write_bytes(data)
    for name in _PROGRAMS:
        (folder / name).write_text(_program(name), "utf-8")
    facts = {"name": model.name, "rate": str(model.sample_rate), "licence": model.info.licence or "not stated"}
    for source, target in _PAGES.items():
        text = _program(source)
        for name, value in facts.items():
            text = text.replace("{" + name + "}", escape(value))
        (folder / target).write_text(text, "utf-8")
    (folder / "page.css").write_text(asset("html", "page.css") + _program("browser.css"), "utf-8")


def carried() -> Mapping[str, Any]:
    """Libraries that a page carries: version, licence, and SHA-256 of their files."""
    return json.loads(_program("carried.json"))


def _write_graphs(model: Autoencoder, folder: Path, on_progress: OnProgress) -> None:
    """The smaller of each graph, and the configuration that names them."""
    with TemporaryDirectory() as scratch:
        source = Path(scratch)
        write_onnx(ExportParts(model), source, on_progress)
        config = json.loads((source / "config.json").read_text("utf-8"))
        for name, about in config["graphs"].items():
            file = f"{name}{HALF if about.pop('float16') else ''}.onnx"
            (folder / f"{name}.onnx").write_bytes((source / file).read_bytes())
            about["file"] = f"{name}.onnx"
    (folder / "config.json").write_text(json.dumps(config | {"format": "auricle-browser 1"}), "utf-8")


def _runtime(folder: Path | None) -> dict[str, bytes]:
    """Files of the runtime, all of them as they were when they were listed."""
    about = carried()[_RUNTIME]
    if folder is None:
        folder = _installed_runtime()
    files = {}
    for name, digest in about["sha256"].items():
        path = folder / name
        if not path.is_file():
            raise OptionError(f"{folder} has no {name}: name the folder dist of {_RUNTIME} {about['version']}")
        files[name] = path.read_bytes()
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise OptionError(f"{path} is not that of {_RUNTIME} {about['version']}: its SHA-256 is another")
    return files


def _installed_runtime() -> Path:
    try:
        return Path(import_module("auricle_web").RUNTIME)
    except ImportError as error:
        about = carried()[_RUNTIME]
        raise MissingPackageError(
            f"a page needs the runtime of browsers: install auricle-web (pip install ./web in Auricle's sources), or "
            f"name the folder dist of {_RUNTIME} {about['version']} with --runtime"
        ) from error


def _program(name: str) -> str:
    return asset("export", f"browser_folder/{name}")
