"""Draw the rooms of the package and who uses whom, as the imports have it: docs/house.svg.

    python tools/house.py            # write it
    python tools/house.py --check    # is it up to date?

Lower rooms are used by higher ones. An arrow is left out where a way through other rooms says the same.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "auricle"
PICTURE = ROOT / "docs" / "house.svg"
GROUND = ("errors", "lock", "atomic", "printable", "progress", "extras", "options", "hub", "verdict")
"""What every room may use: one bar at the bottom, without arrows."""
COLOURS = {
    "the three jobs": ("#ffd9b3", ("codec", "synth", "classify")),
    "learning": ("#d5e8d4", ("losses", "discriminators", "training", "watch")),
    "sound and model": ("#dae8fc", ("audio", "dsp", "data", "metrics", "stream", "model")),
    "for users": ("#f3d6e4", ("api", "cli", "demo", "studio", "live", "export", "archive", "bench")),
}
_OTHER = "#eeeeee"
_WIDTH, _BOX, _HEIGHT, _LEVEL, _MARGIN = 1000, 104, 40, 92, 20
Graph = dict[str, set[str]]


def rooms() -> Graph:
    """Which rooms each room imports."""
    graph: Graph = {}
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if not room.startswith("__"):
            graph.setdefault(room, set()).update(_imported(ast.parse(path.read_text("utf-8"))))
    return {room: (used & graph.keys()) - {room} for room, used in graph.items()}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "auricle":
                yield from parts[1:2] or (alias.name for alias in node.names)


def reduced(graph: Graph) -> Graph:
    """Without arrows that a longer way stands for."""
    beyond: Graph = {}

    def reachable(room: str) -> set[str]:
        if room not in beyond:
            beyond[room] = set().union(*(({used} | reachable(used)) for used in graph[room]))
        return beyond[room]

    return {
        room: {used for used in targets if not any(used in reachable(other) for other in targets - {used})}
        for room, targets in graph.items()
    }


def levels(graph: Graph) -> dict[str, int]:
    """How many rooms lie below, at most."""
    level: dict[str, int] = {}

    def of(room: str) -> int:
        if room not in level:
            level[room] = 1 + max(map(of, graph[room]), default=-1)
        return level[room]

    for room in graph:
        of(room)
    return level


def places(graph: Graph, level: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Middles of the boxes: rows by level, in a row near what they use."""
    top = max(level.values())
    place: dict[str, tuple[float, float]] = {}
    for row in range(top + 1):
        names = sorted(room for room in graph if level[room] == row)
        names.sort(key=lambda room: sum(place[used][0] for used in graph[room]) / max(1, len(graph[room])))
        step = (_WIDTH - 2 * _MARGIN) / len(names)
        for index, room in enumerate(names):
            place[room] = _MARGIN + step * (index + 0.5), _MARGIN + _HEIGHT / 2 + _LEVEL * (top - row)
    return place


def drawing() -> str:
    """The picture."""
    everything = rooms()
    graph = {room: used - set(GROUND) for room, used in everything.items() if room not in GROUND}
    place, arrows = places(graph, levels(graph)), reduced(graph)
    bottom = max(y for _, y in place.values()) + _LEVEL
    height = bottom + _HEIGHT + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" font-family="sans-serif">',
        "<title>Rooms of the package: higher ones use lower ones</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#777"/></marker></defs>',
        f'<rect width="{_WIDTH}" height="{height:.0f}" fill="white"/>',
    ]
    parts += [_arrow(place[room], place[used]) for room in sorted(arrows) for used in sorted(arrows[room])]
    parts += [_box(*place[room], _BOX, room, _colour(room)) for room in sorted(place)]
    ground = [room for room in GROUND if room in everything]
    parts.append(_box(_WIDTH / 2, bottom, _WIDTH - 2 * _MARGIN, "every room may use:  " + "  ".join(ground), _OTHER))
    for index, (name, (colour, _)) in enumerate(COLOURS.items()):
        x = _MARGIN + 200 * index
        parts.append(f'<rect x="{x}" y="{height - 34:.0f}" width="16" height="16" fill="{colour}" stroke="#777"/>')
        parts.append(f'<text x="{x + 24}" y="{height - 21:.0f}" font-size="13">{escape(name)}</text>')
    return "\n".join((*parts, "</svg>", ""))


def _colour(room: str) -> str:
    return next((colour for colour, names in COLOURS.values() if room in names), _OTHER)


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    y1, y2 = y1 + _HEIGHT / 2, y2 - _HEIGHT / 2
    bend = (y2 - y1) / 2
    curve = f"M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    return f'<path d="{curve}" fill="none" stroke="#999" marker-end="url(#tip)"/>'


def _box(x: float, y: float, width: float, name: str, colour: str) -> str:
    rectangle = f'x="{x - width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{width:.0f}" height="{_HEIGHT}"'
    return (
        f'<rect {rectangle} rx="5" fill="{colour}" stroke="#777"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}" font-size="14" text-anchor="middle">{escape(name)}</text>'
    )


def main() -> None:
    """Write or check."""
    picture = drawing()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if PICTURE.is_file() and PICTURE.read_text("utf-8") == picture else "run python tools/house.py")
    PICTURE.write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
