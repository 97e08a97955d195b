"""One page that holds everything: sounds, pictures, style and script. It asks nothing of the network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from auricle.demo.classification import ClassifiedSecond
from auricle.demo.excerpts import Excerpt
from auricle.demo.generated import GeneratedSound
from auricle.demo.neighbours import NearSounds
from auricle.demo.versions import ExcerptVersion
from auricle.html import PlayerClip, Spectrograph, document, escape, player

_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
_INTRODUCTION = (
    "Each recording was compressed to a real file at two bitrates and decompressed again. Play a version, then "
    "another: it goes on at the same place. A click on a spectrogram moves there; lower frequencies are at the bottom, "
    "brighter is louder."
)
_GENERATED_NOTE = (
    "Nobody recorded these. A prior over the latents of the model made them from random numbers; each was asked for by "
    "the name of its class."
)
_CLASSIFIED_NOTE = (
    "A classifier learned from three seconds of each recording what it sounds like, and named the seconds after them. "
    "A second of the same recording is easy; folders of your own sounds are judged by auricle classify evaluate. Each "
    "cell is a second: what it was taken for, and how probable that is; wrong ones are underlined. Point "
    "at it for the next likeliest."
)
_NEAR_NOTE = (
    "Search compares features of whole sounds. The number is the cosine: 1 for the same sound, about 0 for unrelated "
    "ones. For folders of your own: auricle similar."
)
_FIGURES = (
    "kb/s are kilobits per second of the whole file, all channels together. Mel distance is the mean difference of "
    "log-mel spectrograms in nepers: 0 is best. SI-SDR compares waveforms in dB: more is better; a decoded sound may "
    "be near to the ear while its waveform is not."
)


def credits_html(markdown: str) -> str:
    """The text without its title."""
    blocks = [block.strip() for block in markdown.split("\n\n") if block.strip()]
    return "\n".join(_block(block) for block in blocks if not block.startswith("# "))


def _block(block: str) -> str:
    lines = block.splitlines()
    if not block.startswith("|"):
        return f"<p>{_inline(' '.join(lines))}</p>"
    head, _, *body = (_cells(line) for line in lines)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Credits"><table><thead><tr>'
        + "".join(f'<th scope="col">{cell}</th>' for cell in head)
        + "</tr></thead><tbody>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
        + "</tbody></table></div>"
    )


def _cells(line: str) -> list[str]:
    return [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _inline(text: str) -> str:
    return _LINK.sub(r'<a href="\2">\1</a>', escape(text))


@final
@dataclass(frozen=True, eq=False)
class ExcerptSection:
    """An excerpt and what came back of it, lowest bitrate first."""

    excerpt: Excerpt
    versions: tuple[ExcerptVersion, ...]


def page(
    sections: Sequence[ExcerptSection],
    generated: Sequence[GeneratedSound],
    classified: Sequence[ClassifiedSecond],
    near: Sequence[NearSounds],
    credits: str,
) -> str:
    """The HTML text.

    Args:
        sections: what to show.
        generated: sounds made from nothing, may be none.
        classified: seconds and what they were taken for, may be none.
        near: the sounds that are most like each, may be none.
        credits: Markdown, may be empty.
    """
    thanks = f"<h2>Credits</h2>\n{credits_html(credits)}" if credits else ""
    body = f"""<header>
<h1>Auricle demo</h1>
<p>{_INTRODUCTION}</p>
</header>
<main>
{"".join(_section(section) for section in sections)}{_generated(generated)}{_classified(classified)}{_near(near)}</main>
<footer>
<p>{_FIGURES}</p>
{thanks}
</footer>
"""
    return document("Auricle demo", body)


def _section(section: ExcerptSection) -> str:
    excerpt = section.excerpt
    graph = Spectrograph(excerpt.audio, excerpt.sample_rate)
    kbps = 8e-3 * excerpt.pcm_bytes / excerpt.seconds
    players = [
        PlayerClip(
            excerpt.title, "Original", excerpt.audio, [("16-bit samples", f"{kbps:.0f} kb/s, {_kb(excerpt.pcm_bytes)}")]
        ),
        *(
            PlayerClip(excerpt.title, f"{version.kbps:.1f} kb/s", version.audio, _facts(version))
            for version in section.versions
        ),
    ]
    return f"""<section>
