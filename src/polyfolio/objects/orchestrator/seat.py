"""The lane the agents work in, stretch by stretch of its program, through the engine's own compiled walk.

A stretch is a range of the program's stages. Run one after the other, without anybody stepping in, they leave the same
bytes as the program run whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Level, Phase, Reason, Stage
from polyfolio.core.records import EVENT
from polyfolio.core.types import Floats
from polyfolio.core.views import Ledger, Log, Market, Scratch, Shared
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import doors
from polyfolio.kernels.slices import slices_of
from polyfolio.kernels.walk import walk
from polyfolio.objects.bench import Bench
from polyfolio.objects.checks import finite, known
from polyfolio.objects.data import MarketData, RiskCheckResult, TradeRequest
from polyfolio.objects.desk import EXITS, Desk, requests_in
from polyfolio.objects.orchestrator.failures import OrchestrationError
from polyfolio.objects.orchestrator.messages import SystemInput
from polyfolio.objects.risk import cuts, lines_for, result_of
from polyfolio.rules.plan import Plan
from polyfolio.rules.spec import Spec

HELD = 3  # where in `scratch.codes` a decision says that a rebalancing rule holds the book
TO_THE_END = 1 << 30
ALWAYS_ON = 1e300  # a bound that nothing breaks: its risk is measured all the same
SLICES = 10_000

Kept = dict[str, np.ndarray]


class Seat:
    """One lane at one row.

    Attributes:
        tickers: symbol of each slot.
        plan: the compiled configuration.
        lane: number of the lane.
        row: row decided at.
        final: row that takes no order; -1 = none.
        ledger: the book and the rules as kernels read them.
        scratch: its `want` is the book proposed so far.
        events: journal rows of this decision.
        touched: whether somebody changed sizes or orders, or left out a stage of the program.
    """

    def __init__(self, place: Bench | Desk, lane: int) -> None:
        if place.plan.extensions:
            remedy = "Use built-in stages, or run the lane with polyfolio.backtest."
            raise ConfigError("program", list(place.plan.extensions), "built-in stages where agents decide", remedy)
        self._place, self.lane = place, lane
        self.tickers: tuple[str, ...] = tuple(place.tickers)
        self.plan: Plan = place.plan
        self.book, self.ledger, self.scratch, self.log = place.book, place.ledger, place.scratch, place.log
        self.row, self.final = 0, -1
        self.events: list[np.ndarray] = []
        self.touched, self._next = False, 0
        self.own_method = int(self.ledger.rules["method"][lane])
        program = [int(code) for code in self.plan.program[lane]]
        self.codes = program[: program.index(int(Stage.END))]

    @property
    def work(self) -> tuple[Market, Shared, Ledger, Log, Scratch]:
        """What every compiled entry takes."""
        return self._place.work

    @property
    def trading(self) -> bool:
        """Whether the lane decided at this row and no rebalancing rule holds the book."""
        return bool(self.book.account["decided"][self.lane] == self.row and self.scratch.codes[HELD] == 0)

    def rule(self, name: str) -> float:
        """A field of the lane's RULES record."""
        return float(self.ledger.rules[name][self.lane])

    def use_method(self, code: int | None) -> None:
        """Size by another method; None takes the lane's own again."""
        self.ledger.rules["method"][self.lane] = self.own_method if code is None else code

    def run(self, first: int, last: int) -> list[str]:
        """Stages first..last-1; past the last one the orders are written. Returns what was cut, in sentences."""
        self.touched |= first != self._next
        self._next = max(self._next, last)
        self.log.cursor[:] = 0
        units = np.array([[self.lane, self.lane + 1]], dtype=np.int64)
        at, stages = np.array([self.row, 0, self.row], dtype=np.int64), np.array([first, last], dtype=np.int64)
        if not walk(*self.work, units, at, self.row + 1, self.final, int(Phase.DECIDE), stages):
            raise OrchestrationError("journal", len(self.log.events), "room for one row", "Trade fewer symbols.")
        return cuts(self.tickers, self._take_events())

    def _take_events(self) -> np.ndarray:
        events: np.ndarray = self.log.events[: int(self.log.cursor[0])].copy()
        self.log.cursor[:] = 0
        self.events.append(events)
        return events

    def sizes(self) -> dict[str, float]:
        """The book proposed so far; what is held where the lane does not trade."""
        return dict(zip(self.tickers, (self.scratch.want if self.trading else self.held()).tolist(), strict=True))

    def held(self) -> Floats:
        """Weights held."""
        held: Floats
        if self.book.account["decided"][self.lane] == self.row:
            held = self.scratch.weight.copy()
            return held
        kept = self.keep()
        doors.want_at(*self.work, self.lane, self.row, self.final, 0)
        self.log.cursor[:] = 0
        held = self.scratch.want.copy()
        self.restore(kept)
        return held

    def put(self, sizes: Mapping[str, float], stage: int) -> None:
        """Take over sizes that somebody changed. What is frozen stays; each change is in the journal."""
        for slot, ticker in enumerate(self.tickers):
            before, after = float(self.scratch.want[slot]), float(sizes[ticker])
            if after != before and self.scratch.frozen[slot] == 0:
                cut = (self.row, self.lane, slot, int(Event.CUT), int(Reason.EXTENSION), stage, before, after)
                self.events.append(np.array([cut], dtype=EVENT))
                self.scratch.want[slot] = self.scratch.before[slot] = after
                self.touched = True

    def begin(self, signals: Mapping[str, float], given: SystemInput) -> None:
        """Take over what a decision is made from."""
        raise NotImplementedError

    def commit(self) -> None:
        """The decision stands."""
        raise NotImplementedError

    def start(self) -> None:
        """Nothing has been decided at this row yet."""
        self.events, self.touched, self._next = [], False, 0

    def keep(self) -> Kept:
        """The lane and its want, for `restore`."""
        one = slice(self.lane, self.lane + 1)
        kept = {name: array[one].copy() for name, array in self.book.arrays().items() if name != "slot_of"}
        return kept | {f"scratch.{name}": getattr(self.scratch, name).copy() for name in _SHAPED}

    def restore(self, kept: Kept) -> None:
        """Put the lane and its want back."""
        one = slice(self.lane, self.lane + 1)
        for name, array in self.book.arrays().items():
            if name != "slot_of":
                array[one] = kept[name]
        for name in _SHAPED:
            getattr(self.scratch, name)[:] = kept[f"scratch.{name}"]

    def preview(self) -> Floats:
        """Signed units per slot that would be ordered if the want were final; nothing changes."""
        if not self.trading:
            return np.zeros(len(self.tickers))
        kept, rules = self.keep(), self.ledger.rules
        before = {name: rules[name][self.lane].copy() for name in ("lots", "level")}
        rules["lots"][self.lane], rules["level"][self.lane] = 0, int(Level.OFF)
        doors.order_at(*self.work, self.lane, self.row, self.final)
        quantity = np.array(self.book.order_quantity[self.lane])
        for name, value in before.items():
            rules[name][self.lane] = value
        self.log.cursor[:] = 0
        self.restore(kept)
        return quantity

    def marks(self) -> Floats:
        """Last good price of each slot."""
        return np.array(self.work[0].mark[self.row])

    def splits(self) -> Floats:
        """Units that one unit became at this row; 1 without a split."""
        split = self.work[0].split
        now = split[self.row if split.shape[0] > 1 else 0]
        return np.where(np.isfinite(now) & (now > 0.0), now, 1.0)

    def of_risk(self, name: str) -> Floats:
        """The risk input `sigma` or `correlation` as known at this row."""
        market, shared = self.work[:2]
        array: Floats = getattr(shared, name)[int(self.rule("covariance_model"))]
        at = int(market.observations[self.row]) - shared.first if array.shape[0] > 1 else 0
        found: Floats = array[at]
        return found

    def certificate(self, *, everything: bool = False) -> RiskCheckResult:
        """The want against its limits; `everything` measures volatility, VaR and shortfall where they are off too."""
        market, shared, ledger, log, scratch = self.work
        if everything:
            rules = ledger.rules.copy()
            for name in ("max_volatility", "max_var", "max_es"):
                rules[name] = ALWAYS_ON
            ledger = ledger._replace(rules=rules)
        out = lines_for(self.plan.caps)
        rows = doors.certify_want(market, shared, ledger, log, scratch, self.lane, self.row, out)
        return result_of(out[:rows], [])

    def certify_orders(self, quantities: Mapping[int, float]) -> RiskCheckResult:
        """The book as it would be after orders of these units by slot, filled whole."""
        trades = np.array(list(quantities.items()), dtype=np.float64).reshape(-1, 2)
        kept, out = self.keep(), lines_for(self.plan.caps)
        rows = doors.check_trades(*self.work, self.lane, self.row, trades, out)
        self.restore(kept)
        return result_of(out[:rows], [])

    def requests(self) -> list[tuple[int, TradeRequest]]:
        """(slot, request) of each working order, exits under way left out."""
        decided = self.book.order_price[self.lane]
        working = requests_in(self.book, self.lane, self.rule("time_in_force"), self.tickers)
        return [(slot, request) for slot, request in working if decided[slot] != EXITS]

    def resize(self, slot: int, units: float) -> None:
        """Make a slot's working order of this many units; 0 ends it."""
        self.book.order_quantity[self.lane, slot] = units
        self.touched = True

    def slices(self, slot: int) -> tuple[float, ...]:
        """Units of the working order bar by bar, as its schedule works it."""
        out = np.zeros(SLICES)
        count = slices_of(*self.work, self.lane, self.row, slot, out)
        return tuple(out[:count].tolist())

    def impact(self, slot: int, units: float) -> float:
        """Estimated impact of that many units, a share of the price; 0 where volume or volatility are unknown."""
        out, market = np.zeros(3), self.work[0]
        order = np.array([units, market.base_volume[self.row, slot], market.sigma[self.row, slot], math.nan])
        doors.pressure_of(self.ledger.rules[self.lane : self.lane + 1], order, out)
        return float(out[0])


