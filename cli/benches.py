"""`fleetwatch bench NAME`: finds and runs a module of `bench/`."""

import ast
import importlib
import logging
from collections.abc import Sequence
from pathlib import Path

import structlog

from domain.errors import FleetwatchError

FOLDER = Path(__file__).resolve().parent.parent / "bench"


def run(name: str, arguments: Sequence[str]) -> int:
    """The benchmark's own exit code; 0 after listing them all when no name is given."""
    known = available()
    if name in {"", "--help"}:
        print("\n".join(["Benchmarks:", *table(known)]))
        return 0
    if name not in known:
        raise FleetwatchError("\n".join([f"there is no benchmark {name!r}; these there are:", *table(known)]))
    # What a benchmark prints is its table: the fleet's own events would drown it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return importlib.import_module(f"bench.{name}").main(arguments)


def available() -> dict[str, str]:
    """Name -> first line of its docstring, of every module that has a `main`; nothing is imported."""
    trees = {file.stem: ast.parse(file.read_bytes(), file.name) for file in sorted(FOLDER.glob("*.py"))}
    return {name: _first_line(tree) for name, tree in trees.items() if _has_main(tree)}


def table(known: dict[str, str]) -> list[str]:
    return [f"  {name:<16}{line}" for name, line in known.items()]


def _first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").split("\n")[0]


def _has_main(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
