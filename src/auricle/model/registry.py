"""Configs that choose a component: the type of a config decides, its ``kind`` tag exists only in JSON."""

from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from auricle.errors import ConfigError

_GROUP = "auricle"
"""Entry points under this name are modules of other packages that register components and presets."""
OWN_PART_ADVICE = (
    "if it is your own, import the module that defines it (commands import what installed packages name by entry "
    f"points of the group {_GROUP!r})"
)


@cache
def load_extensions() -> None:
    """Import what installed packages register, once: nothing that a file names is ever imported.

    Raises:
        ConfigError: a package's module can't be imported.
    """
    for entry in entry_points(group=_GROUP):
        try:
            entry.load()
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ConfigError(
                f"the extension {entry.name} ({entry.value}) can't be loaded, {reason}: mend or remove its package"
            ) from error


class Frozen(BaseModel):
    """Base of every config: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisteredConfig(Frozen):
    """Base of one family of components, e.g. all bottlenecks.

    A class that derives from it without a ``kind`` opens a family; a component's config derives from its family with
    ``kind="..."`` and is found under that tag from then on. Reading ``{"kind": "rvq", ...}`` where a field has the
    family's type gives the component's config; writing adds the tag. An unknown kind is looked for in other packages'
    extensions first. A class that is defined again, as in a notebook, replaces itself.
    """

    kinds: ClassVar[dict[str, type[Self]]] = {}  # type: ignore[misc]
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, *, kind: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, kind: str = "", **kwargs: Any) -> None:
        """Register a component, or open a family when no kind is given."""
        super().__pydantic_init_subclass__(**kwargs)
        if not kind:
            cls.kinds = {}
            return
        earlier = cls.kinds.get(kind)
        if earlier is not None and (earlier.__module__, earlier.__qualname__) != (cls.__module__, cls.__qualname__):
            first, second = (f"{one.__module__}.{one.__qualname__}" for one in (earlier, cls))
            raise ConfigError(f"two components of kind {kind!r}, {first} and {second}: choose another kind for one")
        cls.kind = kind
        cls.kinds[kind] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _by_kind(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, dict):
            return handler(value)
        kind = value.get("kind", cls.kind)
        if cls.kind and kind == cls.kind:
            return handler({key: part for key, part in value.items() if key != "kind"})
        if not cls.kind and isinstance(kind, str) and kind not in cls.kinds:
            load_extensions()
        if cls.kind or not isinstance(kind, str) or kind not in cls.kinds:
            kinds = ", ".join(sorted(cls.kinds))
            raise ValueError(f"kind {repr(kind)[:40]} is not one of {kinds}: {OWN_PART_ADVICE}")
        return cls.kinds[kind].model_validate(value)

    @model_serializer(mode="wrap")
    def _with_kind(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}
