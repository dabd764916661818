"""The doors: help teaches, errors are one message with an exit code, nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import sys

import pytest

from polyfolio import cli
from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError, StopTrading
from tests.house.sources import run_python

HEAVY = ("numba", "pandas", "pyarrow", "scipy", "numpy")


def polyfolio(*arguments: str, **more):
    return run_python("-m", "polyfolio", *arguments, **more)


def test_help_names_every_verb_with_an_example() -> None:
    done = polyfolio("--help")
    assert done.returncode == 0
    for verb in cli.VERBS:
        assert f"polyfolio {verb}" in done.stdout
    assert "--install-completion" in done.stdout
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize("verb", [verb for verb in cli.VERBS if verb != "config"])
def test_a_verbs_help_has_an_example(verb: str) -> None:
    done = polyfolio(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert f"  polyfolio {verb}" in done.stdout


@pytest.mark.parametrize("line", ["['--help']", "['version']"])
def test_help_and_version_import_nothing_heavy(line: str) -> None:
    code = (
        f"import sys, json\nfrom polyfolio.cli import main\ntry:\n main({line})\nexcept SystemExit:\n pass\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = run_python("-c", code)
    assert json.loads(done.stdout.splitlines()[-1]) == [], done.stderr


def test_the_config_verbs_are_there() -> None:
    done = polyfolio("config", "--help")
    for verb in ("schema", "validate", "show", "explain", "reference"):
        assert verb in done.stdout
    assert json.loads(polyfolio("config", "schema").stdout)["title"] == "Spec"


def test_version_names_what_numbers_depend_on() -> None:
    done = polyfolio("version")
    assert [line.split()[0] for line in done.stdout.splitlines()][:3] == ["polyfolio", "numpy", "numba"]


def raising(error: BaseException):
    def app(*_: object, **__: object) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("kind", "code"), [(ConfigError, 2), (DataError, 3), (RetryError, 4), (StopTrading, 5), (PolyfolioError, 1)]
)
def test_each_error_has_its_exit_code_and_four_parts(kind, code, monkeypatch, capsys) -> None:
    error = kind("limits.max_position", 1.5, "at most [1]", "Lower it.\nSecond fault.")
    monkeypatch.setattr(cli, "app", raising(error))
    with pytest.raises(SystemExit) as caught:
        cli.main(["demo"])
    assert caught.value.code == code
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert "limits.max_position" in lines[0]
    assert lines[1:] == ["  found    1.5", "  must be  at most [1]", "  remedy   Lower it.", "           Second fault."]
    assert "Traceback" not in printed.err


def test_debug_lets_the_error_through(monkeypatch) -> None:
    seen: list[list[str]] = []

    def app(args: list[str], **_: object) -> None:
        seen.append(args)
        raise DataError("x", 1, "2", "y")

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(DataError):
        cli.main(["demo", "--debug"])
    assert seen == [["demo"]]


def test_an_interrupt_ends_with_130(monkeypatch) -> None:
    monkeypatch.setattr(cli, "app", raising(KeyboardInterrupt()))
    with pytest.raises(SystemExit) as caught:
        cli.main(["demo"])
    assert caught.value.code == 130


def test_an_interrupt_inside_a_verb_ends_with_130() -> None:
    code = """
import sys
from polyfolio import cli
import polyfolio.cli.version as version
def stop(name): raise KeyboardInterrupt
version._version = stop
cli.main(["version"])
"""
    done = run_python("-c", code)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (("config", "explain", "max_varr"), 2, ("max_varr", "Did you mean `max_var`?")),
        (("backtest", "no.yaml"), 2, ("no.yaml", "a readable file")),
        (("why", "nowhere", "--slot", "A", "--at", "1"), 3, ("nowhere", "meta.json")),
        (("demo", "--out", "file/run"), 3, ("results folder", "file/run")),
        (("nonsense",), 2, ("No such command",)),
        (("why",), 2, ("Missing",)),
    ],
)
def test_a_mistake_is_one_message(line, code, words, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    done = polyfolio(*line, cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_every_public_name_is_imported_on_first_use_and_known_to_dir() -> None:
    import polyfolio as package

    assert set(package.__all__) <= set(dir(package))
    assert callable(package.backtest)
    assert package.backtest.__name__ == "backtest"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_the_types_names_are_the_ones_that_are_resolved() -> None:
    """What a type checker sees and what is imported at run time are listed apart; they must not drift."""
    import ast
    from pathlib import Path

    import polyfolio as package

    tree = ast.parse(Path(package.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname or alias.name: (node.module, alias.name) for node in imports for alias in node.names}
    for node in block.body:  # names with another name at home
        if isinstance(node, ast.Assign):
            seen[ast.unparse(node.targets[0])] = seen.pop(ast.unparse(node.value))
    assert seen == package._PLACES
    assert set(seen) | {"__version__"} == set(package.__all__)


def test_the_package_of_objects_lists_its_names_once_and_exports_them_to_type_checkers() -> None:
    import ast
    from pathlib import Path

    from polyfolio import objects

    tree = ast.parse(Path(objects.__file__).read_text())
    names = [
        alias
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    ]
    assert all(alias.asname == alias.name for alias in names)
    assert len(names) == len({alias.name for alias in names}) > 15
    assert not hasattr(objects, "__all__")


def test_python_m_polyfolio_is_the_command() -> None:
    assert polyfolio("version").stdout == run_python("-c", "from polyfolio.cli import main; main(['version'])").stdout
    assert sys.version_info[:2] >= (3, 11)
