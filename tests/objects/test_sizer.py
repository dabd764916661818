"""PositionSizer on its own: signatures, defaults, methods, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import MarketData, PortfolioState, Position, PositionSizer

STATE = PortfolioState(1e6, 1e6)


def bars(**volatility: float) -> dict[str, MarketData]:
    return {ticker: MarketData.at(10.0, volatility=value) for ticker, value in volatility.items()}


def test_the_documents_defaults_hold() -> None:
    sizer = PositionSizer({})
    assert (sizer.sizing_method, sizer.max_position_size, sizer.min_position_size) == ("risk_parity", 0.2, 0.01)


def test_equal_weight_shares_among_names_with_a_signal() -> None:
    sizes = PositionSizer({"method": "equal_weight", "max_position_size": 1.0}).calculate_position_sizes(
        {"A": 1.0, "B": -0.3, "C": 0.0}, STATE, bars(A=0.1, B=0.1, C=0.1)
    )
    assert sizes == {"A": 0.5, "B": -0.5, "C": 0.0}


def test_inverse_volatility_uses_the_given_volatilities() -> None:
    sizer = PositionSizer({"method": "inverse_volatility", "max_position_size": 1.0})
    sizes = sizer.calculate_position_sizes({"A": 1.0, "B": 1.0}, STATE, bars(A=0.01, B=0.03))
    assert sizes == {"A": pytest.approx(0.75), "B": pytest.approx(0.25)}
    again = sizer.calculate_position_sizes({"A": 1.0, "B": 1.0}, STATE, bars(A=0.01, B=0.01))
    assert again == {"A": pytest.approx(0.5), "B": pytest.approx(0.5)}


def test_inverse_volatility_prefers_the_history() -> None:
    random = np.random.default_rng(1)
    returns = {"A": random.normal(0, 0.01, 300), "B": random.normal(0, 0.04, 300)}
    data = {ticker: MarketData.at(10.0, volatility=0.5, returns=series) for ticker, series in returns.items()}
    sizes = PositionSizer({"method": "inverse_volatility", "max_position_size": 1.0}).calculate_position_sizes(
        {"A": 1.0, "B": 1.0}, STATE, data
    )
    inverse = {ticker: 1.0 / series[-252:].std(ddof=1) for ticker, series in returns.items()}
    assert sizes["A"] == pytest.approx(inverse["A"] / sum(inverse.values()), rel=1e-9)


def test_risk_parity_equals_risk_contributions() -> None:
    random = np.random.default_rng(2)
    common = random.normal(0, 0.01, 260)
    returns = np.stack([common + random.normal(0, scale, 260) for scale in (0.005, 0.01, 0.03)])
    data = {name: MarketData.at(10.0, returns=series) for name, series in zip("ABC", returns, strict=True)}
    sizes = PositionSizer({"method": "risk_parity", "max_position_size": 1.0, "min_position_size": 0.0})
    found = np.array(list(sizes.calculate_position_sizes(dict.fromkeys("ABC", 1.0), STATE, data).values()))
    parts = found * (np.cov(returns[:, -252:]) @ found)
    assert parts == pytest.approx(np.full(3, parts.mean()), rel=1e-8)
    assert found.sum() == pytest.approx(1.0)


def test_a_cap_and_a_floor_cut() -> None:
    sizer = PositionSizer({"method": "signal_strength", "max_position_size": 0.5, "min_position_size": 0.05})
    sizes = sizer.calculate_position_sizes({"A": 0.97, "B": 0.03}, STATE, bars(A=0.1, B=0.1))
    assert sizes == {"A": 0.5, "B": 0.0}


def test_a_ticker_without_a_signal_keeps_what_it_holds() -> None:
    state = PortfolioState(1000.0, 700.0, {"A": Position("A", 30.0, 9.0, 10.0)})
    sizes = PositionSizer({"method": "equal_weight", "max_position_size": 1.0, "max_leverage": 2.0})
    assert sizes.calculate_position_sizes({"B": 1.0}, state, bars(A=0.1, B=0.1)) == {"A": pytest.approx(0.3), "B": 1.0}


def test_our_own_sections_do_too() -> None:
    sizer = PositionSizer({"sizing": {"method": "equal_weight"}, "limits": {"max_position": 0.25}})
    assert sizer.calculate_position_sizes({"A": 1.0, "B": -1.0}, STATE, bars(A=0.1, B=0.1)) == {"A": 0.25, "B": 0.0}


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"metod": "kelly"}, ("position_sizing.metod", "method")),
        ({"method": "kely"}, ("sizing.method", "kely", "kelly")),
        ({"max_position_size": -0.1}, ("max_position", "-0.1", "> 0", "position_sizing.max_position_size")),
        ({"max_position_size": "0.1"}, ("max_position", "number")),
        ("equal_weight", ("position_sizing", "equal_weight", "section")),
    ],
)
def test_a_wrong_configuration_is_named(config: Any, names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as error:
        PositionSizer(config)
    assert all(name in str(error.value) for name in names), str(error.value)


@pytest.mark.parametrize(
    ("signals", "state", "data", "names"),
    [
        ({"AB": 1.0}, STATE, bars(A=0.1), ("signals['AB']", "AB", "A")),
        ({"A": "1"}, STATE, bars(A=0.1), ("signals['A']", "'1'", "number")),
        ({"A": math.inf}, STATE, bars(A=0.1), ("signals['A']", "inf", "a finite number", "Leave the ticker out")),
        ({"A": math.nan}, STATE, bars(A=0.1), ("signals['A']", "nan", "a finite number", "Leave the ticker out")),
        ({"A": 1.0, "B": math.nan}, STATE, bars(A=0.1, B=0.1), ("signals['B']", "nan")),
        ({"A": math.inf, "B": -math.inf}, STATE, bars(A=0.1, B=0.1), ("signals['A']", "inf")),
        ({"A": 1.0}, STATE, {}, ("market_data", "at least one")),
        ({"A": 1.0}, STATE, {"A": 10.0}, ("market_data", "float", "MarketData")),
        ({"A": 1.0}, None, bars(A=0.1), ("portfolio_state", "PortfolioState")),
        ({"A": 1.0}, PortfolioState(0.0, 0.0), bars(A=0.1), ("portfolio_state", "0.0")),
        ({"A": 1.0}, PortfolioState(9.0, 9.0, {"Z": Position("Z", 1.0, 1.0, 1.0)}), bars(A=0.1), ("positions['Z']",)),
    ],
)
def test_bad_input_is_named(signals: Any, state: Any, data: Any, names: tuple[str, ...]) -> None:
    with pytest.raises(DataError) as error:
        PositionSizer({"method": "equal_weight"}).calculate_position_sizes(signals, state, data)
    assert all(name in str(error.value) for name in names), str(error.value)


def test_a_state_whose_cash_was_made_no_number_later_is_named() -> None:
    state = PortfolioState(9.0, 9.0)
    state.cash = math.nan
    with pytest.raises(DataError, match=r"portfolio_state\.cash: got nan"):
        PositionSizer({"method": "equal_weight"}).calculate_position_sizes({"A": 1.0}, state, bars(A=0.1))


@pytest.mark.parametrize("name", ["total_value", "cash", "unrealized_pnl", "realized_pnl"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "9", None, True])
def test_a_state_refuses_money_that_is_no_number(name: str, value: Any) -> None:
    with pytest.raises(DataError) as caught:
        PortfolioState(**{"total_value": 9.0, "cash": 9.0, name: value})
    assert caught.value.field == f"{name} of PortfolioState"
    assert caught.value.bound == "a finite number"
    assert "base currency" in caught.value.remedy


@pytest.mark.parametrize("price", [math.nan, -1.0, 0.0, math.inf, "10"])
def test_market_data_refuses_a_price_that_is_none(price: Any) -> None:
    with pytest.raises(DataError, match="of MarketData"):
        MarketData.at(price)
