"""The teaching task: what its tapes are, and that the closed form is what the engine earns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Commission, FillAt, Slippage
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.source import open_tape
from polyfolio.market.synthetic.teaching import (
    REVERT,
    SYMBOLS,
    UP,
    TeachingTask,
    best_weights,
    is_low,
    switch_loss,
    teaching_markets,
    teaching_recipe,
    teaching_tape,
)
from polyfolio.rules.load import load
from polyfolio.rules.tape import TapeSection
from polyfolio.testing.leaks import check_leaks
from tests.house.sources import ROOT

FEE, SLIP = 0.0005, 0.0005
TASK = TeachingTask()
DECISIONS, PATHS = 252, 200


def lane(name: str) -> dict:
    return {
        "name": name,
        "signal": name,
        "sizing": {"method": "weights"},
        "execution": {
            "commission": {"model": "percentage", "percentage_fee": FEE},
            "slippage": {"model": "percentage", "base_slippage": SLIP},
        },
    }


def final_growth(tape, **weights) -> list[float]:
    """Log growth of lanes with these weights, through the engine."""
    spec = {"name": "teaching", "lanes": [lane(name) for name in weights]}
    result = backtest(spec, tape, signals=np.array(list(weights.values())))
    return [math.log(result.equity(name)[-1] / 1_000_000.0) for name in weights]


def others(tape) -> dict[str, np.ndarray]:
    """Policies that look at the same state and do something else."""
    best, low = best_weights(tape), is_low(tape) != 0
    up = np.zeros_like(best)
    up[:, UP] = 1.0
    cash = np.zeros_like(best)
    cash[low, REVERT] = 1.0
    late = np.vstack([best[:1], best[:-1]])
    return {"up": up, "revert or cash": cash, "late": late, "nine tenths": 0.9 * best, "mixed": 0.9 * best + 0.1 * up}


def best_tomorrow(tape) -> np.ndarray:
    """The best policy a bar too early: it looks ahead."""
    best = best_weights(tape)
    return np.vstack([best[1:], best[-1:]])


@pytest.fixture(scope="module")
def grown() -> dict[str, np.ndarray]:
    """Log growth over the paths, by policy."""
    rows = []
    for path in range(PATHS):
        tape = TASK.sample(DECISIONS + 1, seed=11, path=path)
        policies = {"best": best_weights(tape), **others(tape)}
        rows.append(dict(zip(policies, final_growth(tape, **policies), strict=True)))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_the_closed_form_is_written_out():
    """drift / 2 + flip (level - ln (1 + f)(1 + s) / ((1 - f)(1 - s))), by hand."""
    lost = math.log(1.0005**2 / 0.9995**2)
    assert switch_loss(FEE, SLIP) == pytest.approx(lost, rel=1e-12)
    assert TASK.growth(FEE, SLIP) == pytest.approx(0.00075 + 0.1 * (0.02 - lost), rel=1e-12)
    by_hand = 252 * (0.00075 + 0.002) - 251 * 0.1 * lost - math.log(1.0005**2)
    assert TASK.total_growth(252, FEE, SLIP) == pytest.approx(by_hand, rel=1e-12)
    assert TASK.total_growth(1, 0.0, 0.0) == pytest.approx(0.00275, rel=1e-12)


def test_the_engine_earns_the_closed_form_within_its_standard_error(grown):
    found = grown["best"]
    error = found.std(ddof=1) / math.sqrt(found.size)
    expected = TASK.total_growth(DECISIONS, FEE, SLIP)
    assert abs(found.mean() - expected) < 2.0 * error
    assert error < 0.02 * expected  # wide enough a band would prove nothing


def test_on_each_path_the_engine_earns_what_the_prices_and_switches_say(grown):
    """Before any expectation is taken: sum of log returns held, less each trade's logarithm."""
    for path in (0, 7, 199):
        tape = TASK.sample(DECISIONS + 1, seed=11, path=path)
        held = best_weights(tape).argmax(axis=1)[:-1]
        steps = np.diff(np.log(tape.close), axis=0)[np.arange(DECISIONS), held].sum()
        switches = int((np.diff(held) != 0).sum())
        bought, sold = 2.0 * math.log(1.0005), 2.0 * math.log(0.9995)
        assert grown["best"][path] == pytest.approx(steps - bought - switches * (bought - sold), abs=1e-9)


