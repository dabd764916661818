"""Each mistake seen in comparable systems, as far as the parts exist, is kept out by a test that carries its id."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import ROOT, tree, where

LIST = Path(__file__).with_name("pitfalls.txt")
ID = re.compile(r"[A-Z]{3}-\d{2}")


def marks(module: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """The ids of every `pytest.mark.pitfall(...)` in a module, wherever it stands."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.pitfall"):
            for argument in node.args:
                yield node, str(getattr(argument, "value", ast.unparse(argument)))


def listed() -> dict[str, str]:
    """The ids of the list with what each is about."""
    rows = [line.split(maxsplit=1) for line in LIST.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert all(len(row) == 2 for row in rows), f"a row of {LIST.name} is an id and what it is about"
    assert len({row[0] for row in rows}) == len(rows), f"an id stands twice in {LIST.name}"
    return {row[0]: row[1] for row in rows}


def used() -> dict[str, str]:
    """The ids that tests carry, each with one place."""
    modules = sorted((ROOT / "tests").rglob("*.py"))
    return {identifier: where(path, node) for path in modules for node, identifier in marks(tree(path))}


def test_every_pitfall_of_the_parts_that_exist_has_a_test() -> None:
    missing = [f"{identifier}  {about}" for identifier, about in listed().items() if identifier not in used()]
    assert not missing, "no test carries these ids:\n" + "\n".join(missing)


def test_ids_are_well_formed() -> None:
    wrong = [f"{place}: {identifier}" for identifier, place in used().items() if not ID.fullmatch(identifier)]
    assert not wrong, f"an id is three capitals and two digits: {wrong}"
    assert all(ID.fullmatch(identifier) for identifier in listed())


def test_marks_are_found_wherever_they_stand() -> None:
    code = '@pytest.mark.pitfall("ACC-01", "ACC-02")\ndef f(): ...\npytestmark = [pytest.mark.pitfall("CSH-03")]\n'
    assert [identifier for _, identifier in marks(ast.parse(code))] == ["ACC-01", "ACC-02", "CSH-03"]
