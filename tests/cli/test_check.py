"""`polyfolio check leaks`: what may be named, what is printed, which code it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from polyfolio.cli import check
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.market.demo import demo_tape

MODULE = """
import numpy as np

def tomorrow(tape):
    return np.vstack([tape.close[1:], tape.close[-1:]])

def today(tape):
    return np.array(tape.close)

class Lagged:
    def __init__(self, *, rows=1):
        self.rows = rows
    def __call__(self, tape):
        out = np.full(tape.close.shape, np.nan)
        if self.rows > 0:
            out[self.rows:] = tape.close[:-self.rows]
        else:
            out[:self.rows] = tape.close[-self.rows:]
        return out

def thirds(tape):
    return [(slice(0, 200), slice(200, 300)), (slice(0, 310), slice(300, 400))]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module, in which the command is called."""
    (tmp_path / "my_rules_for_check.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    monkeypatch.delitem(__import__("sys").modules, "my_rules_for_check", raising=False)
    return tmp_path


def call(*words: str):
    result = CliRunner().invoke(check.app, ["leaks", *words])
    if isinstance(result.exception, PolyfolioError):
        raise result.exception
    return result


def test_a_leak_ends_with_code_1_and_names_its_place(here: Path) -> None:
    done = call("my_rules_for_check:tomorrow")
    assert done.exit_code == 1
    assert "LEAK looks_ahead" in done.stdout
    assert "tomorrow[row 0, BTC/USDT]" in done.stdout
    done = call("my_rules_for_check:today")
    assert done.exit_code == 0, done.stdout
    assert "nothing leaks" in done.stdout


def test_arguments_of_a_class_are_set(here: Path) -> None:
    assert call("my_rules_for_check:Lagged", "--set", "rows=3").exit_code == 0
    assert call("my_rules_for_check:Lagged", "--set", "rows=-3").exit_code == 1
    with pytest.raises(ConfigError, match="--set"):
        call("my_rules_for_check:today", "--set", "rows=3")


def test_json_is_the_report(here: Path) -> None:
    done = call("my_rules_for_check:tomorrow", "--json", "--rows", "200", "--trials", "2", "--seed", "3")
    report = json.loads(done.stdout)
    assert (report["rows"], report["kind"], report["leaks"][0]["reason"]) == (200, "function", "looks_ahead")


def test_a_split_is_asked_as_one(here: Path) -> None:
    done = call("my_rules_for_check:thirds", "--kind", "split")
    assert done.exit_code == 1
    assert "overlap" in done.stdout


def test_a_registered_name_a_configuration_and_a_file_of_bars(here: Path) -> None:
    assert "Momentum(lookback=50" in call("momentum", "--set", "lookback=50").stdout
    run = "name: mine\nlanes:\n  - name: a\n    strategy: {name: momentum}\n    execution: {fill: same_close}\n"
    (here / "run.yaml").write_text(run)
    done = call("run.yaml", "--rows", "100", "--trials", "1")
    assert done.exit_code == 1
    assert "LEAK same_bar" in done.stdout
    write_bars(here / "bars.csv")
    done = call("my_rules_for_check:today", "--tape", "bars.csv")
    assert done.exit_code == 0
    assert "120 rows, 2 slots" in done.stdout


def write_bars(path: Path) -> None:
    import pandas as pd

    tape = demo_tape(symbols=["BTC/USDT", "ETH/USDT"], end="2024-01-05")
    rows = [
        {"timestamp": pd.Timestamp(int(time), tz="UTC"), "symbol": symbol, "volume": 1.0}
        | {name: getattr(tape, name)[row, slot] for name in ("open", "high", "low", "close")}
        for slot, symbol in enumerate(tape.symbols)
        for row, time in enumerate(tape.times)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    assert tape.rows == 120


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("nonsense",), "target"),
        (("no_module_here:thing",), "importable"),
        (("my_rules_for_check:nothing",), "found in"),
    ],
)
def test_what_is_not_there_is_refused(words: tuple[str, ...], match: str, here: Path) -> None:
    with pytest.raises(ConfigError, match=match):
        call(*words)


def test_the_help_has_examples() -> None:
    shown = CliRunner().invoke(check.app, ["leaks", "--help"]).stdout
    assert "polyfolio check leaks momentum --set lookback=50" in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("walk_forward",), r"arguments: got \{\}.*WalkForward.*'regime'"),
        (("momentum", "--set", "lokback=5"), "lokback.*Momentum"),
        (("my_rules_for_check:Lagged", "--set", "bars=5"), "bars.*Lagged"),
        (("rank", "--kind", "feature"), "rank of"),
        (("my_rules_for_check:thirds",), "kind `split`"),
    ],
)
def test_arguments_that_are_missing_or_unknown_are_refused_by_name(here: Path, words: tuple, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        call(*words)


def test_a_feature_of_another_one_is_made_by_their_names(here: Path) -> None:
    done = call("rank", "--kind", "feature", "--set", "of=returns", "--rows", "100")
    assert done.exit_code == 0
    assert done.stdout.startswith("Rank(of=Returns(period=1))")
