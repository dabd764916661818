"""`polyfolio strategies`: list, show, new."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from polyfolio.cli.strategies import app, skeleton_of
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.spec import Spec
from polyfolio.strategies.describe import REQUIRED, describe, meanings_of, space_words
from tests.cli.lines import polyfolio
from tests.house.sources import ROOT, run_python


def asked(*words: str) -> str:
    """What the verb prints."""
    done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: str) -> str:
    """The error of a verb."""
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, ConfigError)
    return str(done.exception)


def test_the_list_has_a_line_for_every_name() -> None:
    told = asked("list")
    for name in registry.names("strategy"):
        assert re.search(rf"^{re.escape(name[:20])}", told, re.MULTILINE), name
    (line,) = [line for line in told.splitlines() if line.startswith("breakout ")]
    assert "built in" in line
    assert "entry, exit, long_short" in line


def test_the_list_as_json_is_what_each_one_says() -> None:
    found = {row["name"]: row for row in json.loads(asked("list", "--json"))}
    assert set(found) >= set(BUILT_IN["strategy"])
    (path, first) = found["policy"]["arguments"]
    assert (path["name"], path["type"], path["required"], path["default"]) == ("path", "str", True, None)
    assert (first["required"], first["default"]) == (False, 0)
    assert found["rsi"]["arguments"][0] == {
        "name": "period",
        "type": "int",
        "required": False,
        "default": 14,
        "space": {"low": 2, "high": 30, "whole": True},
        "meaning": "changes in the averages.",
    }


def test_one_that_cannot_be_loaded_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN["strategy"], "broken", "no_such_module_here:Rule [research]")
    told = asked("list")
    assert "cannot be loaded" in told
    assert "pip install 'polyfolio[research]'" in " ".join(told.split())
    assert "trend_following" in told


def test_show_prints_arguments_values_and_a_lane_that_loads() -> None:
    told = asked("show", "ma_crossover")
    assert told.startswith("ma_crossover (polyfolio.strategies.ma_crossover:MACrossover, built in)\n\nLong while")
    assert "fast: int, default 10\n    bars of the fast average.\n    a search tries: 2 to 30, whole\n" in told
    assert "sizing, where the lane names none: equal_weight" in told
    lanes = yaml.safe_load(told[told.index("lanes:") :])["lanes"]
    assert lanes[0]["strategy"]["params"]["slow"] == 50
    Spec(name="shown", lanes=lanes)


def test_the_example_of_every_strategy_loads() -> None:
    for name in BUILT_IN["strategy"]:
        Spec(name="shown", lanes=[describe(name).example()])


def test_show_takes_a_place_and_refuses_what_nobody_registered() -> None:
    assert "Long from an index below" in asked("show", "polyfolio.strategies.rsi:RSI")
    assert json.loads(asked("show", "rsi", "--json"))["sizing"] == "equal_weight"
    assert "Did you mean `momentum`?" in refused("show", "momentun")


def test_a_new_strategy_passes_the_test_written_beside_it(tmp_path: Path) -> None:
    told = asked("new", "two_highs", "--folder", str(tmp_path))
    assert f"{tmp_path / 'two_highs.py'} is written" in told
    assert "polyfolio check leaks two_highs:TwoHighs" in told
    written = (tmp_path / "two_highs.py").read_text(encoding="utf-8")
    assert "class TwoHighs(Strategy):" in written
    assert '@register("strategy", "two_highs")' in written
    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_two_highs.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "a file that does not exist yet" in refused("new", "two_highs", "--folder", str(tmp_path))


def test_the_test_written_beside_it_fails_for_a_strategy_that_looks_ahead(tmp_path: Path) -> None:
    asked("new", "two_highs", "--folder", str(tmp_path))
    path = tmp_path / "two_highs.py"
    text = path.read_text(encoding="utf-8")
    ahead = text.replace(
        "sliding_window_view(close, self.lookback, axis=0)[:-1]",
        "sliding_window_view(close, self.lookback, axis=0)[1:]",
    )
    assert ahead != text
    path.write_text(ahead, encoding="utf-8")
    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_two_highs.py", cwd=tmp_path)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("My Rule", "a module's name: small letters, digits, underscores"),
        ("class", "a module's name: small letters, digits, underscores"),
        ("../rule", "a module's name: small letters, digits, underscores"),
        ("momentum", "a name no strategy has"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(name: str, bound: str, tmp_path: Path) -> None:
    assert bound in refused("new", name, "--folder", str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "a folder that exists" in refused("new", "mine", "--folder", str(tmp_path / "no"))


@pytest.mark.parametrize("name", ["strategy.py", "test_strategy.py"])
def test_the_files_to_copy_are_those_of_the_package(name: str) -> None:
    assert skeleton_of(name) == (ROOT / "skeletons" / name).read_text(encoding="utf-8")


def test_arguments_are_read_from_a_docstring() -> None:
    listed = "    one: what it\n        is: a word.\n    two: another.\n\nRaises:\n    three: not an argument."
    assert meanings_of(listed) == {"one": "what it is: a word.", "two": "another."}


def test_values_of_a_search_in_words() -> None:
    assert space_words({"low": 5, "high": 250, "log": True, "whole": True}) == "5 to 250, whole, logarithmic"
    assert space_words([None, True, 3, "sma"]) == "null, true, 3, sma"
    assert space_words(None) == ""


def test_what_must_be_given_is_said() -> None:
    path, _ = describe("policy").arguments
    assert path.default == REQUIRED
    assert "path: str, must be given" in asked("show", "policy")


@pytest.mark.parametrize("name", ["numpy", "json", "tape", "strategy"])
def test_a_name_that_would_hide_something_is_refused(name: str, tmp_path: Path) -> None:
    done = polyfolio("strategies", "new", name, "--folder", str(tmp_path))
    assert done.exception.field == "NAME"
    assert not list(tmp_path.iterdir())
