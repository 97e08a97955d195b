"""Everything that Auricle raises on purpose.

    AuricleError
    ├── OptionError          an argument has a value that can't be used
    ├── AudioError           a sound can't be read, written or used
    ├── DataError            a folder of sounds can't be trained on
    ├── ConfigError          a model or training configuration is wrong
    ├── ModelError           a model is unknown, malformed or does not fit the work
    ├── FormatError          an .aur file is not one, or is damaged
    ├── OutputError          a file can't be written
    ├── MachineError         the processes of a run can't work together
    ├── PausedError          a training run was paused, and can be resumed
    └── MissingPackageError  a package that this job needs is not installed

Each message is one line: what was wrong, with which value, and what to do. The command line prints it and exits with 2.
"""

from collections.abc import Mapping


class AuricleError(Exception):
    """Base of every error that is meant for the user."""


class OptionError(AuricleError):
    """An argument has a value that can't be used."""


class AudioError(AuricleError):
    """A sound can't be read, written or used."""


class UnfitSoundError(AudioError):
    """A sound that was made is to be drawn again: nothing can be heard in it, or it is too loud for full scale."""


class DataError(AuricleError):
    """A folder of sounds can't be trained on."""


class ConfigError(AuricleError):
    """A model or training configuration is wrong."""


class ModelError(AuricleError):
    """A model is unknown, malformed or does not fit the work."""


class FormatError(AuricleError):
    """An .aur file is not one, or is damaged."""


class OutputError(AuricleError):
    """A file can't be written."""


class MachineError(AuricleError):
    """The processes of a run can't work together."""


class PausedError(AuricleError):
    """A training run was paused as it was asked to; its state is saved, and it can be resumed."""


class MissingPackageError(AuricleError):
    """A package that this job needs is not installed."""


def refuse_unfit(reason: str, unfit: Mapping[str, bool]) -> None:
    """Refuse options that would have no effect: ``reason: leave --precision and --window out``.

    Args:
        reason: why they have none.
        unfit: their names, and whether each was set.

    Raises:
        OptionError: one was.
    """
    names = [name for name, is_set in unfit.items() if is_set]
    if names:
        raise OptionError(f"{reason}: leave {' and '.join(names)} out")