<h2>{escape(excerpt.title)}</h2>
<p class="meta">{escape(_meta(section))}</p>
<div class="takes">
{"".join(player(shown, graph) for shown in players)}</div>
</section>
"""


def _generated(generated: Sequence[GeneratedSound]) -> str:
    """One section for each class."""
    if not generated:
        return ""
    groups: dict[tuple[str, str], list[GeneratedSound]] = {}
    for sound in generated:
        groups.setdefault((sound.prior, sound.label), []).append(sound)
    sections = (
        f"""<section>
<h2>{escape(label)}</h2>
<p class="meta">made from nothing by the prior {escape(prior)}</p>
<div class="takes">
{"".join(player(PlayerClip(sound.title, f"New {sound.number}", sound.audio), _graph(sound)) for sound in group)}</div>
</section>
"""
        for (prior, label), group in groups.items()
    )
    return f"<h2>New sounds</h2>\n<p>{_GENERATED_NOTE}</p>\n{''.join(sections)}"


def _classified(classified: Sequence[ClassifiedSecond]) -> str:
    """A timeline for each recording."""
    if not classified:
        return ""
    starts = sorted({second.start for second in classified})
    rows = ""
    for title in dict.fromkeys(second.title for second in classified):
        seconds = {second.start: second for second in classified if second.title == title}
        right = f"{sum(second.is_right for second in seconds.values())} of {len(seconds)}"
        cells = "".join(_second(seconds.get(start)) for start in starts)
        rows += f'<tr><th scope="row">{escape(title)}</th><td>{right}</td>{cells}</tr>'
    heads = _heads("recording", "right", *(f"{start:g} s" for start in starts))
    return f"""<h2>Told apart</h2>
<p>{_CLASSIFIED_NOTE}</p>
{_table("Told apart", heads, rows)}"""


def _second(second: ClassifiedSecond | None) -> str:
    """A cell of the timeline; empty where the recording is over."""
    if second is None:
        return "<td></td>"
    likeliest = ", ".join(f"{title} {probability:.0%}" for title, probability in second.probabilities.items())
    guess = f"{escape(second.guess)} {second.probability:.0%}"
    return f'<td title="{escape(likeliest)}">{guess if second.is_right else f"<mark>{guess}</mark>"}</td>'


def _near(near: Sequence[NearSounds]) -> str:
    """One row for each sound."""
    if not near:
        return ""
    rows = ""
    for sound in near:
        pairs = zip(sound.neighbours, sound.cosines, strict=True)
        cells = "".join(f"<td>{escape(title)} {cosine:.2f}</td>" for title, cosine in pairs)
        rows += f'<tr><th scope="row">{escape(sound.title)}</th>{cells}</tr>'
    heads = _heads("sound", "nearest", "second", "third")
    return f"""<h2>Near sounds</h2>
<p>{_NEAR_NOTE}</p>
{_table("Near sounds", heads, rows)}"""


def _heads(*heads: str) -> str:
    return "".join(f'<th scope="col">{head}</th>' for head in heads)


def _table(label: str, heads: str, rows: str) -> str:
    """A table that scrolls by itself on a narrow screen."""
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{table}</div>\n'


def _graph(sound: GeneratedSound) -> Spectrograph:
    return Spectrograph(sound.audio, sound.sample_rate)


def _meta(section: ExcerptSection) -> str:
    excerpt = section.excerpt
    channels = {1: "mono", 2: "stereo"}.get(excerpt.audio.shape[0], f"{excerpt.audio.shape[0]} channels")
    cut = (
        f"first {excerpt.seconds:.1f} of {excerpt.recording_seconds:.1f} s"
        if excerpt.recording_seconds > excerpt.seconds + 0.05
        else ""
    )
    length = cut or f"{excerpt.seconds:.1f} s"
    models = sorted({version.model for version in section.versions})
    return f"{excerpt.sample_rate / 1000:g} kHz, {channels}, {length}, model {', '.join(models)}"


def _facts(version: ExcerptVersion) -> list[tuple[str, str]]:
    return [
        ("Real bitrate", f"{version.kbps:.2f} kb/s (asked for {version.target_kbps:g})"),
        ("File", f"{_kb(version.size)}, {version.compression_ratio:.0f} times smaller"),
        ("Mel distance", f"{version.mel_distance:.3f}"),
        ("SI-SDR", f"{version.si_sdr:.1f} dB"),
    ]


def _kb(count: int) -> str:
    return f"{count / 1000:.1f} kB"
