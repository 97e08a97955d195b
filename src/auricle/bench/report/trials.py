"""The blind listening test: what it may compare, and its place on the page. The work is done by abx.js."""

import hashlib
import json
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from auricle.bench.report.gallery import ComparedFile
from auricle.bench.scoring.results import Sample
from auricle.html import escape
from auricle.printable import printable

SIMILAR = 1.3
"""Bitrates up to so many times apart may be compared."""


def comparable_pairs(compared: ComparedFile) -> list[tuple[int, int]]:
    """Places in ``compared.versions`` of different codecs at similar bitrates; none without an original."""
    places = list(enumerate(compared.versions)) if compared.original else []
    return [(a, b) for (a, first), (b, second) in combinations(places, 2) if _comparable(first, second)]


def listening_test(title: str, files: Sequence[ComparedFile]) -> str:
    """A section with all that the script needs; a sentence where nothing can be compared."""
    sounds = [_sound(index, compared) for index, compared in enumerate(files)]
    sounds = [sound for sound in sounds if sound["pairs"]]
    if not sounds:
        return "<p>No two codecs have sounds at similar bitrates here, so there is nothing to compare blindly.</p>\n"
    title = printable(title)
    data = json.dumps({"report": report_identity(title, sounds), "title": title, "sounds": sounds})
    return _SECTION.replace("DATA", escape(data))


def _comparable(first: Sample, second: Sample) -> bool:
    if first.codec == second.codec or not first.kbps or not second.kbps:
        return False
    return max(first.kbps, second.kbps) <= SIMILAR * min(first.kbps, second.kbps)


def _sound(index: int, compared: ComparedFile) -> dict[str, Any]:
    """``section`` counts the sections of sounds on the page, places in ``pairs`` count from 0 in ``versions``."""
    versions = [{"codec": version.codec, "setting": version.setting} for version in compared.versions]
    pairs = comparable_pairs(compared)
    return {"section": index, "file": printable(compared.file), "versions": versions, "pairs": pairs}


def report_identity(title: str, sounds: Sequence[dict[str, Any]]) -> str:
    """A name by which answers of one report stay apart from those of another in the same browser."""
    return hashlib.sha256(json.dumps([title, sounds]).encode()).hexdigest()[:16]


_SECTION = """<div id="abx" class="test" data-abx="DATA" tabindex="-1">
<noscript><p>The test needs JavaScript.</p></noscript>
<fieldset class="kinds"><legend>Question</legend>
<label><input type="radio" name="kind" value="nearer" checked> Which of A and B is nearer to the original?</label>
<label><input type="radio" name="kind" value="same"> X is A or B: which one?</label>
</fieldset>
<p class="question" aria-live="polite">Start, then switch between the sounds as often as you like.</p>
<div class="keys">
<button type="button" data-play="original" disabled>Original <kbd>O</kbd></button>
<button type="button" data-play="x" disabled hidden>X <kbd>X</kbd></button>
<button type="button" data-play="a" disabled>A <kbd>A</kbd></button>
<button type="button" data-play="b" disabled>B <kbd>B</kbd></button>
<button type="button" data-do="stop" disabled>Stop <kbd>Space</kbd></button>
</div>
<div class="keys">
<button type="button" data-do="start">Start <kbd>Enter</kbd></button>
<button type="button" data-do="first" disabled>It is A <kbd>1</kbd></button>
<button type="button" data-do="second" disabled>It is B <kbd>2</kbd></button>
<button type="button" data-do="skip" disabled>Another pair <kbd>S</kbd></button>
</div>
<p class="status" role="status"></p>
<details class="answers"><summary>Answers</summary>
<p>They stay in this browser until you clear them. Files of several listeners or days can be loaded and are added up; an
answer that is there twice counts once.</p>
<div class="keys">
<button type="button" data-do="save">Save as a file</button>
<label class="load">Load files <input type="file" accept=".json,application/json" multiple></label>
<button type="button" data-do="clear">Clear</button>
</div>
<div class="sum wide" tabindex="0" role="region" aria-label="Answers added up"></div>
<p class="meta">p is the chance to get such counts by guessing (exact binomial test: two-sided for the first question,
one-sided for the second). Decide how many trials to do before you look; with many pairs some p are small by chance.</p>
</details>
</div>
"""
