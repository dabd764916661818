"""Windows in which the market fell: found, named, and what the lane did in them."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests.referee.crises import crises
from polyfolio.backtests.referee.windows import NAMED, falls, market_path, named, windows
from polyfolio.backtests.trial import trial_of
from polyfolio.core.tape import Tape
from polyfolio.market.window import window
from tests.backtests.referee import worlds

TIMES = (np.arange(40) + 1) * worlds.DAY


def test_the_market_is_all_names_that_trade_in_equal_parts() -> None:
    """+10 % and -2 % are +4 %; when B does not trade, A alone counts."""
    tradable = np.array([[1, 1], [1, 1], [1, 0]], np.uint8)
    tape = worlds.market([[100.0, 100.0], [110.0, 98.0], [121.0, np.nan]], tradable=tradable)
    assert market_path(tape) == pytest.approx([1.0, 1.04, 1.04 * 1.1])


def test_the_deepest_falls_do_not_overlap() -> None:
    """A tenth is lost in rows 10 and 11 each, and a twentieth in row 30: two weeks, each of them found once."""
    path = np.ones(40)
    for row, kept in ((10, 0.9), (11, 0.9), (30, 0.95)):
        path[row:] *= kept
    found = list(falls(TIMES, path, 7, 3))
    assert [(start, end) for start, end, _ in found] == [(4, 11), (23, 30)]
    assert [change for _, _, change in found] == pytest.approx([-0.19, -0.05])


def test_a_market_that_never_falls_has_no_worst_week() -> None:
    assert list(falls(TIMES, np.linspace(1.0, 2.0, 40), 7, 3)) == []


def test_a_tape_shorter_than_two_windows_has_none() -> None:
    assert list(falls(TIMES[:13], np.linspace(2.0, 1.0, 13), 7, 3)) == []


def days(first: str, last: str) -> Tape:
    """Daily rows over these days, inclusive; the price falls by a hundredth a day."""
    start, end = (int(np.datetime64(day, "D").astype(np.int64)) for day in (first, last))
    tape = worlds.market(100.0 * 0.99 ** np.arange(end - start + 1))
    move = (start - worlds.FIRST) * worlds.DAY
    shifted = tape.calendar.day + (start - worlds.FIRST)
    from dataclasses import replace

    return replace(tape, times=tape.times + move, calendar=replace(tape.calendar, day=shifted))


def test_a_named_crisis_is_told_where_the_tape_covers_it_whole() -> None:
    tape = days("2020-02-01", "2020-04-01")
    (covid,) = named(tape, market_path(tape))
    assert covid.name == "Covid crash"
    assert (tape.calendar.day[covid.start], tape.calendar.day[covid.end]) == (18_311, 18_344)
    assert covid.market == pytest.approx(0.99**33 - 1.0)
    cut = window(tape, 20, tape.rows)
    assert list(named(cut, market_path(cut))) == []


def test_named_crises_are_days_in_order() -> None:
    for name, first, last in NAMED:
        assert np.datetime64(first) < np.datetime64(last), name


def test_the_lane_is_cut_at_the_windows() -> None:
    """Half is held while the price falls from 100 to 80 within a week: 10 % of the account, all of it in A."""
    close = [100.0] * 20 + [80.0] * 50
    trial = trial_of(worlds.spec(), worlds.market(close), 0)
    found = crises(trial)
    assert [one["name"] for one in found] == ["worst week 1", "worst month 1"]
    assert found[0]["market"] == pytest.approx(-0.2)
    assert found[0]["lane"] == pytest.approx(-0.1)
    assert found[0]["by_asset"] == pytest.approx({"A": -0.1})
    assert found[0]["end"] == "2024-01-21"


def test_short_tapes_have_no_windows() -> None:
    assert windows(worlds.market([100.0, 99.0, 98.0])) == []
    assert crises(trial_of(worlds.spec(), worlds.market([100.0, 99.0, 98.0]), 0)) == []
