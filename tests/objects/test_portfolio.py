"""PortfolioManager with a book of its own, against values computed by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import MarketData, PortfolioManager, PortfolioState, Trade, TradeRequest


def bars(day: int = 1, **prices: float) -> dict[str, MarketData]:
    when = datetime(2024, 1, day, tzinfo=UTC)
    return {ticker: MarketData.at(price, timestamp=when) for ticker, price in prices.items()}


def bought(ticker: str, quantity: float, price: float, commission: float = 0.0, **more: float) -> Trade:
    return Trade(ticker, quantity, price, None, commission, more.get("slippage", 0.0), f"{ticker}{quantity}{price}")


def test_before_the_first_update_there_is_the_capital() -> None:
    assert PortfolioManager({}).get_portfolio_state() == PortfolioState(1e6, 1e6)
    assert PortfolioManager({"initial_capital": 5e4}).current_capital == 5e4


def test_average_price_and_profits_follow_the_trades() -> None:
    manager = PortfolioManager({"initial_capital": 10_000.0})
    manager.update_portfolio([bought("A", 10.0, 100.0, 2.0), bought("A", 10.0, 110.0, 2.0)], bars(A=110.0))
    position = manager.positions["A"]
    assert (position.quantity, position.average_price, position.unrealized_pnl) == (20.0, 105.0, pytest.approx(100.0))
    manager.update_portfolio([bought("A", -5.0, 120.0, 1.0)], bars(2, A=121.0))
    state = manager.get_portfolio_state()
    assert state.cash == pytest.approx(10_000.0 - 2100.0 - 4.0 + 600.0 - 1.0)
    assert state.realized_pnl == state.positions["A"].realized_pnl == pytest.approx(75.0)
    assert state.unrealized_pnl == pytest.approx(15.0 * 16.0)
    assert state.total_value == pytest.approx(state.cash + 15.0 * 121.0)
    assert [len(manager.portfolio_history), len(state.positions["A"].trades)] == [2, 3]
    assert state.metrics["total_commission"] == pytest.approx(5.0)


def test_slippage_inside_a_price_is_shown_and_not_paid_twice() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", 5.0, 101.0, slippage=5.0)], bars(A=100.0))
    state = manager.get_portfolio_state()
    assert state.cash == pytest.approx(495.0)
    assert state.metrics["total_slippage"] == pytest.approx(5.0)
    assert state.metrics["total_gain"] == pytest.approx(0.0, abs=1e-9)


def test_a_short_earns_when_the_price_falls_and_turns_into_a_long() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", -4.0, 50.0)], bars(A=45.0))
    assert manager.positions["A"].unrealized_pnl == pytest.approx(20.0)
    manager.update_portfolio([bought("A", 6.0, 40.0)], bars(2, A=40.0))
    assert manager.positions["A"].average_price == 40.0
    assert manager.positions["A"].realized_pnl == pytest.approx(40.0)
    assert manager.get_portfolio_state().total_value == pytest.approx(1040.0)


def test_new_tickers_come_and_old_ones_go() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", 1.0, 100.0)], bars(A=100.0))
    manager.update_portfolio([bought("B", 2.0, 50.0)], bars(2, A=110.0, B=50.0))
    manager.update_portfolio([bought("A", -1.0, 120.0)], bars(3, A=120.0, B=60.0))
    manager.update_portfolio([], bars(4, B=70.0))
    state = manager.get_portfolio_state()
    assert list(state.positions) == ["B"]
    assert (state.cash, state.total_value, state.realized_pnl) == (920.0, 1060.0, 20.0)


def test_the_states_of_the_past_do_not_change() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", 1.0, 100.0)], bars(A=100.0))
    first = manager.get_portfolio_state()
    manager.update_portfolio([bought("A", 1.0, 100.0)], bars(2, A=150.0))
    assert (first.positions["A"].quantity, len(first.positions["A"].trades), first.total_value) == (1.0, 1, 1000.0)


def test_requests_reach_the_sizes_at_the_last_prices() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", 5.0, 100.0)], bars(A=100.0))
    data = bars(A=100.0, B=20.0)
    assert manager.trade_requests({"A": 0.2, "B": 0.4}, data) == [
        TradeRequest("A", pytest.approx(-3.0)),
        TradeRequest("B", pytest.approx(20.0)),
    ]
    assert manager.trade_requests({"B": 0.1}, data) == [TradeRequest("B", pytest.approx(5.0))]
    assert manager.get_portfolio_state().cash == 500.0


def test_performance_is_that_of_the_values() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    for day, price in enumerate([100.0, 110.0, 99.0, 104.0], 1):
        trades = [bought("A", 10.0, 100.0)] if day == 1 else []
        manager.update_portfolio(trades, bars(day, A=price))
    found = manager.calculate_performance_metrics()
    returns = [0.0, 0.1, -0.1, 104.0 / 99.0 - 1.0]
    mean = sum(returns) / 4
    deviation = math.sqrt(sum((r - mean) ** 2 for r in returns) / 3)
    assert found["total_return"] == pytest.approx(0.04)
    assert found["max_drawdown"] == pytest.approx(-0.1)
    assert found["annual_volatility"] == pytest.approx(deviation * math.sqrt(252.0))
    assert found["sharpe"] == pytest.approx(mean / deviation * math.sqrt(252.0))
    assert found["periods_per_year"] == 252.0
    assert math.isnan(found["var_historical"])
    assert manager.performance_metrics is found


def test_an_empty_history_has_undefined_metrics() -> None:
    found = PortfolioManager({}).calculate_performance_metrics()
    assert all(math.isnan(value) for name, value in found.items() if name != "periods_per_year")


def test_bad_input_is_named() -> None:
    manager = PortfolioManager({})
    manager.update_portfolio([bought("A", 1.0, 100.0)], bars(A=100.0))
    with pytest.raises(DataError, match=r"market_data\['A'\].*Give a bar for every ticker that is held"):
        manager.update_portfolio([], bars(B=1.0))
    with pytest.raises(DataError, match=r"trades\['C'\]"):
        manager.update_portfolio([bought("C", 1.0, 1.0)], bars(A=1.0))
    with pytest.raises(DataError, match="price of the trade in 'A'"):
        manager.update_portfolio([bought("A", 1.0, math.nan)], bars(A=1.0))
    with pytest.raises(DataError, match=r"position_sizes\['A'\]"):
        manager.trade_requests({"A": math.inf}, bars(A=1.0))
    with pytest.raises(ConfigError, match="Did you mean `initial_capital`"):
        PortfolioManager({"inital_capital": 5.0})
    with pytest.raises(ConfigError, match="initial_capital"):
        PortfolioManager({"initial_capital": 0.0})
    assert manager.get_portfolio_state().total_value == 1e6


def test_what_a_ticker_has_realised_outlives_the_arrival_of_another() -> None:
    manager = PortfolioManager({"initial_capital": 1000.0})
    manager.update_portfolio([bought("A", 3.0, 100.0), bought("A", -1.0, 110.0)], bars(A=110.0))
    manager.update_portfolio([bought("B", 1.0, 50.0)], bars(2, A=110.0, B=50.0))
    assert manager.positions["A"].realized_pnl == pytest.approx(10.0)
    assert len(manager.positions["A"].trades) == 2
