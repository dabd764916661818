"""What was held: exposures, weights by name over time, holdings at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.report.page.parts import Chart, Column, Line, Part, Section, Table, Words
from polyfolio.report.run_page.lane import LaneView

SHOWN_NAMES = 8
REST = "all others"


def exposures(view: LaneView) -> Section:
    """Gross, net and cash as shares of equity, turnover, the largest weights."""
    gross, net = (view.share_of_equity(name) for name in ("gross", "net"))
    lines = [Line("gross", view.dates, gross)]
    if not np.array_equal(gross, net, equal_nan=True):
        lines.append(Line("net", view.dates, net, "dashed"))
    lines.append(Line("cash", view.dates, view.share_of_equity("cash"), hidden=True))
    parts: list[Part] = [
        Chart("exposure-chart", "Exposure", tuple(lines), "percent", "Shares of equity at each close.", height=220),
        turnover(view),
    ]
    if view.full:
        parts.insert(1, weights(view))
    else:
        parts.append(Words("no-weights", ("Weights by name need a journal at level full.",)))
    return Section("exposure", "Exposure and weights", tuple(parts))


def turnover(view: LaneView) -> Chart:
    """What was traded in each month."""
    months = view.dates.astype("datetime64[M]")
    seen, at = np.unique(months, return_inverse=True)
    traded = np.bincount(at, weights=np.array(view.marks["turnover"]), minlength=seen.size)
    note = "Traded notional over the equity before it, both sides counted, summed over the month."
    line = Line("turnover", [str(month) for month in seen], traded, "bars")
    return Chart("turnover-chart", "Turnover by month", (line,), "percent", note, height=190)


def weights(view: LaneView) -> Chart:
    """The names with the largest mean weight, stacked, and the rest together."""
    found = np.nan_to_num(view.holdings.weight, nan=0.0)
    order = largest(found)
    lines = [Line(view.symbols[slot], view.dates, found[:, slot], "stacked") for slot in order]
    others = np.setdiff1d(np.flatnonzero(found.any(axis=0)), order)
    if others.size:
        lines.append(Line(f"{REST} ({others.size})", view.dates, found[:, others].sum(axis=1), "stacked"))
    note = "Shares of equity at each close; what is below zero is held short."
    return Chart("weights-chart", "Weights by name", tuple(lines), "percent", note)


def largest(weight: Floats) -> Ints:
    """Slots with the largest mean size, largest first, without those that were never held."""
    size = np.abs(weight).mean(axis=0) if weight.size else np.zeros(weight.shape[1])
    order = np.argsort(-size, kind="stable")[: SHOWN_NAMES if (size > 0.0).sum() > SHOWN_NAMES + 1 else SHOWN_NAMES + 1]
    return order[size[order] > 0.0]


def at_the_end(view: LaneView) -> Section | None:
    """What is held after the last row; None where the journal does not say."""
    if not view.full:
        return None
    found, last = view.holdings, int(view.rows[-1])
    slots = np.flatnonzero(found.held[-1])
    slots = slots[np.argsort(-np.abs(found.value[-1][slots]), kind="stable")]
    if not slots.size:
        return Section("holdings", "Holdings at the end", (Words("no-holdings", ("Nothing is held at the end.",)),))
    average = averages(view)
    close = view.results.tape.close[last]
    rows = [holding(view, slot, average[slot], float(close[slot])) for slot in slots.tolist()]
    columns = (
        Column("Symbol"),
        Column("Quantity", "number"),
        Column("Average entry", "number"),
        Column("Last close", "number"),
        Column(f"Value {view.currency}", "money"),
        Column("Weight", "percent"),
    )
    title = f"Held at the close of {view.dates[-1]}"
    return Section("holdings", "Holdings at the end", (Table("holdings-table", title, columns, rows),))


def holding(view: LaneView, slot: int, average: float | None, close: float) -> tuple[Any, ...]:
    """One line of the holdings."""
    found = view.holdings
    held, value, weight = (float(array[-1][slot]) for array in (found.held, found.value, found.weight))
    return (view.symbols[slot], held, average, close, value, weight)


def averages(view: LaneView) -> dict[int, float | None]:
    """Average entry price of each slot; None where several sleeves hold it at prices of their own."""
    book = view.results.book
    out: dict[int, float | None] = {}
    for sleeve in np.flatnonzero(book.quantity[view.index]).tolist():
        slot = int(book.slot_of[sleeve])
        out[slot] = None if slot in out else float(book.average_price[view.index][sleeve])
    return {slot: out.get(slot) for slot in range(len(view.symbols))}
