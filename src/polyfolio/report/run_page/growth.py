"""Equity, drawdowns, rolling measures and returns by month."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.measures import growth as kernels
from polyfolio.kernels.measures import rolling
from polyfolio.report.episodes import compounded_by, drawdown_table
from polyfolio.report.page.parts import Chart, Column, Heat, Line, Part, Section, Span, Table, Words
from polyfolio.report.run_page.lane import LaneView, under, wealth_of

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SHOWN_DRAWDOWNS = 10
# A ratio scale is easier to read once the highest equity is this many times the lowest.
LOG_FROM = 4.0
# A quarter of a year, and never fewer returns than these.
QUARTERS, SMALLEST_WINDOW = 4.0, 20
POINTS = 1000


def equity(view: LaneView) -> Section:
    """Equity beside the benchmark, drawdown, the deepest drawdowns."""
    path, worst = view.wealth, deepest(view)
    money = np.array(view.marks["equity"])
    lines = [Line(view.name, view.dates, money)]
    falls = [Line(view.name, view.dates, under(path), "area")]
    if view.benchmark is not None:
        theirs, label = wealth_of(view.benchmark), f"{view.benchmark_name}, same capital"
        lines.append(Line(label, view.dates, view.on_capital(theirs), "dashed"))
        falls.append(Line(view.benchmark_name, view.dates, under(theirs), "dashed"))
    spans: tuple[Span, ...] = ()
    if worst is not None:
        spans = (Span(view.dates[worst["peak"]], view.dates[worst["recovery"]], "largest drawdown"),)
    note = "Money moved in or out shows as a step and is no return." if bool(np.any(view.marks["flows"])) else ""
    parts: list[Part] = [
        Chart("equity-chart", "Equity", tuple(lines), "money", note, spans, log=wide(path)),
        Chart("drawdown-chart", "Drawdown", tuple(falls), "percent", height=190),
    ]
    rows = drawdowns(view)
    if rows:
        columns = (
            Column("Peak", "date"),
            Column("Lowest", "date"),
            Column("Recovered", "date"),
            Column("Depth", "percent", "max_drawdown", coloured=True),
            Column("Days", "days"),
            Column("Bars", "bars"),
        )
        note = "Days and bars from the peak to the recovery; without one, to the end."
        parts.append(Table("drawdown-table", "Deepest drawdowns", columns, rows, note))
    return Section("equity", "Equity and drawdown", tuple(parts), f"At each close, after all costs, {view.currency}.")


def wide(path: Floats) -> bool:
    """Whether equity moved so far that a ratio scale serves it."""
    low = float(path.min())
    return low > 0.0 and float(path.max()) / low >= LOG_FROM


def deepest(view: LaneView) -> dict[str, Any] | None:
    """The largest drawdown; None where there was none."""
    found = drawdown_table(view.wealth, view.results.tape.times[view.rows])
    return min(found, key=lambda row: row["depth"]) if found else None


def drawdowns(view: LaneView) -> list[tuple[Any, ...]]:
    """The deepest drawdowns, deepest first."""
    found = drawdown_table(view.wealth, view.results.tape.times[view.rows])
    found = sorted(found, key=lambda row: row["depth"])[:SHOWN_DRAWDOWNS]
    return [
        (
            view.dates[row["peak"]],
            view.dates[row["trough"]],
            "not yet" if row["open"] else view.dates[row["recovery"]],
            row["depth"],
            row["length_days"],
            row["length"],
        )
        for row in found
    ]


def rolled(view: LaneView) -> Section | None:
    """Volatility, Sharpe ratio and beta over a quarter of a year; None where nobody knows how many bars a year has."""
    n_year = view.metrics.periods_per_year
    if math.isnan(n_year):
        return None
    window = max(SMALLEST_WINDOW, round(n_year / QUARTERS))
    if view.returns.size < 2 * window:
        known = f"twice as many are needed and {view.returns.size:,} known"
        told = f"A window is a quarter of a year, {window:,} returns; {known}."
        return Section("rolling", "Rolling measures", (Words("no-rolling", (told,)),))
    ends = np.unique(np.linspace(window - 1, view.returns.size - 1, POINTS).astype(np.int64))
    found, dates = moving(view, ends, window), view.dates[ends + 1]
    drawn = [
        Chart("rolling-sharpe", "Sharpe ratio", (Line("Sharpe", dates, found[:, 1]),), "number", height=190),
        Chart(
            "rolling-volatility", "Volatility a year", (Line("volatility", dates, found[:, 0]),), "percent", height=190
        ),
    ]
    if view.benchmark is not None:
        line = Line("beta", dates, found[:, 2])
        drawn.append(Chart("rolling-beta", f"Beta on {view.benchmark_name}", (line,), "number", height=190))
    intro = f"Each point is measured from the {window:,} returns up to it, by the definitions of the whole run."
    return Section("rolling", "Rolling measures", tuple(drawn), intro)


def moving(view: LaneView, ends: Ints, window: int) -> Floats:
    """`rolling.NAMES` at each end."""
    rates = np.empty(view.returns.size)
    n_year = view.metrics.periods_per_year
    kernels.per_period_rates(np.atleast_1d(np.float64(view.results.convention.risk_free)), n_year, rates)
    other = np.zeros(0) if view.benchmark is None else np.ascontiguousarray(view.benchmark)
    out = np.empty((ends.size, len(rolling.NAMES)))
    rolling.windows(view.returns, rates, other, ends, window, n_year, np.empty(rolling.SIZE), out)
    return out


def monthly(view: LaneView) -> Section | None:
    """Returns by month and year as a matrix."""
    if view.returns.size == 0:
        return None
    days = np.asarray(view.results.tape.calendar.day)[view.rows].astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    by_month, counts = compounded_by(view.returns, months[1:])
    by_year, _ = compounded_by(view.returns, months[1:] // 12)
    seen, years = np.unique(months[1:]), np.unique(months[1:] // 12)
    table = np.full((years.size, 13), np.nan)
    table[np.searchsorted(years, seen // 12), seen % 12] = by_month
    table[:, 12] = by_year
    names = tuple(str(1970 + int(year)) for year in years)
    note = (
        f"Compounded from the returns of its bars, after all costs. The first month has {int(counts[0]):,} of them, "
        f"the last {int(counts[-1]):,}: a short month is shown as it is."
    )
    parts: list[Part] = [Heat("month-table", "Return by month, in %", (*MONTHS, "Year"), names, table, "percent", note)]
    known = by_month[np.isfinite(by_month)]
    if known.size >= 3:
        rising = (
            f"{int((known > 0.0).sum())} of {known.size} months rose; best {known.max():.1%}, worst {known.min():.1%}."
        )
        parts.append(Words("months-in-words", (rising.replace("%", " %"),)))
    return Section("months", "Returns by month", tuple(parts))
