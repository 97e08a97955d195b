"""Held-out sounds on a run's page: originals beside what the model makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import final

from auricle.html import Shown, Spectrograph, player
from auricle.training.report import Excerpt, Preview

_MOST_MEDIA = 4_200_000
"""Characters of sounds and pictures; a page stays below 5 MB."""


@final
@dataclass(frozen=True)
class _Original:
    """An original as it was drawn before; ``audio_id`` tells whether it is still the same array."""

    audio_id: int
    graph: Spectrograph
    html: str


@final
@dataclass(frozen=True)
class Gallery:
    """A value: each preview makes the next one. Originals are drawn once, which is half of the work."""

    html: str = ""
    _originals: Mapping[str, _Original] = field(default_factory=dict)

    def renewed(self, preview: Preview) -> "Gallery":
        """As many excerpts of a preview as there is room for, at least one."""
        shown: list[str] = []
        originals: dict[str, _Original] = {}
        size = 0
        for index, excerpt in enumerate(preview.excerpts):
            key = f"{index} {excerpt.name}"
            originals[key] = _original(excerpt, preview.sample_rate, self._originals.get(key))
            section = _section(excerpt, preview.sample_rate, originals[key])
            size += len(section)
            if shown and size > _MOST_MEDIA:
                break
            shown.append(section)
        return Gallery("".join(shown), originals)


def _original(excerpt: Excerpt, sample_rate: int, before: _Original | None) -> _Original:
    if excerpt.original is None:
        return _Original(0, Spectrograph(excerpt.decoded[None], sample_rate), "")
    if before is not None and before.audio_id == id(excerpt.original):
        return before
    graph = Spectrograph(excerpt.original[None], sample_rate)
    html = player(Shown(excerpt.name, "Original", excerpt.original[None]), graph)
    return _Original(id(excerpt.original), graph, html)


def _section(excerpt: Excerpt, sample_rate: int, original: _Original) -> str:
    distance = "" if excerpt.mel is None else f", mel distance {excerpt.mel:.3f}"
    facts = f"{excerpt.decoded.size / sample_rate:.1f} s{distance}"
    made = "Decoded" if excerpt.original is not None else "Made"
    decoded = player(Shown(excerpt.name, made, excerpt.decoded[None]), original.graph)
    return f"""<section>
<h3>{escape(excerpt.name)}</h3>
<p class="meta">{facts}</p>
<div class="takes">
{original.html}{decoded}</div>
</section>
"""
