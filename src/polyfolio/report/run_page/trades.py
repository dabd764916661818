"""Closed trades: a table of all, and entries and exits on the prices of the names traded most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyfolio.core import words
from polyfolio.core.codes import Reason
from polyfolio.core.types import Floats
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Line, Part, Section, Table, Unit, Words
from polyfolio.report.run_page.lane import LaneView

SHOWN_CHARTS = 4
# An indicator whose median is within this many times the median close is one of prices.
LIKE = 3.0
# A table of more rows would make the page heavy; trades.csv has them all.
MOST_ROWS = 5000
ON_THE_WAY = (
    "Entry and exit are the bars of the first and the last fill; worst and best on the way are the lows and highs "
    "of the bars held against the average entry price."
)
FIGURES: tuple[tuple[str, str, Unit], ...] = (
    ("Closed trades", "closed_trades", "count"),
    ("Winning trades", "win_rate", "percent"),
    ("Mean gain to mean loss", "payoff", "ratio"),
    ("Profit factor", "profit_factor", "ratio"),
    ("Mean profit", "expectancy", "money"),
    ("Best", "best_trade", "money"),
    ("Worst", "worst_trade", "money"),
    ("Bars held", "holding_bars", "bars"),
)


def trades(view: LaneView) -> Section:
    """Figures, prices with marks, the table."""
    if not view.full:
        return Section("trades", "Trades", (Words("no-trades", ("Trades need a journal at level full.",)),))
    parts: list[Part] = []
    count = view.trades["profit"].size
    if count:
        parts.append(Facts("trade-figures", tuple(figures(view))))
    parts += charts(view)
    parts.append(table(view) if count else Words("no-closed-trade", ("No trade was closed.",)))
    intro = "A trade lasts from flat to flat in one instrument; its profit is net of every cost and carry."
    return Section("trades", "Trades", tuple(parts), intro)


def figures(view: LaneView) -> Iterator[Fact]:
    """Statistics of the closed trades."""
    for label, name, unit in FIGURES:
        value = view.metrics[name]
        yield Fact(label, None if math.isnan(value) else value, unit, name, view.metrics.reasons.get(name, ""))


def charts(view: LaneView) -> list[Part]:
    """Close with entries and exits of the names traded most often."""
    fills = view.journal.fills
    counts = np.bincount(fills["slot"], minlength=len(view.symbols))
    order = np.argsort(-counts, kind="stable")[:SHOWN_CHARTS]
    return [marked(view, slot) for slot in order.tolist() if counts[slot]]


def marked(view: LaneView, slot: int) -> Chart:
    """One name: its close, where it was bought and where it was sold, with what was filled."""
    fills = view.journal.fills
    fills = fills[fills["slot"] == slot]
    close = np.array(view.results.tape.close[view.rows, slot])
    bought = fills["quantity"] > 0.0
    lines = [Line("close", view.dates, close)]
    for name, kind, chosen in (("bought", "up", bought), ("sold", "down", ~bought)):
        some = fills[chosen]
        if some.size:
            text = [filled(view, fill) for fill in some]
            x, y = view.stamps[some["row"]], np.array(some["price"])
            lines.append(Line(name, x, y, "up" if kind == "up" else "down", text=text))
    lines += shown_beside(view, slot, close)
    symbol = view.symbols[slot]
    note = f"{fills.size:,} fills, at the prices paid."
    return Chart(f"fills-{slot}", symbol, tuple(lines), "number", note, height=260)


def shown_beside(view: LaneView, slot: int, close: Floats) -> Iterator[Line]:
    """The lane's indicators of a name: on the prices where they are of their size, else on an axis of their own."""
    middle = float(np.nanmedian(close)) if np.isfinite(close).any() else math.nan
    for name, values in view.indicators.items():
        own = values[:, slot]
        if np.isfinite(own).any():
            alike = 1.0 / LIKE <= float(np.nanmedian(own)) / middle <= LIKE
            yield Line(name, view.dates, own, "dashed" if alike else "line", right=not alike, hidden=not alike)


def filled(view: LaneView, fill: Any) -> str:
    """One fill in words."""
    reason = Reason(int(fill["reason"]))
    cause = "" if reason is Reason.SIGNAL else f", {words.NAMES[reason]}"
    when = str(view.stamps[fill["row"]]).replace("T", " ")
    return f"{words.signed(float(fill['quantity']))} at {words.plain(float(fill['price']))}, {when}{cause}"


def table(view: LaneView) -> Table:
    """The closed trades, the latest last; of very many the largest profits and losses."""
    found = view.trades
    profit = found["profit"]
    chosen, note = np.arange(profit.size), ON_THE_WAY
    if profit.size > MOST_ROWS:
        chosen = np.sort(np.argsort(-np.abs(profit), kind="stable")[:MOST_ROWS])
        note = f"The {MOST_ROWS:,} largest of {profit.size:,}; trades.csv has them all. {ON_THE_WAY}"
    columns = (
        Column("Symbol"),
        Column("Side"),
        Column("Entry", "date"),
        Column("Exit", "date"),
        Column("Days", "days"),
        Column("Quantity", "number"),
        Column(f"Profit {view.currency}", "money", coloured=True),
        Column("Worst on the way", "percent"),
        Column("Best on the way", "percent"),
    )
    named = {name: found[name][chosen].tolist() for name in ("symbol", "days", "quantity", "profit", "mae", "mfe")}
    sides = np.where(found["side"][chosen] > 0, "long", "short").tolist()
    entry, left = (list(view.stamps[found[name][chosen]]) for name in ("entry_row", "exit_row"))
    rows = list(
        zip(
            named["symbol"],
            sides,
            entry,
            left,
            named["days"],
            named["quantity"],
            named["profit"],
            named["mae"],
            named["mfe"],
            strict=True,
        )
    )
    return Table("trade-table", "Closed trades", columns, rows, note, rows_shown=25)
