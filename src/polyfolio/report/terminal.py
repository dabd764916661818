"""Results on a terminal: table, plot of equity, accounting, conventions. It fits the width it is given."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from polyfolio.core import words
from polyfolio.core.codes import Level
from polyfolio.report.attribution import COLUMNS as SLOT_COLUMNS
from polyfolio.report.plot import legend, lines_plot
from polyfolio.report.results import Results

# Importing rich draws from the global random numbers, so it waits until something is shown.
if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

PLOT_HEIGHT = 11
NARROW = 112
ROOMY = 90
LONGEST_NAME = 24
COLUMNS = (
    ("return", "total_return", "percent"),
    ("a year", "cagr", "percent"),
    ("volatility", "annual_volatility", "share"),
    ("Sharpe", "sharpe", "ratio"),
    ("max. drawdown", "max_drawdown", "percent"),
    ("turnover a year", "annual_turnover", "times"),
)
# In narrow windows.
SHORT = {"volatility": "vol.", "max. drawdown": "max. dd", "turnover a year": "turn./y", "costs bp": "bp"}
SHOWN_SLOTS = 8
SPLIT = ("gain", "carry", "costs", "profit")
TERMS = ("gain", "dividends", "interest", "flows", "commission", "slippage", "impact", "borrow", "funding")


def text(results: Results, width: int = 100) -> str:
    """The table and its conventions as plain text."""
    from rich.console import Console, Group  # noqa: PLC0415

    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None, legacy_windows=False)
    console.print(Group(table(results, width), conventions(results)))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines())


def table(results: Results, width: int) -> Table:
    """One row per lane: return, risk, turnover, costs in money and in basis points of what was traded, trades."""
    from rich.table import Table  # noqa: PLC0415

    narrow = width < NARROW
    currency = results.tape.universe.base_currency
    shown = Table(box=None, pad_edge=False, padding=(0, gap(width), 0, 0), header_style="bold")
    shown.add_column("lane", overflow="ellipsis", max_width=LONGEST_NAME)  # gives way, so that no number is cut
    costs_title = "costs" if narrow else f"costs {currency}"
    for title in (*(title for title, _, _ in COLUMNS), costs_title, "costs bp", "trades"):
        shown.add_column(SHORT.get(title, title) if narrow else title, justify="right", no_wrap=True)
    for lane in results.lanes:
        metrics, costs = results.metrics(lane), results.costs(lane)
        cells = [number(metrics[name], kind) for _, name, kind in COLUMNS]
        trades = f"{results.trades(lane).size:,}" if results.journal.level == Level.FULL else "-"
        shown.add_row(lane, *cells, f"{costs['costs']:,.0f}", number(costs["cost_bp"], "points"), trades)
    return shown


def gap(width: int) -> int:
    """Columns between two columns of a table."""
    return 2 if width >= ROOMY else 1


def number(value: float, kind: str) -> str:
    """A number of the table; a dash where it is undefined."""
    if math.isnan(value):
        return "-"
    if kind in ("percent", "share"):
        return f"{value:{'+' if kind == 'percent' else ''}.1%}".replace("%", " %")
    return {"ratio": f"{value:.2f}", "times": f"{value:.1f} x", "points": f"{value:.1f}"}[kind]


def plot(results: Results, width: int, braille: bool = True) -> RenderableType:
    """Equity of every lane."""
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rows = results.journal.lane(0).marks["row"]
    days = [words.stamp(results.tape.times[row])[:10] for row in (rows[0], rows[-1])]
    series = {lane: results.equity(lane) for lane in results.lanes}
    currency = results.tape.universe.base_currency
    title = Text(f"Equity, {currency}", style="bold")
    return Group(title, lines_plot(series, width, PLOT_HEIGHT, days, braille=braille), legend(results.lanes, braille))


def accounting(results: Results, width: int) -> RenderableType:
    """For each lane the terms of the identity, what equity changed by, and what they leave over."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    found = {lane: results.accounting(lane) for lane in results.lanes}
    terms = [name for name in TERMS if any(values[name] != 0.0 for values in found.values())]
    digits = ",.2f" if width >= NARROW else ",.0f"
    shown = Table(box=None, pad_edge=False, padding=(0, gap(width), 0, 0), header_style="bold")
    shown.add_column("lane", overflow="ellipsis", max_width=LONGEST_NAME)  # gives way, so that no number is cut
    for name in (*terms, "= change", "remainder"):
        shown.add_column(name, justify="right", no_wrap=True)
    for lane, values in found.items():
        cells = [f"{values[name]:+{digits}}" for name in terms]
        shown.add_row(lane, *cells, f"{values['change']:+{digits}}", f"{values['remainder']:.0e}")
    title = Text("Every cent accounted for: in each lane these add up to the change of its equity.", style="bold")
    return Group(title, shown)


