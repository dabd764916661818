"""Small files, small functions, small classes: a long one is a sign that an idea is missing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.sources import functions, python_files, tree, where

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_CLASS = 200


def lines(node: ast.stmt) -> int:
    """Lines of a definition, without its decorators."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def too_long(path: Path) -> list[str]:
    """What is too long in one file."""
    found = []
    length = len(path.read_text(encoding="utf-8").splitlines())
    if length > LONGEST_FILE:
        found.append(f"{where(path, ast.Module())}: {length} lines, at most {LONGEST_FILE}")
    definitions = [(node, LONGEST_FUNCTION) for node in functions(tree(path))]
    definitions += [(node, LONGEST_CLASS) for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    found += [
        f"{where(path, node)}: {node.name} has {lines(node)} lines, at most {bound}"
        for node, bound in definitions
        if lines(node) > bound
    ]
    return found


def test_files_functions_and_classes_are_short() -> None:
    found = [line for path in python_files() for line in too_long(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "count"), [("x = 1\n" * 401, 1), ("def f():\n" + " x = 1\n" * 60, 1), ("def f():\n" + " x = 1\n" * 59, 0)]
)
def test_length_is_counted_in_lines(code: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.sources.ROOT", tmp_path)
    path = tmp_path / "long.py"
    path.write_text(code)
    assert len(too_long(path)) == count
