"""Several systems in one run: no change of one moves a byte of another, and one that fails takes nobody with it."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.report.results_folder import write_pages
from polyfolio.report.saved import open_run
from polyfolio.rules.registry import register
from polyfolio.rules.spec import Lane
from polyfolio.strategies.base import Strategy
from tests.report import runs

RISK = {"min_history": 5, "covariance": {"window": 10}, "var_window": 20}
KEPT = ("first", "last")
SYSTEM = {
    "name": "changed",
    "strategy": {"name": "equal_weight"},
    "rebalance": {"every": 5},
    "risk": RISK,
    "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
}


@cache
def tape() -> Tape:
    """The tape of the reports' tests with two prices that move together."""
    random, base = np.random.default_rng(5), runs.tape()
    both = random.normal(0.0, 0.015, (base.rows, 1))
    close = 100.0 * np.exp(np.cumsum(both + random.normal(0.0, 0.008, (base.rows, 2)), axis=0))
    return replace(base, open=close * 0.999, high=close * 1.01, low=close * 0.99, close=close)


def spec(*systems: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A system before and one behind those that are given."""
    costs = {"commission": {"model": "per_unit", "per_unit_fee": 0.01}}
    first = {"name": "first", "strategy": {"name": "momentum", "params": {"lookback": 5}}, "execution": costs}
    last = {"name": "last", "strategy": {"name": "equal_weight"}, "exits": {"stop_loss": 0.05}, "risk": RISK}
    return {"name": "systems", "journal": "full", "checked": True, "lanes": [first, *systems, last], **more}


def run(*systems: dict[str, Any], **more: Any) -> Result:
    return backtest(spec(*systems, **more), tape())


@cache
def alone() -> Result:
    return run()


@cache
def unchanged() -> Result:
    return run(SYSTEM)


def bytes_of(result: Result, lane: str) -> tuple[bytes, bytes, str]:
    """Book, journal and numbers of a lane."""
    book, journal = result.book.lane_bytes(result.plan.lane(lane)), result.journal.lane(lane).to_bytes()
    return book, journal, json.dumps(result.record()["lanes"][lane])


def changed(**sections: Any) -> dict[str, Any]:
    system = copy.deepcopy(SYSTEM)
    for section, keys in sections.items():
        system[section] = {**system.get(section, {}), **keys} if isinstance(keys, dict) else keys
    return system


CHANGES: list[dict[str, Any]] = [
    {"account": {"initial_capital": 7_000.0, "loan_rate": 0.1}},
    {"account": {"benchmark": "FLAT"}},
    {"sizing": {"method": "signal_strength", "gross_target": 0.3, "allow_short": True}},
    {"sizing": {"method": "money", "per_signal": 1_000.0, "resize": False}},
    {"sizing": {"method": "risk_parity"}},
    {"limits": {"max_position": 0.1, "max_gross": 0.15, "max_trades": 1, "max_turnover": 0.05}},
    {"limits": {"max_position_value": 5_000.0}},
    {"risk": {"max_volatility": 0.05, "max_var": 0.001, "max_drawdown": 0.02}},
    {"risk": {"max_volatility": 0.05, "covariance": {"method": "ewma", "window": 20}}},
    {"correlation": {"limit": 0.1}},
    {"feedback": {"iterations": 3}, "risk": {"max_position_risk": 0.01}},
    {"hedge": {"benchmark": "FLAT"}},
    {"exits": {"stop_loss": 0.01, "take_profit": 0.02, "trailing_stop": 0.03}},
    {"rebalance": {"every": 1, "threshold": 0.01}},
    {"execution": {"fill": "same_close", "slippage": {"model": "percentage", "base_slippage": 0.01}}},
    {"execution": {"order_type": "limit", "price_threshold": 0.01, "time_in_force": "gtc"}},
    {"execution": {"market_impact": {"model": "square_root", "temporary_impact": 0.5, "propagate": True}}},
    {"execution": {"schedule": {"model": "twap", "bars": 4}}},
    {"strategy": {"name": "buy_and_hold"}},
    {"strategy": {"name": "momentum", "params": {"lookback": 5}}},
    {"indicators": ["sma_5", "rsi"]},
    {"system": "another folder"},
    {"program": ["size", "filter"], "sizing": {"gross_target": 0.7}},
    {"name": "renamed"},
]
SILENT = ("indicators", "system", "name")  # what a system is called and shows, not what it does


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change)[:50])
def test_no_change_of_one_system_moves_a_byte_of_another(change: dict[str, Any]) -> None:
    result = run(changed(**change))
    for lane in KEPT:
        assert bytes_of(result, lane) == bytes_of(unchanged(), lane) == bytes_of(alone(), lane)
    if not set(change) & set(SILENT) and change != {"account": {"benchmark": "FLAT"}}:
        assert bytes_of(result, "changed")[:2] != bytes_of(unchanged(), "changed")[:2], "the change has no effect"


def test_every_section_of_a_system_is_among_the_changes() -> None:
    agents = {"profile", "reward", "signal", "optimise"}  # of agents; of listening to another; of one stage
    assert {section for change in CHANGES for section in change} == set(Lane.model_fields) - agents


def test_the_files_of_the_others_do_not_move(tmp_path: Path) -> None:
    lines = {}
    for name, result in (("one", unchanged()), ("other", run(changed(limits={"max_position": 0.1})))):
        folder = result.save(tmp_path / name)
        trades = (folder / "trades.csv").read_text().splitlines()
        slots = (folder / "attribution.csv").read_text().splitlines()
        lines[name] = [line for line in trades + slots if line.startswith(KEPT)]
        saved = open_run(folder)
        lines[name] += [json.dumps(saved.metrics["lanes"][lane]) for lane in KEPT]
        lines[name] += [saved.journal.lane(lane).digest() for lane in KEPT]
    assert lines["one"] == lines["other"]
    assert len(lines["one"]) > 8


def test_the_folders_of_the_others_do_not_move(tmp_path: Path) -> None:
    """All but the page, whose footer names the run."""
    other = run(changed(limits={"max_position": 0.1}))
    for name, result in (("one", unchanged()), ("other", other)):
        write_pages(result, tmp_path / name)
    for lane in KEPT:
        files = sorted(path.name for path in (tmp_path / "one" / lane).iterdir() if path.suffix != ".html")
        assert {"trades.csv", "performance.json"} <= set(files)
        for file in files:
            one, two = (tmp_path / name / lane / file for name in ("one", "other"))
            assert without_run(one, unchanged()) == without_run(two, other), file


def without_run(path: Path, result: Result) -> bytes:
    return path.read_bytes().replace(result.run_id.encode(), b"run")


def test_many_systems_and_their_order_change_nothing() -> None:
    many = [{**SYSTEM, "name": f"system {number}"} for number in range(8)]
    result = backtest(spec(*many), tape(), threads=3)
    for lane in KEPT:
        assert bytes_of(result, lane) == bytes_of(alone(), lane)
    back = spec(*many)
    back["lanes"].reverse()
    for lane in KEPT:
        assert bytes_of(backtest(back, tape()), lane) == bytes_of(alone(), lane)


# -- a strategy that fails ------------------------------------------------------------------------------------------


@register("strategy", "test_raises")
class Raises(Strategy):
    """Raises in the middle of its work."""

    def signals(self, tape: Tape) -> Floats:
        raise ZeroDivisionError(f"at row {tape.rows // 2}")


@register("strategy", "test_silent")
class Silent(Strategy):
    """Has no opinion."""

    def signals(self, tape: Tape) -> Floats:
        return np.full((tape.rows, tape.slots), np.nan)


@register("strategy", "test_shapeless")
class Shapeless(Strategy):
    """Forgets a slot."""

    def signals(self, tape: Tape) -> Floats:
        return np.ones((tape.rows, tape.slots - 1))


@register("strategy", "test_infinite")
class Infinite(Strategy):
    """Divides by nothing."""

    def signals(self, tape: Tape) -> Floats:
        return np.full((tape.rows, tape.slots), np.inf)


@register("strategy", "test_particular")
class Particular(Strategy):
    """Refuses its argument when it is asked."""

    def __init__(self, *, window: int = 5) -> None:
        self.window = window

    def signals(self, tape: Tape) -> Floats:
        if self.window < 1:
            raise ConfigError("window", self.window, "at least 1", "Correct it.")
        return np.ones((tape.rows, tape.slots))


WRONG = [
    (
        "test_raises",
        {},
        "lanes[1].strategy (test_raises): got 'ZeroDivisionError: at row 30', must be signals for",
    ),
    ("test_silent", {}, "lanes[1].strategy: signals: got 'NaN in every row', must be a number in some row"),
    ("test_shapeless", {}, "lanes[1].strategy (changed): signals: got (60, 1), must be of shape (60, 2)"),
    ("test_infinite", {}, "lanes[1].strategy (changed): signals[0, 0]: got inf, must be finite, or NaN"),
    ("test_particular", {"window": 0}, "lanes[1].strategy.params.window: got 0, must be at least 1"),
]


@pytest.mark.parametrize(("name", "params", "message"), WRONG)
def test_a_strategy_that_fails_stops_its_own_system_alone(
    name: str, params: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "polyfolio"):
        result = run({**SYSTEM, "strategy": {"name": name, "params": params}})
    assert result.lanes == KEPT
    assert list(result.failed) == ["changed"]
    assert str(result.failed["changed"]).startswith(message)
    assert "lane changed is left out" in caplog.text
    for lane in KEPT:
        assert bytes_of(result, lane) == bytes_of(alone(), lane)
    # what is left is the run of the configuration without it, so that it can be repeated
    assert result.run_id == alone().run_id
    assert result.journal.to_bytes() == alone().journal.to_bytes()


@pytest.mark.parametrize(("name", "params", "message"), WRONG)
def test_a_single_system_that_fails_is_an_error(name: str, params: dict[str, Any], message: str) -> None:
    lane = {**SYSTEM, "strategy": {"name": name, "params": params}}
    with pytest.raises(ConfigError) as caught:
        backtest({"name": "single", "lanes": [lane]}, tape())
    assert str(caught.value).startswith(message.replace("lanes[1]", "lanes[0]"))


def test_where_it_was_raised_is_told() -> None:
    error = run({**SYSTEM, "strategy": {"name": "test_raises"}}).failed["changed"]
    line = Raises.signals.__code__.co_firstlineno + 1
    assert f"it was raised in {__file__}, line {line}." in error.remedy


def test_systems_that_share_what_fails_go_together_and_are_told_one_by_one() -> None:
    pair = [{**SYSTEM, "name": name, "strategy": {"name": "test_raises"}} for name in ("one", "two")]
    hears = {"name": "three", "signal": "two"}
    result = run(*pair, hears, {**SYSTEM, "name": "four", "strategy": {"name": "test_silent"}})
    assert result.lanes == KEPT
    assert list(result.failed) == ["one", "two", "three", "four"]
    fields = [error.field.split("]")[0] for error in result.failed.values()]
    assert fields == ["lanes[1", "lanes[2", "lanes[3", "lanes[4"]
    assert bytes_of(result, "last") == bytes_of(alone(), "last")


def test_where_every_system_fails_the_first_error_is_raised() -> None:
    lanes = [{"name": name, "strategy": {"name": f"test_{name}"}} for name in ("silent", "raises")]
    with pytest.raises(ConfigError, match=r"lanes\[0\].strategy: signals: got 'NaN in every row'"):
        backtest({"name": "none", "lanes": lanes}, tape())


def test_a_name_nobody_knows_is_the_configurations_fault_and_stops_the_run() -> None:
    with pytest.raises(ConfigError, match="Did you mean `equal_weight`"):
        run({**SYSTEM, "strategy": {"name": "equal_wight"}})
    with pytest.raises(ConfigError, match=r"lanes\[1\].strategy.params.windw: got 3"):
        run({**SYSTEM, "strategy": {"name": "test_particular", "params": {"windw": 3}}})


def test_a_group_goes_on_without_the_lane_that_failed() -> None:
    groups = [{"name": "account", "lanes": ["first", "changed"], "max_gross": 0.5}, {"name": "b", "lanes": ["x"]}]
    broken = {**SYSTEM, "strategy": {"name": "test_raises"}}
    result = run(broken, {**broken, "name": "x"}, groups=groups)
    assert [(group.name, group.lanes) for group in result.spec.groups] == [("account", ("first",))]
    assert bytes_of(result, "last") == bytes_of(alone(), "last")


# -- capital and limits of a group ----------------------------------------------------------------------------------


def test_capital_is_divided_anew_on_the_schedule() -> None:
    """Every 20 bars the two have half each of what both have, as far as the cash of the richer one goes."""
    lanes = [
        {"name": "idle", "strategy": {"name": "test_particular"}, "sizing": {"gross_target": 0.001}},
        {"name": "busy", "strategy": {"name": "equal_weight"}, "sizing": {"gross_target": 0.5}},
    ]
    group = {"name": "account", "lanes": ["idle", "busy"], "capital": {"every": 20}}
    result = backtest({"name": "divided", "journal": "full", "lanes": lanes, "groups": [group]}, tape())
    idle, busy = (result.journal.lane(name).marks for name in ("idle", "busy"))
    assert np.flatnonzero(idle["flows"]).tolist() == [21, 41]
    for row in (20, 40):
        half = (busy["equity"][row] - idle["equity"][row]) / 2
        assert idle["flows"][row + 1] == pytest.approx(half, rel=1e-12)
        assert busy["flows"][row + 1] == pytest.approx(-half, rel=1e-12)
    parted = backtest({"name": "parted", "journal": "full", "lanes": lanes}, tape())
    assert parted.journal.lane("idle").marks["flows"].sum() == 0.0


@pytest.mark.pitfall("CSH-06")
def test_a_loss_next_door_leaves_a_systems_own_limits_alone() -> None:
    """The neighbour loses more than half of its equity; the daily loss of the other counts its own equity alone."""
    ruinous = {
        **SYSTEM,
        "sizing": {"gross_target": 3.0},
        "limits": {"max_leverage": 3.0},
        "execution": {"commission": {"model": "percentage", "percentage_fee": 0.3}},
    }
    careful = {"name": "careful", "strategy": {"name": "equal_weight"}, "limits": {"max_daily_loss": 0.15}}
    together = run(ruinous, careful)
    assert together.metrics("changed")["total_return"] < -0.5
    group = [{"name": "account", "lanes": ["changed", "careful"]}]
    for result in (together, run(careful), run(ruinous, careful, groups=group)):
        assert bytes_of(result, "careful")[:2] == bytes_of(together, "careful")[:2]
