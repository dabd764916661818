"""RiskManager on its own: checks, adjustments, certificates, risk models."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import MarketData, PortfolioState, Position, RiskManager, Trade, TradeRequest

CASH = PortfolioState(1e6, 1e6)
RANDOM = np.random.default_rng(5)
RETURNS = {ticker: RANDOM.normal(0.0, scale, 300) for ticker, scale in zip("ABC", (0.01, 0.02, 0.03), strict=True)}


def bars() -> dict[str, MarketData]:
    return {ticker: MarketData.at(100.0, returns=series) for ticker, series in RETURNS.items()}


def historical(sizes: dict[str, float]) -> tuple[float, float]:
    book = np.sort(sum(size * RETURNS[ticker][-252:] for ticker, size in sizes.items()))
    rank = math.ceil(0.05 * 252 - 1e-9)
    share = 0.05 * 252
    shortfall = -(book[: rank - 1].sum() + (share - rank + 1) * book[rank - 1]) / share
    return -float(book[rank - 1]), float(shortfall)


def test_the_documents_defaults_hold() -> None:
    manager = RiskManager({})
    assert (manager.max_portfolio_risk, manager.max_drawdown, manager.max_correlation) == (0.02, 0.1, 0.7)
    assert set(manager.risk_models) == {"var", "expected_shortfall", "max_drawdown", "correlation"}


def test_risk_models_are_the_definitions() -> None:
    manager, sizes = RiskManager({}), {"A": 0.5, "B": 0.3, "C": -0.2}
    var, shortfall = historical(sizes)
    assert manager.risk_models["var"](sizes, bars()) == pytest.approx(var, rel=1e-12)
    assert manager.risk_models["expected_shortfall"](sizes, bars()) == pytest.approx(shortfall, rel=1e-12)
    assert manager.risk_models["max_drawdown"]([100.0, 120.0, 90.0, 130.0]) == pytest.approx(-0.25)
    matrix = manager.risk_models["correlation"](bars())
    expected = np.corrcoef(np.stack([series[-252:] for series in RETURNS.values()]))
    assert [list(row.values()) for row in matrix.values()] == pytest.approx(expected, abs=1e-12)
    assert math.isnan(manager.risk_models["var"](sizes, {name: MarketData.at(1.0) for name in "ABC"}))


def test_sizes_are_scaled_until_the_value_at_risk_holds() -> None:
    manager = RiskManager({"max_portfolio_risk": 0.005, "max_correlation": 0.99})
    wanted = {"A": 0.4, "B": 0.3, "C": 0.3}
    sizes = manager.adjust_positions_for_risk(wanted, CASH, bars())
    scale = 0.005 / historical(wanted)[0]
    assert sizes == {ticker: pytest.approx(size * scale, rel=1e-8) for ticker, size in wanted.items()}
    result = manager.last_result
    line = next(line for line in result.certificate if line.limit == "max_var")
    assert result.passed
    assert line.binds
    assert line.value == pytest.approx(0.005, rel=1e-9)
    assert "A: 0.4 -> " in result.reasons[0]
    assert "max_var" in result.reasons[0]


def test_counts_keep_the_largest_wants() -> None:
    manager = RiskManager(
        {
            "max_portfolio_risk": 0.5,
            "max_correlation": 0.99,
            "position_limits": {"max_long_positions": 1, "max_short_positions": 1},
        }
    )
    sizes = manager.adjust_positions_for_risk({"A": 0.2, "B": 0.3, "C": -0.1}, CASH, bars())
    assert sizes == {"A": 0.0, "B": 0.3, "C": -0.1}


def test_a_limit_without_history_lets_no_new_risk_in_and_says_so() -> None:
    manager = RiskManager({})
    data = {ticker: MarketData.at(100.0, volatility=0.01) for ticker in "AB"}
    assert manager.adjust_positions_for_risk({"A": 0.5, "B": 0.5}, CASH, data) == {"A": 0.0, "B": 0.0}
    assert any("warmup" in reason for reason in manager.last_result.reasons)


def test_a_drawdown_at_its_limit_lets_gross_exposure_only_fall() -> None:
    manager = RiskManager({"max_portfolio_risk": 0.5, "max_drawdown": 0.1, "max_correlation": 0.99})
    state = PortfolioState(880.0, 680.0, {"A": Position("A", 2.0, 100.0, 100.0)}, metrics={"peak": 1000.0})
    sizes = manager.adjust_positions_for_risk({"A": 0.4, "B": 0.4, "C": 0.0}, state, bars())
    assert sum(sizes.values()) == pytest.approx(200.0 / 880.0)
    checked = manager.check_risk_constraints(state, [TradeRequest("B", 1.0)])
    assert [line.limit for line in checked.violations] == ["max_drawdown"]
    assert manager.check_risk_constraints(state, [TradeRequest("A", -1.0)]).passed


def test_a_loss_of_the_day_is_judged_against_its_start() -> None:
    manager = RiskManager({"limits": {"max_daily_loss": 0.02}})
    state = PortfolioState(975.0, 975.0, metrics={"day_equity": 1000.0})
    result = manager.check_risk_constraints(state, [Trade("A", 1.0, 100.0, None, 0.0, 0.0, "t")])
    line = result.violations[0]
    assert (line.limit, line.value, line.bound) == ("max_daily_loss", pytest.approx(0.025), 0.02)
    assert manager.adjust_positions_for_risk({"A": 0.5}, state, {"A": MarketData.at(100.0)}) == {"A": 0.0}


def test_a_check_judges_the_book_after_the_trades() -> None:
    manager = RiskManager({"limits": {"max_position": 0.3, "max_gross": 0.5}, "sizing": {"allow_short": True}})
    state = PortfolioState(1000.0, 800.0, {"A": Position("A", 2.0, 90.0, 100.0)})
    good = manager.check_risk_constraints(state, [Trade("A", 0.5, 100.0, None, 0.0, 0.0, "t")])
    assert good
    assert good.passed
    assert not good.violations
    bad = manager.check_risk_constraints(
        state,
        [
            Trade("A", 1.0, 100.0, None, 0.0, 0.0, "1"),
            Trade("A", 1.0, 100.0, None, 0.0, 0.0, "2"),
            Trade("B", -2.0, 60.0, None, 0.0, 0.0, "3"),
        ],
    )
    assert {line.limit: line.value for line in bad.violations} == {
        "max_position": pytest.approx(0.4),
        "max_gross": pytest.approx(0.52),
    }
    assert not bad
    assert "max_position: 0.4 breaks 0.3" in bad.reasons
    assert manager.last_result is bad


def test_an_unknown_risk_breaks_its_limit() -> None:
    result = RiskManager({}).check_risk_constraints(CASH, [Trade("A", 10.0, 100.0, None, 0.0, 0.0, "t")])
    assert [line.limit for line in result.violations] == ["max_var"]
    assert result.reasons == ["max_var: not known, too little history for the bound 0.02"]


def test_nothing_to_judge_passes() -> None:
    assert RiskManager({}).check_risk_constraints(CASH, []).passed


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"max_drawdwn": 0.1}, ("max_drawdwn", "Did you mean `max_drawdown`")),
        ({"max_drawdown": 1.5}, ("max_drawdown", "1.5", "< 1")),
        ({"stop_loss": {"enabled": True}}, ("stop_loss.threshold",)),
    ],
)
def test_a_wrong_configuration_is_named(config: Any, names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        RiskManager(config)
    assert all(name in str(error.value) for name in names), str(error.value)


def test_bad_input_is_named() -> None:
    manager = RiskManager({"limits": {"max_position": 0.3}})
    with pytest.raises(DataError, match=r"position_sizes\['A'\].*inf"):
        manager.adjust_positions_for_risk({"A": math.inf}, CASH, bars())
    with pytest.raises(DataError, match=r"\['D'\]"):
        manager.adjust_positions_for_risk({"D": 0.1}, CASH, bars())
    state = PortfolioState(1.0, 1.0, {"Z": Position("Z", 1.0, 1.0, 1.0)})
    with pytest.raises(DataError, match=r"positions\['Z'\]"):
        manager.adjust_positions_for_risk({"A": 0.1}, state, bars())
    with pytest.raises(DataError, match=r"proposed_trades\['Q'\].*observe"):
        manager.check_risk_constraints(CASH, [TradeRequest("Q", 1.0)])
    with pytest.raises(DataError, match="observed"):
        RiskManager({}).risk_models["var"]({"A": 1.0})
    with pytest.raises(DataError, match="low <= open"):
        MarketData(1.0, 0.9, 0.8, 0.9, timestamp=datetime(2024, 1, 1, tzinfo=UTC))
