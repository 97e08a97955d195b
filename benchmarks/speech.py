"""Speech beyond the usual figures, on held-out recordings and at the bytes of real files: word errors, likeness of the
voice, and quality where speech is noisy, in another language, sung, quiet or loud; beside Opus and Lyra V2.

    python benchmarks/speech.py --clean ENGLISH/ --transcripts WORDS.tsv --noise SOUNDS/ --language French=FRENCH/

What is not given is left out. Whisper tiny.en hears the words, once beside transcripts and once beside what it hears in
the original. Resemblyzer compares voices; the rows without a codec tell what its scale means. Quality under a condition
is against what went in, noise and all; that of a level is told after bringing the sound back to a peak of 0 dBFS.
"""

import argparse
from pathlib import Path

from _shared import OptionError, add_model, model_from, one_thread, parser, publish, run, table


def main() -> None:
    args = _options()
    one_thread()
    from _conditions import clips_of, codec_settings
    from _spoken import (
        conditions,
        levels,
        not_scored,
        problems,
        quality,
        run_settings,
        single,
        tables,
        voices,
        with_noise,
        words,
    )

    model = model_from(args.model)
    settings, notes = codec_settings(model, args.kbps, args.opus, args.lyra)
    clean = clips_of(args.clean, args.files, args.clip_seconds)
    english = run_settings(clean, settings, "original")
    clips = {} if args.noise is None else with_noise(clean, args.noise)
    clips |= {name: clips_of(folder, args.files, args.clip_seconds) for name, folder in _folders(args)}
    by_condition = {f"clean, {len(clean)} files": quality(english[1:])} | conditions(clips, settings)
    by_peak = levels(clean[: args.level_files], settings) if args.level_files else {}
    everything = by_condition | by_peak
    longer = clips_of(args.clean, args.files, 2 * args.clip_seconds)
    results = (
        words(english, settings, args.transcripts, notes)
        | voices(english, longer, notes)
        | tables(by_condition, "condition")
        | tables(by_peak, "peak")
    )
    notes += [*_absent(args), *problems([result for scored in everything.values() for result, _ in scored])]
    notes += not_scored(everything)
    facts = {"model": model.name, "files": args.files, "clip seconds": args.clip_seconds, "threads": 1}
    facts |= {"files at each peak": args.level_files}
    print("\n\n".join(f"{name}:\n\n{table(rows)}" for name, rows in results.items()), end="\n\n")
    publish(f"speech-{model.name}", args.out, facts, {**results, "single files": single(everything)}, notes)


def _options() -> argparse.Namespace:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument(
        "--clean",
        type=Path,
        required=True,
        help="English speech that no model was trained on, one recording of each speaker",
    )
    options.add_argument(
        "--transcripts", type=Path, help="lines of a sound's path seen from this file, a tab, its words"
    )
    options.add_argument("--noise", type=Path, help="sounds to mix in, 10 and 0 dB below the speech")
    options.add_argument("--language", type=_language, action="append", default=[], help="NAME=FOLDER, may be repeated")
    options.add_argument("--singing", type=Path, help="folder of singing")
    options.add_argument("--kbps", type=float, nargs="+", default=[1.5, 3.0, 6.0, 9.0], help="bitrates of the model")
    options.add_argument("--opus", type=float, nargs="*", default=[6.0, 9.0], help="bitrates that Opus is set to")
    options.add_argument("--lyra", type=Path, help="folder with Lyra V2's released TFLite files")
    options.add_argument("--files", type=int, default=12, help="at most so many of each folder")
    options.add_argument(
        "--level-files", type=int, default=4, help="so many of the clean ones at each peak; 0 for none"
    )
    options.add_argument("--clip-seconds", type=float, default=7.0, help="longest excerpt of a file")
    args = options.parse_args()
    if args.files < 2 or args.clip_seconds < 1.0 or args.level_files < 0:
        raise OptionError("--files must be at least 2, --clip-seconds at least 1, --level-files at least 0")
    return args


def _language(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"give NAME=FOLDER, not {text!r}")
    return name, Path(folder)


def _folders(args: argparse.Namespace) -> list[tuple[str, Path]]:
    return [*args.language, *([] if args.singing is None else [("singing", args.singing)])]


def _absent(args: argparse.Namespace) -> list[str]:
    """What was not measured because nobody said where it lies."""
    folders = (("noise", args.noise), ("another language", args.language), ("singing", args.singing))
    return [f"{name} was not measured: no folder was given" for name, folder in folders if not folder]


if __name__ == "__main__":
    run(main)
