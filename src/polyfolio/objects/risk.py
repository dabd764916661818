"""RiskManager: checks and adjusts positions, and certifies what it hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.kernels import doors
from polyfolio.kernels.certificate import BINDS, BREACH, certificate_rows
from polyfolio.kernels.measures import drawdown
from polyfolio.objects import checks
from polyfolio.objects.bench import Bench
from polyfolio.objects.configs import spec_of
from polyfolio.objects.data import LimitValue, MarketData, PortfolioState, RiskCheckResult, Trade, TradeRequest
from polyfolio.objects.desk import Desk

BASE = {"sizing": {"method": "weights", "allow_short": True}}
WEIGHTS = {"sizing": {"method": "weights"}}
LOSSES = 2  # lines of a certificate about drawdown and daily loss


class RiskManager:
    """Limits on a book as it would be after the trade.

    Args:
        config: the `risk_management` section, or sections of this package.
        desk: the lane it works on; without one it works on the state it is given.
        periods_per_year: of the returns in the market data, for annualised limits.

    Attributes:
        config: as given.
        max_portfolio_risk: largest one-day value at risk; inf = off.
        max_drawdown: inf = off.
        max_correlation: inf = off.
        risk_models: `var`, `expected_shortfall`, `max_drawdown`, `correlation`, as functions.
        last_result: certificate of the last adjustment or check.

    Example:
        >>> from polyfolio.objects import MarketData, PortfolioState, RiskManager
        >>> manager = RiskManager({"limits": {"max_position": 0.3}, "sizing": {"allow_short": True}})
        >>> data = {"A": MarketData.at(10.0), "B": MarketData.at(20.0)}
        >>> manager.adjust_positions_for_risk({"A": 0.5, "B": -0.2}, PortfolioState(1000.0, 1000.0), data)
        {'A': 0.3, 'B': -0.2}
        >>> manager.last_result.reasons
        ['A: 0.5 -> 0.3 (cap_position, max_position)']
    """

    def __init__(self, config: Any = None, *, desk: Desk | None = None, periods_per_year: float = 252.0) -> None:
        self.config, self._desk, self._periods = config, desk, periods_per_year
        self._bench: Bench | None = None
        self._observed: dict[str, MarketData] = {}
        if desk is None:
            self._spec = spec_of(
                "risk_management", {} if config is None else config, BASE, over=WEIGHTS, journal="full"
            )
            rule = Bench(self._spec, ("ANY",), periods_per_year).ledger.rules[0]
        else:
            rule = desk.ledger.rules[desk.lane]
        self.max_portfolio_risk, self.max_drawdown, self.max_correlation = (
            float(rule[name]) for name in ("max_var", "max_drawdown", "correlation_limit")
        )
        self.risk_models = {
            "var": self._calculate_var,
            "expected_shortfall": self._calculate_expected_shortfall,
            "max_drawdown": self._calculate_max_drawdown,
            "correlation": self._calculate_correlation_matrix,
        }
        self.last_result = RiskCheckResult(True, [], [], [])

    def observe(self, market_data: Mapping[str, MarketData]) -> None:
        """Remember the latest bars, by which `check_risk_constraints` judges; an adjustment does so itself."""
        checks.bars_of(market_data)
        self._observed = dict(market_data)

    def check_risk_constraints(
        self, portfolio_state: PortfolioState, proposed_trades: Sequence[Trade | TradeRequest]
    ) -> RiskCheckResult:
        """Whether the book keeps every limit when these trades are filled whole.

        Prices, volatilities and histories are those last observed; a ticker without them is valued at its current
        price, or the trade's, and a statistical limit on it is not known, which breaks it.
        """
        if self._desk is not None:
            self.last_result = self._check_on_desk(self._desk, proposed_trades)
            return self.last_result
        data = dict(self._observed)
        for ticker, position in portfolio_state.positions.items():
            data.setdefault(ticker, MarketData.at(position.current_price))
        for trade in proposed_trades:
            if trade.ticker not in data:
                price = getattr(trade, "price", None) or getattr(trade, "limit_price", None)
                if price is None:
                    checks.known([trade.ticker], data, "proposed_trades", "Call observe(market_data) first.")
                data[trade.ticker] = MarketData.at(checks.number(price, f"price of {trade.ticker!r}"))
        if not data:
            self.last_result = RiskCheckResult(True, [], [], [])
            return self.last_result
        bench = self._bench_for(tuple(data))
        bench.look(data)
        bench.hold(portfolio_state)
        equity = doors.describe(*bench.work, bench.state)
        if not equity > 0.0:
            raise DataError("portfolio_state", equity, "worth more than 0", "Correct cash and positions.")
        out = lines_for(bench.plan.caps)
        rows = doors.check_trades(*bench.work, 0, 0, quantities_of(proposed_trades, bench.tickers), out)
        self.last_result = result_of(out[:rows], [])
        return self.last_result

    def _check_on_desk(self, desk: Desk, trades: Sequence[Trade | TradeRequest]) -> RiskCheckResult:
        if desk.row < 0:
            raise DataError("row", desk.row, "0 or later", "Execute and update the first row before checking trades.")
        checks.known((trade.ticker for trade in trades), desk.tickers, "proposed_trades", "Name tickers of the tape.")
        keep = desk.scratch.want.copy(), desk.scratch.own.copy(), desk.scratch.frozen.copy()
        out = lines_for(desk.plan.caps)
        rows = doors.check_trades(*desk.work, desk.lane, desk.row, quantities_of(trades, desk.tickers), out)
        desk.scratch.want[:], desk.scratch.own[:], desk.scratch.frozen[:] = keep
        return result_of(out[:rows], [])

    def adjust_positions_for_risk(
        self,
        position_sizes: Mapping[str, float],
        portfolio_state: PortfolioState,
        market_data: Mapping[str, MarketData],
    ) -> dict[str, float]:
        """Sizes that keep every limit; `last_result` has their certificate and the reason of each cut.

        Args:
            position_sizes: shares of equity. A ticker left out, or NaN, keeps what it holds and counts as risk.
            portfolio_state: cash and positions, valued at the market data's closes.
            market_data: bars by ticker, for every ticker held or sized.

        Returns:
            Ticker -> share of equity. Where a frozen part or missing history leaves a limit broken, the nearest that
            passes, and `last_result.passed` is False with the reason.
        """
        checks.finite(position_sizes, "position_sizes", "Give shares of equity.")
        if self._desk is not None:
            return self._adjust_on_desk(self._desk, position_sizes, market_data)
        self.observe(market_data)
        bench = self._bench_for(tuple(market_data))
        bench.look(market_data)
        bench.hold(portfolio_state)
        bench.hear(position_sizes)
        sizes = bench.want()
        out = lines_for(bench.plan.caps)
        rows = doors.certify_want(*bench.work, 0, 0, out)
        events = bench.log.events[: int(bench.log.cursor[0])]
        self.last_result = result_of(out[:rows], cuts(bench.tickers, events))
        return sizes

    def _adjust_on_desk(
        self, desk: Desk, sizes: Mapping[str, float], market_data: Mapping[str, MarketData]
    ) -> dict[str, float]:
        adjusted, events = desk.limit(sizes, market_data)
        out = lines_for(desk.plan.caps)
        rows = doors.certify_want(*desk.work, desk.lane, desk.row, out)
        self.last_result = result_of(out[:rows], cuts(desk.tickers, events))
        return adjusted

    def _bench_for(self, tickers: tuple[str, ...]) -> Bench:
        if self._bench is None or self._bench.tickers != tickers:
            new = Bench(self._spec, tickers, self._periods)
            if self._bench is not None:  # a breach of the drawdown outlives a change of tickers
                new.book.account[:] = self._bench.book.account
            self._bench = new
        return self._bench

    def _tail(self, sizes: Mapping[str, float], market_data: Mapping[str, MarketData] | None) -> Floats:
        """Volatility, VaR and ES of a book of these weights."""
        bench = self._looking(market_data)
        checks.known(sizes, bench.tickers, "position_sizes", "Give market data for it.")
        checks.finite(sizes, "position_sizes", "Give shares of equity.")
        bench.scratch.want[:] = [sizes.get(ticker, 0.0) for ticker in bench.tickers]
        rules = bench.ledger.rules.copy()
        for name in ("max_var", "max_es", "max_volatility"):
            rules[name] = 1.0
        out = np.zeros(3)
        doors.risk_of(*bench.work, rules, 0, out)
        return out

    def _looking(self, market_data: Mapping[str, MarketData] | None) -> Bench:
        data = self._observed if market_data is None else market_data
        if not data:
            raise DataError("market_data", {}, "observed before risk is asked for", "Call observe(market_data).")
        if self._desk is not None:
            raise DataError(
                "risk_models",
                "desk",
                "asked of a RiskManager without a desk",
                "Build RiskManager(config) and observe the row's market data.",
            )
        bench = self._bench_for(tuple(data))
        bench.look(data)
        return bench

    def _calculate_var(
        self, position_sizes: Mapping[str, float], market_data: Mapping[str, MarketData] | None = None
    ) -> float:
        """Value at risk over one return, positive, by the configured method; NaN below the minimum history."""
        return float(self._tail(position_sizes, market_data)[1])

    def _calculate_expected_shortfall(
        self, position_sizes: Mapping[str, float], market_data: Mapping[str, MarketData] | None = None
    ) -> float:
        """Expected shortfall over one return, positive; NaN below the minimum history."""
        return float(self._tail(position_sizes, market_data)[2])

    def _calculate_max_drawdown(self, values: npt.ArrayLike) -> float:
        """Largest fall from the running maximum of a series of portfolio values, <= 0."""
        wealth = np.array(values, dtype=np.float64)
        if wealth.ndim != 1 or wealth.size < 2 or not np.isfinite(wealth).all():
            raise DataError("values", wealth.shape, "a series of at least 2 finite portfolio values", "Give more.")
        out = np.empty(len(drawdown.NAMES))
        drawdown.summary(wealth, np.empty(drawdown.SIZE), np.empty(wealth.size), out)
        return float(out[0])

    def _calculate_correlation_matrix(
        self, market_data: Mapping[str, MarketData] | None = None
    ) -> dict[str, dict[str, float]]:
        """Correlations by pair of tickers; NaN where there is too little history."""
        return correlations_of(self._looking(market_data))


def correlations_of(bench: Bench) -> dict[str, dict[str, float]]:
    """The packed triangle of the bench's covariance model as a map of maps."""
    shared, model = bench.shared, int(bench.ledger.rules["covariance_model"][0])
    at = int(bench.market.observations[0]) - shared.first if shared.correlation.shape[1] > 1 else 0
    triangle = shared.correlation[model, at].tolist()
    names = bench.tickers
    packed = {(i, j): triangle[i * (i + 1) // 2 + j] for i in range(len(names)) for j in range(i + 1)}
    return {one: {other: packed[max(i, j), min(i, j)] for j, other in enumerate(names)} for i, one in enumerate(names)}


def lines_for(caps: np.ndarray) -> np.ndarray:
    """Room for a certificate."""
    return np.zeros((certificate_rows(caps.shape[0]) + LOSSES + 1, 4))


def quantities_of(trades: Sequence[Trade | TradeRequest], tickers: Sequence[str]) -> np.ndarray:
    """Trades as rows of sleeve and quantity."""
    table = np.zeros((len(trades), 2))
    for line, trade in enumerate(trades):
        table[line] = (tickers.index(trade.ticker), checks.number(trade.quantity, f"quantity of {trade.ticker!r}"))
    return table


def result_of(lines: np.ndarray, reasons: list[str]) -> RiskCheckResult:
    """A certificate's rows as a result."""
    certificate = [
        LimitValue(
            Reason(int(reason)).name.lower(), float(value), float(bound), bool(grade == BINDS), bool(grade == BREACH)
        )
        for reason, value, bound, grade in lines
    ]
    broken = [line for line in certificate if line.broken]
    told = [
        f"{line.limit}: {line.value:.6g} breaks {line.bound:.6g}"
        if line.value == line.value
        else f"{line.limit}: not known, too little history for the bound {line.bound:.6g}"
        for line in broken
    ]
    return RiskCheckResult(not broken, broken, certificate, reasons + told)


def cuts(tickers: Sequence[str], events: np.ndarray) -> list[str]:
    """What the stages cut, in sentences."""
    return [
        f"{tickers[int(event['slot'])]}: {event['before']:.6g} -> {event['after']:.6g} "
        f"({stage_name(int(event['stage']))}, {Reason(int(event['reason'])).name.lower()})"
        for event in events
        if event["event"] == Event.CUT
    ]


def stage_name(code: int) -> str:
    """A stage in words."""
    return Stage(code).name.lower() if code < Stage.EXTENSION else "extension"
