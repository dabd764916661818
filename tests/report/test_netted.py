"""Two portfolios that trade against each other, as one account: the numbers by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.kernels.netting_sums import CROSSED, PAID, SAVED, TRADED
from polyfolio.report.netted import netted, netted_section
from polyfolio.report.page.parts import Facts, Table, Words
from tests.report import runs

PER_UNIT = {"commission": {"model": "per_unit", "per_unit_fee": 0.5}}


def spec(**more: Any) -> dict[str, Any]:
    """Two lanes whose signals are orders of FLAT, which stands at 50; each unit traded costs 0.5."""
    lane = {"sizing": {"method": "orders"}, "execution": PER_UNIT, "account": {"initial_capital": 1e6}}
    lanes = [{"name": "one", **lane}, {"name": "two", **lane}]
    return {"name": "met", "journal": "full", "lanes": lanes, **more}


def orders() -> Floats:
    """one buys 100 and sells 60 ten rows later, when two buys 30; two sells them ten rows after that."""
    signals = np.zeros((2, 60, 2))
    signals[0, 0, 1], signals[0, 10, 1] = 100.0, -60.0
    signals[1, 10, 1], signals[1, 20, 1] = 30.0, -30.0
    return signals


@cache
def finished() -> Result:
    return backtest(spec(), runs.tape(), signals=orders())


def test_what_met_is_what_one_bought_and_the_other_sold_at_one_moment() -> None:
    """Row 1: +100. Row 11: -60 and +30, of which 30 meet. Row 21: -30.

    Traded 220 x 50, met 30 x 50. Costs 110; saved is all of 15 for the buyer, and 30 / 60 of 30 for the seller.
    """
    found = netted(finished())
    assert [(int(m["row"]), float(m["bought"]), float(m["sold"]), float(m["net"])) for m in found.met] == [
        (1, 100.0, 0.0, 100.0),
        (11, 30.0, 60.0, -30.0),
        (21, 0.0, 30.0, -30.0),
    ]
    assert found.of(TRADED) == pytest.approx(11_000.0, rel=1e-12)
    assert found.of(CROSSED) == pytest.approx(1_500.0, rel=1e-12)
    assert found.one_account == pytest.approx(8_000.0, rel=1e-12)
    assert found.of(PAID) == pytest.approx(110.0, rel=1e-12)
    assert found.of(SAVED) == pytest.approx(30.0, rel=1e-12)
    assert found.crossings(1) == 1
    assert found.crossings(0) == 0
    assert found.saved[10] == 0.0
    np.testing.assert_allclose(found.saved[11:], 30.0, rtol=1e-12)


def test_paid_is_what_the_portfolios_paid() -> None:
    result = finished()
    assert netted(result).of(PAID) == pytest.approx(sum(result.costs(lane)["commission"] for lane in result.lanes))


def test_one_account_would_have_traded_the_sum_of_the_orders() -> None:
    """Together: 100 bought, then 30 and 30 sold, at 50."""
    single = backtest({**spec(), "lanes": spec()["lanes"][:1]}, runs.tape(), signals=orders().sum(axis=0)[None])
    fills = single.journal.fills
    assert (np.abs(fills["quantity"]) * 50.0).sum() == pytest.approx(netted(finished()).one_account, rel=1e-12)
    saved = netted(finished()).of(PAID) - single.costs("one")["commission"]
    assert saved == pytest.approx(netted(finished()).of(SAVED), rel=1e-12)


def test_what_a_group_has_netted_already_saves_nothing_again() -> None:
    """The group pays for 100, 30 and 30 of the 220 that were traded."""
    groups = [{"name": "account", "lanes": ["one", "two"], "netting": True}]
    found = netted(backtest(spec(groups=groups), runs.tape(), signals=orders()))
    assert found.of(PAID) == pytest.approx(80.0, rel=1e-12)
    assert found.of(TRADED) == pytest.approx(11_000.0, rel=1e-12)
    assert found.of(CROSSED) == pytest.approx(1_500.0, rel=1e-12)
    assert found.of(SAVED) == 0.0


def test_what_a_netting_group_leaves_still_meets_a_lane_outside_it() -> None:
    """Row 11: the group's lanes sell 60 and buy 30, a third buys 20: of 30 left over and paid for, 20 would meet.

    Saved: the third's 10 whole, and 20 / 30 of the seller's 15.
    """
    signals = np.zeros((3, 60, 2))
    signals[:2] = orders()
    signals[2, 10, 1] = 20.0
    lanes = [*spec()["lanes"], {**spec()["lanes"][0], "name": "three"}]
    groups = [{"name": "account", "lanes": ["one", "two"], "netting": True}]
    found = netted(backtest(spec(lanes=lanes, groups=groups), runs.tape(), signals=signals))
    assert found.of(CROSSED) == pytest.approx(2_500.0, rel=1e-12)
    assert found.of(SAVED) == pytest.approx(20.0, rel=1e-12)


def test_the_section_shows_the_sums_and_where_they_met() -> None:
    section = netted_section(finished())
    assert section is not None
    facts, _, table, words = section.parts
    assert isinstance(facts, Facts)
    assert isinstance(table, Table)
    assert isinstance(words, Words)
    values = {item.label: item.value for item in facts.items}
    assert values["One account"] == pytest.approx(8_000.0, rel=1e-12)
    assert values["Saved by crossing"] == pytest.approx(30.0, rel=1e-12)
    (row,) = table.rows
    assert row[:2] == ("FLAT", 1)
    assert row[2:] == pytest.approx((11_000.0, 8_000.0, 1_500.0, 110.0, 30.0), rel=1e-12)


def test_portfolios_that_never_meet_are_told_so() -> None:
    section = netted_section(runs.result())
    assert section is not None
    assert netted(runs.result()).of(SAVED) >= 0.0
    lone = backtest({**spec(), "lanes": spec()["lanes"][:1]}, runs.tape(), signals=np.ones((1, 1, 2)))
    assert netted_section(lone) is None
    ones = backtest(spec(), runs.tape(), signals=np.ones((2, 1, 2)))
    told = netted_section(ones)
    assert told is not None
    assert "No purchase met a sale" in told.parts[1].paragraphs[0]  # type: ignore[union-attr]


def test_without_fills_there_is_nothing_to_net() -> None:
    summary = backtest(spec(journal="summary"), runs.tape(), signals=np.ones((2, 1, 2)))
    assert netted_section(summary) is None
    with pytest.raises(ConfigError, match="journal: got 'summary', must be full"):
        netted(summary)
