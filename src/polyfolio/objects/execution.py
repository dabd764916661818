"""ExecutionSimulator: requests against a bar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.core.codes import Phase
from polyfolio.kernels.walk import walk
from polyfolio.objects import checks
from polyfolio.objects.bench import Bench
from polyfolio.objects.configs import OURS, spec_of
from polyfolio.objects.data import MarketData, Trade, TradeRequest
from polyfolio.objects.desk import ALL_STAGES, Desk, by_ticker, place, refusals, requests_in, trade_of
from polyfolio.objects.models import CommissionModel, MarketImpactModel, SlippageModel

# Alone, the simulator prices fills and asks nobody for money: what an account can pay for is the desk's matter.
UNFUNDED = {"account": {"initial_capital": 1e15, "maintenance_margin": 0.0}, "limits": {"max_leverage": None}}


class ExecutionSimulator:
    """Orders against bars, with commission, slippage, spread, impact and a participation cap.

    Args:
        config: the `execution` section, or sections of this package.
        desk: the lane it works on; without one, orders of any size are funded and a day order ends with its bar.

    Attributes:
        config: as given.
        commission_model: fees.
        slippage_model: slippage and spread.
        market_impact_model: impact.
        refused: (ticker, quantity left, reason) of the orders the last call cut or refused.

    Example:
        >>> from polyfolio.objects import ExecutionSimulator, MarketData, TradeRequest
        >>> simulator = ExecutionSimulator({"commission": {"model": "percentage", "percentage_fee": 0.001}})
        >>> trade = simulator.execute_trades([TradeRequest("A", 10.0)], {"A": MarketData.at(50.0)})[0]
        >>> trade.price, trade.commission
        (50.0, 0.5)
    """

    def __init__(self, config: Any = None, *, desk: Desk | None = None) -> None:
        self.config, self._desk = config, desk
        given = {} if config is None else config
        document = given if isinstance(given, Mapping) and not OURS & given.keys() else None
        self._spec = spec_of("execution", given, {}, over=UNFUNDED, journal="full")
        own = self._spec.lanes[0].execution
        parts = {} if document is None else document
        self.commission_model, self.slippage_model, self.market_impact_model = (
            made(parts.get(name, {}) if document is not None else {"execution": {name: getattr(own, name)}})
            for made, name in (
                (CommissionModel, "commission"),
                (SlippageModel, "slippage"),
                (MarketImpactModel, "market_impact"),
            )
        )
        self.refused: list[tuple[str, float, str]] = []
        self._bench: Bench | None = None
        self._count = 0

    def execute_trades(
        self, trade_requests: Sequence[TradeRequest], market_data: Mapping[str, MarketData]
    ) -> list[Trade]:
        """Execute requests against the bars that follow their decision.

        Market orders fill at the open unless the configuration says otherwise; limit and stop orders where the bar
        reaches them. What does not fill of a gtc order is tried again at the next call.

        Args:
            trade_requests: at most one per ticker.
            market_data: the bars the orders meet.

        Returns:
            The trades, in the order in which they happened. On a desk they are in its book already.

        Raises:
            DataError: a ticker without a bar, a quantity that is no number.
            ConfigError: an unknown order type or time in force, a limit order without a limit price.
        """
        if self._desk is not None:
            before = len(self._desk.journal.events)
            trades = self._desk.execute(trade_requests, market_data)
            self.refused = refusals(self._desk.tickers, self._desk.journal.events[before:])
            return trades
        names = checks.bars_of(market_data)
        wanted = by_ticker(trade_requests, names)
        bench = self._bench_for(names)
        bench.look(market_data, before=True)
        for slot, ticker in enumerate(bench.tickers):
            if ticker in wanted:
                place(bench.book, 0, slot, wanted[ticker], 0, math.nan)
        return self._fill(bench, market_data)

    def working(self) -> list[TradeRequest]:
        """What has not filled and goes on: the rests of gtc orders."""
        if self._desk is not None:
            return self._desk.working()
        if self._bench is None:
            return []
        bench = self._bench
        life = bench.ledger.rules["time_in_force"][0]
        return [request for _, request in requests_in(bench.book, 0, life, bench.tickers)]

    def _bench_for(self, names: tuple[str, ...]) -> Bench:
        """The bench of these tickers; orders that still work go along, filled part included."""
        old = self._bench
        if old is not None and old.tickers == names:
            return old
        bench = Bench(self._spec, names, math.nan)
        for request in self.working():
            checks.known([request.ticker], names, "market_data", "Give a bar for every order that still works.")
            here, there = names.index(request.ticker), old.tickers.index(request.ticker)  # type: ignore[union-attr]
            bench.book.order_quantity[0, here] = request.quantity
            for name in ("orders", "order_price", "order_filled"):
                bench.book.arrays()[name][0, here] = old.book.arrays()[name][0, there]  # type: ignore[union-attr]
            bench.book.account["working"] = 1
        self._bench = bench
        return bench

    def _fill(self, bench: Bench, market_data: Mapping[str, MarketData]) -> list[Trade]:
        bench.log.cursor[:] = 0
        at, units = np.zeros(3, dtype=np.int64), np.array([[0, 1]], dtype=np.int64)
        walk(*bench.work, units, at, 1, -1, int(Phase.FILL), ALL_STAGES)
        trades = []
        for fill in bench.log.fills[: int(bench.log.cursor[1])]:
            self._count += 1
            when = market_data[bench.tickers[int(fill["slot"])]].timestamp
            trades.append(trade_of(bench.tickers, fill, when, f"trade-{self._count}"))
        self.refused = refusals(bench.tickers, bench.log.events[: int(bench.log.cursor[0])])
        return trades
