"""What users hand to a model, numpy or torch, checked; and results handed back as what came in.

Axes: ``b`` batch, ``t`` sample, ``n`` frame, ``d`` latent feature, ``k`` codebook.
"""

from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from auricle.errors import AudioError, AuricleError, ModelError, OptionError
from auricle.model.bottleneck.tables import STEPS_PER_LEVEL, TableShape

Array = TypeVar("Array", np.ndarray, Tensor)

_LARGEST_CODE = 1 << 20
_MOST_SIGNALS = 256
_FEWEST_SAMPLES = 8
_PRECISE = (torch.float32, torch.float64)


def as_source(result: Tensor, source: Array) -> Array:
    """A result in the form of what it was made of: for a numpy array as one, floats as float32; a tensor as it is."""
    if isinstance(source, Tensor):
        return result
    return (result.detach().float() if result.is_floating_point() else result).cpu().numpy()


def signals(audio: Array, weight: Tensor, sample_rate: int | None, native_rate: int) -> Tensor:
    """Sound ``(t,)`` or ``(b, t)`` as ``(b, t)`` in the type of a model's ``weight``.

    Raises:
        AudioError: it is no sound of this model.
    """
    if sample_rate is not None and sample_rate != native_rate:
        raise AudioError(f"audio at {sample_rate} Hz: this model takes {native_rate} Hz, resample it first")
    tensor = _floats(audio, weight, "audio", AudioError, "divide integers by their full scale, int16 by 32768")
    if tensor.ndim not in (1, 2) or 0 in tensor.shape:
        raise AudioError(
            f"audio of shape {tuple(tensor.shape)}: give (t,) for one signal, (b, t) for several, not empty"
        )
    if tensor.ndim == 2 and tensor.shape[0] > _MOST_SIGNALS and tensor.shape[1] <= _FEWEST_SAMPLES:
        raise AudioError(f"audio of shape {tuple(tensor.shape)} has its axes the other way round: give (b, t)")
    return tensor.reshape(-1, tensor.shape[-1])


def latents(z: Array, weight: Tensor, features: int) -> Tensor:
    """Latents ``(n, d)`` or ``(b, n, d)`` as ``(b, n, d)`` in the type of a model's ``weight``.

    Raises:
        ModelError: they are not this model's.
    """
    tensor = _floats(z, weight, "latents", ModelError, "give what encode returned")
    if tensor.ndim not in (2, 3) or 0 in tensor.shape or tensor.shape[-1] != features:
        raise ModelError(f"latents of shape {tuple(tensor.shape)}: this model takes (b, n, {features}), not empty")
    return tensor.reshape(-1, *tensor.shape[-2:])


def integers(codes: Array, weight: Tensor, codebooks: int, shape: TableShape | None) -> Tensor:
    """Codes ``(n, k)`` or ``(b, n, k)`` as int32 ``(b, n, k)``.

    Raises:
        ModelError: they are not this model's.
    """
    tensor = _tensor(codes, "codes", ModelError, np.int64)
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise ModelError(f"codes of {_type(codes)}: give integers")
    if tensor.ndim not in (2, 3) or 0 in tensor.shape or tensor.shape[-1] != codebooks:
        raise ModelError(f"codes of shape {tuple(tensor.shape)}: this model takes (b, n, {codebooks}), not empty")
    _check_device(tensor, codes, weight, "codes", ModelError)
    first, last = (-_LARGEST_CODE, _LARGEST_CODE) if shape is None or shape.escape else (0, shape.symbols - 1)
    if _has_values(tensor) and not first <= int(tensor.min()) <= int(tensor.max()) <= last:
        raise ModelError(f"codes from {int(tensor.min())} to {int(tensor.max())}: this model's are {first} to {last}")
    return tensor.reshape(-1, *tensor.shape[-2:]).to(weight.device, torch.int32)


def check_length(length: int, carried: int) -> None:
    """Refuse a length in samples that latents of ``carried`` samples can't have.

    Raises:
        OptionError: it is no integer from 1 to ``carried``.
    """
    if torch.compiler.is_compiling():
        return
    if isinstance(length, bool) or not isinstance(length, int | np.integer) or not 1 <= length <= carried:
        raise OptionError(f"a length of {length} samples: these frames carry 1 to {carried}")


def rounded_quality(quality: float, levels: int) -> float:
    """A quality as files hold it: to an eighth of a level.

    Raises:
        OptionError: it is not on the dial.
    """
    if not isinstance(quality, int | float | np.number):
        raise OptionError(f"a quality of {repr(quality)[:40]}: give a number from 0 to {levels - 1}")
    if not 0 <= quality <= levels - 1:
        raise OptionError(f"a quality of {quality}: this model's dial runs from 0 to {levels - 1}")
    return round(float(quality) * STEPS_PER_LEVEL) / STEPS_PER_LEVEL


def _floats(values: Array, weight: Tensor, name: str, error: type[AuricleError], advice: str) -> Tensor:
    if isinstance(values, np.ndarray | Tensor) and not _is_floating(values):
        raise error(f"{name} of {_type(values)}: give floats; {advice}")
    tensor = _tensor(values, name, error, np.float32)
    _check_device(tensor, values, weight, name, error)
    if weight.dtype not in _PRECISE:
        raise ModelError(
            f"this model is in {_type(weight)}, its transforms need float32: call .float(), or use autocast"
        )
    tensor = tensor.to(weight.device, weight.dtype)
    if _has_values(tensor) and not tensor.isfinite().all():
        raise error(f"{name} with NaN or infinite values: mend them first")
    return tensor


def _tensor(values: Array, name: str, error: type[AuricleError], dtype: type[np.generic]) -> Tensor:
    """Numpy arrays as a copy of that type: theirs may be read-only, of another byte order, or strided backwards."""
    if isinstance(values, Tensor):
        return values
    if not isinstance(values, np.ndarray):
        raise error(f"{name} of {type(values).__name__}: give a numpy array or a torch tensor")
    if values.dtype.kind in "fiu":
        with np.errstate(over="ignore"):  # what becomes infinite is refused
            return torch.from_numpy(np.array(values, dtype if values.dtype.kind != "f" else np.float32))
    raise error(f"{name} of {values.dtype}: give numbers")


def _check_device(tensor: Tensor, source: Array, weight: Tensor, name: str, error: type[AuricleError]) -> None:
    if isinstance(source, Tensor) and tensor.device != weight.device:
        raise error(f"{name} on {tensor.device}, but the model is on {weight.device}: move one with .to()")


def _is_floating(values: np.ndarray | Tensor) -> bool:
    return values.is_floating_point() if isinstance(values, Tensor) else values.dtype.kind == "f"


def _type(values: np.ndarray | Tensor) -> str:
    return str(values.dtype).removeprefix("torch.")


def _has_values(tensor: Tensor) -> bool:
    """Whether values can be looked at: not while a program is traced, nor of tensors without memory."""
    return not torch.compiler.is_compiling() and not tensor.is_meta
