"""What the code looks like in figures: files by room, lengths, parameters, bare names. No limits, only counts.

    python benchmarks/_house.py [ROOT] [--wheel]

ROOT is a checkout, this one by default; ``--wheel`` builds the wheel too, for its size.
"""

import argparse
import ast
import io
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

BARE = ("found", "each", "made", "known", "told", "given")
SHORT, MOST_SHOWN = 60, 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--wheel", action="store_true")
    arguments = parser.parse_args()
    root: Path = arguments.root
    source = root / "src" / "auricle"
    texts = {path.relative_to(source): path.read_text("utf-8") for path in sorted(source.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lengths = {path: len(text.splitlines()) for path, text in texts.items()}
    show_rooms(lengths)
    largest = max(lengths, key=lambda path: lengths[path])
    print(f"files {len(lengths)}, median {median(lengths.values()):.0f} lines, longest {lengths[largest]} ({largest})")
    print(f"files under {SHORT} lines: {sum(count < SHORT for count in lengths.values())}")
    print(f"lines of src {sum(lengths.values())}, of tests {lines_below(root / 'tests')}")
    show_parameters(trees)
    print(f"functions of modules with one caller: {single_callers(trees)} of {len(list(module_functions(trees)))}")
    names = Counter(name for text in texts.values() for name in names_of(text))
    print("names: " + ", ".join(f"{name} {names[name]}" for name in BARE))
    if arguments.wheel:
        print(f"wheel {wheel_bytes(root) / 1e6:.1f} MB")


def show_rooms(lengths: dict[Path, int]) -> None:
    """Folders with more than one file besides ``__init__.py``, the biggest first."""
    rooms = Counter(str(path.parent) for path in lengths if path.name != "__init__.py")
    print("\n".join(f"{count:4} {room}" for room, count in rooms.most_common()))


def lines_below(folder: Path) -> int:
    return sum(len(path.read_text("utf-8").splitlines()) for path in folder.rglob("*.py"))


def show_parameters(trees: dict[Path, ast.Module]) -> None:
    """Public functions and methods with the most parameters, ``self`` not counted."""
    functions = [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, Function)]
    public = [(path, node) for path, node in functions if node.name[0] != "_" or node.name == "__init__"]
    public.sort(key=lambda function: -parameter_count(function[1]))
    counts = [parameter_count(node) for _, node in public]
    print(f"public functions with more than 8 parameters: {sum(count > 8 for count in counts)}, the largest:")
    for (path, node), count in zip(public[:MOST_SHOWN], counts, strict=False):
        print(f"{count:4} {path}: {node.name}")


def parameter_count(function: Function) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def module_functions(trees: dict[Path, ast.Module]) -> Iterator[str]:
    return (node.name for tree in trees.values() for node in tree.body if isinstance(node, Function))


def single_callers(trees: dict[Path, ast.Module]) -> int:
    """Functions of modules that the source names once, imports not counted."""
    uses = Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, (ast.Name, ast.Attribute))
    )
    return sum(uses[name] == 1 for name in module_functions(trees))


def names_of(text: str) -> Iterator[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return (token.string for token in tokens if token.type == tokenize.NAME)


def wheel_bytes(root: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(root)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return sum(path.stat().st_size for path in Path(folder).glob("*.whl"))


if __name__ == "__main__":
    main()
