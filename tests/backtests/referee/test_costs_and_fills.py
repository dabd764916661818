"""Grid of fills and costs, break-even and capacity, against numbers computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.backtests.referee.break_even import break_even, crossing, first_loss
from polyfolio.backtests.referee.capacity import MULTIPLES, capacity, half_point
from polyfolio.backtests.referee.timing import timing
from polyfolio.backtests.trial import trial_of
from tests.backtests.referee import worlds

FEE = {"commission": {"model": "percentage", "percentage_fee": 0.01}}


def bought(last: float, **sections: object) -> object:
    """Half of 10,000 is bought: decided at a close of 100, filled at an open of 102, a close of 104."""
    tape = worlds.market(
        [[100.0], [104.0], [last]],
        open=[[100.0], [102.0], [104.0]],
        high=[[100.0], [108.0], [max(104.0, last)]],
        low=[[100.0], [100.0], [min(104.0, last)]],
    )
    return trial_of(worlds.spec(**sections), tape, 0)


@pytest.mark.pitfall("TIM-01")
def test_each_cell_of_the_grid_is_the_run_with_that_fill_and_those_costs() -> None:
    """Gains to 120 from 102, 104, (108 + 100 + 104) / 3 = 104 and 100, less the fee at that price."""
    found = timing(bought(120.0, execution=FEE))  # type: ignore[arg-type]
    assert found["fills"] == ["next_open", "next_close", "next_typical", "same_close"]
    assert found["multiples"] == [0.0, 1.0, 2.0, 5.0]
    for row, paid_at in zip(found["total_return"], (102.0, 104.0, 104.0, 100.0), strict=True):
        fees = [0.01 * factor for factor in found["multiples"]]
        wanted = [worlds.units(fee) * (120.0 - paid_at - fee * paid_at) / 10_000.0 for fee in fees]
        assert row == pytest.approx(wanted, rel=1e-12)
    assert found["own_fill"] == "next_open"


def test_the_break_even_multiple_and_rate_are_those_at_which_nothing_is_left() -> None:
    """A unit earns 2 from 102 to 104 and pays 1.02: 2 / 1.02 times the fee, or 2 / 102 of what is traded."""
    found = break_even(bought(104.0, execution=FEE))  # type: ignore[arg-type]
    assert found["multiple"] == pytest.approx(2.0 / 1.02, rel=1e-6)
    assert found["rate_bp"] == pytest.approx(1e4 * 2.0 / 102.0, rel=1e-6)


def test_what_has_no_break_even_says_why() -> None:
    free = break_even(bought(104.0))  # type: ignore[arg-type]
    assert (free["multiple"], free["why_multiple"]) == (None, "no_costs")
    assert free["rate_bp"] == pytest.approx(1e4 * 2.0 / 102.0, rel=1e-6)
    losing = break_even(bought(101.0, execution=FEE))  # type: ignore[arg-type]
    assert (losing["multiple"], losing["why_multiple"]) == (None, "never_earns")
    assert (losing["rate_bp"], losing["why_rate"]) == (None, "never_earns")
    rich = break_even(bought(150.0, execution={"commission": {"model": "percentage", "percentage_fee": 1e-4}}))  # type: ignore[arg-type]
    assert (rich["multiple"], rich["why_multiple"]) == (None, "always_earns")
    assert (rich["rate_bp"], rich["why_rate"]) == (None, "always_earns")


def test_the_first_loss_counts_where_the_return_comes_back() -> None:
    assert first_loss(np.array([0.2, 0.0, 0.1])) == 1
    assert first_loss(np.array([0.2, 0.1])) is None
    assert crossing(np.array([1.0, 2.0]), np.array([0.3, -0.1]), 1) == pytest.approx(1.75)


def test_half_of_the_return_is_found_between_two_capitals() -> None:
    """From 0.08 at 5 to 0.02 at 10, half of 0.1 is met halfway on the logarithmic scale: 5 x sqrt(2)."""
    earned = np.array([0.1, 0.1, 0.08, 0.02, *[0.0] * 6])
    assert len(MULTIPLES) == earned.size
    assert half_point(earned) == pytest.approx(5.0 * math.sqrt(2.0))
    assert half_point(np.full(10, 0.1)) == math.inf


def test_more_capital_pays_more_for_its_own_orders() -> None:
    """The square-root law: 100 times the money pays 10 times the rate, as long as the cap does not bind."""
    tape = worlds.walk(rows=120, slots=1)
    trial = trial_of(worlds.spec(worlds.own("Between", start=30, end=60)), tape, 0)
    points = capacity(trial)["points"]
    paid = {point["multiple"]: point["costs_bp"] for point in points}
    assert paid[100.0] / paid[1.0] == pytest.approx(10.0, rel=0.02)
    assert points[0]["capital"] == 10_000.0
    assert points[3]["profit"] == pytest.approx(points[3]["total_return"] * 100_000.0)


def test_the_cap_on_participation_binds_for_large_accounts() -> None:
    tape = worlds.walk(rows=120, slots=1)
    trial = trial_of(worlds.spec(worlds.own("Between", start=30, end=60), account={"initial_capital": 1e8}), tape, 0)
    points = capacity(trial)["points"]
    assert points[-1]["annual_turnover"] < 0.2 * points[0]["annual_turnover"]


def test_without_volume_there_is_no_capacity() -> None:
    found = capacity(trial_of(worlds.spec(), worlds.market([100.0] * 30, volume=np.full((30, 1), np.nan)), 0))
    assert (found["why"], found["points"], found["half"]) == ("no_volume", [], None)


def test_quantities_grow_with_the_capital_where_signals_are_quantities() -> None:
    """One unit of a signal is one unit of A: the return stays what it is while costs allow."""
    sections = {"sizing": {"method": "units"}, "account": {"initial_capital": 1_000.0}}
    trial = trial_of(
        worlds.spec(worlds.own("Between", start=30, end=60), **sections), worlds.walk(rows=120, slots=1), 0
    )
    points = capacity(trial)["points"]
    assert points[1]["annual_turnover"] == pytest.approx(points[0]["annual_turnover"], rel=0.05)


def untouched(want: np.ndarray, view: object) -> None:
    """A stage in plain Python that changes nothing."""


def test_a_stage_in_plain_python_is_not_asked_to_fill_at_the_close_that_decides() -> None:
    program = ["size", "filter", "tests.backtests.referee.test_costs_and_fills:untouched", "cap_position", "scale"]
    found = timing(bought(120.0, execution=FEE, program=program))  # type: ignore[arg-type]
    whole = timing(bought(120.0, execution=FEE))  # type: ignore[arg-type]
    assert found["fills"] == whole["fills"][:3]
    assert found["total_return"] == whole["total_return"][:3]
