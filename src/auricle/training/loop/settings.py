"""Which settings of a run are not those it began with, in words."""

import json
from typing import Any

_LISTED, _LONGEST = 4, 40


def changed_settings(before: str, now: str) -> str:
    """Names of the settings in which two configurations (JSON) differ, with both values: the first few of them."""
    try:
        old, new = _flat(json.loads(before)), _flat(json.loads(now))
    except ValueError:
        return "they can't be compared"
    names = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
    ordered = sorted(names, key=lambda name: (name.count("."), name))
    shown = [f"{name}: {_text(old, name)} before, {_text(new, name)} now" for name in ordered[:_LISTED]]
    return "; ".join(shown) + (f"; and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else "")


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Plain values by the path that leads to them, as ``model.encoder.0.dim``."""
    match value:
        case dict():
            parts = [(str(key), part) for key, part in value.items()]
        case list() if value:
            parts = [(str(index), part) for index, part in enumerate(value)]
        case _:
            return {name: value}
    flat: dict[str, Any] = {}
    for key, part in parts:
        flat |= _flat(part, f"{name}.{key}" if name else key)
    return flat


def _text(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return "none"
    text = json.dumps(values[name])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
