"""The verbs and what each does, in one line: all that ``auricle --help`` needs."""

from collections.abc import Mapping
from types import MappingProxyType

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "train": "Train a model on a folder of sounds.",
        "prepare": "Decode sounds once into a corpus in shards that train and train-prior read.",
        "train-prior": "Train a prior on a folder of sounds: what makes new sounds like them.",
        "generate": "Make new sounds with a prior.",
        "morph": "Make sounds that lie between two sounds.",
        "transfer": "Play a sound with another's timbre.",
        "latents": "Take latents out of sounds and put them back, changed or not.",
        "features": "Write what an autoencoder makes of each sound, for other tools.",
        "classify fit": "Learn to tell classes of sounds apart.",
        "classify predict": "Tell what is heard in sounds, and when.",
        "classify detect": "Find events in long recordings: what, from when to when, and how sure.",
        "classify anomaly": "Tell which sounds are unusual, without labels: by bits, spectrum and waveform.",
        "classify evaluate": "Measure how well classes can be told apart, beside simple baselines.",
        "classify suggest": "Propose sounds to label next; name outliers, near duplicates and doubtful labels.",
        "similar": "Find the sounds of a folder or an index that are most like a given one.",
        "index": "Make an index of a folder of sounds for `auricle similar`, or bring one up to date.",
        "doctor": "Tell what is wrong with a folder of sounds, or with a training run.",
        "compress": "Compress an audio file into an .aur file, or a folder of them into another.",
        "decompress": "Turn an .aur file back into an audio file, or a folder of them into another.",
        "verify": "Check that .aur files are what was written.",
        "repair": "Save what can be saved of a damaged .aur file, or of a folder of them.",
        "studio": "Open a page to collect, train on, compress, make and label sounds in the browser.",
        "live": "Play microphone or file through a model, while sliders move.",
        "export": "Write a model for programs that have no Auricle.",
        "push": "Publish a model, prior or classifier on the Hugging Face Hub.",
        "info": "Show what a model or an .aur file tells about itself.",
        "evaluate-synthesis": "Compare generated sounds with real ones: distance, diversity, classes, copies.",
        "benchmark": "Compare codecs on real files: quality, real bitrates, cost.",
        "demo": "Compress and decompress real recordings and write a page to listen to them.",
    }
)
"""Verb `x-y`, or verb `y` of group `x`, is the function ``x_y`` in ``auricle.cli.commands.x_y``; the first line of its
docstring is the same."""

SMALL_STEPS = frozenset(
    ("compress", "decompress", "verify", "repair", "demo", "generate", "morph", "transfer", "latents", "live")
)
"""Verbs whose matrix products are too small to be shared: threads gain little, and beside another process they wait
for one another."""

GROUPS: Mapping[str, str] = MappingProxyType({"classify": "Tell sounds apart by what an autoencoder has learned."})
"""Groups of verbs, and what they are for."""

SUMMARY = "One audio autoencoder, trained on your own recordings: compress, make and classify sound."


def overview() -> str:
    """The text of ``auricle --help``, made without loading the command line library."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {summary}" for name, summary in VERBS.items())
    return (
        f"Usage: auricle VERB [OPTIONS]\n\n{SUMMARY}\n\nVerbs:\n{verbs}\n\n"
        "auricle VERB --help tells the options of a verb; auricle --version the version."
    )
