"""Slices add up, and a scenario's effect is what a hand computes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.backtests.slices import slices
from polyfolio.backtests.stress import Scenario, scenarios_for, stress, stressed
from polyfolio.backtests.trial import trial_of, wealth_of
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.shocks import gap
from tests.backtests.referee import worlds

CALM = [100.0] * 40
COSTS = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "percentage", "base_slippage": 0.0005},
}


def two(rows: int = 40) -> Tape:
    """A and B stand still."""
    return worlds.market(np.full((rows, 2), 100.0), labels={"sector": ("coal", "rail")})


def holding(**weights: float) -> dict[str, object]:
    """Buy and hold."""
    return {"name": "buy_and_hold", "params": {"weights": weights}}


def test_slices_add_up_to_the_change_of_the_account() -> None:
    trial = trial_of(worlds.spec({"name": "equal_weight"}, execution=COSTS), worlds.walk(), 0)
    engine, cuts = slices(trial, [(0, 80), (80, 199), (30, 31)])
    path = wealth_of(engine)
    for (start, end), cut in zip([(0, 80), (80, 199), (30, 31)], cuts, strict=True):
        assert cut.change == pytest.approx(path[end] / path[start] - 1.0, abs=1e-12)
        assert math.fsum([*cut.by_asset.values(), cut.rest]) == pytest.approx(cut.change, abs=1e-12)
        assert math.fsum(cut.by_kind.values()) == pytest.approx(cut.change, abs=1e-12)
    assert {"commission", "slippage", "gain"} <= set(cuts[0].by_kind)


def test_a_slice_is_measured_against_the_equity_before_it() -> None:
    """50 units of A from 100: at 120 the account is 11,000; the way to 114 costs 300 of it."""
    trial = trial_of(worlds.spec(), worlds.market([100.0, 100.0, 120.0, 114.0, 114.0]), 0)
    _, (cut,) = slices(trial, [(2, 3)])
    assert cut.change == pytest.approx(-300.0 / 11_000.0, rel=1e-12)
    assert cut.by_asset == pytest.approx({"A": -300.0 / 11_000.0}, rel=1e-12)


def test_the_usual_gaps_take_what_is_held() -> None:
    """0.5 in A and 0.3 in B: -20 % on all is -0.16, -50 % in A is -0.25, -30 % in the sector of A is -0.15."""
    found = stress(worlds.spec(holding(A=0.5, B=0.3)), two())
    effects = {run["name"]: run["effect"] for run in found["runs"]}
    assert effects["gap of -20 % in all names"] == pytest.approx(-0.16, abs=1e-12)
    assert effects["gap of -50 % in A"] == pytest.approx(-0.25, abs=1e-12)
    assert effects["gap of -30 % in sector coal"] == pytest.approx(-0.15, abs=1e-12)
    by_asset = found["runs"][0]["by_asset"]
    assert by_asset == pytest.approx({"A": -0.1, "B": -0.06}, abs=1e-12)
    assert found["base"]["total_return"] == 0.0


def test_shocks_go_against_a_short() -> None:
    """A is sold short at 0.4: a gap of +20 % costs 0.08, one of +50 % in A costs 0.2."""
    sections = {"sizing": {"method": "weights", "allow_short": True}}
    found = stress(worlds.spec(holding(A=-0.4), **sections), worlds.market(CALM))
    effects = {run["name"]: run["effect"] for run in found["runs"]}
    assert effects["gap of +20 % in all names"] == pytest.approx(-0.08, abs=1e-12)
    assert effects["gap of +50 % in A"] == pytest.approx(-0.2, abs=1e-12)


def test_a_shock_strikes_where_most_is_held() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between", start=10, end=20)), worlds.walk(rows=60), 0)
    shocks = [one for one in scenarios_for(trial) if one.at is not None]
    assert all(11 < one.at <= 21 for one in shocks if one.at is not None)


def test_a_lane_that_holds_nothing_has_no_moment_for_a_shock() -> None:
    found = stress(worlds.spec(worlds.own("Silent")), worlds.walk(rows=60))
    assert all(run["at"] is None and run["effect"] == 0.0 for run in found["runs"])


def test_a_drought_without_spreads_multiplies_the_base_slippage() -> None:
    """Half of the account is bought at a base slippage of 0.05 %, five times that in a drought."""
    slippage = {"slippage": {"model": "percentage", "base_slippage": 0.0005}}
    found = stress(worlds.spec(execution=slippage), worlds.market(CALM))
    (run,) = [one for one in found["runs"] if one["name"].startswith("volume")]
    paid = {rate: rate * worlds.units(rate) * 100.0 / 10_000.0 for rate in (0.0005, 0.0025)}
    assert run["effect"] == pytest.approx(paid[0.0005] - paid[0.0025], abs=1e-12)
    assert run["by_kind"]["slippage"] == pytest.approx(paid[0.0005] - paid[0.0025], abs=1e-12)


def test_the_strategy_is_asked_again_on_the_stressed_tape() -> None:
    """Momentum over 5 rows leaves a name after its fall; signals of the calm tape would keep it."""
    rising = 100.0 * 1.01 ** np.arange(60)
    spec = worlds.spec({"name": "momentum", "params": {"lookback": 5}}, sizing={"method": "equal_weight"})
    fallen = Scenario("fall", "A falls by half.", lambda tape: gap(tape, -0.5, 30), 30)
    trial = trial_of(spec, worlds.market(rising), 0)
    (run,) = stressed(trial, [fallen])["runs"]
    # Half is lost at 30. Sold at 31, bought again at 36: the rise of these rows is missed.
    assert run["effect"] == pytest.approx(-0.495, abs=1e-3)
    assert run["total_return"] < 0.5 * 1.01**54 / 1.01**4 - 1.0


def test_what_cannot_be_made_of_a_tape_is_skipped_with_its_reason() -> None:
    found = stress(worlds.spec(), worlds.market([100.0] * 20))
    skipped = {one["name"]: one["why"] for one in found["skipped"]}
    assert "moves 2 times as wide" in skipped
    assert "at least 30" in skipped["moves 2 times as wide"]
    assert found["runs"][0]["name"] == "gap of -20 % in all names"


def test_a_row_beyond_the_tape_is_refused() -> None:
    trial = trial_of(worlds.spec(), worlds.market(CALM), 0)
    late = Scenario("late", "Too late.", lambda tape: tape, 40)
    assert "the last row" in stressed(trial, [late])["skipped"][0]["why"]


def test_signals_from_outside_cannot_be_stressed() -> None:
    with pytest.raises(ConfigError):
        stress(worlds.spec(None).model_copy(update={}), worlds.market(CALM), "nobody")


def test_a_stress_run_is_the_same_twice() -> None:
    spec, tape = worlds.spec({"name": "equal_weight"}, execution=COSTS), worlds.walk()
    assert stress(spec, tape) == stress(spec, tape)
