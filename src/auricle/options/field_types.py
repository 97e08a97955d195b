"""A value of the wrong type in options is refused in a line: Python's own message says neither which nor what to do."""

from dataclasses import Field, fields
from numbers import Integral, Real
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from auricle.errors import OptionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_KINDS = MappingProxyType({int: "a whole number", float: "a number", bool: "True or False", str: "text"})
_LONGEST_VALUE = 60


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
            raise OptionError(f"{field.name} {repr(value)[:_LONGEST_VALUE]}: give {kinds}")


def _plain_types(field: "Field[Any]") -> tuple[type, ...]:
    """The types that a field may have; none where one of them is not a plain one."""
    annotation: Any = field.type
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    types: tuple[Any, ...] = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return types if all(type_ in _KINDS or type_ is NoneType for type_ in types) else ()


def _is_a(value: object, type_: type) -> bool:
    if type_ is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if type_ is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    return isinstance(value, type_)
