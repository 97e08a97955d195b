"""What codecs need, each measured in a process of its own on one thread."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from auricle.atomic import temporary_folder
from auricle.audio import AudioWriter
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.results import Cost
from auricle.model import Autoencoder, save
from auricle.options.benchmark import AssetPaths

ONE_THREAD: Mapping[str, str] = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Environment in which libraries compute on one thread."""
_LONGEST_SECONDS = 600


def codec_cost(name: str, paths: AssetPaths, clip: Clip, setting: float) -> Cost:
    """Cost of another codec; see `Cost`. A process that fails gives a cost without figures and a note."""
    path_texts = {key: str(path) for key, path in vars(paths).items() if path is not None}
    return _cost({"codec": name, "paths": path_texts}, clip, setting)


def model_cost(model: Autoencoder, clip: Clip, setting: float) -> Cost:
    """Cost of a model of Auricle's, compressing and decompressing real files; see `codec_cost`."""
    with temporary_folder() as folder:
        path = folder / "model.auricle.safetensors"
        save(model, path)
        return _cost({"model": str(path)}, clip, setting)


def _cost(description: Mapping[str, Any], clip: Clip, setting: float) -> Cost:
    with temporary_folder() as folder:
        sound = folder / "sound.wav"
        with AudioWriter(sound, clip.sample_rate, 1, "FLOAT") as writer:
            writer.write(clip.audio[:1])
        try:
            process = subprocess.run(
                [sys.executable, "-m", "auricle.bench.cost.child"],
                input=json.dumps({**description, "sound": str(sound), "setting": setting}),
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                capture_output=True,
                text=True,
                timeout=_LONGEST_SECONDS,
                check=True,
            )
            return Cost(**json.loads(process.stdout.splitlines()[-1]))
        except subprocess.CalledProcessError as error:
            last = (error.stderr.strip().splitlines() or ["no message"])[-1]
            return Cost(note=f"could not be measured: {last}")
        except (subprocess.TimeoutExpired, OSError, ValueError, IndexError, TypeError) as error:
            return Cost(note=f"could not be measured: {type(error).__name__}")
