"""Habits of the source: prints only in the command line, no swallowed errors, nothing that runs foreign code."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

import pytest

from tests.house.sources import PACKAGE, name_of, sources, tree, unless_allowed, where

BANNED_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "torch.load",
    "joblib.load",
    "yaml.load",
    "pickle.loads",
}
BANNED_METHODS = {"read_pickle", "to_pickle", "unsafe_load", "full_load"}
BANNED_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
BROAD = {"Exception", "BaseException"}


def dangers(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """What would run code that came from outside: evaluation, pickles, shells."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names if alias.name.split(".")[0] in BANNED_IMPORTS)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in BANNED_IMPORTS:
            yield node, str(node.module)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in BANNED_CALLS or called.split(".")[-1] in BANNED_METHODS:
                yield node, called
            for keyword in node.keywords:
                if keyword.arg in ("allow_pickle", "shell") and getattr(keyword.value, "value", True) is not False:
                    yield node, f"{called}({keyword.arg}=...)"


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether a handler lets an error go: no name, nothing done, or everything caught and not raised again."""
    if handler.type is None:
        return True
    if all(isinstance(line, ast.Pass | ast.Continue) or ast.unparse(line) == "..." for line in handler.body):
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(ast.unparse(kind) in BROAD for kind in types)
    return broad and not any(isinstance(node, ast.Raise) for line in handler.body for node in ast.walk(line))


def swallowed(module: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Swallowed errors with the name of the function around them."""
    around = {
        inner: node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(module):
        suppress = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "suppress"
        if suppress and any(ast.unparse(kind) in BROAD for kind in node.args):
            yield node, around.get(node, "module")
        if isinstance(node, ast.ExceptHandler) and swallows(node):
            yield node, around.get(node, "module")


def test_print_lives_in_the_command_line_alone() -> None:
    prints = [
        where(path, node)
        for path in sources()
        if path.relative_to(PACKAGE).parts[0] != "cli"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "pprint", "builtins.print")
    ]
    assert not prints, f"use the logger, or return the text: {prints}"


def test_no_error_is_swallowed() -> None:
    offences = {}
    for path in sources():
        for node, function in swallowed(tree(path)):
            place = where(path, node)
            offences[f"{place.rsplit(':', 1)[0]} {function}"] = place
    problems = unless_allowed("caught_errors", offences)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("try:\n f()\nexcept ValueError:\n pass\n", True),
        ("try:\n f()\nexcept:\n g()\n", True),
        ("try:\n f()\nexcept Exception as error:\n log(error)\n", True),
        ("with contextlib.suppress(Exception):\n f()\n", True),
        ("try:\n f()\nexcept Exception as error:\n raise DataError() from error\n", False),
        ("try:\n f()\nexcept OSError:\n return False\n", False),
    ],
)
def test_a_swallowed_error_is_found(code: str, caught: bool) -> None:
    assert bool(list(swallowed(ast.parse(code)))) is caught


@pytest.mark.pitfall("SEC-03")
def test_nothing_runs_code_that_came_from_outside() -> None:
    found = [f"{where(path, node)}: {what}" for path in sources() for node, what in dangers(tree(path))]
    assert not found, "\n".join(found)


@pytest.mark.pitfall("SEC-03")
@pytest.mark.parametrize(
    "code",
    [
        "eval(text)",
        "exec(text)",
        "import pickle",
        "from joblib import load",
        "torch.load(f)",
        "np.load(f, allow_pickle=True)",
        "pd.read_pickle(f)",
        "yaml.load(f, Loader=L)",
        "subprocess.run(c, shell=True)",
        "os.system(c)",
    ],
)
def test_each_danger_is_found(code: str) -> None:
    assert list(dangers(ast.parse(code)))


def test_harmless_code_passes() -> None:
    assert not list(
        dangers(ast.parse("re.compile(x)\nnp.load(f, allow_pickle=False)\nyaml.safe_load(f)\nmodel.eval()\n"))
    )


def test_every_public_name_is_importable() -> None:
    import polyfolio

    assert polyfolio.__all__, "polyfolio.__all__ lists nothing"
    assert len(set(polyfolio.__all__)) == len(polyfolio.__all__)
    missing = [name for name in polyfolio.__all__ if not hasattr(polyfolio, name)]
    assert not missing, f"in polyfolio.__all__ and not importable: {missing}"
    assert set(polyfolio.__all__) <= set(dir(polyfolio))
    with pytest.raises(AttributeError):
        polyfolio.no_such_name  # noqa: B018


def test_every_module_says_what_it_is() -> None:
    silent = [
        name_of(path)
        for path in sources()
        if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(tree(path))
    ]
    assert not silent, f"no docstring: {silent}"


@pytest.mark.pitfall("VER-04")
@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, RuntimeWarning, UserWarning])
def test_a_warning_of_our_own_modules_is_an_error(category: type[Warning]) -> None:
    with pytest.raises(category):
        warnings.warn_explicit("old", category, "tape.py", 1, module="polyfolio.core.tape")
    with warnings.catch_warnings(record=True) as seen:
        warnings.warn_explicit("old", category, "frame.py", 1, module="pandas.core.frame")
    assert len(seen) == 1
