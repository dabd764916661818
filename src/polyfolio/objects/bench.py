"""A lane of one's own on a market of one row: where the object views work when they stand alone.

Its arrays are those of an engine's lane, filled from dicts, so that the same compiled entries run on them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np

from polyfolio.core.book import open_book
from polyfolio.core.flags import DAY_END
from polyfolio.core.tape import Universe, instrument_table
from polyfolio.core.types import Floats
from polyfolio.core.views import Ledger, Log, Market, Scratch, Shared
from polyfolio.engine.covariances import Covariances
from polyfolio.engine.memory import ledger, log_buffers, scratch
from polyfolio.engine.rows import Rows, rows_of
from polyfolio.errors import DataError
from polyfolio.kernels import doors
from polyfolio.objects.calls import direct
from polyfolio.objects.checks import heard as refuse_no_numbers
from polyfolio.objects.checks import known
from polyfolio.objects.data import MarketData, PortfolioState
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

WHOLE = 23  # the stages of a program, its closing END not counted
COLUMNS = ("open", "high", "low", "close", "volume", "spread", "volatility", "average_volume")
OPEN, HIGH, LOW, CLOSE, VOLUME, SPREAD, SIGMA, AVERAGE, MARK = range(9)
numbers_of = attrgetter(*COLUMNS)


class Bench:
    """One lane over the tickers it was made for.

    Args:
        spec: configuration with one lane.
        tickers: its slots, in order.
        periods_per_year: of the returns in the market data.

    Attributes:
        plan: the compiled configuration.
        book: one lane's state.
        scratch: scratch memory; wants stand in `scratch.want`.
        log: journal buffers.
    """

    def __init__(self, spec: Spec, tickers: Sequence[str], periods_per_year: float) -> None:
        self.tickers = tuple(tickers)
        self.known = frozenset(self.tickers)
        universe = Universe(self.tickers, base_currency=spec.lanes[0].account.base_currency)
        plan = compile_spec(spec, universe)
        self.plan = plan.with_tape(bars_per_year=periods_per_year, days_per_year=periods_per_year)
        n = len(self.tickers)
        self.book = open_book(1, n, np.array(plan.slot_of))
        self.signals = np.full((max(len(plan.sources), 1), 1, n), np.nan)
        self.ledger = ledger(self.plan, self.book, instrument_table(n), self.signals)
        self.scratch = scratch(self.plan, n, n)
        self.log = log_buffers(1, n, keeps_events=True)
        self._bars = np.full((9, n), np.nan)
        self.market = market_on(self._bars)
        self.blank = self.shared = blank_risk(n, len(plan.covariances))
        self.state = np.full(3, np.nan)
        self._seen: list[MarketData] = []
        self._histories: list[Floats | None] = []
        self._signal = self.signals[0, 0]
        self._held, self._average = self.book.quantity[0], self.book.average_price[0]
        self._want = direct(doors.want_for, *self.work, self.state, WHOLE)

    @property
    def work(self) -> tuple[Market, Shared, Ledger, Log, Scratch]:
        """What every door takes."""
        return self.market, self.shared, self.ledger, self.log, self.scratch

    def look(self, data: Mapping[str, MarketData], before: bool = False) -> None:
        """Take over the bars of every ticker; what has not changed is not read again.

        Args:
            data: bars by ticker, all of the bench's tickers among them.
            before: on a tape, estimate costs from the row before, as a fill must.
        """
        try:
            bars = [data[ticker] for ticker in self.tickers]
        except KeyError:
            known(self.tickers, data, "market_data", "Give a bar for every ticker that is held or wanted.")
            raise
        if bars == self._seen:
            return
        numbers = list(map(numbers_of, bars))
        self._bars[:MARK] = list(zip(*numbers, strict=True))
        self._bars[MARK] = self._bars[CLOSE]
        for slot, row in enumerate(numbers):
            if row[AVERAGE] != row[AVERAGE]:
                self._bars[AVERAGE, slot] = row[VOLUME]
        self.market.tradable[0] = 1
        for slot, bar in enumerate(bars):
            if bar.tape is not None:
                self._from_tape(slot, bar, before)
        histories = [bar.returns for bar in bars]
        if not same(histories, self._histories) or all(history is None for history in histories):
            self._risk(bars, histories)
        self._seen, self._histories = bars, histories

    def _from_tape(self, slot: int, bar: MarketData, before: bool) -> None:
        """What only the tape knows: whether the slot trades, its last good price, the row before."""
        assert bar.tape is not None
        column, market = bar.tape.symbols.index(self.tickers[slot]), rows_of(bar.tape, "day").market
        self.market.tradable[0, slot] = bar.tape.tradable[bar.row, column]
        self._bars[MARK, slot] = market.mark[bar.row, column]
        if before and bar.row > 0:
            self._bars[SIGMA, slot] = market.sigma[bar.row - 1, column]
            self._bars[AVERAGE, slot] = market.base_volume[bar.row - 1, column]

    def _risk(self, bars: list[MarketData], histories: list[Floats | None]) -> None:
        """Covariances of the last common stretch of the histories; volatilities alone where there are none."""
        length = min((len(history) for history in histories if history is not None), default=0)
        self.market.observations[0] = length
        if length == 0:
            self.shared = self.blank
            self.shared.sigma[:, 0] = [bar.volatility for bar in bars]
            return
        returns = np.full((len(bars), length), np.nan)
        for slot, history in enumerate(histories):
            if history is not None:
                returns[slot] = history[-length:]
        rows = Rows(self.market, returns, self.market.observations)
        needed = np.zeros(length + 1, dtype=np.uint8)
        needed[length] = 1
        self.shared = Covariances(rows, self.plan.covariances, wanted=True).shared(length, needed)

    def hold(self, state: PortfolioState) -> None:
        """Take over cash and positions."""
        if not isinstance(state, PortfolioState):
            raise DataError(
                "portfolio_state",
                type(state).__name__,
                "a PortfolioState",
                "Take it from PortfolioManager.get_portfolio_state(), or build one.",
            )
        positions, metrics = state.positions, state.metrics
        self.state[:] = (state.cash, metrics.get("peak", math.nan), metrics.get("day_equity", math.nan))
        if not math.isfinite(state.cash):
            raise DataError("portfolio_state.cash", state.cash, "a finite number", "Correct the state.")
        self._held[:] = 0.0
        self._average[:] = 0.0
        if positions:
            known(positions, self.tickers, "portfolio_state.positions", "Give market data for every ticker held.")
            for slot, ticker in enumerate(self.tickers):
                if ticker in positions:
                    position = positions[ticker]
                    if not math.isfinite(position.quantity):
                        raise DataError(
                            f"quantity of the position in {ticker!r}", position.quantity, "finite", "Correct the state."
                        )
                    self._held[slot], self._average[slot] = position.quantity, position.average_price

    def hear(self, signals: Mapping[str, float]) -> None:
        """Take over signals or weights; a ticker left out has no opinion and keeps what it holds."""
        if not signals.keys() <= self.known:
            known(signals, self.tickers, "signals", "Give market data for every ticker with a signal.")
        get = signals.get
        heard = [get(ticker, math.nan) for ticker in self.tickers]
        if not math.isfinite(math.fsum(heard)):  # a ticker without an opinion, or a value that is no number
            refuse_no_numbers(signals)
        self._signal[:] = heard

    def want(self) -> dict[str, float]:
        """Run the whole program on what was looked at, held and heard; weights by ticker."""
        self.log.cursor[:] = 0
        equity = self._want(self.market, self.shared, self.ledger, self.log, self.scratch, self.state, WHOLE)
        if not equity > 0.0:
            raise DataError(
                "portfolio_state",
                equity,
                "worth more than 0: cash plus positions at the last prices",
                "Correct cash and positions; a lane without equity cannot hold weights.",
            )
        return self.wants()

    def wants(self) -> dict[str, float]:
        """`scratch.want` by ticker."""
        return dict(zip(self.tickers, self.scratch.want.tolist(), strict=True))


def same(one: list[Floats | None], other: list[Floats | None]) -> bool:
    """Whether two lists hold the same arrays (the objects; histories are read-only)."""
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def market_on(bars: Floats) -> Market:
    """A market of one row whose prices are the rows of `bars`; a day order ends with it."""
    slots = bars.shape[1]
    ones, none = [np.ones((1, slots)) for _ in range(2)], [np.full((1, slots), np.nan) for _ in range(4)]
    row = [bars[at : at + 1] for at in range(9)]
    return Market(
        open=row[OPEN],
        high=row[HIGH],
        low=row[LOW],
        close=row[CLOSE],
        volume=row[VOLUME],
        spread=row[SPREAD],
        dividend=none[0],
        split=none[1],
        borrow=none[2],
        funding=none[3],
        tradable=np.ones((1, slots), dtype=np.uint8),
        mark=row[MARK],
        unit=ones[0],
        unit_open=ones[1],
        sigma=row[SIGMA],
        base_volume=row[AVERAGE],
        expected=np.full((1, slots), np.nan),
        days=np.zeros(1),
        flags=np.full(1, DAY_END, dtype=np.int64),
        starts=np.zeros(1, dtype=np.int64),
        observations=np.zeros(1, dtype=np.int64),
    )


def blank_risk(slots: int, models: int) -> Shared:
    """Risk inputs that know nothing."""
    count, triangle = max(models, 1), slots * (slots + 1) // 2
    return Shared(
        returns=np.full((slots, 1), np.nan),
        covariance=np.full((count, 1, triangle), np.nan),
        correlation=np.full((count, 1, triangle), np.nan),
        sigma=np.full((count, 1, slots), np.nan),
        first=0,
    )
