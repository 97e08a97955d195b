"""New sounds from a prior."""

from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path

from auricle.errors import OptionError
from auricle.model import Autoencoder
from auricle.synth.kinds import After, Kind, Like, Long, Loop, Short, Workshop, longest
from auricle.synth.priors.base import Prior
from auricle.synth.priors.loading import chosen
from auricle.synth.rendering.numbered_files import check_count, numbered
from auricle.synth.rendering.render import best
from auricle.synth.rendering.result import Made, Sound
from auricle.synth.sampling.base import Taste, randomness

MOST_SECONDS = 12 * 3600.0
_LOOP_SECONDS = 0.25, 600.0
_GOES_ON_SECONDS = 4.0


def generate(
    prior: Prior | Path | str,
    *,
    model: Autoencoder | Path | str | None = None,
    count: int = 1,
    label: str | None = None,
    seconds: float | None = None,
    seed: int = 0,
    guidance: float = 2.0,
    steps: int = 4,
    temperature: float = 1.0,
    like: Path | str | None = None,
    strength: float = 0.5,
    after: Path | str | None = None,
    loop: bool = False,
    snap: bool = False,
    out: Path | str | None = None,
    force: bool = False,
    on_progress: Callable[[float, float], None] = lambda done, total: None,
) -> Made:
    """Make new sounds. With the same seed, on the same machine, they have the same samples; sound i depends on the seed
    and i alone.

    Samples beyond full scale are turned down together with the 5 ms around them (a loop as a whole); all others are as
    the model decodes them. Memory does not grow with the length of sounds that are written to files.

    Args:
        prior: a prior, a shipped one's name, or a file.
        model: the autoencoder it was trained on; found by itself if it ships with Auricle or lies beside the prior.
        count: how many sounds.
        label: the class; None for any.
        seconds: how long; by default what the prior learned in one piece, without the silence at its end.
        seed: 0 or more.
        guidance: how much the class is exaggerated: 1 as learned, 2 to 4 clearer and less varied (flows). Without a
            class it does nothing.
        steps: of the integration from noise to latents (flows).
        temperature: spread of the random numbers; less is more typical and less varied.
        like: a sound to vary, as long as it is.
        strength: how far from it, 0 (the sound as the model rebuilds it) to 1 (a new sound).
        after: a sound to go on from; the result is this sound as the model rebuilds it, and ``seconds`` more.
        loop: make sounds whose end goes on to their beginning; their seam is measured.
        snap: round latents to the grid of the model's quantiser.
        out: folder for numbered WAV files; None returns the samples.
        force: replace files.
        on_progress: is told seconds done and in all.

    Raises:
        OptionError: an unknown class (the message lists the known ones), a number out of range, or options that exclude
            each other.
        ModelError: no such prior or model, a prior of another model, or a kind of prior that can't do this.
        AudioError: a sound can't be read, is silent or too short.
        OutputError: a file exists, or can't be written.
    """
    check_count(count)
    asked = [name for name, given in (("like", like), ("continue", after), ("loop", loop)) if given]
    if len(asked) > 1:
        raise OptionError(f"{' and '.join(asked)} exclude each other: ask for one of them")
    _check_seconds(seconds, like=like is not None, loop=loop)
    if not 0 <= strength <= 1:
        raise OptionError(f"strength {strength:g}: give 0 (the sound itself) to 1 (a new one)")
    randomness(seed, 0)
    use = chosen(prior, model)
    taste = Taste.of(use.prior, label, guidance, steps, temperature)
    name = Path(like or after or label or ("loop" if loop else "sound")).stem
    paths = [None] * count if out is None else numbered(Path(out), name, count, force=force)
    rate = use.prior.sample_rate
    samples = None if seconds is None else max(1, round(seconds * rate))
    shop = Workshop(use, taste, seed, best(use.model, snap=snap))
    kind: Kind = Short(shop, samples)
    if loop:
        kind = Loop(shop, samples or max(round(_LOOP_SECONDS[0] * rate), use.prior.window * use.prior.hop_length))
    elif like is not None:
        kind = Like(shop, Path(like), strength)
    elif after is not None:
        kind = After(shop, Path(after), samples or round(_GOES_ON_SECONDS * rate))
    elif samples is not None and samples > longest(use):
        kind = Long(shop, samples)
    sounds: list[Sound] = []
    for first in range(0, count, kind.abreast):
        some = range(first, min(count, first + kind.abreast))
        made = kind.make(some, [paths[index] for index in some], force=force)
        sounds += [replace(sound, label=label) for sound in made]
        done = sum(sound.seconds for sound in sounds)
        on_progress(done, done * count / len(sounds))
    details = {"prior": use.prior.info.name, "model": use.model.name, "label": label, "seed": seed}
    return Made(tuple(sounds), rate, use.prior.channels, details)


def _check_seconds(seconds: float | None, *, like: bool, loop: bool) -> None:
    if seconds is None:
        return
    if like:
        raise OptionError("a variation is as long as its sound: leave the seconds out")
    if not (isfinite(seconds) and 0 < seconds <= MOST_SECONDS):
        raise OptionError(f"a sound of {seconds:g} s: give more than 0 and at most {MOST_SECONDS:g}")
    shortest, longest = _LOOP_SECONDS
    if loop and not shortest <= seconds <= longest:
        raise OptionError(f"a loop of {seconds:g} s: give {shortest:g} to {longest:g}")
