"""The sections of one lane in their order, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyfolio.core.codes import Level
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.report.factors import Factors
from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.parts import Page, Section
from polyfolio.report.results import Results
from polyfolio.report.run_page.benchmark import against
from polyfolio.report.run_page.exposure import at_the_end, exposures
from polyfolio.report.run_page.factors import factors_section
from polyfolio.report.run_page.growth import equity, monthly, rolled
from polyfolio.report.run_page.headline import headline
from polyfolio.report.run_page.lane import LaneView, day_text
from polyfolio.report.run_page.limits import limits
from polyfolio.report.run_page.notes import footer, numbers
from polyfolio.report.run_page.profit import profit
from polyfolio.report.run_page.strategies import strategies
from polyfolio.report.run_page.trades import trades


def run_page(
    results: Results,
    lane: int | str,
    *,
    extra: Sequence[Section] = (),
    factors: Factors | None = None,
    signals: Floats | None = None,
    links: Mapping[str, str] | None = None,
) -> Page:
    """The page of one lane.

    Args:
        results: the run, journalled at level summary or full; at summary trades, holdings and limits are left out and
            the page says so.
        lane: name or number.
        extra: further sections, before the conventions.
        factors: factor returns over the same closes, for an attribution to them.
        signals: what the engine heard, where it is at hand; profit by strategy computes it once more without it.
        links: other pages of the run, title -> relative address.

    Raises:
        ConfigError: the journal was off.
        DataError: no such lane.
    """
    if results.journal.level < Level.SUMMARY:
        raise ConfigError("journal", "off", "summary or full", "Run again with a journal.")
    name = results.lanes[results.journal.index_of(lane)]
    view = LaneView(results, name)
    given = results.spec.lanes[view.index].system or name
    title = given if len(results.lanes) > 1 else results.spec.name or given
    found = tuple(sections(view, extra, factors, signals))
    return Page(title, subtitle(view), found, definition_cards(), footer(results), dict(links or {}))


def sections(
    view: LaneView, extra: Sequence[Section], factors: Factors | None, signals: Floats | None
) -> Iterator[Section]:
    """In the order of the questions a reader has."""
    given: tuple[Any, ...] = (
        headline(view),
        equity(view),
        monthly(view),
        rolled(view),
        against(view),
        profit(view),
        strategies(view, signals),
        None if factors is None else factors_section(view, factors),
        exposures(view),
        trades(view),
        limits(view),
        at_the_end(view),
        *extra,
        numbers(view),
    )
    yield from (section for section in given if section is not None)


def subtitle(view: LaneView) -> str:
    """What ran, on which rows."""
    lane = view.results.spec.lanes[view.index]
    strategy = "signals from outside" if lane.strategy is None else lane.strategy.name
    count = len(view.symbols)
    names = ", ".join(view.symbols) if count <= 6 else f"{count} symbols"
    first, last = day_text(view.dates[0]), day_text(view.dates[-1])
    run = view.results.spec.name
    system = f" of the run {run}" if run and len(view.results.lanes) > 1 else ""
    return f"{strategy}{system} on {names}: {view.rows.size:,} bars from {first} to {last}, money in {view.currency}."