@pytest.mark.parametrize("other", ["up", "revert or cash", "late", "nine tenths", "mixed"])
def test_other_policies_earn_less(grown, other):
    less = grown["best"] - grown[other]
    assert less.mean() > 3.0 * less.std(ddof=1) / math.sqrt(less.size)


def test_what_the_alternatives_earn_in_closed_form(grown):
    """UP alone: its drift. REVERT or cash: flip x (level - half a switch)."""
    error = grown["up"].std(ddof=1) / math.sqrt(PATHS)
    assert abs(grown["up"].mean() - (DECISIONS * TASK.drift - math.log(1.0005**2))) < 3.0 * error
    lost = switch_loss(FEE, SLIP)
    # Every flip is one trade instead of two; half of the paths begin in cash and buy nothing first.
    expected = DECISIONS * TASK.flip * TASK.level - 251 * TASK.flip * lost / 2.0 - 0.5 * math.log(1.0005**2)
    error = grown["revert or cash"].std(ddof=1) / math.sqrt(PATHS)
    assert abs(grown["revert or cash"].mean() - expected) < 3.0 * error


def test_no_alternative_beats_what_is_held_at_shadow_prices():
    ratios = TASK.ratios(FEE, SLIP)
    assert len(ratios) == 6
    assert max(ratios.values()) < 1.0
    # By hand: UP over REVERT in the low state, jitter at its highest.
    mean = math.sinh(0.0015) / 0.0015
    switch = (1.0005 / 0.9995) ** 4
    by_hand = math.exp(0.0015 + 0.006**2 / 2) * math.exp(0.0015) * mean * (0.9 + 0.1 * switch * math.exp(-0.04))
    assert ratios["low: UP over REVERT"] == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("task", "fee"),
    [
        (TeachingTask(drift=0.004), FEE),  # UP is better than a low REVERT
        (TeachingTask(jitter=0.01), FEE),  # waiting for a better price pays
        (TASK, 0.009),  # switching costs more than it brings
        (TeachingTask(drift=0.0), FEE),  # cash is as good as UP and moves less
    ],
)
def test_parameters_without_this_best_policy_are_refused(task, fee):
    with pytest.raises(ConfigError, match="at most 1"):
        task.growth(fee, SLIP)


def test_a_tape_is_keyed_by_seed_and_path_and_extends():
    short, long = TASK.sample(50, seed=3, path=2), TASK.sample(80, seed=3, path=2)
    assert short.digest() == TASK.sample(50, seed=3, path=2).digest()
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:50])
    assert short.digest() != TASK.sample(50, seed=4, path=2).digest()
    assert short.digest() != TASK.sample(50, seed=3, path=3).digest()


def test_bars_open_where_the_one_before_closed():
    tape = TASK.sample(100)
    assert tape.symbols == SYMBOLS
    assert np.array_equal(tape.open[1:], tape.close[:-1])
    assert (tape.tradable == 1).all()
    assert tape.calendar.bars_per_year == pytest.approx(365.25)


def test_the_levels_flip_as_often_as_said_and_begin_on_either_side():
    tape = TASK.sample(40_000, seed=5)
    low = is_low(tape)
    flips = np.abs(np.diff(low.astype(int)))
    assert abs(flips.mean() - 0.1) < 3.0 * math.sqrt(0.09 / flips.size)
    away = np.abs(np.log(tape.close[:, REVERT] / 100.0))
    assert away.min() >= 0.02 - 0.0015 - 1e-12
    assert away.max() <= 0.02 + 0.0015 + 1e-12
    starts = [int(is_low(TASK.sample(2, path=path))[0]) for path in range(200)]
    assert 70 < sum(starts) < 130


