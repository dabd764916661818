"""One lane on a tape, driven verb by verb by the object views, with the engine's own kernels.

Per row: `execute` (fills), `mark`, `size`, `limit`, `order`. The row is closed when the next one begins, or by
`close`, because a decision comes before the close of its row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.core.book import Book, open_book
from polyfolio.core.codes import Event, FillAt, Level, OrderType, Phase, Reason, SizeAt, Sizing, Stage, TimeInForce
from polyfolio.core.journal import Journal
from polyfolio.core.tape import Tape
from polyfolio.core.views import Ledger, Log, Market, Scratch, Shared
from polyfolio.engine.covariances import Covariances
from polyfolio.engine.inputs import looks_at_risk
from polyfolio.engine.memory import ledger, log_buffers, scratch
from polyfolio.engine.orders import spell_out, submit
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import doors
from polyfolio.kernels.walk import walk
from polyfolio.objects.checks import known, number
from polyfolio.objects.data import MarketData, MarketRow, Trade, TradeRequest, moment
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec

# The stages a position sizer runs; the risk manager runs the rest.
SIZING_STAGES = (Stage.SIZE, Stage.FILTER, Stage.CAP_POSITION)
ALL_STAGES = np.array([0, 1 << 30], dtype=np.int64)
EXITS = 0.0  # the decision price of an order that closes a position by a rule of its own


class Desk:
    """A lane's arrays, the row it stands at, and what is still to be done there.

    Args:
        plan: the compiled configuration.
        tape: market rows; its universe must be the plan's.
        lane: number or name of the lane.
        book: the book the lane stands in; a new one by default, the engine's own for a lane an engine runs too.

    Attributes:
        book: the lanes' state.
        journal: every decision, cut, fill and mark.
        row: last row executed, -1 before the first.
        scratch: wants and certificate of the last decision.
    """

    def __init__(self, plan: Plan, tape: Tape, lane: int | str = 0, *, book: Book | None = None) -> None:
        self.tape, self.lane = tape, plan.lane(lane) if isinstance(lane, str) else lane
        refuse(plan, tape, self.lane)
        self.plan = plan.with_tape(bars_per_year=tape.calendar.bars_per_year, days_per_year=tape.calendar.days_per_year)
        self.rows = rows_of(tape, plan.observation)
        self.book = open_book(plan.lanes, tape.slots, np.array(plan.slot_of)) if book is None else book
        self.tickers, self.row, self.final = tape.symbols, -1, tape.rows - 1
        self.signals = np.full((max(len(plan.sources), 1), 1, tape.slots), np.nan)
        self.ledger = ledger(self.plan, self.book, tape.instruments, self.signals)
        self.ledger.rules["level"] = int(Level.FULL)
        self.scratch = scratch(self.plan, tape.slots, tape.slots)
        self.log = log_buffers(1, tape.slots, keeps_events=True)
        self.journal = Journal(Level.FULL, plan.names, tape.symbols)
        self.realised = np.zeros(tape.slots)
        self.trades: dict[str, list[Trade]] = {ticker: [] for ticker in self.tickers}
        self.fresh: dict[str, Trade] = {}
        self._covariances = Covariances(self.rows, plan.covariances, looks_at_risk(plan))
        codes = [int(code) for code in plan.program[self.lane]]
        self.split = next(at for at, code in enumerate(codes) if code not in SIZING_STAGES)
        self._done = "closed"
        self._trades_now = False

    @property
    def work(self) -> tuple[Market, Shared, Ledger, Log, Scratch]:
        """What every door takes: the tape's arrays, the current row's risk inputs, the book, the log, the scratch."""
        shared = self._covariances.shared(int(self.rows.observations[max(self.row, 0)]))
        return self.rows.market, shared, self.ledger, self.log, self.scratch

    @property
    def account(self) -> np.void:
        """The lane's account record."""
        record: np.void = self.book.account[self.lane]
        return record

    def rule(self, name: str) -> float:
        """A field of the lane's RULES record."""
        return float(self.ledger.rules[name][self.lane])

    def execute(self, requests: Sequence[TradeRequest], data: Mapping[str, MarketData]) -> list[Trade]:
        """Begin the next row: carry, stops, and the lane's orders against the bar."""
        row = row_of(self.tape, data)
        if row != self.row + 1:
            raise DataError(
                "market_data",
                f"row {row}",
                f"row {self.row + 1}, the one after the last executed",
                "Execute every row once, in order; with no requests give an empty list.",
            )
        self._place(requests)
        self.close()
        self.row, self._done = row, "executed"
        at = np.array([row, 0, row], dtype=np.int64)
        units = np.array([[self.lane, self.lane + 1]], dtype=np.int64)
        walk(*self.work, units, at, row + 1, self.final, int(Phase.FILL), ALL_STAGES)
        count = int(self.log.cursor[1])
        doors.add_realised(self.log.fills, count, self.realised)
        trades = [self._trade(number, fill) for number, fill in enumerate(self.log.fills[:count])]
        self.fresh = {trade.trade_id: trade for trade in trades}
        self._keep(trades)
        self._flush()
        return trades

    def _trade(self, count: int, fill: Any) -> Trade:
        return trade_of(
            self.tickers, fill, moment(self.tape, self.row), f"{self.plan.names[self.lane]}:{self.row}:{count}"
        )

    def _keep(self, trades: Sequence[Trade]) -> None:
        for trade in trades:
            self.trades[trade.ticker].append(trade)

    def mark(self, trades: Sequence[Trade], data: Mapping[str, MarketData]) -> None:
        """Settle trades that came from elsewhere, then value the lane at the row's marks."""
        self._at(data, "executed", "Call ExecutionSimulator.execute_trades for this row first, once.")
        given = {trade.trade_id for trade in trades}
        missing = [name for name in self.fresh if name not in given]
        if missing:
            raise DataError(
                "trades",
                missing[:3],
                "all trades that execute_trades returned for this row",
                "They are in the book already: hand them on whole.",
            )
        outside = [trade for trade in trades if trade.trade_id not in self.fresh]
        if outside:
            known((trade.ticker for trade in outside), self.tickers, "trades", "Correct the ticker.")
            doors.settle_at(*self.work, self.lane, self.row, table_of(outside, self.tickers), self.realised)
            self._keep(outside)
        doors.mark_at(*self.work, self.lane, self.row)
        self.fresh, self._done = {}, "marked"

    def size(self, signals: Mapping[str, float], data: Mapping[str, MarketData]) -> dict[str, float]:
        """Signals to wants, by the sizing stages of the program; held weights where the lane does not decide."""
        self._at(data, "marked", "Call PortfolioManager.update_portfolio for this row first; size once a row.")
        known(signals, self.tickers, "signals", "Name tickers of the tape.")
        heard = self.signals[int(self.rule("signal")), 0]
        heard[:] = [signals.get(ticker, math.nan) for ticker in self.tickers]
        self._trades_now = doors.want_at(*self.work, self.lane, self.row, self.final, self.split)
        self._done = "sized"
        self._flush()
        return self.wants()

    def limit(self, sizes: Mapping[str, float], data: Mapping[str, MarketData]) -> tuple[dict[str, float], np.ndarray]:
        """The remaining stages on these sizes; returns the wants and the events that tell what was cut."""
        self._at(data, "sized", "Call PositionSizer.calculate_position_sizes for this row first.")
        self._take(sizes)
        begun = int(self.log.cursor[0])
        if self._trades_now:
            traded = doors.limit_at(*self.work, self.lane, self.row, self.final, self.split)
            self._trades_now = bool(traded)
        events = self.log.events[begun : int(self.log.cursor[0])].copy()
        self._done = "limited"
        self._flush()
        return self.wants(), events

    def order(self, sizes: Mapping[str, float], data: Mapping[str, MarketData]) -> list[TradeRequest]:
        """Wants to the lane's working orders, returned as requests; exits under way are not among them."""
        self._at(data, "limited", "Call RiskManager.adjust_positions_for_risk for this row first.")
        self._take(sizes)
        if self._trades_now:
            doors.order_at(*self.work, self.lane, self.row, self.final)
        self._done = "ordered"
        self._flush()
        return self.working()

    def working(self) -> list[TradeRequest]:
        """The lane's working orders, those that close a position by a stop or a target apart."""
        decided = self.book.order_price[self.lane]
        return [
            request
            for slot, request in requests_in(self.book, self.lane, self.rule("time_in_force"), self.tickers)
            if decided[slot] != EXITS
        ]

    def close(self) -> None:
        """End the current row; nothing where it has ended."""
        if self._done == "closed":
            return
        if self._done == "executed":
            raise DataError(
                f"row {self.row}",
                self._done,
                "marked before the next one begins",
                "Call PortfolioManager.update_portfolio with its trades.",
            )
        doors.close_at(*self.work, self.lane, self.row, self.final)
        self._done = "closed"
        self._flush()

    def wants(self) -> dict[str, float]:
        """The wants as they stand, by ticker."""
        return dict(zip(self.tickers, self.scratch.want.tolist(), strict=True))

    def _take(self, sizes: Mapping[str, float]) -> None:
        known(sizes, self.tickers, "position_sizes", "Name tickers of the tape.")
        for slot, ticker in enumerate(self.tickers):
            if ticker in sizes and sizes[ticker] != self.scratch.want[slot]:
                self.scratch.want[slot] = number(sizes[ticker], f"position_sizes[{ticker!r}]")

    def _place(self, requests: Sequence[TradeRequest]) -> None:
        """Make the working orders equal to the requests; an order that is one already is left as it is."""
        standing = {request.ticker: request for request in self.working()}
        wanted = by_ticker(requests, self.tickers)
        price = self.rows.market.mark[max(self.row, 0)]
        if wanted != standing:
            spell_out(self.book, self.lane, int(self.rule("time_in_force")))
        for slot, ticker in enumerate(self.tickers):
            if ticker in wanted and wanted[ticker] != standing.get(ticker):
                place(self.book, self.lane, slot, wanted[ticker], max(self.row, 0), float(price[slot]))
            elif ticker in standing and ticker not in wanted:
                submit(self.book, self.lane, slot, 0.0, max(self.row, 0), decision_price=float(price[slot]))

    def _at(self, data: Mapping[str, MarketData], after: str, remedy: str) -> None:
        row = row_of(self.tape, data)
        if row != self.row:
            raise DataError("market_data", f"row {row}", f"row {self.row}, the last one executed", remedy)
        if self._done != after:
            raise DataError(f"row {row}", self._done, after, remedy)

    def _flush(self) -> None:
        events, fills, marks = (int(count) for count in self.log.cursor)
        self.journal.append(events=self.log.events[:events], fills=self.log.fills[:fills], marks=self.log.marks[:marks])
        self.log.cursor[:] = 0


