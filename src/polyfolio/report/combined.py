"""Several portfolios of one run on one page: each beside the others, and all as one account."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.kernels import holdings
from polyfolio.kernels.measures import growth
from polyfolio.report.metrics import Metrics, metrics_from_equity
from polyfolio.report.netted import netted_section
from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Heat, Line, Page, Part, Section, Table, Unit, Words
from polyfolio.report.results import Results
from polyfolio.report.run_page.growth import wide
from polyfolio.report.run_page.lane import LaneView, day_text, under, wealth_of
from polyfolio.report.run_page.notes import footer
from polyfolio.report.terminal import convention_lines

TOGETHER = "together"
COLUMNS: tuple[tuple[str, str, Unit], ...] = (
    ("Return", "total_return", "percent"),
    ("A year", "cagr", "percent"),
    ("Volatility", "annual_volatility", "percent"),
    ("Sharpe", "sharpe", "ratio"),
    ("Drawdown", "max_drawdown", "percent"),
    ("Turnover", "annual_turnover", "ratio"),
    ("Trades", "closed_trades", "count"),
)


class Together:
    """All lanes as one account: its equity is the sum of theirs, over the closes that all of them have.

    Averaging the lanes' returns would rebalance between them at every close, for nothing.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.views = [LaneView(results, lane) for lane in results.lanes]

    @cached_property
    def rows(self) -> Ints:
        """Rows of the tape at which every lane has a mark."""
        found: Ints = self.views[0].rows
        for view in self.views[1:]:
            found = np.asarray(np.intersect1d(found, view.rows, assume_unique=True))
        return found

    @cached_property
    def dates(self) -> np.ndarray:
        """What the rows are called."""
        return self.views[0].stamps[self.rows]

    def of_lanes(self, name: str) -> Floats:
        """A column of the marks at the common rows, float64[lanes, rows]."""
        return np.stack([view.marks[name][np.searchsorted(view.rows, self.rows)] for view in self.views])

    def summed(self, name: str) -> Floats:
        """The sum over the lanes of a column of the marks."""
        out = np.empty(self.rows.size)
        holdings.summed(self.of_lanes(name), out)
        return out

    @cached_property
    def path(self) -> Floats:
        """The summed equity, of a lane that begins at the first of the rows its capital."""
        out = np.empty(self.rows.size)
        paths = [view.path[np.searchsorted(view.rows, self.rows)] for view in self.views]
        holdings.summed(np.stack(paths), out)
        return out

    @cached_property
    def returns(self) -> Floats:
        """Returns of the sum."""
        out = np.empty(max(self.rows.size - 1, 0))
        growth.returns_of(self.path, self.summed("flows"), out)
        return np.nan_to_num(out, nan=0.0)

    @cached_property
    def metrics(self) -> Metrics:
        """Every metric of the sum that needs equity alone."""
        times = self.results.tape.times[self.rows]
        return metrics_from_equity(self.path, times, self.results.convention, flows=self.summed("flows"))


def combined_page(
    results: Results,
    *,
    extra: Sequence[Section] = (),
    failed: Mapping[str, PolyfolioError] | None = None,
    links: Mapping[str, str] | None = None,
) -> Page:
    """The page over all lanes of a run.

    Args:
        results: the run.
        extra: further sections, before the conventions: a comparison, for example.
        failed: lanes that were stopped, with what stopped them.
        links: the lanes' own pages, title -> relative address.

    Raises:
        ConfigError: the journal was off.
    """
    if results.journal.level < Level.SUMMARY:
        raise ConfigError("journal", "off", "summary or full", "Run again with a journal.")
    whole = Together(results)
    conventions = Section(
        "conventions", "How it was computed", (Words("convention-lines", tuple(convention_lines(results))),)
    )
    own = (overview(whole, failed or {}), paths(whole), related(whole), netted_section(results))
    dates = whole.views[0].dates
    count = len(results.lanes)
    what = f"{count} portfolios, each with its own capital," if count > 1 else "1 portfolio"
    subtitle = (
        f"{what} on the same {results.tape.rows:,} bars from "
        f"{day_text(dates[0])} to {day_text(dates[-1])}, money in {results.tape.universe.base_currency}."
    )
    kept = tuple(section for section in (*own, *extra, conventions) if section is not None)
    return Page(results.spec.name or "Summary", subtitle, kept, definition_cards(), footer(results), dict(links or {}))


