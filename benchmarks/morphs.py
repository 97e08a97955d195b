"""Morphs: has each sound between two one pitch, on the even way from one to the other, and does its level flutter?

    python benchmarks/morphs.py CORPUS --crossfade

CORPUS is the folder of recordings that PAIRS are paths in; synthesised tones need none. Of each pair five sounds are
made. Off the way is how far, in cents, the pitch (the median of a contour by pYIN, which the morphs do not use) is from
the even way between both ends, the worst of the five. Beside the pitch is how much of the worse end, and of the worst
inner sound, is not in partials of its pitch, in dB: a second pitch leaves much. Flutter is the deviation of the level
of the inner sounds between 4 and 25 times a second, in dB, less the more of both ends. Of pairs without pitch the level
and the centroid are to move evenly: the largest step of each as a share of the whole way, .25 being even.
"""

from pathlib import Path
from typing import Any

import numpy as np

from _shared import one_thread, parser, publish, run, table, tell

PAIRS = (
    ("saxophone/00137_e4_f_rr2_dnm", "saxophone/00130_b3_f_rr1_dnm"),
    ("piano/00699_Mp_E4", "piano/00045_Mp_B4"),
    ("guitar/00333_twang_e4_f_rr1", "guitar/00040_twang_b3_f_rr1"),
    ("saxophone/00137_e4_f_rr2_dnm", "piano/03075_FF_E3"),
    ("guitar/01235_twang_e4_f_rr4", "saxophone/03399_e3_f_rr2_cnd"),
    ("mixed/00260_killer_bass_a5_vl5", "mixed/00127_bagpipes_2reed_b4_ord_rr1"),
)
"""Notes in the folder ``instruments`` of the corpus."""
VOICES = (("backward", 0, 1), ("record", 0, 1))
"""Words of the folder ``commands/arabic``, and which of its speakers say them."""
UNPITCHED = (
    ("mixed/00718_SML_Snare_2-L", "mixed/00016_A_CST_crash_SH_3"),
    ("mixed/02027_F_Tom_1_R", "mixed/00290_PL_EDG_TIP_ride_3"),
)
RATE = 44100
_SECONDS = 4.0
_POSITIONS = 5


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path, nargs="?", help="folder of recordings")
    options.add_argument("--crossfade", action="store_true", help="the same of crossfades in the latent of --model")
    options.add_argument("--model", default="music", help="of the crossfades")
    args = options.parse_args()
    one_thread()
    pairs = [*_synthesised(), *(_recorded(args.corpus) if args.corpus else [])]
    kinds = {"one pitch": None} | ({"crossfade": args.model} if args.crossfade else {})
    rows = []
    for name, first, second in pairs:
        for kind, model in kinds.items():
            rows.append({"pair": name, "morph": kind, **_measured(first, second, model)})
            tell(str(rows[-1]))
    settings = {"positions": _POSITIONS, "seconds of each sound at most": _SECONDS}
    publish("morphs", args.out, settings, {"rows": rows}, [table(rows)])


def _tone(hertz: float, partials: int, *, vibrato: float = 0.0) -> np.ndarray:
    time = np.arange(2 * RATE) / RATE
    cycles = np.cumsum(hertz * 2 ** (vibrato * np.sin(2 * np.pi * 5.5 * time) / 1200)) / RATE
    sound = sum(np.sin(2 * np.pi * k * cycles + k * k) / k for k in range(1, partials + 1))
    return (0.2 * np.minimum(1, np.minimum(time, time[::-1]) / 0.02) * sound)[None].astype(np.float32)


def _synthesised() -> list[tuple[str, np.ndarray, np.ndarray]]:
    e4, b4 = 329.63, 493.88
    return [
        ("tone E4, tone B4", _tone(e4, 12), _tone(b4, 6)),
        ("tone E4 with vibrato, tone B4", _tone(e4, 12, vibrato=40), _tone(b4, 6)),
        ("sine A2, tone A4", _tone(110, 1), _tone(440, 20)),
    ]


