"""The page of a lane as a whole."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.factors import Factors
from polyfolio.report.page.parts import Section, Words
from polyfolio.report.page.render import render
from polyfolio.report.page.text import printed
from polyfolio.report.run_page.page import run_page
from tests.report.page.parsed import cells, figures, outline
from tests.report.run_page import runs


def test_the_sections_come_in_the_order_of_a_reader_s_questions() -> None:
    own = Section("own", "Own", (Words("own-words", ("x",)),))
    page = run_page(runs.result(), 0, extra=[own], links={"All": "../all.html"})
    names = [section.id for section in page.sections]
    assert names == [
        "at-a-glance",
        "equity",
        "months",
        "rolling",
        "benchmark",
        "attribution",
        "exposure",
        "trades",
        "limits",
        "holdings",
        "own",
        "conventions",
    ]
    assert page.links == {"All": "../all.html"}
    assert page.title == "careful <i>"


@pytest.mark.parametrize("lane", [0, 1])
def test_a_page_is_whole_and_escapes_names(lane: int) -> None:
    text = render(run_page(runs.result(), lane))
    found = outline(text)
    assert "A<b>&C" in " ".join(found.words)
    assert "<i>" not in text.replace("&lt;i&gt;", "")
    assert len(figures(text)["figures"]) >= 8
    assert len(text) < 3_000_000


def test_numbers_on_the_page_are_those_of_the_metrics() -> None:
    text = render(run_page(runs.result(), 0))
    found, words = runs.result().metrics(0), outline(text).words
    assert printed(found["sharpe"], "ratio") in words
    assert printed(found["max_drawdown"], "percent") in words
    change = runs.result().accounting(0)["change"]
    assert cells(text, "by-kind")[-1] == ["change of equity", printed(change, "money")]


def test_a_system_s_name_is_the_heading_of_its_page() -> None:
    spec = runs.spec()
    spec["lanes"][0]["system"] = "System A"
    assert run_page(backtest(spec, runs.tape(40)), 0).title == "System A"
    spec["lanes"].pop()
    assert run_page(backtest(spec, runs.tape(40)), 0).title == "pages"


def test_the_level_summary_has_a_page_too() -> None:
    text = render(run_page(runs.summary(), 0))
    assert "Trades need a journal at level full." in text


def test_a_journal_that_was_off_has_no_page() -> None:
    with pytest.raises(ConfigError, match="summary or full"):
        run_page(backtest(runs.spec(journal="off"), runs.tape(40)), 0)


def test_a_lane_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="one of careful <i>, both sides"):
        run_page(runs.result(), "none")


def test_factors_get_a_section() -> None:
    result = runs.result()
    dates = np.datetime64("2022-01-01") + np.arange(500).astype("timedelta64[D]")
    close = result.tape.close
    market = np.concatenate([[0.0], close[1:, 0] / close[:-1, 0] - 1.0])
    page = run_page(result, 0, factors=Factors(dates, {"market": market}))
    section = {one.id: one for one in page.sections}["factors"]
    rows = section.parts[0].rows  # type: ignore[union-attr]
    assert rows[-1][-1] == pytest.approx(result.metrics(0)["total_return"], rel=1e-12)
    assert sum(row[-1] for row in rows[:-1]) == pytest.approx(rows[-1][-1], abs=1e-12)
    assert rows[0][1] == pytest.approx(result.metrics(0)["beta"], rel=1e-9)


def test_a_lane_of_several_strategies_shows_what_each_earned() -> None:
    spec = runs.spec()
    members = [{"name": "momentum", "params": {"lookback": 20}}, {"name": "equal_weight"}]
    spec["lanes"][1]["strategy"] = {"name": "portfolio", "params": {"strategies": {"INDEX": members, "SPLIT": members}}}
    page = run_page(backtest(spec, runs.tape(120)), 1)
    assert "by-strategy" in {section.id for section in page.sections}