def row_of(tape: Tape, data: Mapping[str, MarketData]) -> int:
    """The row that bars stand at; all of one row, and of this tape."""
    bars = [data] if isinstance(data, MarketRow) else list(data.values())
    rows = {(id(bar.tape), bar.row) for bar in bars}
    if len(rows) != 1 or bars[0].tape is not tape:
        raise DataError(
            "market_data",
            sorted({row for _, row in rows}),
            "the bars of one row of the desk's tape",
            "Take them from market_data(tape, row).",
        )
    return bars[0].row


def open_desk(config: Spec | Mapping[str, Any], tape: Tape, lane: int | str = 0) -> Desk:
    """A desk from a configuration: a Spec, or a map in this package's or a known document's keys."""
    spec = config if isinstance(config, Spec) else load(config)
    return Desk(compile_spec(spec, tape.universe), tape, lane)


def refuse(plan: Plan, tape: Tape, lane: int) -> None:
    """What cannot be done one verb at a time."""
    remedy = "Change it, or drive the lane with polyfolio.engine."
    rules = plan.rules[lane]
    if plan.symbols != tape.symbols:
        raise ConfigError(
            "plan.symbols",
            plan.symbols[:5],
            f"the tape's symbols {tape.symbols[:5]}",
            "Compile the spec for this tape's universe.",
        )
    words = (
        ("execution.fill", "fill", FillAt.SAME_CLOSE),
        ("execution.sizing", "sizing", SizeAt.FILL),
        ("sizing.method", "method", Sizing.ORDERS),
    )
    for field, name, refused in words:
        if rules[name] == refused:
            raise ConfigError(field, refused.name.lower(), "another one where objects drive the lane", remedy)
    if plan.group_of[lane] >= 0:
        raise ConfigError("groups", plan.group_names[plan.group_of[lane]], "empty for the lane of a desk", remedy)
    if plan.sleeves != plan.symbols:
        raise ConfigError("sleeves", list(plan.sleeves[:5]), "one per symbol where objects drive the lane", remedy)
    if plan.extensions:
        raise ConfigError("program", list(plan.extensions), "built-in stages where objects drive the lane", remedy)


