"""A value of the wrong type is refused in a line, in options and in arguments: Python's own message says neither which
it is nor what to do.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    BinaryIO,
    NamedTuple,
    ParamSpec,
    TypeVar,
    Union,
    final,
    get_args,
    get_origin,
)

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
        Callable: "a function",
    }
)
_WITHOUT_PARTS: Mapping[Any, Any] = MappingProxyType({Callable: Callable, PathLike: Path})
"""What is asked for instead of a type with parts, such as ``Callable[[int], None]``."""
_LONGEST_VALUE = 60
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


@final
class _ListOf(NamedTuple):
    """A list or tuple of any length, whose elements are of some types; of any where there are none."""

    elements: tuple[Any, ...]


def check_fields(options: "DataclassInstance") -> None:
    """Refuse fields that are not of the numbers, texts, truth values and lists of them that their annotations name.
    Fields of other types (paths, sounds) are left to what reads them, but for elements of lists of paths.

    Raises:
        OptionError: with the field, the value, and what it takes.
    """
    for field in fields(options):
        types, value = _alternatives(field.type), getattr(options, field.name)
        is_plain = all(type_ in _KINDS or type_ is NoneType or isinstance(type_, _ListOf) for type_ in types)
        if is_plain and not any(_is_a(value, type_) for type_ in types):
            kinds = " or ".join(_kind(type_) for type_ in types if type_ is not NoneType)
            raise OptionError(f"{field.name} {brief_repr(value)}: give {kinds}")
        _check_elements(field.name, value, types)


def check_arguments(
    *exempt: str,
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Let a function refuse arguments that are not of the types in its signature: numbers, texts, truth values, paths,
    bytes, open files, functions, classes of Auricle such as options and models, and lists of them. Arguments that may
    be of other types (sounds, arrays) are left to what reads them.

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
        raise OptionError(f"{name} {brief_repr(value)}: give {' or '.join(map(_kind, types))}")
    if "\0" in (text := _text(value)):
        raise OptionError(f"{name} {brief_repr(text)}: leave the null character out")
    _check_elements(name, value, types)


def _check_elements(name: str, value: object, types: tuple[Any, ...]) -> None:
    """Refuse elements of a list that are of other types than its annotation names; what can be read once only is left
    to what reads it."""
    for list_type in types:
        if isinstance(list_type, _ListOf) and isinstance(value, Collection) and _is_a(value, list_type):
            for index, element in enumerate(value):
                _check_argument(f"{name}[{index}]", element, list_type.elements)


def _argument_types(annotation: Any) -> tuple[Any, ...]:
    """The types that an argument may have; none where one of them is of a kind that is not checked."""
    types = _alternatives(annotation)
    return types if all(map(_is_checked, types)) else ()


def _is_checked(type_: Any) -> bool:
    is_own = isinstance(type_, type) and type_.__module__.startswith("auricle.")
    return is_own or type_ in _ARGUMENT_KINDS or type_ is NoneType or isinstance(type_, _ListOf)


def _kind(type_: Any) -> str:
    if isinstance(type_, _ListOf):
        return "a list"
    return "None" if type_ is NoneType else _ARGUMENT_KINDS.get(type_) or f"a value of type {type_.__name__}"


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, or the one that it is."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    types = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return tuple(map(_without_parts, types))


def _without_parts(type_: Any) -> Any:
    """A type that can be asked for: of a list with what its elements may be, where text is as good as a path."""
    origin, parts = get_origin(type_), get_args(type_)
    if origin is Sequence or (origin is tuple and parts[1:] == (Ellipsis,)):
        elements = _argument_types(parts[0])
        return _ListOf((*elements, str) if Path in elements and str not in elements else elements)
    return _WITHOUT_PARTS.get(origin, type_)


def _is_a(value: object, type_: Any) -> bool:
    if type_ is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if type_ is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if type_ is Path:
        return isinstance(value, PathLike) and isinstance(fspath(value), str)
    if isinstance(type_, _ListOf):  # a single text has letters, which are no elements
        return isinstance(value, Iterable) and not isinstance(value, str | bytes)
    if type_ is BinaryIO:
        return hasattr(value, "read") or hasattr(value, "write")
    return isinstance(value, type_)


def _text(value: object) -> str:
    """A text or path as text; nothing of anything else."""
    text = fspath(value) if isinstance(value, str | PathLike) else ""
    return text if isinstance(text, str) else ""


def brief_repr(value: object) -> str:
    """A value as Python writes it, in one line and not too long."""
    return " ".join(repr(value).split())[:_LONGEST_VALUE]