def _recorded(corpus: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    instruments = corpus / "instruments"
    notes = [
        (
            f"{Path(one).name}, {Path(other).name}",
            _read(instruments / f"{one}.opus"),
            _read(instruments / f"{other}.opus"),
        )
        for one, other in (*PAIRS, *UNPITCHED)
    ]
    words = []
    for word, *speakers in VOICES:
        folder = corpus / "commands" / "arabic" / word
        names = sorted({path.name.split("_")[0] for path in folder.iterdir()})
        one, other = (_read(min(folder.glob(f"{names[speaker]}_*"))) for speaker in speakers)
        words.append((f"{word}, two speakers", one, other))
    return notes + words


def _read(path: Path) -> np.ndarray:
    from auricle.audio import read, resample

    audio, rate = read(path)
    return resample(audio[:1, : round(_SECONDS * rate)], rate, RATE)


def _measured(first: np.ndarray, second: np.ndarray, model: str | None) -> dict[str, Any]:
    from auricle import MorphOptions, morph

    options = MorphOptions(_POSITIONS, crossfade=model is not None)
    output = morph((first, RATE), (second, RATE), options, model=model)
    sounds = [sound.audio[0] for sound in output.sounds if sound.audio is not None]
    facts = [_facts(sound, output.sample_rate) for sound in sounds]
    hertz = np.array([fact["hertz"] for fact in facts])
    inner, ends = facts[1:-1], (facts[0], facts[-1])
    flutter = max(fact["flutter"] for fact in inner) - max(fact["flutter"] for fact in ends)
    if not (ends[0]["hertz"] and ends[1]["hertz"]):
        steps = {name: np.diff([fact[name] for fact in facts]) for name in ("level", "centroid")}
        shares = {name: float(np.abs(step).max() / max(np.abs(step.sum()), 1e-9)) for name, step in steps.items()}
        return {"flutter dB": round(flutter, 2), **{f"{name}, largest step": round(s, 2) for name, s in shares.items()}}
    even = np.linspace(np.log2(hertz[0]), np.log2(hertz[-1]), len(hertz))
    beside = [max(fact["beside"] for fact in some) for some in (ends, inner)]
    return {
        "Hz": " ".join(f"{value:.1f}" for value in hertz),
        "cents off the way": round(float(np.abs(1200 * (np.log2(np.maximum(hertz, 1.0)) - even)).max()), 1),
        "beside the pitch dB, ends, inner": f"{beside[0]:.1f}, {beside[1]:.1f}",
        "flutter dB": round(flutter, 2),
    }


def _facts(sound: np.ndarray, sample_rate: int) -> dict[str, float]:
    from auricle.synth.harmonic.analysis import analyse

    parts = analyse(sound[None], sample_rate)
    power = float(np.square(sound).mean())
    spectrum = np.square(np.abs(np.fft.rfft(sound)))
    hertz = np.fft.rfftfreq(len(sound), 1 / sample_rate)
    return {
        "hertz": _hertz(sound, sample_rate),
        "beside": 10 * np.log10(float(np.square(parts.residual).mean()) / power + 1e-9),
        "level": 10 * np.log10(power),
        "centroid": float(np.log2((spectrum * hertz).sum() / spectrum.sum())),
        "flutter": _flutter(sound, sample_rate),
    }


def _hertz(sound: np.ndarray, sample_rate: int) -> float:
    """The median pitch by pYIN (Mauch and Dixon, 2014) of the loud part; 0 for a sound that mostly has none."""
    import librosa

    from auricle.audio import resample

    audio = resample(sound[None], sample_rate, 16000)[0]
    hertz, voiced, _ = librosa.pyin(audio, fmin=60, fmax=1600, sr=16000, frame_length=1024, hop_length=256)
    power = np.square(np.lib.stride_tricks.sliding_window_view(np.pad(audio, 512), 1024)[::256]).mean(axis=1)
    loud = power[: len(hertz)] > 1e-3 * power.max()
    return float(np.median(hertz[loud & voiced])) if (loud & voiced).sum() > 0.5 * loud.sum() else 0.0


def _flutter(sound: np.ndarray, sample_rate: int) -> float:
    """Deviation in dB of the level where it is loud, in 40 ms, less its mean over a quarter of a second."""
    size = sample_rate // 100
    power = np.square(sound[: len(sound) // size * size].reshape(-1, size), dtype=np.float64).mean(axis=1)
    levels = 10 * np.log10(power + 1e-12)
    slow = np.convolve(np.pad(levels, 12, mode="edge"), np.full(25, 1 / 25), "valid")
    loud = slow > slow.max() - 20
    inner = loud.copy()
    inner[:12] = inner[-12:] = False
    fast = np.convolve(levels - slow, np.full(4, 0.25), "same")
    return float(fast[inner].std()) if inner.any() else 0.0


if __name__ == "__main__":
    run(main)
