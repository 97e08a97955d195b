"""A sound on a page: its spectrogram, a player and some figures, all inside the HTML."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import soundfile

from auricle.html.escape import escape
from auricle.html.spectrogram import Spectrograph


@final
@dataclass(frozen=True, eq=False)
class PlayerClip:
    """A sound to show.

    Attributes:
        title: of the recording.
        label: of this version of it.
        audio: float32 ``(c, t)``.
        facts: terms and values below the player.
    """

    title: str
    label: str
    audio: np.ndarray
    facts: Sequence[tuple[str, str]] = ()


def player(clip: PlayerClip, graph: Spectrograph) -> str:
    """A ``figure``; those in one ``section`` are versions of one recording. All text is escaped."""
    name = escape(f"{clip.title}, {clip.label}")
    ticks = "".join(
        f'<span class="tick" style="bottom:{100 * height:.1f}%" aria-hidden="true">{text}</span>'
        for text, height in graph.ticks()
    )
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(value)}</dd>" for term, value in clip.facts)
    picture = _uri("image/png", graph.png(clip.audio))
    sound = _uri("audio/flac", flac(clip.audio, graph.sample_rate))
    return f"""<figure>
<figcaption>{escape(clip.label)}</figcaption>
<div class="picture"><img src="{picture}" alt="Spectrogram: {name}">{ticks}<div class="head"></div></div>
<audio controls preload="metadata" aria-label="{name}" src="{sound}"></audio>
{f"<dl>{rows}</dl>" if rows else ""}
</figure>
"""


def flac(audio: np.ndarray, sample_rate: int) -> bytes:
    """A FLAC file of 16 bits of ``(c, t)``, clipped to full scale."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(audio, -1.0, 1.0).T, sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
