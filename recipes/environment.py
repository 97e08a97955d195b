"""Fit the classifier that is shipped: ten kinds of environmental sound, from ESC-10.

    python recipes/environment.py CORPUS/environment/esc10

ESC-10 is under CC BY 3.0, unlike the larger ESC-50, part of which must not be used commercially. All five folds are
learned from, after the official folds have told how good it is. It takes some ten minutes of one thread, most of it for
the card's figure.
"""

import argparse
import re
from pathlib import Path

from auricle import Classifier, evaluate_classifier
from auricle.classify.classifier_file import SUFFIX, ClassifierInfo
from auricle.classify.evaluation.cross_validation import Evaluation
from auricle.data.labels import Labelled, Labels
from auricle.data.scan import scan
from auricle.options.classification import CrossValidationOptions

SHIPPED = Path(__file__).parents[1] / "src" / "auricle" / "pretrained"
LICENCE = "Apache-2.0"
DATA = (
    "ESC-10 (K. J. Piczak, 2015; CC BY 3.0): 400 clips of 5 s, made of recordings that contributors of Freesound have "
    "released under CC0 and CC BY; the data set's list of clips names their authors"
)
_NAME = re.compile(r"^(?P<fold>\d)-(?P<source>\d+)-")


def esc10_labels(folder: Path) -> Labels:
    """The clips with class, official fold and the recording that each was cut from.

    Args:
        folder: ESC-10 as it was published: a folder for each class, as ``001_-_Dog_bark``.
    """

    corpus = scan(folder)
    items = []
    for sound in corpus.sounds:
        path = Path(sound.name)
        match = _NAME.match(path.name)
        label = path.parent.name.partition("_-_")[2].replace("_", " ").lower()
        fold, source = (None, None) if match is None else (match["fold"], match["source"])
        items.append(Labelled(sound, label or None, fold, source))
    classes = tuple(sorted({str(item.label) for item in items if item.label}))
    return Labels(tuple(items), corpus.rejected, 0, classes)


def ship_environment(esc10: Path, out: Path = SHIPPED, *, model: str = "music") -> Path:
    """Judge by the official folds, fit on all clips, and write classifier and card.

    Args:
        esc10: folder of ESC-10.
        out: folder to write ``environment.classifier.safetensors`` and ``environment.md`` into.
        model: whose encoder hears; a hearing file beside it is used.

    Returns:
        the classifier's file.
    """
    labels = esc10_labels(esc10)
    options = CrossValidationOptions(folds="fold", skip_baselines=True)
    evaluation = evaluate_classifier(labels, model, options=options, on_note=print).evaluation
    classifier = Classifier.fit(labels, model, on_note=print)
    info = ClassifierInfo(
        name="environment", description="Ten kinds of environmental sound.", licence=LICENCE, data=DATA
    )
    classifier.metadata = classifier.metadata.model_copy(update={"info": info})
    target = out / f"environment{SUFFIX}"
    classifier.save(target, force=True)
    (out / "environment.md").write_text(_card(classifier, evaluation), encoding="utf-8")
    return target


def _card(classifier: Classifier, evaluation: Evaluation) -> str:
    metadata, accuracy = classifier.metadata, evaluation.accuracy
    rows = [
        f"| {name} | {figures.recall:.0%} | {figures.precision:.0%} | {metadata.files[name]} |"
        for name, figures in evaluation.per_class.items()
    ]
    folds = ", ".join(f"{fold}: {value:.1%}" for fold, value in evaluation.fold_accuracy.items())
    return "\n".join(
        (
            "# environment",
            "",
            "Ten kinds of environmental sound, at once: `auricle classify predict new.wav`.",
            "",
            f"- Licence of the weights: {metadata.info.licence}",
            f"- Encoder of `{metadata.model}`, fingerprint `{metadata.encoder}`; features: {metadata.features}",
            f"- Probe: {metadata.probe.kind}",
            "- It always names one of its ten kinds: a sound of another kind gets the nearest, sometimes with a high "
            "probability",
            "",
            "## Training data",
            "",
            f"{metadata.info.data}. All five folds.",
            "",
            "## Figures",
            "",
            f"Official folds, each judged by a probe that learned from the other four: {accuracy.value:.1%} "
            f"({accuracy.low:.1%} to {accuracy.high:.1%}, by recordings); by fold {folds}. The encoder has heard most "
            "of folds 1 to 4 without labels, fold 5 not at all.",
            "",
            "| kind | recall | precision | clips |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        )
    )


def main() -> None:
    """Read the command line, write classifier and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("esc10", type=Path, help="folder of ESC-10, with a folder for each class")
    parser.add_argument("--model", default="music", help="a shipped model or a model file")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write into")
    options = parser.parse_args()
    print(ship_environment(options.esc10, options.out, model=options.model))


if __name__ == "__main__":
    main()
