"""What is said in recordings, from a file of transcripts."""

from pathlib import Path

from auricle.errors import OptionError
from auricle.metrics.words import normalised_words


def transcripts(path: Path) -> dict[str, list[str]]:
    """Words by sound, as the file names it. Each line is a sound's path seen from the file's folder, a tab, its words.

    Raises:
        OptionError: the file can't be read, or a line has no tab or no words or names no file.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"can't read the transcripts in {path}: {error}") from error
    by_name: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, text = line.partition("\t")
        words = normalised_words(text)
        if not words or not (path.parent / name).is_file():
            raise OptionError(f"line {number} of {path} is not the path of a sound, a tab, and what is said: {line!r}")
        by_name[name] = words
    return by_name