def test_trends_have_their_drift_and_deviation():
    tape = TASK.sample(40_000, seed=5)
    steps = np.diff(np.log(tape.close[:, :2]), axis=0)
    error = 0.006 / math.sqrt(len(steps))
    assert abs(steps[:, 0].mean() - 0.0015) < 3.0 * error
    assert abs(steps[:, 1].mean() + 0.0015) < 3.0 * error
    assert steps.std(axis=0) == pytest.approx([0.006, 0.006], rel=0.02)
    assert abs(np.corrcoef(steps.T)[0, 1]) < 3.0 / math.sqrt(len(steps))


def test_the_best_weights_see_no_future():
    assert not check_leaks(best_weights, TASK.sample(60)).leaks
    with pytest.raises(ConfigError, match="best_tomorrow"):
        check_leaks(best_tomorrow, TASK.sample(60))


def test_a_recipe_says_which_tape(tmp_path):
    file = tmp_path / "market.yaml"
    file.write_text("rows: 40\nseed: 2\npath: 5\ntask: {level: 0.03}\n")
    made = teaching_tape(file, interval=None, calendar="24/7", symbols=["UP", "REVERT"])
    expected = TeachingTask(level=0.03).sample(40, seed=2, path=5, symbols=["UP", "REVERT"])
    assert made.digest() == expected.digest()
    assert made.symbols == ("UP", "REVERT")
    assert teaching_recipe(None).tape().digest() == TASK.sample(3000).digest()


def test_several_markets_are_the_paths_after_the_recipe_s_own(tmp_path):
    file = tmp_path / "market.yaml"
    file.write_text("rows: 40\nseed: 2\npath: 5\n")
    first, second = teaching_markets(TapeSection(path=str(file), format="teaching"), "EUR", 2)
    assert first.digest() == TASK.sample(40, seed=2, path=5, base_currency="EUR").digest()
    assert second.digest() == TASK.sample(40, seed=2, path=6, base_currency="EUR").digest()
    (default,) = teaching_markets(TapeSection(format="teaching"), "USD", 1)
    assert default.digest() == TASK.sample(3000).digest()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("row: 40\n", "Did you mean `rows`"),
        ("task: {levels: 0.1}\n", "Did you mean `level`"),
        ("rows: 1\n", "rows"),
        ("task: {flip: 0.9}\n", "flip"),
        ("task: {jitter: 0.02}\n", "jitter"),
        ("- 1\n", "a map of keys"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_remedy(tmp_path, text, word):
    file = tmp_path / "market.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=word):
        teaching_tape(file)


def test_a_symbol_it_does_not_have_is_refused():
    with pytest.raises(DataError, match="Did you mean `REVERT`"):
        teaching_tape(symbols=["UP", "REVERTS"])


def test_the_example_is_this_task_with_costs_at_which_its_policy_is_the_best():
    """The configuration that trains on it: rows, costs, fills and an observation that shows the level."""
    spec = load(ROOT / "examples" / "teaching.yaml")
    (lane,) = spec.lanes
    fee, slip = lane.execution.commission.percentage_fee, lane.execution.slippage.base_slippage
    assert (fee, slip) == (FEE, SLIP)
    assert lane.execution.commission.model == Commission.PERCENTAGE
    assert lane.execution.slippage.model == Slippage.PERCENTAGE
    assert lane.execution.fill == FillAt.NEXT_OPEN
    assert TASK.growth(fee, slip) > 0.0
    assert open_tape(spec.tape).digest() == TASK.sample(3000).digest()
    assert spec.environment.observation.technical == ({"name": "range_position", "period": 60},)
