"""A folder with a model as ONNX graphs, its tables and configuration as JSON, and a program that runs them."""

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from auricle.export.code_graphs import code_graphs
from auricle.export.flat_step import FlatStep
from auricle.export.graphs import Graph, write_half
from auricle.export.onnx_ops import OPSET
from auricle.export.parts import ExportParts
from auricle.export.portable import portable
from auricle.export.prior_graphs import prior_graph
from auricle.extras import require
from auricle.model import Autoencoder, fingerprint
from auricle.model.bands import with_coherence
from auricle.model.bottleneck import Tables
from auricle.progress import OnProgress, Progress
from auricle.synth.directions import Directions
from auricle.synth.priors.base import Prior

_CLIP = {0: "batch", 1: "samples"}
_FRAMES = {0: "batch", 1: "frames"}
_TRACED_FRAMES = 3
_PROGRAM = files("auricle.export") / "onnx_folder"
HALF = ".float16"
"""What stands before the suffix of a graph with weights in 16 bits."""


def write_onnx(parts: ExportParts, folder: Path, on_progress: OnProgress) -> None:
    """Fill an empty folder.

    Raises:
        ModelError: a part of the model or the prior can't be exported.
        MissingPackageError: the package onnx is not installed.
    """
    model, prior = parts.model, parts.prior
    require("onnx", extra="export", purpose="ONNX graphs")
    graphs = model_graphs(portable(model))
    if prior is not None:
        graphs["prior"] = prior_graph(deepcopy(prior).eval().requires_grad_(False))
    halves = {} if _fits_half(model) else model_graphs(portable(_rounded(model)))
    described = {}
    for index, (name, graph) in enumerate(graphs.items()):
        on_progress(Progress(name, index, len(graphs), "graphs"))
        plain, half = folder / f"{name}.onnx", folder / f"{name}{HALF}.onnx"
        graph.write(plain)
        if name in halves:
            halves[name].write(half)
        written = write_half(half if name in halves else plain, half)
        if not written:
            half.unlink(missing_ok=True)
        described[name] = {**graph.describe(), "float16": written}
    _write_json(folder / "config.json", {**_describe(model), "graphs": described})
    if prior is not None:
        _write_json(folder / "prior.json", _describe_prior(prior))
    if parts.directions is not None:
        _write_json(folder / "directions.json", _describe_directions(parts.directions))
    if model.tables is not None:
        _write_json(folder / "tables.json", _describe_tables(model.tables))
        for name, target in (("aur.py", "aur.py"), ("example.py.txt", "example.py")):
            (folder / target).write_text((_PROGRAM / name).read_text("utf-8"), "utf-8")
    (folder / "README.md").write_text(_readme(model, prior), "utf-8")


def model_graphs(model: Autoencoder) -> dict[str, Graph]:
    """The graphs of a `portable` model: ``encoder``, ``decoder``, and what stands between them where it has codes.

    Raises:
        ModelError: the model's bottleneck can't be exported.
    """
    encoder, decoder = FlatStep(model.encoder, samples_in=True), FlatStep(model.decoder, samples_out=True)
    audio = torch.zeros(2, _TRACED_FRAMES * model.hop_length)
    latents = torch.zeros(2, _TRACED_FRAMES, model.latent_dim)
    graphs = {
        "encoder": Graph(
            encoder, {"audio": audio}, {"audio": _CLIP, "latents": _FRAMES}, ("latents",), encoder.form.tensors
        ),
        "decoder": Graph(
            decoder,
            {"latents": latents},
            {"latents": _FRAMES, "audio": _CLIP},
            ("audio",),
            decoder.form.tensors,
            decoder.form.place_of(lambda state: with_coherence(model.decoder, state, 1.0)),
        ),
    }
    if model.bottleneck.codebooks:
        step, axes = torch.tensor(0), {"latents": _FRAMES, "codes": _FRAMES}
        codes = torch.zeros(2, _TRACED_FRAMES, model.bottleneck.codebooks, dtype=torch.int32)
        between = code_graphs(model.bottleneck)
        graphs["quantiser"] = Graph(between.quantiser, {"latents": latents, "step": step}, axes, ("codes",))
        graphs["dequantiser"] = Graph(between.dequantiser, {"codes": codes, "step": step}, axes, ("latents",))
    return graphs


