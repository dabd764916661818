"""Several portfolios on one page: the sum is a sum, and a return is that of the sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError
from polyfolio.report.combined import Together, combined_page
from polyfolio.report.page.parts import Section, Words
from polyfolio.report.page.render import render
from tests.report.page.parsed import outline
from tests.report.run_page import runs


def part(name: str, **more: Any) -> Any:
    """A part of the page by its id."""
    page = combined_page(runs.result(), **more)
    return {one.id: one for section in page.sections for one in section.parts}[name]


def test_the_equity_together_is_the_sum_and_its_return_that_of_the_sum() -> None:
    result, whole = runs.result(), Together(runs.result())
    money = result.equity(0) + result.equity(1)
    np.testing.assert_allclose(whole.summed("equity"), money, rtol=1e-15)
    total = money[-1] / money[0] - 1.0
    assert whole.metrics["total_return"] == pytest.approx(total, rel=1e-12)
    mean = np.mean([result.metrics(lane)["total_return"] for lane in (0, 1)])
    assert abs(total - mean) > 1e-3  # capital is not equal, so the two differ


def test_the_table_has_a_line_for_each_and_the_sum_last() -> None:
    table = part("portfolio-table")
    assert [row[0] for row in table.rows] == ["careful <i>", "both sides", "together"]
    assert table.totals == 1
    assert table.rows[0][1] + table.rows[1][1] == pytest.approx(table.rows[2][1], rel=1e-12)
    assert table.rows[1][2] == runs.result().metrics(1)["total_return"]


def test_correlations_are_those_of_the_returns() -> None:
    heat = part("correlation")
    own = [np.diff(runs.result().equity(lane)) / runs.result().equity(lane)[:-1] for lane in (0, 1)]
    assert heat.values[0][1] == pytest.approx(np.corrcoef(*own)[0, 1], abs=1e-12)
    assert np.diag(heat.values) == pytest.approx([1.0, 1.0])


def test_the_stack_of_equities_is_the_sum() -> None:
    chart = part("money-chart")
    stacked = np.sum([line.y for line in chart.lines], axis=0)
    np.testing.assert_allclose(stacked, Together(runs.result()).summed("equity"), rtol=1e-12)


def test_what_was_stopped_stands_first_and_own_sections_before_the_conventions() -> None:
    own = Section("own", "Own", (Words("own-words", ("x",)),))
    stopped = {"third": ConfigError("strategy", "x", "y", "Mend it.")}
    page = combined_page(runs.result(), extra=[own], failed=stopped)
    assert page.sections[0].parts[0].paragraphs == ("third: strategy: got 'x', must be y. Mend it.",)  # type: ignore[union-attr]
    assert [section.id for section in page.sections][-2:] == ["own", "conventions"]


def test_one_account_is_shown_where_fills_are_known() -> None:
    assert "netted" in {section.id for section in combined_page(runs.result()).sections}
    assert "netted" not in {section.id for section in combined_page(runs.summary()).sections}


def test_the_page_is_whole() -> None:
    text = render(combined_page(runs.result(), links={"careful <i>": "careful_i/report.html"}))
    words = " ".join(outline(text).words)
    assert "2 portfolios, each with its own capital" in words
    assert "<i>" not in text.replace("&lt;i&gt;", "")


def test_a_flat_portfolio_has_no_correlation_and_a_single_one_no_section() -> None:
    spec = runs.spec()
    spec["lanes"][1]["strategy"]["params"]["threshold"] = 9.0
    page = combined_page(backtest(spec, runs.tape(60)))
    heat = {section.id: section for section in page.sections}["related"].parts[0]
    assert np.isnan(heat.values[0][1])  # type: ignore[union-attr]
    spec["lanes"].pop()
    assert "related" not in {section.id for section in combined_page(backtest(spec, runs.tape(60))).sections}


def test_a_journal_that_was_off_has_no_page() -> None:
    with pytest.raises(ConfigError, match="summary or full"):
        combined_page(backtest(runs.spec(journal="off"), runs.tape(40)))
