"""Configs that choose a component: the type of a config decides, its ``kind`` tag exists only in JSON."""

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


class Frozen(BaseModel):
    """Base of every config: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisteredConfig(Frozen):
    """Base of one family of components, e.g. all bottlenecks.

    A family derives from it with ``kinds={}``; a component's config derives from its family with ``kind="..."``
    and is found under that tag from then on. Reading ``{"kind": "rvq", ...}`` where a field has the family's type gives
    the component's config; writing adds the tag.
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
        assert kind not in cls.kinds, f"two configs of kind {kind}"
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
        if cls.kind or not isinstance(kind, str) or kind not in cls.kinds:
            kinds = ", ".join(sorted(cls.kinds))
            raise ValueError(f"kind {repr(kind)[:40]} is not one of {kinds}")
        return cls.kinds[kind].model_validate(value)

    @model_serializer(mode="wrap")
    def _with_kind(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}
