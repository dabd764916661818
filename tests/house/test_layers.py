"""Arrows point one way: a package imports from packages to its left, never from its neighbours, never in a circle."""

from __future__ import annotations

import ast
import re

from tests.house.sources import ROOT, functions, imports, name_of, sources, tree, unless_allowed, where

ORDER = (
    {"core"},
    {"kernels"},
    {"rules"},
    {"engine"},
    {"features"},
    {"market", "policy", "objects"},
    {"strategies"},
    {"store", "report"},
    {"backtests", "envs", "live"},
    {"search", "train", "testing"},
    {"service", "cli"},
)
RANK = {package: rank for rank, packages in enumerate(ORDER) for package in packages}
# polyfolio/errors.py serves everybody, so it stands left of all; the package and `python -m` stand right of all.
RANK |= {"errors": -1, "": len(ORDER), "__main__": len(ORDER)}


def package_of(module: str) -> str:
    """`polyfolio.core.tape` -> `core`; `polyfolio` -> the empty string."""
    return [*module.split("."), ""][1]


def all_imports() -> dict[str, list[tuple[str, str]]]:
    """For each module its (imported module, place)."""
    names = {name_of(path) for path in sources()}
    return {
        name_of(path): [(target, where(path, node)) for node in ast.walk(tree(path)) for target in imports(node, names)]
        for path in sources()
    }


def wrong_arrow(source: str, target: str) -> bool:
    """Whether one package may not import another."""
    if source == target:
        return False
    return RANK[target] >= RANK[source]


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The first circle met from each module, if any."""
    done: set[str] = set()
    found: list[list[str]] = []

    def walk(module: str, path: list[str]) -> None:
        if module in path:
            found.append([*path[path.index(module) :], module])
        elif module not in done:
            for target in sorted(graph.get(module, ())):
                walk(target, [*path, module])
            done.add(module)

    for module in sorted(graph):
        walk(module, [])
    return found


def test_every_package_has_its_place_in_the_order() -> None:
    homeless = sorted({package_of(name_of(path)) for path in sources()} - set(RANK))
    assert not homeless, f"not in ORDER of {__file__}: {homeless}"


def test_the_guide_names_the_order_and_which_packages_exist() -> None:
    guide = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    order, rest = guide.split("imports only from packages to its left: ")[1].split(". Of these exist today: ")
    assert [set(re.findall(r"`(\w+)`", part)) for part in order.split(", ")] == list(ORDER)
    named = re.findall(r"`(\w+)`", rest.split(";")[0])
    there = {package_of(name_of(path)) for path in sources()} & {name for packages in ORDER for name in packages}
    assert sorted(named) == sorted(there), "CONTRIBUTING.md: name the packages that exist today"


def test_a_package_imports_only_from_packages_to_its_left() -> None:
    wrong = [
        f"{place}: {package_of(source) or 'polyfolio'} may not import {target}"
        for source, targets in all_imports().items()
        for target, place in targets
        if wrong_arrow(package_of(source), package_of(target))
    ]
    assert not wrong, "\n".join(wrong)


def test_neighbours_and_later_packages_are_refused() -> None:
    assert wrong_arrow("market", "objects")
    assert wrong_arrow("core", "kernels")
    assert wrong_arrow("errors", "core")
    assert not wrong_arrow("engine", "kernels")
    assert not wrong_arrow("core", "errors")


def test_modules_never_import_each_other_in_a_circle() -> None:
    graph = {source: {target for target, _ in targets} for source, targets in all_imports().items()}
    assert not circles(graph), "\n".join(" -> ".join(circle) for circle in circles(graph))


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c", "a"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_imports_are_absolute() -> None:
    relative = [
        where(path, node)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative, f"relative imports hide the layers: {relative}"


def lazily_imported(module: ast.Module) -> list[ast.AST]:
    """Statements inside functions that import our own modules, and calls that import by a name made while running."""
    found: list[ast.AST] = []
    for function in functions(module):
        for node in ast.walk(function):
            by_name = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "import_module",
                "__import__",
            )
            if by_name or list(imports(node, set())):
                found.append(node)
    return found


def test_our_own_modules_are_not_imported_inside_functions() -> None:
    offences = {}
    for path in sources():
        for node in lazily_imported(tree(path)):
            place = where(path, node)
            offences[place.rsplit(":", 1)[0]] = place
    problems = unless_allowed("lazy_imports", offences)
    assert not problems, "\n".join(problems)


def test_an_import_inside_a_function_is_found() -> None:
    code = "def f():\n from polyfolio.core import tape\n import pandas\n importlib.import_module(name)\n"
    assert len(lazily_imported(ast.parse(code))) == 2
    assert not lazily_imported(ast.parse("from polyfolio.core import tape\n"))
