"""A value of the wrong type is refused in a line, in options and in arguments: Python's own message says neither which
it is nor what to do.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, fields
from functools import wraps
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, ParamSpec, TypeVar, Union, get_args, get_origin

from auricle.errors import OptionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_KINDS = MappingProxyType({int: "a whole number", float: "a number", bool: "True or False", str: "text"})
_ARGUMENT_KINDS = MappingProxyType(
    {
        **_KINDS,
        bytes: "bytes",
        Path: "a path",
        BinaryIO: "an open binary file",
        Sequence: "a list",
        Callable: "a function",
    }
)
_WITHOUT_PARTS = MappingProxyType({Callable: Callable, PathLike: Path, Sequence: Sequence})
"""What is asked for instead of a type with parts, such as ``Callable[[int], None]``."""
_LONGEST_VALUE = 60
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def check_fields(options: "DataclassInstance") -> None:
    """Refuse fields that are not of the numbers, texts and truth values that their annotations name. Fields of other
    types (paths, sounds, tuples) are left to what reads them.

    Raises:
        OptionError: with the field, the value, and what it takes.
    """
    for field in fields(options):
        types, value = _plain_types(field), getattr(options, field.name)
        if types and not any(_is_a(value, type_) for type_ in types):
            kinds = " or ".join(_KINDS[type_] for type_ in types if type_ is not NoneType)
            raise OptionError(f"{field.name} {_shown(value)}: give {kinds}")


def check_arguments(
    *exempt: str,
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Let a function refuse arguments that are not of the types in its signature: numbers, texts, truth values, paths,
    bytes, open files, functions, and classes of Auricle such as options and models. Arguments that may be of other
    types (sounds, arrays, sequences) are left to what reads them.

    Args:
        exempt: arguments that the function itself refuses with more to say.

    Returns:
        a decorator. What it decorates raises an OptionError with the argument, the value, and what it takes.
    """

    def decorate(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        signature = inspect.signature(function)
        types = {name: _argument_types(item.annotation) for name, item in signature.parameters.items()}

        @wraps(function)
        def checked(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
            try:
                bound = signature.bind(*arguments, **named).arguments
            except TypeError:  # too many, too few, an unknown name: Python's message is a good one
                return function(*arguments, **named)
            for name, value in bound.items():
                if name not in exempt:
                    _check_argument(name, value, types[name])
            return function(*arguments, **named)

        return checked

    return decorate


def _check_argument(name: str, value: object, types: tuple[Any, ...]) -> None:
    if types and not any(_is_a(value, type_) for type_ in types):
        raise OptionError(f"{name} {_shown(value)}: give {' or '.join(map(_kind, types))}")
    if "\0" in (text := _text(value)):
        raise OptionError(f"{name} {_shown(text)}: leave the null character out")


def _argument_types(annotation: Any) -> tuple[Any, ...]:
    """The types that an argument may have; none where one of them is of a kind that is not checked."""
    types = tuple(_WITHOUT_PARTS.get(get_origin(type_), type_) for type_ in _alternatives(annotation))
    return types if all(type_ in _ARGUMENT_KINDS or type_ is NoneType or _is_own(type_) for type_ in types) else ()


def _is_own(type_: Any) -> bool:
    return isinstance(type_, type) and type_.__module__.startswith("auricle.")


def _kind(type_: Any) -> str:
    return "None" if type_ is NoneType else _ARGUMENT_KINDS.get(type_) or f"a value of type {type_.__name__}"


def _plain_types(field: "Field[Any]") -> tuple[type, ...]:
    """The types that a field may have; none where one of them is not a plain one."""
    types = _alternatives(field.type)
    return types if all(type_ in _KINDS or type_ is NoneType for type_ in types) else ()


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, or the one that it is."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _is_a(value: object, type_: Any) -> bool:
    if type_ is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if type_ is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if type_ is Path:
        return isinstance(value, PathLike) and isinstance(fspath(value), str)
    if type_ is Sequence:  # a single text has letters, which are no paths
        return isinstance(value, Iterable) and not isinstance(value, str | bytes)
    if type_ is BinaryIO:
        return hasattr(value, "read") or hasattr(value, "write")
    return isinstance(value, type_)


def _text(value: object) -> str:
    """A text or path as text; nothing of anything else."""
    text = fspath(value) if isinstance(value, str | PathLike) else ""
    return text if isinstance(text, str) else ""


def _shown(value: object) -> str:
    """A value as Python writes it, in one line and not too long."""
    return " ".join(repr(value).split())[:_LONGEST_VALUE]