def by_ticker(requests: Sequence[TradeRequest], tickers: Sequence[str]) -> dict[str, TradeRequest]:
    """Requests by ticker, checked."""
    known((request.ticker for request in requests), tickers, "trade_requests", "Give market data for it.")
    wanted: dict[str, TradeRequest] = {}
    for request in requests:
        number(request.quantity, f"quantity of the request for {request.ticker!r}", "a finite number of units")
        if request.ticker in wanted:
            raise DataError(
                "trade_requests", request.ticker, "at most one request per ticker and bar", "Join the two quantities."
            )
        wanted[request.ticker] = request
    return wanted


def place(book: Book, lane: int, slot: int, request: TradeRequest, row: int, decision_price: float) -> None:
    """A request as the slot's working order."""
    nothing = math.nan
    submit(
        book,
        lane,
        slot,
        request.quantity,
        row,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        decision_price=decision_price,
        limit=nothing if request.limit_price is None else request.limit_price,
        stop=nothing if request.stop_price is None else request.stop_price,
    )


def request_of(ticker: str, quantity: float, order: Any) -> TradeRequest:
    """A working order as a request."""
    kind = OrderType(int(order["type"]))
    limit = float(order["limit"]) if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None
    stop = float(order["stop"]) if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None
    return TradeRequest(ticker, quantity, kind.name.lower(), TimeInForce(int(order["life"])).name.lower(), limit, stop)


