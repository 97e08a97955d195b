"""One flipped bit at a time in everything that is kept: whether it is noticed, and whether what comes back is right."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from _shared import parser, publish, run, table, write_sound

RATE = 16000


class Kept(NamedTuple):
    """A file, and how it is read: the values that come of it, with what was said on the way."""

    what: str
    path: Path
    read: Callable[[Callable[[str], None]], np.ndarray]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--flips", type=int, default=200, help="bits to flip in each file")
    options.add_argument("--model", default="speech", help="whose classifier, caches and copy are flipped")
    options.add_argument("--only", default="", help="flip only what has this in its name, as features")
    options.add_argument("--seed", type=int, default=0, help="chooses the bits")
    args = options.parse_args()
    with TemporaryDirectory() as name:
        rows = [
            _flipped(kept, args.flips, args.seed)
            for kept in _all_kept(Path(name), args.model)
            if args.only in kept.what
        ]
    settings = {"flips": args.flips, "model": args.model, "seed": args.seed, "only": args.only}
    publish("flips", args.out, settings, {"rows": rows}, [table(rows)])


def _flipped(kept: Kept, flips: int, seed: int) -> dict[str, Any]:
    from auricle.errors import AuricleError

    random, intact, outcomes = np.random.default_rng(seed), kept.path.read_bytes(), Counter[str]()
    expected = kept.read(lambda line: None)
    for place in random.integers(0, len(intact), flips).tolist():
        flipped, notes = bytearray(intact), list[str]()
        flipped[place] ^= 1 << int(random.integers(8))
        kept.path.write_bytes(flipped)
        try:
            same = np.array_equal(kept.read(notes.append), expected)
            outcomes["made anew, told" if same and notes else "unnoticed, same" if same else "OTHER VALUES"] += 1
        except AuricleError:
            outcomes["refused in one line"] += 1
    kept.path.write_bytes(intact)
    return {"what": kept.what, "bytes": len(intact), "flips": flips, **{name: outcomes[name] for name in OUTCOMES}}


OUTCOMES = ("refused in one line", "made anew, told", "unnoticed, same", "OTHER VALUES")


def _all_kept(home: Path, model_name: str) -> list[Kept]:
    from auricle.classify import Classifier
    from auricle.classify.classifier_file import read_classifier
    from auricle.classify.features.cache import FeatureStore
    from auricle.data import AudioCache, scan
    from auricle.model import load
    from auricle.model.files.writing import save, stored_arrays
    from auricle.options.classification import ClassifierOptions
    from auricle.synth.priors.file import load_prior, save_prior, shipped_priors
    from auricle.synth.training.latent_cache import LatentCache

    folder, random, model = home / "sounds", np.random.default_rng(0), load(model_name)
    for index in range(20):
        (folder / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        sound = (0.05 + 0.1 * (index % 2)) * random.standard_normal((1, RATE // 2))
        write_sound(folder / "ab"[index % 2] / f"{index}.wav", sound.astype(np.float32), RATE)
    caching = ClassifierOptions(cache=home / "features")
    classifier, file = Classifier.fit(folder, model, options=caching), home / "a.classifier.safetensors"
    classifier.save(file)
    copy, prior = home / "m.auricle.safetensors", home / "p.prior.safetensors"
    save(load(model_name), copy)
    save_prior(load_prior(next(iter(shipped_priors()))), prior)
    sounds = scan(folder).sounds

    def audio(note: Callable[[str], None]) -> AudioCache:
        return AudioCache.build(sounds, home / "audio", sample_rate=model.sample_rate, on_note=note)

    def latents(note: Callable[[str], None]) -> LatentCache:
        return LatentCache.build(audio(note), model, home / "latents", on_note=note)

    def features(note: Callable[[str], None]) -> np.ndarray:
        from auricle.classify.features.extract import extract

        return extract(sounds, classifier.extractor, caching=caching, on_note=note).values

    assert FeatureStore(home / "features", classifier.extractor.identity).get(sounds[0].path) is not None
    return [
        Kept("classifier", file, lambda note: _joined(read_classifier(file)[1].values())),
        Kept("model", copy, lambda note: _joined(stored_arrays(load(copy)).values())),
        Kept("prior", prior, lambda note: _joined(value.numpy() for value in load_prior(prior).state_dict().values())),
        Kept("cache of features", next((home / "features").iterdir()), features),
        Kept("cache of samples", audio(print).folder / "samples.i16", lambda note: _rows(audio(note))),
        Kept("its index", audio(print).folder / "index.json", lambda note: _rows(audio(note))),
        Kept("cache of latents", latents(print).folder / "latents.f32", lambda note: _rows(latents(note))),
    ]


def _rows(cache: Any) -> np.ndarray:
    return _joined(cache.rows(index, 0, int(cache.lengths[index])) for index in range(len(cache)))


def _joined(arrays: Any) -> np.ndarray:
    return np.concatenate([np.asarray(value, np.float64).ravel() for value in arrays])


if __name__ == "__main__":
    run(main)
