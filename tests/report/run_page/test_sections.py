"""Each section says what the journal says, and its tables add up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Event, Level, Status
from polyfolio.core.journal import Journal
from polyfolio.report.page.parts import Chart, Facts, Heat, Part, Section, Table, Words
from polyfolio.report.run_page.benchmark import against
from polyfolio.report.run_page.exposure import at_the_end, exposures
from polyfolio.report.run_page.growth import equity, monthly, moving, rolled
from polyfolio.report.run_page.headline import WHY, headline
from polyfolio.report.run_page.lane import LaneView
from polyfolio.report.run_page.limits import highest, limits, period_name, use
from polyfolio.report.run_page.notes import footer, numbers
from polyfolio.report.run_page.profit import profit
from polyfolio.report.run_page.trades import trades
from tests.report.run_page import runs


def view(lane: int = 0, result: Any = None) -> LaneView:
    found = result or runs.result()
    return LaneView(found, found.lanes[lane])


def part(section: Section | None, name: str) -> Any:
    """A part of a section by its id."""
    assert section is not None
    return {one.id: one for one in section.parts}[name]


def texts(section: Section) -> str:
    """Every sentence of a section."""
    return " ".join(" ".join(one.paragraphs) for one in section.parts if isinstance(one, Words))


def test_the_headline_has_the_metrics_with_their_cards_and_reasons() -> None:
    found = headline(view())
    tiles = {fact.card: fact for fact in part(found, "figures-at-a-glance").items if fact.card}
    for name in ("total_return", "sharpe", "max_drawdown", "beta", "closed_trades"):
        assert tiles[name].value == runs.result().metrics(0)[name]
    assert "beta" not in {fact.card for fact in part(headline(view(1)), "figures-at-a-glance").items}
    short = headline(view(0, backtest(runs.spec(), runs.tape(30))))
    missing = {fact.card: fact for fact in part(short, "figures-at-a-glance").items}["expected_shortfall"]
    assert missing.value is None
    assert "smallest sample" in missing.note


@pytest.mark.pitfall("LAH-05")
def test_the_page_says_at_which_price_orders_fill() -> None:
    assert "decided at a close and filled at the next open." in texts(headline(view()))
    same = backtest(runs.spec(defaults={"execution": {"fill": "same_close"}}), runs.tape(80))
    told = texts(headline(view(0, same)))
    assert "filled at the very close they were decided at" in told
    assert "cannot be had in a market" in told


def test_the_headline_tells_the_largest_fall_and_the_end_of_a_lane() -> None:
    told = texts(headline(view()))
    worst = min(runs.result().metrics(lane)["max_drawdown"] for lane in (0,))
    assert f"Its largest fall was {-worst:.1%}".replace("%", " %") in told
    assert "At the end the lane was" not in told
    stopped = runs.spec()
    stopped["lanes"][1]["risk"] = {"max_drawdown": 0.05, "drawdown_action": "terminate"}
    ended = texts(headline(view(1, backtest(stopped, runs.tape()))))
    assert "At the end the lane was terminated." in ended
    assert "Its drawdown reached risk.max_drawdown" in ended
    assert set(WHY) == set(Status) - {Status.LIVE}


def test_equity_and_its_drawdowns_are_those_of_the_marks() -> None:
    found = equity(view())
    lines = part(found, "equity-chart").lines
    np.testing.assert_array_equal(lines[0].y, view().marks["equity"])
    assert lines[1].name == "INDEX, same capital"
    assert lines[1].y[0] == lines[0].y[0]
    falls = part(found, "drawdown-chart").lines[0].y
    assert falls.min() == pytest.approx(view().metrics["max_drawdown"], rel=1e-12)
    depths = [row[3] for row in part(found, "drawdown-table").rows]
    assert depths == sorted(depths)
    assert depths[0] == pytest.approx(falls.min(), rel=1e-12)


@pytest.mark.pitfall("MET-02")
def test_months_compound_to_the_years_and_short_ones_are_counted() -> None:
    heat = part(monthly(view()), "month-table")
    table = np.asarray(heat.values)
    assert heat.y == ("2022", "2023")
    for row in table:
        assert np.prod(1.0 + row[:12][np.isfinite(row[:12])]) - 1.0 == pytest.approx(row[12], rel=1e-12)
    whole = np.prod(1.0 + table[:, 12]) - 1.0
    assert whole == pytest.approx(view().metrics["total_return"], rel=1e-12)
    # The first close is a level, not a return: January 2022 has 30 of its 31 days. 500 days end on 2023-05-15.
    assert "The first month has 30 of them, the last 15" in heat.note
    assert np.isnan(table[1, 5:12]).all()


def test_rolling_measures_end_with_the_last_window() -> None:
    found = rolled(view())
    window = round(365.25 / 4)
    last = view().returns[-window:]
    assert part(found, "rolling-volatility").lines[0].y[-1] == pytest.approx(
        last.std(ddof=1) * math.sqrt(365.25), rel=1e-12
    )
    assert part(found, "rolling-sharpe").lines[0].x[-1] == view().dates[-1]
    assert part(found, "rolling-beta").title == "Beta on INDEX"
    short = rolled(view(0, backtest(runs.spec(), runs.tape(100))))
    assert part(short, "no-rolling").paragraphs == (
        "A window is a quarter of a year, 91 returns; twice as many are needed and 99 known.",
    )
    assert moving(view(1), np.array([40]), 20)[0, 2] != moving(view(1), np.array([40]), 20)[0, 2]


def test_instruments_and_kinds_add_up_to_the_change_of_equity() -> None:
    for lane in (0, 1):
        found, marks = profit(view(lane)), view(lane).marks
        change = float(marks["equity"][-1]) - runs.result().plan.rules["initial_capital"][lane]
        for name in ("by-instrument", "by-kind"):
            table = part(found, name)
            values = [row[-1] for row in table.rows]
            assert values[-1] == pytest.approx(change, abs=1e-6)
            assert table.totals >= 2
        by_name = [row[-1] for row in part(found, "by-instrument").rows[:-1]]
        assert sum(by_name) == pytest.approx(change, abs=1e-6)
        kinds = [row[1] for row in part(found, "by-kind").rows[:-3]]
        assert sum(kinds) == pytest.approx(change, abs=1e-6)
        profits = [row[-1] for row in part(found, "by-instrument").rows[:-2]]
        assert profits == sorted(profits, reverse=True)


def test_brinson_s_table_adds_up_to_the_active_return_by_the_first_label() -> None:
    found = against(view())
    table = part(found, "brinson-table")
    assert table.columns[0].title == "Sector"
    assert {row[0] for row in table.rows} >= {"broad", "tech", "energy", "cash"}
    together = [row[-1] for row in table.rows]
    assert sum(together[:-1]) == pytest.approx(together[-1], abs=1e-12)
    own = view().metrics["total_return"]
    theirs = float(np.prod(1.0 + np.asarray(view().benchmark))) - 1.0
    assert together[-1] == pytest.approx(own - theirs, abs=1e-12)
    same = runs.result().brinson("careful <i>", by="sector")
    assert together[-1] == pytest.approx(same.active, abs=1e-12)
    assert {row[0]: row[1] for row in table.rows[:-2]} == pytest.approx(
        dict(zip(same.groups, same.allocation.tolist(), strict=True)), abs=1e-12
    )
    assert against(view(1)) is None


def test_a_lane_with_shorts_says_that_it_has_no_split() -> None:
    spec = runs.spec()
    spec["lanes"][1]["account"]["benchmark"] = "INDEX"
    found = against(view(1, backtest(spec, runs.tape(120))))
    assert "A lane with shorts has no such split." in part(found, "no-brinson").paragraphs[0]


def test_weights_over_time_are_the_holdings_and_the_rest_is_one_line() -> None:
    found = exposures(view())
    chart = part(found, "weights-chart")
    stacked = np.sum([line.y for line in chart.lines], axis=0)
    np.testing.assert_allclose(stacked, view().share_of_equity("net"), atol=1e-12)
    traded = part(found, "turnover-chart").lines[0]
    assert sum(traded.y) == pytest.approx(float(view().marks["turnover"].sum()), rel=1e-12)
    assert traded.x[0] == "2022-01"


def test_holdings_at_the_end_are_those_of_the_book() -> None:
    table = part(at_the_end(view(1)), "holdings-table")
    book = runs.result().book
    held = {row[0]: row[1] for row in table.rows}
    assert held == {runs.SYMBOLS[slot]: book.held[1][slot] for slot in np.flatnonzero(book.held[1])}
    assert sum(row[4] for row in table.rows) == pytest.approx(float(view(1).marks["net"][-1]), rel=1e-12)
    assert all(row[2] is not None for row in table.rows)


def test_trades_carry_marks_at_the_prices_paid_and_the_table_the_profits() -> None:
    found = trades(view())
    fills = view().journal.fills
    charts = [one for one in found.parts if isinstance(one, Chart)]
    assert len(charts) == 4
    marks = sum(len(line.y) for chart in charts for line in chart.lines if line.kind in ("up", "down"))
    assert marks == fills.size
    stopped = [text for chart in charts for line in chart.lines for text in line.text if "stop_loss" in text]
    assert stopped
    table = part(found, "trade-table")
    assert sum(row[6] for row in table.rows) == pytest.approx(float(view().trades["profit"].sum()), rel=1e-12)


def test_indicators_stand_beside_the_prices_they_are_like() -> None:
    spec = runs.spec()
    spec["lanes"][0]["indicators"] = ["sma_20", "rsi_14"]
    found = trades(view(0, backtest(spec, runs.tape(120))))
    chart = next(one for one in found.parts if isinstance(one, Chart))
    lines = {line.name: line for line in chart.lines}
    slot = runs.SYMBOLS.index(chart.title)
    close = runs.tape(120).close[:, slot]
    assert lines["sma_20"].y[-1] == pytest.approx(close[-20:].mean(), rel=1e-9)
    assert not lines["sma_20"].right
    rsi = lines["rsi_14"]
    assert rsi.right == rsi.hidden == (not 1 / 3 <= np.nanmedian(rsi.y) / np.median(close) <= 3)


def test_limits_show_their_use_and_cuts_their_reasons() -> None:
    found = limits(view())
    table = {row[0]: row for row in part(found, "limit-table").rows}
    assert table["max_position"][1] == "20.00 %"
    events = view().journal.events
    some = events[(events["event"] == Event.LIMIT) & (events["after"] == 0.7)]
    assert table["max_gross"][3] == pytest.approx((some["before"] / 0.7).max(), rel=1e-12)
    assert table["max_gross"][5] == np.unique(some["row"]).size
    cuts = part(found, "cut-table").rows
    assert sum(row[2] for row in cuts) == (events["event"] == Event.CUT).sum()
    assert "SPLIT" in " ".join(row[4] for row in cuts)
    heat = part(found, "limit-heat")
    assert isinstance(heat, Heat)
    assert not heat.signed
    assert heat.x == ("2022 Q1", "2022 Q2", "2022 Q3", "2022 Q4", "2023 Q1", "2023 Q2")
    at = heat.y.index("max_gross")
    assert np.nanmax(heat.values[at]) == table["max_gross"][3]


def test_a_lane_without_limits_says_so() -> None:
    one = view(1)
    one.__dict__["journal"] = Journal(Level.FULL, ("both sides",), runs.SYMBOLS)
    assert "No limit was on, and nothing was cut or refused." in texts(limits(one))


def test_the_use_of_a_limit_is_value_over_bound() -> None:
    found = use(np.array([0.1, 1.0, np.nan]), np.array([0.2, 0.0, 1.0]))
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all()
    rows, share = highest(np.array([3, 3, 4]), np.array([0.1, 0.4, np.nan]))
    assert rows.tolist() == [3, 4]
    assert share[0] == 0.4
    assert np.isnan(share[1])


@pytest.mark.parametrize(("number", "width", "name"), [(624, 1, "2022-01"), (209, 3, "2022 Q2"), (52, 12, "2022")])
def test_periods_are_named(number: int, width: int, name: str) -> None:
    assert period_name(number, width) == name


@pytest.mark.pitfall("MET-15")
def test_every_number_of_the_metrics_is_on_the_page() -> None:
    table = part(numbers(view()), "every-number")
    assert [row[0] for row in table.rows] == list(view().metrics)
    undefined = {row[0]: row[2] for row in table.rows if row[1] is None}
    assert undefined == view().metrics.reasons


@pytest.mark.pitfall("REP-05")
def test_the_footer_names_run_data_and_code() -> None:
    result = runs.result()
    found = footer(result)
    assert found["run"] == result.run_id
    assert found["data"] == result.tape.digest()
    assert found["journal"].startswith(result.journal.digest())
    assert "numpy" in found["versions"]


def test_at_level_summary_the_sections_say_what_they_need() -> None:
    one = view(0, runs.summary())
    assert part(exposures(one), "no-weights")
    assert part(trades(one), "no-trades")
    assert part(limits(one), "no-limits")
    assert part(against(one), "no-brinson")
    assert at_the_end(one) is None
    assert "level summary" in texts(headline(one))
    parts: list[Part] = [one for one in equity(one).parts if isinstance(one, (Chart, Table, Facts))]
    assert len(parts) == 3
