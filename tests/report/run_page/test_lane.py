"""What a lane's page reads agrees with the book, the marks and the metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.report.combined import Together
from polyfolio.report.run_page.headline import warnings
from polyfolio.report.run_page.lane import LaneView, under, wealth_of
from tests.report.run_page import runs


def view(lane: int = 0) -> LaneView:
    return LaneView(runs.result(), runs.result().lanes[lane])


@pytest.mark.parametrize("lane", [0, 1])
def test_holdings_from_fills_are_those_of_the_book_at_every_close(lane: int) -> None:
    found, marks = view(lane).holdings, view(lane).marks
    np.testing.assert_array_equal(found.held[-1], runs.result().book.held[lane])
    np.testing.assert_allclose(found.value.sum(axis=1), marks["net"], rtol=1e-12, atol=1e-6)
    np.testing.assert_allclose(np.abs(found.value).sum(axis=1), marks["gross"], rtol=1e-12, atol=1e-6)
    np.testing.assert_allclose(found.weight * marks["equity"][:, None], found.value, rtol=1e-12, atol=1e-9)


def test_the_run_holds_shorts_and_passes_through_splits() -> None:
    found = view(1).holdings.held
    assert (found < 0.0).any()
    assert found[199, 1] != 0.0
    assert found[200, 1] in (2.0 * found[199, 1], *(2.0 * found[199, 1] + view(1).journal.fills["quantity"]))


def test_wealth_ends_at_the_total_return_and_days_name_the_closes() -> None:
    one = view()
    assert one.wealth[-1] - 1.0 == pytest.approx(one.metrics["total_return"], rel=1e-12)
    assert str(one.dates[0]) == "2022-01-01"
    assert one.dates.size == one.wealth.size == 500


def test_the_benchmark_is_its_symbol() -> None:
    close = runs.tape().close[:, 0]
    found = view().benchmark
    assert found is not None
    np.testing.assert_allclose(found, close[1:] / close[:-1] - 1.0, rtol=1e-12)
    assert view(1).benchmark is None
    assert view().on_capital(np.array([1.0, 0.5])).tolist() == [1e6, 5e5]


def test_a_path_is_below_its_highest_point_by_so_much() -> None:
    assert under(np.array([1.0, 2.0, 1.0, 0.0])).tolist() == [0.0, 0.0, -0.5, -1.0]


def test_trades_are_those_of_the_lane_in_order_of_their_ends() -> None:
    found = view().trades
    assert set(found["lane"]) == {"careful <i>"}
    assert (np.diff(found["exit_row"]) >= 0).all()
    assert found["profit"].size == view().metrics["closed_trades"]


def test_what_was_paid_at_the_first_close_is_in_the_path_the_split_and_the_sum() -> None:
    """1 % for what is bought at the very first close, which the equity of that close has lost already."""
    costs = {"fill": "same_close", "commission": {"model": "percentage", "percentage_fee": 0.01}}
    lanes = [
        {"name": name, "strategy": {"name": "equal_weight"}, "account": {"benchmark": "INDEX"}, "execution": costs}
        for name in ("one", "other")
    ]
    found = backtest({"name": "at once", "journal": "full", "lanes": lanes}, runs.tape(60))
    one, total = LaneView(found, "one"), found.metrics("one")["total_return"]
    assert one.marks["equity"][0] == pytest.approx(1e6 / 1.01, rel=1e-3)
    assert total == pytest.approx(one.marks["equity"][-1] / 1e6 - 1.0, rel=1e-12)
    assert one.wealth[-1] - 1.0 == pytest.approx(total, rel=1e-12)
    assert found.brinson("one").own == pytest.approx(total, rel=1e-12)
    assert found.frame("drawdown", "one")["one"].min() == pytest.approx(found.metrics("one")["max_drawdown"], rel=1e-12)
    assert Together(found).metrics["total_return"] == pytest.approx(total, rel=1e-12)
    assert wealth_of(Together(found).returns)[-1] - 1.0 == pytest.approx(total, rel=1e-12)
    assert one.on_capital(np.array([1.0])).tolist() == [1e6]


def test_the_benchmark_follows_splits_and_dividends() -> None:
    lanes = [
        {"name": name, "strategy": {"name": "equal_weight"}, "account": {"benchmark": name}}
        for name in ("SPLIT", "A<b>&C")
    ]
    found = backtest({"name": "held", "lanes": lanes}, runs.tape())
    for lane in found.lanes:
        tape, slot = found.tape, found.tape.symbols.index(lane)
        ratio = np.asarray(tape.splits)[1:, slot]
        worth = (tape.close[1:, slot] + np.asarray(tape.dividends)[1:, slot]) * ratio
        given = found.benchmark(lane)
        assert given is not None
        np.testing.assert_allclose(given.returns, worth / tape.close[:-1, slot] - 1.0, rtol=1e-12, atol=1e-15)


def test_a_benchmark_that_lists_later_is_used_where_it_is_known_and_the_page_says_so() -> None:
    tape = runs.tape(120)
    arrays = {name: np.array(getattr(tape, name)) for name in ("open", "high", "low", "close")}
    tradable = np.array(tape.tradable)
    tradable[:40, 0] = 0
    for values in arrays.values():
        values[:40, 0] = np.nan
    lane = {"name": "a", "strategy": {"name": "equal_weight"}, "account": {"benchmark": "INDEX"}}
    found = backtest({"name": "late", "lanes": [lane]}, replace(tape, tradable=tradable, **arrays))
    assert found.metrics("a").common == 79
    assert np.isfinite(found.metrics("a")["beta"])
    assert LaneView(found, "a").benchmark is None
    assert "The benchmark INDEX has a return in 79 of 119 bars: it is not drawn." in list(
        warnings(LaneView(found, "a"))
    )