def by_instrument(results: Results, width: int) -> RenderableType:
    """What the largest profits and losses came from, slot by slot, and what is left of each lane's change."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    found = [results.attribution(lane).rows() for lane in results.lanes]
    slots = [dict(zip(("lane", "symbol", *SLOT_COLUMNS), row, strict=True)) for rows in found for row in rows]
    slots = sorted((row for row in slots if row["symbol"]), key=lambda row: -abs(row["profit"]))
    digits = ",.2f" if width >= NARROW else ",.0f"
    shown = Table(box=None, pad_edge=False, padding=(0, gap(width), 0, 0), header_style="bold")
    for name in ("lane", "symbol"):
        shown.add_column(name, overflow="ellipsis", max_width=LONGEST_NAME)
    for name in SPLIT:
        shown.add_column(f"= {name}" if name == "profit" else name, justify="right", no_wrap=True)
    for row in slots[:SHOWN_SLOTS]:
        shown.add_row(row["lane"], row["symbol"], *(f"{row[name]:+{digits}}" for name in SPLIT))
    more = f"; {len(slots) - SHOWN_SLOTS:,} more in attribution.csv" if len(slots) > SHOWN_SLOTS else ""
    return Group(Text(f"By instrument, the largest first{more}.", style="bold"), shown)


def conventions(results: Results) -> Text:
    """What the numbers of the table mean."""
    from rich.text import Text  # noqa: PLC0415

    return Text("\n".join(convention_lines(results)), style="dim")


def never_traded(results: Results) -> list[str]:
    """Lanes whose book stayed empty."""
    marks = results.journal.marks
    traded = set(np.unique(marks["lane"][marks["turnover"] != 0.0]).tolist())
    return [lane for index, lane in enumerate(results.lanes) if index not in traded]


def convention_lines(results: Results) -> Iterator[str]:
    """What the plan notes, and the conventions, a line each."""
    for note in results.plan.notes:
        yield f"Note: {note}."
    if idle := never_traded(results):
        yield (
            f"Note: {', '.join(idle)} never traded; `polyfolio why` tells what held it back. Sizing and limits by risk "
            "wait until there are risk.min_history returns."
        )
    found = results.conventions()
    first, last = (words.stamp(results.tape.times[row]) for row in (0, -1))
    yield f"{results.tape.rows:,} bars from {first} to {last}; {found['returns']}; money in {found['currency']}."
    years = found["periods_per_year"]
    known = "unknown" if years is None else f"{years:,.6g}"
    yield (
        f"A year: N = {known} bars ({found['periods_per_year_source']}); risk-free rate "
        f"{words.share(found['risk_free'])}; Sharpe = mean / deviation x sqrt(N)."
    )
    fills = sorted(set(found["fill"].values()))
    yield (
        f"Fills: {', '.join(fills)}. Costs: commission, slippage, impact, carry; bp: the first three, of what was "
        "traded. Turnover counts both sides."
    )
    yield f"Run {results.run_id[:16]}, definitions {found['definitions']}."
