"""The rating test (MUSHRA, ITU-R BS.1534-3): what it may rate, and its place on the page; mushra.js does the work."""

import json
from collections.abc import Sequence
from typing import Any

from auricle.bench.report.gallery import ComparedFile
from auricle.bench.report.trials import report_identity
from auricle.html import escape
from auricle.printable import printable

_LEAST_VERSIONS = 2
_ANCHORS_HZ = (3500.0, 7000.0)
_LEAST_REMOVED = 1.5
"""An anchor is an original without what lies above it; the original must reach so many times as high."""


def anchors_hz(sample_rate: float) -> list[float]:
    """Where the treble of a sound at ``sample_rate`` Hz is cut off for its anchors: 3.5 kHz, and 7 if it has more."""
    return [hertz for hertz in _ANCHORS_HZ if sample_rate / 2 >= _LEAST_REMOVED * hertz]


def rating_test(title: str, files: Sequence[ComparedFile]) -> str:
    """A section with all that the script needs; a sentence where there is nothing to rate."""
    sounds = [
        _sound(index, file, file.original.sample_rate)
        for index, file in enumerate(files)
        if file.original is not None and len(file.versions) >= _LEAST_VERSIONS
    ]
    if not sounds:
        return "<p>No sound has an original and two versions here, so there is nothing to rate.</p>\n"
    title = printable(title)
    data = json.dumps({"report": report_identity(title, sounds), "title": title, "sounds": sounds})
    return _SECTION.replace("DATA", escape(data))


def _sound(index: int, file: ComparedFile, sample_rate: float) -> dict[str, Any]:
    """``section`` counts the sections of sounds on the page."""
    versions = [{"codec": version.codec, "setting": version.setting} for version in file.versions]
    return {"section": index, "file": printable(file.file), "versions": versions, "anchors": anchors_hz(sample_rate)}


_SECTION = """<div id="mushra" class="test" data-mushra="DATA" tabindex="-1">
<noscript><p>The test needs JavaScript.</p></noscript>
<p class="question" aria-live="polite">Start, then play each of them beside the original, as often as you like.</p>
<div class="keys">
<button type="button" data-do="start">Start <kbd>Enter</kbd></button>
<button type="button" data-play="original" disabled>Original <kbd>O</kbd></button>
<button type="button" data-do="stop" disabled>Stop <kbd>Space</kbd></button>
</div>
<p class="scale meta" hidden>0 to 20 bad, to 40 poor, to 60 fair, to 80 good, to 100 excellent. Keys 1 to 9 play one and
go to its slider, arrows move it.</p>
<ol class="ratings"></ol>
<div class="keys">
<button type="button" data-do="done" disabled>Keep these ratings</button>
<button type="button" data-do="skip" disabled>Another sound</button>
</div>
<p class="status" role="status"></p>
<details class="answers"><summary>Ratings</summary>
<p>They stay in this browser until you clear them. Files of several listeners or days can be loaded and are added up; a
sound that is there twice counts once.</p>
<div class="keys">
<button type="button" data-do="save">Save as a file</button>
<label class="load">Load files <input type="file" accept=".json,application/json" multiple></label>
<button type="button" data-do="clear">Clear</button>
</div>
<div class="sum wide" tabindex="0" role="region" aria-label="Mean ratings"></div>
<p class="meta">Intervals are those of the mean over all ratings (Student's t). Listeners who rate the hidden original
below 90 in more than 15 % of their sounds are left out, as the recommendation says.</p>
</details>
</div>
"""
