"""A lane taken out of a run is the same lane, and what a variant changes is all that changes."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests.referee.costs import capital_times, charges, filled_at, flat, moves_prices, scaled, times
from polyfolio.backtests.run import backtest
from polyfolio.backtests.trial import SAME, outcomes, place, plain, trial_of, wealth_of
from polyfolio.core.codes import FillAt, Impact, Level
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from tests.backtests.referee import worlds
from tests.report import runs


@pytest.mark.parametrize("lane", ["free", "paying"])
def test_a_lane_alone_comes_to_what_it_came_to_in_the_run(lane: str) -> None:
    whole = runs.result()
    trial = trial_of(load(runs.spec()), runs.tape(), lane)
    engine = trial.engine([SAME], Level.FULL).run()
    alone = outcomes(engine)[0]
    metrics = whole.metrics(lane)
    assert alone.total_return == metrics["total_return"]
    assert alone.sharpe == pytest.approx(metrics["sharpe"], nan_ok=True)
    assert alone.max_drawdown == metrics["max_drawdown"]
    assert alone.costs_bp == pytest.approx(whole.costs(lane)["cost_bp"], nan_ok=True)
    assert trial.growth([SAME])[0] == pytest.approx(alone.total_return, abs=1e-14)
    assert engine.journal.lane(0).fills.tobytes() == whole.journal.lane(lane).fills.tobytes()


def test_the_wealth_path_is_the_equity_over_the_capital() -> None:
    trial = trial_of(load(runs.spec()), runs.tape(), "paying")
    path = wealth_of(trial.engine([SAME]).run())
    assert path == pytest.approx(runs.result().equity("paying") / 1e6, rel=1e-12)


def test_a_lane_that_listens_to_another_keeps_its_signals() -> None:
    keys = runs.spec()
    keys["lanes"].append({"name": "echo", "signal": "paying"})
    spec = load(keys)
    result = backtest(spec, runs.tape())
    alone = trial_of(spec, runs.tape(), "echo").outcomes([SAME])[0]
    assert alone.total_return == result.metrics("echo")["total_return"]


def test_signals_from_outside_come_from_the_run() -> None:
    spec = load({"name": "given", "lanes": [{"name": "a", "sizing": {"method": "weights"}}]})
    signals = np.full((1, 1, 2), 0.25)
    trial = trial_of(spec, runs.tape(), "a", signals)
    assert trial.given
    assert (
        trial.outcomes([SAME])[0].total_return
        == backtest(spec, runs.tape(), signals=signals).metrics(0)["total_return"]
    )
    with pytest.raises(ConfigError, match="its signals given"):
        trial_of(spec, runs.tape(), "a")
    with pytest.raises(ConfigError, match="asked on another tape"):
        trial.on(runs.tape())


def test_an_unknown_lane_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean `paying`"):
        place("payng", ["free", "paying"])
    assert place(1, ["free", "paying"]) == 1
    with pytest.raises(ConfigError, match="one of free, paying"):
        place(2, ["free", "paying"])


@pytest.mark.pitfall("ACC-01")
def test_costs_are_multiplied_exactly() -> None:
    """Half of the account is bought at a price that stands still: the fee is all that is lost."""
    fee = {"commission": {"model": "percentage", "percentage_fee": 0.01}}
    trial = trial_of(worlds.spec(execution=fee), worlds.market([100.0] * 30), 0)
    found = trial.growth([(times(factor),) for factor in (0.0, 1.0, 2.0, 5.0)])
    wanted = [-fee * 100.0 * worlds.units(fee) / 10_000.0 for fee in (0.0, 0.01, 0.02, 0.05)]
    assert found == pytest.approx(wanted, abs=1e-14)


def test_every_kind_of_cost_that_episodes_multiply_is_multiplied() -> None:
    """The lists of fields stand apart because one is compiled: they must name the same."""
    import inspect
    import re

    from polyfolio.backtests.referee.costs import COSTS
    from polyfolio.kernels import episodes

    drawn = re.findall(r"base\.(\w+) \* factor", inspect.getsource(episodes))
    assert set(drawn) == set(COSTS)


def test_rebates_and_unbounded_fees_do_not_grow() -> None:
    rates = np.array([0.001, -0.0002, np.inf, 0.0])
    assert scaled(rates, 5.0).tolist() == [0.005, -0.0002, np.inf, 0.0]
    assert scaled(rates, 0.0).tolist() == [0.0, 0.0, np.inf, 0.0]


def test_tiers_are_multiplied_for_their_lane_alone() -> None:
    tiers = [{"min_volume": 0.0, "rate": 0.01}]
    commission = {"model": "tiered", "tiered_rates": tiers, "volume_unit": "notional"}
    trial = trial_of(worlds.spec(execution={"commission": commission}), worlds.market([100.0] * 30), 0)
    found = trial.growth([(times(2.0),), SAME, (times(0.0),)])
    assert found == pytest.approx([-0.02 * worlds.units(0.02) / 100, -0.01 * worlds.units(0.01) / 100, 0.0], abs=1e-14)


def test_a_flat_rate_takes_the_place_of_all_costs() -> None:
    execution = {
        "commission": {"model": "fixed", "fixed_fee": 77.0},
        "slippage": {"model": "percentage", "base_slippage": 0.01},
    }
    trial = trial_of(worlds.spec(execution=execution), worlds.market([100.0] * 30), 0)
    assert trial.growth([(flat(0.002),)]) == pytest.approx([-0.002 * worlds.units(0.002) / 100.0], abs=1e-14)


def test_capital_and_fill_change_nothing_else() -> None:
    """50 units from 102, or from 104 at the close, to 110: 400 or 300 of 10,000; twice as many of twice as much."""
    tape = worlds.market([100.0, 104.0, 110.0], open=[100.0, 102.0, 104.0])
    trial = trial_of(worlds.spec(), tape, 0)
    found = trial.growth([SAME, (capital_times(2.0),), (filled_at(FillAt.NEXT_CLOSE),)])
    assert found == pytest.approx([0.04, 0.04, 0.03], rel=1e-12)


def test_the_impact_model_is_the_lanes_own_where_it_has_one() -> None:
    plain_rules = trial_of(worlds.spec(), worlds.market([100.0] * 30), 0).plan.rules.copy()
    moves_prices(plain_rules, np.zeros((8, 3)))
    assert plain_rules["impact_model"][0] == Impact.SQUARE_ROOT
    assert (plain_rules["temporary_impact"][0], plain_rules["participation_rate_limit"][0]) == (1.0, 0.1)
    own = {"market_impact": {"model": "linear", "temporary_impact": 0.3, "participation_rate_limit": None}}
    rules = trial_of(worlds.spec(execution=own), worlds.market([100.0] * 30), 0).plan.rules.copy()
    moves_prices(rules, np.zeros((8, 3)))
    assert rules["impact_model"][0] == Impact.LINEAR
    assert (rules["temporary_impact"][0], rules["participation_rate_limit"][0]) == (0.3, 0.1)


@pytest.mark.parametrize(
    ("execution", "spread", "paying"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"commission": {"model": "percentage", "percentage_fee": 0.001}}, False, True),
        ({"commission": {"model": "none", "percentage_fee": 0.001}}, False, False),
        ({"slippage": {"model": "percentage", "base_slippage": 0.001}}, False, True),
        ({"slippage": {"model": "percentage"}}, False, False),
        ({"market_impact": {"model": "linear", "temporary_impact": 0.1}}, False, True),
    ],
)
def test_whether_trading_costs_anything(execution: dict[str, object], spread: bool, paying: bool) -> None:
    trial = trial_of(worlds.spec(execution=execution), worlds.market([100.0] * 30), 0)
    assert charges(trial.plan.rules, trial.plan.tiers[0], spread) is paying


def test_variants_do_not_disturb_each_other() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between")), worlds.walk(), 0)
    alone = trial.outcomes([SAME])[0]
    beside = trial.outcomes([(times(5.0),), SAME, (capital_times(100.0), moves_prices)])
    assert beside[1] == alone
    assert beside[1] != beside[2]


def test_another_tape_asks_the_strategy_again() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between")), worlds.walk(), 0)
    other = trial.on(worlds.walk(rows=120))
    assert other.signals.shape == (1, 120, 3)
    assert other.tape.rows == 120


def test_plain_values_have_no_nan() -> None:
    given = {"a": np.float64(1.5), "b": [np.nan, np.int64(3)], "c": (np.inf, "x"), "d": np.array([1.0, np.nan])}
    assert plain(given) == {"a": 1.5, "b": [None, 3], "c": [None, "x"], "d": [1.0, None]}