# What the stages of a decision write and the next ones read.
_SHAPED = ("want", "before", "weight", "own", "frozen", "sized", "codes")


class BenchSeat(Seat):
    """A lane of one's own: cash, positions and bars are told at each decision, and each call is one.

    Args:
        spec: configuration with one lane.
        tickers: its slots, in order.
        periods_per_year: of the returns in the market data.
        lot: units orders are rounded to; 0 = any quantity.
    """

    def __init__(self, spec: Spec, tickers: tuple[str, ...], periods_per_year: float, lot: float) -> None:
        self.bench = Bench(spec, tickers, periods_per_year)
        rules = self.bench.ledger.rules
        if lot > 0.0:
            self.bench.ledger.instruments["lot"] = lot
            rules["lots"], rules["uncut"] = 1, 0
        rules["every_bars"] = rules["every_period"] = 0
        super().__init__(self.bench, 0)

    def begin(self, signals: Mapping[str, float], given: SystemInput) -> None:
        """Take over what a decision is made from; orders of the decision before are forgotten."""
        heard = {ticker: value for ticker, value in signals.items() if not math.isnan(value)}
        finite(heard, "signals", "Leave the symbol out where there is no opinion.")
        known(signals, self.tickers, "signals", "Give market data for every symbol with a signal.")
        self.bench.look(given.market_data)
        self.bench.hold(given.portfolio_state)
        self.bench.hear(heard)
        for name in ("order_quantity", "order_price", "order_filled"):
            getattr(self.book, name)[:] = 0.0
        self.book.account["working"] = self.book.account["pending"] = 0
        self.start()
        equity = doors.describe(*self.work, self.bench.state)
        if not equity > 0.0:
            raise DataError("portfolio_state", equity, "worth more than 0", "Correct cash and positions.")

    def commit(self) -> None:
        """Nothing: the orders are the caller's to send."""


