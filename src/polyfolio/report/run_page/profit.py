"""Where the money came from: by instrument, by kind of cost, by timing. Every table ends with the sum it splits."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.report.attribution import COLUMNS
from polyfolio.report.page.parts import Chart, Column, Line, Part, Section, Table, Words
from polyfolio.report.run_page.lane import LaneView

SHOWN_BARS = 15
REST = "interest, flows, rounding"
TERMS = {
    "gain": "price gains at reference prices",
    "dividends": "dividends",
    "interest": "interest on cash",
    "flows": "money moved in and out",
    "commission": "commission",
    "slippage": "slippage and half spread",
    "impact": "market impact",
    "borrow": "borrow fees on shorts",
    "funding": "funding of perpetual contracts",
}


def profit(view: LaneView) -> Section:
    """By instrument, by kind, by timing."""
    parts: list[Part] = [bars(view), by_instrument(view), by_kind(view)]
    told = timing(view)
    if told:
        parts.append(Words("timing-in-words", (told,), "Timing"))
    intro = f"Money in {view.currency}; what was paid is negative. Every table adds up to the change of equity."
    return Section("attribution", "Where the money came from", tuple(parts), intro)


def ordered(view: LaneView) -> list[tuple[Any, ...]]:
    """Symbols with what they earned, the largest profit first; the rest, which belongs to none, last."""
    rows = [row[1:] for row in view.attribution.rows()]
    return sorted(rows[:-1], key=lambda row: -row[-1]) + rows[-1:]


def bars(view: LaneView) -> Chart:
    """Profit by instrument: the largest on both sides."""
    rows = ordered(view)[:-1]
    largest = sorted(rows, key=lambda row: -abs(row[-1]))[:SHOWN_BARS]
    chosen = sorted(largest, key=lambda row: -row[-1])
    line = Line("profit", [row[0] for row in chosen], [row[-1] for row in chosen], "bars")
    more = len(rows) - len(chosen)
    note = f"The {len(chosen)} largest; {more:,} more stand in the table." if more else ""
    return Chart("profit-chart", "Profit by instrument", (line,), "money", note, height=240)


def by_instrument(view: LaneView) -> Table:
    """A line for each instrument, the rest, and the change of equity that they add up to."""
    rows = [(row[0] or REST, *(blank(value) for value in row[1:])) for row in ordered(view)]
    rows.append(("change of equity", *[None] * (len(COLUMNS) - 1), view.attribution.change))
    columns = (Column("Instrument"), *(Column(name, "money", coloured=name == "profit") for name in COLUMNS))
    note = "profit = gain + carry + costs; costs are commission, slippage and impact. Timing is a part of the gain."
    if not view.full:
        note += " Kinds of cost by instrument and timing need a journal at level full."
    return Table("by-instrument", "By instrument", columns, rows, note, rows_shown=25, totals=2)


def by_kind(view: LaneView) -> Table:
    """The terms of the identity and what they leave over."""
    found = view.results.accounting(view.name)
    rows: list[tuple[str, float]] = [
        (words, found[name]) for name, words in TERMS.items() if found[name] != 0.0 or name in ("gain", "commission")
    ]
    rows += [("sum of the terms", found["change"]), ("not explained by them", found["remainder"])]
    rows.append(("change of equity", view.attribution.change))
    note = f"The largest difference of a single bar is {found['largest_residual']:.1e} {view.currency}."
    columns = (Column("Term"), Column(view.currency, "money", coloured=True))
    return Table("by-kind", "By kind: every cent accounted for", columns, rows, note, totals=3)


def timing(view: LaneView) -> str:
    """What the wait between decision and fill did."""
    earned = view.attribution.timing
    if earned == 0.0:
        return ""
    moved = "earned" if earned > 0.0 else "cost"
    return (
        f"Between decision and fill prices moved: the wait {moved} {abs(earned):,.2f} {view.currency}, a part of the "
        "price gains above."
    )


def blank(value: float) -> float | None:
    """None for what is not known."""
    return None if math.isnan(value) else value