def overview(whole: Together, failed: Mapping[str, PolyfolioError]) -> Section:
    """The sum in tiles, and a line for each portfolio."""
    found, money = whole.metrics, whole.summed("equity")
    currency = whole.results.tape.universe.base_currency
    tiles = [Fact("Equity at the end", float(money[-1]), "money", note=currency)]
    for label, name, unit in COLUMNS[:5]:
        tiles.append(Fact(label, known(found[name]), unit, name, found.reasons.get(name, "")))
    parts: list[Part] = [Facts("figures-together", tuple(tiles), "All portfolios as one account"), table(whole)]
    if failed:
        told = tuple(f"{lane}: {error}" for lane, error in failed.items())
        parts.insert(0, Words("failed", told, "Stopped, and left out of everything below", "bad"))
    return Section("overview", "Overview", tuple(parts))


def table(whole: Together) -> Table:
    """One line per portfolio, the sum last."""
    rows: list[tuple[Any, ...]] = []
    for view in whole.views:
        costs = whole.results.costs(view.name)
        cells = [known(view.metrics[name]) for _, name, _ in COLUMNS]
        rows.append((view.name, float(view.marks["equity"][-1]), *cells, costs["costs"]))
    cells = [known(whole.metrics[name]) for _, name, _ in COLUMNS]
    rows.append((TOGETHER, float(whole.summed("equity")[-1]), *cells, None))
    columns = (
        Column("Portfolio"),
        Column("Equity", "money"),
        *(
            Column(label, unit, name, unit == "percent" and name != "annual_volatility")
            for label, name, unit in COLUMNS
        ),
        Column("Costs", "money"),
    )
    note = (
        "together: the sum of the equities over the closes that all have; its return is that of the sum, not a mean "
        "of returns."
    )
    return Table("portfolio-table", "Portfolio by portfolio", columns, rows, note, totals=1)


def paths(whole: Together) -> Section:
    """Growth of each portfolio, equity of the sum, drawdowns."""
    lines = [Line(view.name, view.dates, view.wealth) for view in whole.views]
    together = wealth_of(whole.returns)
    lines.append(Line(TOGETHER, whole.dates, together, "dashed"))
    falls = [Line(view.name, view.dates, under(view.wealth)) for view in whole.views]
    falls.append(Line(TOGETHER, whole.dates, under(together), "area"))
    stacked = tuple(
        Line(view.name, whole.dates, money, "stacked")
        for view, money in zip(whole.views, whole.of_lanes("equity"), strict=True)
    )
    note = "Growth of 1, so that portfolios of different capital can be compared."
    parts: tuple[Part, ...] = (
        Chart(
            "growth-chart", "Growth", tuple(lines), "ratio", note, log=any(wide(view.wealth) for view in whole.views)
        ),
        Chart("drawdowns-chart", "Drawdown", tuple(falls), "percent", height=220),
        Chart("money-chart", "Equity, summed", stacked, "money", height=240),
    )
    return Section("paths", "Side by side", parts)


def related(whole: Together) -> Section | None:
    """Correlation of the portfolios' returns; None for a single one or too few bars."""
    if len(whole.views) < 2 or whole.rows.size < 4:
        return None
    series = np.stack([view.returns[np.searchsorted(view.rows, whole.rows[1:]) - 1] for view in whole.views])
    deviation = series.std(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = series - series.mean(axis=1, keepdims=True)
        found = centred @ centred.T / series.shape[1] / np.outer(deviation, deviation)
    names = tuple(view.name for view in whole.views)
    note = "Pearson, of the returns per bar, over the closes that all portfolios have."
    heat = Heat("correlation", "Correlation of returns", names, names, np.clip(found, -1.0, 1.0), "ratio", note)
    return Section("related", "How they move together", (heat,))


def known(value: float) -> float | None:
    """None for what is not defined."""
    return None if math.isnan(value) else value
