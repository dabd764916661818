"""The parts of one lane show the journal's, the book's and the tape's own numbers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Event
from polyfolio.errors import ConfigError
from polyfolio.objects.containers import BacktestContainer
from polyfolio.objects.indicators import columns_of, indicator_of
from tests.report import runs


@cache
def finished() -> tuple[Result, BacktestContainer]:
    spec = runs.spec()
    spec["lanes"][0]["indicators"] = ["sma_3", "bbands_5"]
    spec["lanes"][1]["indicators"] = ["sma_3", "rsi"]
    result = backtest(spec, runs.tape())
    return result, BacktestContainer(result)


def test_there_is_a_system_for_each_namespace_over_one_data_container() -> None:
    result, systems = finished()
    assert list(systems) == ["free", "paying"]
    assert len(systems) == 2
    assert systems.data.tape is result.tape
    assert systems.data.bar(12)["UP"]["close"] == result.tape.close[12, 0]
    assert systems.data.symbols == ("UP", "FLAT")
    ids = [systems["paying"].risk.container_id, systems["free"].portfolio.container_id, systems.data.container_id]
    assert ids == ["risk_paying", "portfolio_free", "data"]


@pytest.mark.parametrize("lane", ("free", "paying"))
def test_the_parts_hold_the_lanes_own_rows(lane: str) -> None:
    result, systems = finished()
    system, journal = systems[lane], result.journal.lane(lane)
    np.testing.assert_array_equal(system.execution.fills, journal.fills)
    kinds = journal.events["event"]
    np.testing.assert_array_equal(system.execution.orders, journal.events[kinds == Event.ORDER])
    np.testing.assert_array_equal(system.execution.rejected, journal.events[kinds == Event.REFUSED])
    np.testing.assert_array_equal(system.risk.cuts, journal.events[kinds == Event.CUT])
    np.testing.assert_array_equal(system.risk.certificate, journal.events[kinds == Event.LIMIT])
    np.testing.assert_array_equal(system.portfolio.marks, journal.marks)
    np.testing.assert_array_equal(system.portfolio.get_equity_curve(), result.equity(lane))
    np.testing.assert_array_equal(system.portfolio.get_trades(), result.trades(lane))
    assert system.portfolio.performance == dict(result.metrics(lane))


def test_positions_are_the_books() -> None:
    """Half the capital is 10 000 units of FLAT at 50; UP opens 1 % higher, so that both are cut by 1.005 to pay it."""
    result, systems = finished()
    held = systems["free"].portfolio.get_all_positions()
    assert list(held) == ["UP", "FLAT"]
    assert held["FLAT"]["quantity"] == pytest.approx(10_000.0 / 1.005, rel=1e-9)
    assert held["FLAT"]["average_price"] == 50.0
    for slot, symbol in enumerate(("UP", "FLAT")):
        value = held[symbol]["quantity"] * result.tape.close[-1, slot]
        assert held[symbol]["value"] == pytest.approx(value, rel=1e-12)


def test_the_strategy_shows_its_name_arguments_and_signals() -> None:
    result, systems = finished()
    part = systems["paying"].strategy
    assert (part.name, part.params) == ("equal_weight", {})
    np.testing.assert_array_equal(part.signals, result.engine.signals[result.plan.rules["signal"][1]])
    with pytest.raises(ValueError, match="read-only"):
        part.signals[0, 0] = 5.0


def test_the_rules_are_those_that_hold() -> None:
    risk = finished()[1]["paying"].risk
    assert risk.limits["limits"]["max_position"] == 0.3
    assert risk.sizing["gross_target"] == 0.9


def test_indicators_are_computed_once_for_all_systems() -> None:
    """The mean of 100, 101 and 102.01 is 101.00333..."""
    systems = finished()[1]
    first, second = systems["free"].indicator, systems["paying"].indicator
    assert first.columns is second.columns
    names = ("sma_3", "bbands_5_upper", "bbands_5_middle", "bbands_5_lower", "rsi_14")
    assert first.columns.names == names
    assert second.value("sma_3", "UP", 2) == pytest.approx(101.0033333333, rel=1e-9)
    assert np.isnan(second.value("sma_3", "UP", 1))


def test_a_namespace_the_run_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"namespace: got 'payin', must be one of free, paying.*`paying`"):
        finished()[1]["payin"]


@pytest.mark.parametrize(("written", "column"), [("sma_50", "sma_50"), ("rsi", "rsi_14"), ("linearreg_slope_10", "")])
def test_an_indicator_is_a_feature_by_name_and_window(written: str, column: str) -> None:
    assert indicator_of(written).columns()[0] == (column or written)


@pytest.mark.parametrize(("written", "hint"), [("smma_20", "`sma`"), ("sma_", "`sma`"), ("", "features.md")])
def test_an_unknown_indicator_is_refused(written: Any, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"indicators: got {written!r}, must be a feature's name.*{hint}"):
        indicator_of(written)


def test_no_indicators_are_no_columns() -> None:
    assert columns_of([(), ()], runs.tape()).names == ()