def _half(weight: torch.Tensor) -> torch.Tensor:
    return weight.half().to(weight.dtype)


def _fits_half(model: nn.Module) -> bool:
    return all(bool((_half(weight) == weight).all()) for weight in model.parameters())


def _rounded(model: Autoencoder) -> Autoencoder:
    copy = deepcopy(model).requires_grad_(False)
    for weight in copy.parameters():
        weight.copy_(_half(weight))
    return copy


def _describe(model: Autoencoder) -> dict[str, Any]:
    steps = None if model.tables is None else model.tables.last_step
    return {
        "format": "auricle-onnx 1",
        "opset": OPSET,
        "name": model.name,
        "licence": model.info.licence,
        "fingerprint": fingerprint(model),
        "decodes": model.info.decodes,
        "sample_rate": model.sample_rate,
        "hop_length": model.hop_length,
        "latent_dim": model.latent_dim,
        "codebooks": model.bottleneck.codebooks,
        "encoder_latency": model.encoder_latency,
        "decoder_latency": model.decoder_latency,
        "last_step": steps,
        "model": json.loads(model.config.model_dump_json()),
    }


def stored_tables(tables: Tables) -> dict[str, np.ndarray]:
    """The arrays of docs/format.md, section 5, in the types that model files have."""
    return {
        "counts": (tables.counts - 1).astype(np.uint16),
        "mean": tables.mean.astype(np.int32),
        "scale": tables.scale.astype(np.int32),
        "floor": tables.floor.astype(np.int32),
        "thresholds": tables.thresholds.astype(np.int32),
        "symbol": np.array([tables.offset, tables.escape], np.int32),
    }


def _describe_tables(tables: Tables) -> dict[str, Any]:
    arrays = stored_tables(tables)
    return {name: {"shape": array.shape, "values": array.ravel().tolist()} for name, array in arrays.items()}


def _describe_prior(prior: Prior) -> dict[str, Any]:
    statistics = {name: getattr(prior, name).tolist() for name in ("mean", "deviation", "silence")}
    return {
        "name": prior.info.name,
        "licence": prior.info.licence,
        "kind": prior.config.kind,
        "classes": prior.classes,
        "channels": prior.channels,
        "window": prior.window,
        **statistics,
    }


def _describe_directions(directions: Directions) -> dict[str, Any]:
    """Moving latents by x deviations along direction i adds ``x * deviations[i] * axes[i]``."""
    arrays = {name: getattr(directions, name).tolist() for name in ("mean", "axes", "deviations")}
    return {"titles": directions.titles, **arrays}


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, separators=(",", ":"), allow_nan=False), "utf-8")


def _readme(model: Autoencoder, prior: Prior | None) -> str:
    kind = None if prior is None else prior.config.kind
    parts = ["network.md"]
    parts += ["codes.md"] if model.tables is not None else ["continuous.md"]
    parts += [f"prior-{kind}.md"] if kind is not None else []
    text = "\n".join((_PROGRAM / part).read_text("utf-8") for part in parts)
    facts = {
        "name": model.name,
        "licence": model.info.licence or "not stated",
        "rate": model.sample_rate,
        "hop": model.hop_length,
        "dim": model.latent_dim,
        "codebooks": model.bottleneck.codebooks,
        "latency": model.encoder_latency,
        "delay": model.decoder_latency,
        "last": "" if model.tables is None else model.tables.last_step,
    }
    for name, value in facts.items():
        text = text.replace("{" + name + "}", str(value))
    return text
