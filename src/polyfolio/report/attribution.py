"""Where a lane's change of equity came from: by instrument, by kind of cost, and by the wait between decision and fill.

The sums are those of `kernels.attribution`. What belongs to no instrument (interest, money moved in and out) and the
rounding stand in `rest`, so that the parts add up to the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.book import Book
from polyfolio.core.codes import Event, FillAt, Level, Moment, Reason, SizeAt
from polyfolio.core.journal import Journal
from polyfolio.core.records import MARK
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.core.views import Market
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.kernels import attribution
from polyfolio.rules.execution import Execution

Values = dict[str, float]

# Columns of attribution.csv after lane and symbol.
COLUMNS = ("gain", "carry", "costs", "commission", "slippage", "impact", "timing", "profit")
FILL_COSTS = ("commission", "slippage", "impact")


@dataclass(frozen=True, eq=False)
class Attribution:
    """What one lane earned, split. Everything is money of the base currency, signed: what was paid is negative.

    Attributes:
        lane: its name.
        symbols: name of each slot.
        slots: per slot: `gain` of prices; `carry`, dividends less borrow and funding; `costs` of trading; `profit`,
            the sum of the three. At level full also `commission`, `slippage` and `impact`, the parts of `costs`, and
            `timing`, the part of the gain that the wait between decision and fill earned; NaN at level summary.
        kinds: terms of the identity over the lane: gain, dividends, interest, flows and each kind of cost.
        rest: change of equity beyond the slots' profits: interest, flows, rounding.
        change: equity at the end less the capital: the sum of `profit`, plus `rest`.
        timing: the account's own sum over all slots. An order that was not decided in the journal, or was sized at one
            fill and carried on to another, is in this sum and in no slot.
    """

    lane: str
    symbols: tuple[str, ...]
    slots: dict[str, Floats]
    kinds: Values
    rest: float
    change: float
    timing: float

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """(lane, symbol, *COLUMNS) of each slot that earned or cost anything; `rest` last, without a symbol."""
        table = np.stack([self.slots[name] for name in COLUMNS], axis=1)
        for symbol, row in zip(self.symbols, table.tolist(), strict=True):
            if any(value != 0.0 for value in row[:3]):
                yield (self.lane, symbol, *row)
        yield (self.lane, "", *[np.nan] * (len(COLUMNS) - 1), self.rest)


def attribute(book: Book, lane: int, journal: Journal, tape: Tape, kinds: Values, waits: bool) -> Attribution:
    """Split what a lane earned.

    Args:
        book: after the last row.
        lane: its number in the book.
        journal: of this lane alone, as lane 0.
        tape: the market rows.
        kinds: the lane's terms, with `change` and `remainder` (`Results.accounting`).
        waits: whether the lane's orders fill later than they are sized (`orders_wait`).
    """
    if journal.level < Level.SUMMARY:
        raise ConfigError("journal", journal.level.name.lower(), "summary or full", "Run again with a journal.")
    terms = np.zeros((tape.slots, len(attribution.ASSET_KINDS)))
    at = attribution.ASSET_KINDS.index
    # The book keeps one figure for all costs of a slot and one, signed, for what it carried.
    terms[:, at("gain")], terms[:, at("dividends")] = book.gain[lane], book.carry[lane]
    terms[:, at("commission")] = book.cost[lane]
    earned, change = np.empty(tape.slots), kinds["change"] + kinds["remainder"]
    rest = attribution.by_asset(terms, change, earned)
    slots = {"gain": np.array(book.gain[lane]), "carry": np.array(book.carry[lane]), "costs": 0.0 - book.cost[lane]}
    fills, unknown = journal.fills, np.full(tape.slots, np.nan)
    if journal.level >= Level.FULL:
        waited = timing_of(journal, tape) if waits else np.zeros(fills.size)
        slots |= sums_of(fills["slot"], tape.slots, {name: fills[name] for name in FILL_COSTS})
        slots["timing"] = sums_of(fills["slot"], tape.slots, {"gain": waited})["gain"]
    else:
        slots |= dict.fromkeys((*FILL_COSTS, "timing"), unknown)
    slots["profit"] = earned
    own = {name: kinds[name] for name in attribution.COST_KINDS}
    total = 0.0 - float(book.account["total_timing"][lane])
    return Attribution(journal.lanes[0], tape.symbols, slots, own, rest, change, total)


def sums_of(slots_of: Ints, slots: int, terms: dict[str, Floats]) -> dict[str, Floats]:
    """Terms of the identity summed for each slot, signed as in the identity; one value per fill."""
    marks = np.zeros(slots_of.size, MARK)
    marks["lane"] = slots_of  # the kernel sums MARK rows by their lane
    for name, values in terms.items():
        marks[name] = values
    order = np.argsort(slots_of, kind="stable")
    ends = np.searchsorted(slots_of[order], np.arange(slots + 1))
    state, scratch = np.empty(attribution.COST_STATE_SIZE), np.empty(len(attribution.COST_KINDS))
    out = np.empty((slots, attribution.COST_SIZE))
    for slot in range(slots):
        attribution.cost_kinds(marks[order[ends[slot] : ends[slot + 1]]], slot, 0.0, state, scratch, out[slot])
    return {name: out[:, attribution.COST_KINDS.index(name)] + 0.0 for name in terms}


def orders_wait(execution: Execution) -> bool:
    """Whether orders are decided at one price and filled at another: not at the same close, nor sized at the fill."""
    return execution.fill is not FillAt.SAME_CLOSE and execution.sizing is SizeAt.DECISION


def timing_of(journal: Journal, tape: Tape) -> Floats:
    """What the wait between decision and fill earned with each fill; `journal` is of one lane."""
    fills, market = journal.fills, rows_of(tape, "day").market
    alone, each = fills.copy(), np.empty(fills.size)
    alone["slot"] = np.arange(fills.size)  # a slot for each fill, because its unit moves with the rate of exchange
    attribution.timing(alone, decided_at(journal, tape, market), units_at(fills, market), each)
    return each


def decided_at(journal: Journal, tape: Tape, market: Market) -> Floats:
    """The price each fill's order was decided at, restated at splits; NaN for stops and what nobody decided."""
    fills, events = journal.fills, journal.events
    orders = events[events["event"] == Event.ORDER]
    moments = np.sort(orders["slot"].astype(np.int64) * tape.rows + orders["row"])
    # The last order of the slot in an earlier row.
    last = np.searchsorted(moments, fills["slot"].astype(np.int64) * tape.rows + fills["row"], side="left") - 1
    slot, row = np.divmod(moments[np.maximum(last, 0)] if moments.size else np.zeros(fills.size, np.int64), tape.rows)
    known = (last >= 0) & (slot == fills["slot"]) & (fills["reason"] == Reason.SIGNAL)
    seen = np.where(known, market.mark[row, fills["slot"]], np.nan)
    if tape.splits is not None:
        grown = np.cumprod(np.where(tape.splits > 0.0, tape.splits, 1.0), axis=0)
        seen = seen * grown[row, fills["slot"]] / grown[fills["row"], fills["slot"]]
    return np.asarray(seen)


def units_at(fills: np.ndarray, market: Market) -> Floats:
    """What one price unit of each fill was worth: at the row's open until its close, then at its marks."""
    slot, early = fills["slot"], fills["moment"] != Moment.CLOSE
    opened, marked = (
        array[fills["row"] if array.shape[0] > 1 else 0, slot] for array in (market.unit_open, market.unit)
    )
    return np.asarray(np.where(early, opened, marked))
