"""PortfolioManager: cash, positions, profits and performance of one portfolio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from polyfolio.core.codes import Period, Status
from polyfolio.kernels import doors
from polyfolio.objects import checks
from polyfolio.objects.bench import Bench
from polyfolio.objects.configs import spec_of
from polyfolio.objects.data import MarketData, PortfolioState, Position, Trade, TradeRequest
from polyfolio.objects.desk import Desk, requests_in, table_of
from polyfolio.objects.performance import metrics_of

BASE = {"execution": {"market_impact": {"participation_rate_limit": None}}}
SECONDS_A_YEAR = 365.25 * 86_400.0
# What a state's metrics show of the account record.
SHOWN = (
    "gross",
    "net",
    "peak",
    "drawdown",
    "day_equity",
    "total_flows",
    "total_gain",
    "total_dividends",
    "total_interest",
    "total_borrow",
    "total_funding",
    "total_commission",
    "total_slippage",
    "total_impact",
    "total_turnover",
)


class PortfolioManager:
    """The book of one portfolio.

    Args:
        config: the `portfolio` section, or sections of this package.
        desk: the lane it works on; without one it keeps a book of its own.
        periods_per_year: bars a year, for annualised metrics; a desk takes its tape's.

    Attributes:
        config: as given.
        initial_capital: money of the base currency.
        current_capital: cash now.
        positions: ticker -> Position, those that are not zero.
        portfolio_history: a PortfolioState per update.
        performance_metrics: of the last `calculate_performance_metrics`.

    Example:
        >>> from polyfolio.objects import MarketData, PortfolioManager, Trade
        >>> manager = PortfolioManager({"initial_capital": 1000.0})
        >>> manager.update_portfolio([Trade("A", 10.0, 50.0, None, 1.0, 0.0, "t1")], {"A": MarketData.at(52.0)})
        >>> state = manager.get_portfolio_state()
        >>> state.cash, state.total_value, state.unrealized_pnl
        (499.0, 1019.0, 20.0)
    """

    def __init__(self, config: Any = None, *, desk: Desk | None = None, periods_per_year: float = 252.0) -> None:
        self.config, self._desk = config, desk
        self._bench: Bench | None = None
        if desk is None:
            self._spec = spec_of("portfolio", {} if config is None else config, BASE)
            self.initial_capital = self._spec.lanes[0].account.initial_capital
            self._periods = periods_per_year
        else:
            self.initial_capital = desk.rule("initial_capital")
            self._periods = desk.tape.calendar.bars_per_year
        self.current_capital = self.initial_capital
        self.positions: dict[str, Position] = {}
        self.portfolio_history: list[PortfolioState] = []
        self.performance_metrics: dict[str, float] = {}
        self._values, self._flows = [self.initial_capital], [0.0]
        self._times: list[datetime | None] = []
        self._realised = np.zeros(0)
        self._booked: dict[str, list[Trade]] = {}

    def update_portfolio(self, trades: Sequence[Trade], market_data: Mapping[str, MarketData]) -> None:
        """Book trades, value every position at the closes, close the bar.

        Args:
            trades: fills since the last update. On a desk: all of `execute_trades`, and fills from elsewhere.
            market_data: bars by ticker, for every ticker held or traded.

        Raises:
            DataError: a missing bar, a trade that is no number, on a desk a row out of order.
        """
        names = checks.bars_of(market_data)
        checks.known((trade.ticker for trade in trades), names, "trades", "Give market data for it.")
        if self._desk is not None:
            self._desk.mark(trades, market_data)
        else:
            checks.known(self.positions, names, "market_data", "Give a bar for every ticker that is held.")
            self._book(trades, market_data)
        state = self._state(next(iter(market_data.values())).timestamp)
        self.positions, self.current_capital = state.positions, state.cash
        self.portfolio_history.append(state)
        self._values.append(state.total_value)
        self._flows.append(float(self._account()["flows"]))
        self._times.append(state.timestamp)

    def _book(self, trades: Sequence[Trade], market_data: Mapping[str, MarketData]) -> None:
        bench = self._bench_for(tuple(market_data))
        bench.look({**last_bars(bench), **market_data})
        turn_day(bench, self._times, next(iter(market_data.values())).timestamp)
        bench.log.cursor[:] = 0
        doors.book_trades(*bench.work, table_of(trades, bench.tickers), self._realised)
        for trade in trades:
            self._booked.setdefault(trade.ticker, []).append(trade)

    def _bench_for(self, names: tuple[str, ...]) -> Bench:
        """The book's bench, with room for tickers it has not seen before."""
        old = self._bench
        if old is not None and old.known >= set(names):
            return old
        tickers = names if old is None else (*old.tickers, *(name for name in names if name not in old.known))
        bench = Bench(self._spec, tickers, self._periods)
        realised = np.zeros(len(tickers))
        if old is not None:
            count = len(old.tickers)
            realised[:count] = self._realised
            for name, array in bench.book.arrays().items():
                before = old.book.arrays()[name]
                if name == "account":
                    array[...] = before
                elif name != "slot_of":
                    array[:, :count] = before
            bench._seen = []
            bars = {ticker: MarketData.at(1.0) for ticker in tickers} | last_bars(old)
            bench.look(bars)
        self._bench, self._realised = bench, realised
        return bench

    def _account(self) -> np.void:
        if self._desk is not None:
            return self._desk.account
        record: np.void = self._bench.book.account[0]  # type: ignore[union-attr]
        return record

    def get_portfolio_state(self) -> PortfolioState:
        """The portfolio after the last update; before the first one, its capital."""
        if not self.portfolio_history:
            return PortfolioState(self.initial_capital, self.initial_capital)
        return self.portfolio_history[-1]

    def _state(self, when: datetime | None) -> PortfolioState:
        desk, bench = self._desk, self._bench
        if desk is not None:
            tickers, book, lane, row = desk.tickers, desk.book, desk.lane, desk.row
            market, work, realised, booked = desk.rows.market, desk.work, desk.realised, desk.trades
        else:
            assert bench is not None
            tickers, book, lane, row = bench.tickers, bench.book, 0, 0
            market, work, realised, booked = bench.market, bench.work, self._realised, self._booked
        open_profits = np.zeros(len(tickers))
        unrealised = doors.profits(*work, lane, row, open_profits)
        account, held = book.account[lane], book.quantity[lane]
        positions = {
            ticker: Position(
                ticker,
                float(held[slot]),
                float(book.average_price[lane, slot]),
                float(market.mark[row, slot]),
                float(open_profits[slot]),
                float(realised[slot]),
                list(booked.get(ticker, ())),
            )
            for slot, ticker in enumerate(tickers)
            if held[slot] != 0.0
        }
        return PortfolioState(
            float(account["equity"]),
            float(account["cash"]),
            positions,
            float(unrealised),
            float(account["total_realised"]),
            when,
            {name: float(account[name]) for name in SHOWN},
        )

    @property
    def status(self) -> str:
        """live, reduce_only, halted, liquidating, ruined or terminated."""
        if self._desk is None and self._bench is None:
            return Status.LIVE.name.lower()
        return Status(int(self._account()["status"])).name.lower()

    def trade_requests(
        self, position_sizes: Mapping[str, float], market_data: Mapping[str, MarketData]
    ) -> list[TradeRequest]:
        """The orders that bring the portfolio to these sizes: the self-financing equation at the last prices.

        Args:
            position_sizes: shares of equity after the trades; a ticker left out keeps what it holds.
            market_data: bars by ticker. On a desk, of the row the sizes were made for.

        Returns:
            Orders that differ from zero. On a desk they work in its book already, with orders that carry.
        """
        checks.finite(position_sizes, "position_sizes", "Give shares of equity.")
        if self._desk is not None:
            return self._desk.order(position_sizes, market_data)
        names = checks.bars_of(market_data)
        checks.known(position_sizes, names, "position_sizes", "Give market data for it.")
        checks.known(self.positions, names, "market_data", "Give a bar for every ticker that is held.")
        bench = self._bench_for(names)
        bench.look({**last_bars(bench), **market_data})
        wants = [position_sizes.get(ticker, math.nan) for ticker in bench.tickers]
        bench.scratch.frozen[:] = [math.isnan(want) for want in wants]
        bench.scratch.want[:] = [0.0 if math.isnan(want) else want for want in wants]
        cash = self.current_capital
        bench.state[:] = (cash, math.nan, math.nan)
        keep = bench.book.snapshot()
        doors.describe(*bench.work, bench.state)
        bench.log.cursor[:] = 0
        doors.order_at(*bench.work, 0, 0, -1)
        life = bench.ledger.rules["time_in_force"][0]
        requests = [request for _, request in requests_in(bench.book, 0, life, bench.tickers)]
        bench.book.restore(keep)
        return requests

    def calculate_performance_metrics(self) -> dict[str, float]:
        """Return, volatility, ratios, drawdowns and tails since the first update; NaN where undefined.

        `periods_per_year` is among them: what annualised numbers were annualised with.
        """
        known = [time for time in self._times if time is not None]
        years = (known[-1] - known[0]).total_seconds() / SECONDS_A_YEAR if len(known) > 1 else math.nan
        self.performance_metrics = {
            **metrics_of(self._values, self._flows, self._periods, years),
            "periods_per_year": self._periods,
        }
        return self.performance_metrics


def last_bars(bench: Bench) -> dict[str, MarketData]:
    """Bars of tickers that are no longer held and no longer quoted."""
    return dict(zip(bench.tickers, bench._seen, strict=True)) if bench._seen else {}


def turn_day(bench: Bench, times: Sequence[datetime | None], now: datetime | None) -> None:
    """Carry and the daily loss count calendar days between updates."""
    last = times[-1] if times else None
    apart = (now.date() - last.date()).days if now is not None and last is not None else 0
    bench.market.days[0] = float(apart)
    bench.market.starts[0] = int(Period.DAY) if apart or not times else 0