class TapeDesk(Desk):
    """A desk whose decision is made by agents."""

    def begin(self, signals: Mapping[str, float], data: Mapping[str, MarketData]) -> None:
        """Hear the signals of the row that was marked last."""
        self._at(data, "marked", "Call PortfolioManager.update_portfolio for this row first; decide once a row.")
        known(signals, self.tickers, "signals", "Name tickers of the tape.")
        finite(signals, "signals", "Give a number, or NaN for no opinion.")
        self.signals[int(self.rule("signal")), 0] = [signals.get(ticker, math.nan) for ticker in self.tickers]

    def end(self, events: list[np.ndarray]) -> None:
        """The decision's events into the journal."""
        none: dict[str, Any] = {"fills": self.log.fills[:0], "marks": self.log.marks[:0]}
        self.journal.append(events=np.concatenate([self.log.events[:0], *events]), **none)
        self._done = "ordered"

    def resume(self, row: int) -> None:
        """Go on after `row`, which is closed, with the book as it stands."""
        self.row, self._done = row, "closed"


class DeskSeat(Seat):
    """A lane on a tape."""

    def __init__(self, desk: TapeDesk) -> None:
        self.desk = desk
        super().__init__(desk, desk.lane)
        self.final = desk.final

    def begin(self, signals: Mapping[str, float], given: SystemInput) -> None:
        """Take over the signals; the book knows the rest."""
        self.desk.begin(signals, given.market_data)
        self.row = self.desk.row
        self.start()

    def commit(self) -> None:
        """The decision's events into the desk's journal."""
        self.desk.end(self.events)