def requests_in(book: Book, lane: int, life: float, tickers: Sequence[str]) -> Iterator[tuple[int, TradeRequest]]:
    """(slot, request) of each working order; plain ones are market orders of the lane's own time in force."""
    plain = bool(book.account["plain"][lane])
    for slot, ticker in enumerate(tickers):
        quantity = float(book.order_quantity[lane, slot])
        if quantity != 0.0 and plain:
            yield slot, TradeRequest(ticker, quantity, "market", TimeInForce(int(life)).name.lower())
        elif quantity != 0.0:
            yield slot, request_of(ticker, quantity, book.orders[lane, slot])


def trade_of(tickers: Sequence[str], fill: Any, when: Any, trade_id: str) -> Trade:
    """A FILL record as a Trade."""
    return Trade(
        tickers[int(fill["slot"])],
        float(fill["quantity"]),
        float(fill["price"]),
        when,
        float(fill["commission"]),
        float(fill["slippage"]),
        trade_id,
        float(fill["impact"]),
        Reason(int(fill["reason"])).name.lower(),
    )


def table_of(trades: Sequence[Trade], tickers: Sequence[str]) -> np.ndarray:
    """Trades as rows of sleeve, quantity, price, commission, slippage, impact."""
    table = np.zeros((len(trades), 6))
    for line, trade in enumerate(trades):
        values = (trade.quantity, trade.price, trade.commission, trade.slippage, trade.impact)
        for name, value in zip(("quantity", "price", "commission", "slippage", "impact"), values, strict=True):
            number(value, f"{name} of the trade in {trade.ticker!r}")
        if not trade.price > 0.0:
            raise DataError(f"price of the trade in {trade.ticker!r}", trade.price, "above 0", "Correct the price.")
        table[line] = (tickers.index(trade.ticker), *values)
    return table


def refusals(tickers: Sequence[str], events: np.ndarray) -> list[tuple[str, float, str]]:
    """(ticker, quantity left, reason) of each order that was cut or refused."""
    return [
        (tickers[int(event["slot"])], float(event["after"]), Reason(int(event["reason"])).name.lower())
        for event in events
        if event["event"] == Event.REFUSED
    ]
