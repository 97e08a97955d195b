"""The verbs and what each does, in one line: all that ``auricle --help`` needs."""

from collections.abc import Mapping
from types import MappingProxyType

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "train": "Train a model on a folder of sounds.",
        "doctor": "Tell what is wrong with a folder of sounds, or with a training run.",
        "compress": "Compress an audio file into an .aur file.",
        "decompress": "Turn an .aur file back into an audio file.",
        "verify": "Check that an .aur file is what was written.",
        "repair": "Save what can be saved of a damaged .aur file.",
        "info": "Show what a model or an .aur file tells about itself.",
        "benchmark": "Compare codecs on real files: quality, real bitrates, cost.",
        "demo": "Compress and decompress real recordings and write a page to listen to them.",
    }
)
"""Verb `x` is the function ``x`` in ``auricle.cli.x``; the first line of its docstring is the same."""

SUMMARY = "One audio autoencoder: train it on your own recordings, compress sound with it."


def overview() -> str:
    """The text of ``auricle --help``, made without loading the command line library."""
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:{width}}  {summary}" for name, summary in VERBS.items())
    return (
        f"Usage: auricle VERB [OPTIONS]\n\n{SUMMARY}\n\nVerbs:\n{verbs}\n\n"
        "auricle VERB --help tells the options of a verb; auricle --version the version."
    )
