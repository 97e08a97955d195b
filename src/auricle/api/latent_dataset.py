"""Latents or codes of a folder's sounds as batches of tensors, for networks of one's own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, final

import numpy as np
import torch
from torch import distributed
from torch.utils.data import IterableDataset, get_worker_info

from auricle import audio
from auricle.audio.resample import resample
from auricle.classify.features.base import to_mono
from auricle.data.scan import Rejected, Sound, scan
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.field_types import check_arguments

Item = dict[str, torch.Tensor | str | int]


@final
class LatentDataset(IterableDataset[Item]):
    """Windows of the latents, or of the codes, of every sound below a folder; each file is encoded as a whole, mono.

    A ``torch.utils.data.DataLoader`` makes batches of it, with as many workers as wanted: each has a share of the
    files, and a model of its own. So has each process of a ``torch.distributed`` group that was there before the
    dataset; the shares have about as many files, not as many windows, so end a pass of the group by a number of steps
    or with ``DistributedDataParallel.join``. Items are dictionaries:

    - ``latents``: float32 ``(n, d)``, or ``codes``: int32 ``(n, k)``; a sound's last window is filled up with zeros;
    - ``length``: frames of the window that are not filled up;
    - ``name``: path below the folder, ``start``: the window's first frame, ``label``: the name of the sound's folder.

    ``datasets.Dataset.from_generator(dataset.__iter__)`` is the same as a table of 🤗 Datasets.

    Attributes:
        sounds: in the order of their names.
        rejected: files that can't be used, and why.
    """

    @check_arguments()
    def __init__(
        self,
        folder: Path | str,
        model: Autoencoder | Path | str,
        *,
        form: Literal["latents", "codes"] = "latents",
        quality: float | None = None,
        frames: int | None = None,
        shuffle_seed: int | None = None,
    ) -> None:
        """Look at the folder; nothing is encoded yet.

        Args:
            folder: of sounds, at any depth.
            model: a model, or what `auricle.load` takes: workers then load it themselves.
            form: latents as the encoder makes them, or the integers of a file.
            quality: of codes, on the model's dial; by default its highest level.
            frames: of a window; None for whole sounds, which have batches of one unless they are of one length.
            shuffle_seed: shuffles the files, another way in each pass; None for the order of their names.

        Raises:
            DataError: the folder is missing, or holds no usable sound.
            OptionError: a window without frames, an unknown form, a quality for latents.
        """
        super().__init__()
        if frames is not None and frames < 1:
            raise OptionError(f"windows of {frames} frames: give 1 or more")
        if form not in ("latents", "codes"):
            raise OptionError(f"unknown form {form!r}: latents or codes")
        if form == "latents" and quality is not None:
            raise OptionError("latents have no quality: ask for codes, or leave it out")
        corpus = scan(folder)
        self.sounds: Sequence[Sound] = corpus.sounds
        self.rejected: Sequence[Rejected] = corpus.rejected
        self._model, self._form, self._quality, self._frames = model, form, quality, frames
        self._shuffle_seed, self._pass = shuffle_seed, 0
        rank, processes = _place_in_group()
        self._own_sounds = self.sounds[rank::processes]

    def __iter__(self) -> Iterator[Item]:
        """Load the model, if it was named, and encode file after file.

        Raises:
            ModelError: the model can't be loaded.
            OptionError: the quality is off its dial.
        """
        model = self._model if isinstance(self._model, Autoencoder) else load(self._model)
        sounds = self._order()
        worker = get_worker_info()
        if worker is not None:
            sounds = sounds[worker.id :: worker.num_workers]
        for sound in sounds:
            try:
                sequence = self._encoded(sound, model)
            except AudioError:  # damage that its header did not show
                continue
            yield from self._windows(sound, sequence)

    def _order(self) -> Sequence[Sound]:
        """This process's files in this pass: the same for all its workers, another way in each pass."""
        if self._shuffle_seed is None:
            return self._own_sounds
        worker = get_worker_info()
        shared = 0 if worker is None else worker.seed - worker.id  # new in each pass, unless workers persist
        self._pass += 1
        order = np.random.default_rng((self._shuffle_seed, shared, self._pass)).permutation(len(self._own_sounds))
        return [self._own_sounds[index] for index in order]

    @torch.inference_mode()
    def _encoded(self, sound: Sound, model: Autoencoder) -> torch.Tensor:
        """``(n, d)`` or ``(n, k)`` of a whole sound."""
        samples, rate = audio.read(sound.path)
        mono = resample(to_mono(samples)[None], rate, model.sample_rate)[0]
        if self._form == "latents":
            return torch.from_numpy(np.asarray(model.encode(mono))[0])
        quality = model.bottleneck.quality_levels - 1 if self._quality is None else self._quality
        return torch.from_numpy(np.asarray(model.codes(mono, quality))[0])

    def _windows(self, sound: Sound, sequence: torch.Tensor) -> Iterator[Item]:
        size = len(sequence) if self._frames is None else self._frames
        label = sound.name.rpartition("/")[0].rpartition("/")[2]
        for start in range(0, len(sequence), size):
            window = sequence[start : start + size]
            padded = torch.zeros((size, *window.shape[1:]), dtype=window.dtype)
            padded[: len(window)] = window
            yield {self._form: padded, "length": len(window), "name": sound.name, "start": start, "label": label}


def _place_in_group() -> tuple[int, int]:
    """Rank and number of the processes that train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
