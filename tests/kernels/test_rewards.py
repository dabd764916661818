"""Each reward against its formula in NumPy over an episode, its batch value, seven terms by hand, penalties, ruin."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.engine.rows import rows_of
from tests.envs.worlds import FEE, PAID, TAPE, Played, config, drawn, one, play
from tests.features.tapes import random_tape

YEAR = TAPE.calendar.bars_per_year
LEAST = 20  # returns before a statistic counts
STEPS = 100
FIRST = 30
BOUNDS = {"risk": {"max_volatility": 0.4, "max_drawdown": 0.3, "min_history": 5, "warmup": "pass"}}


@functools.cache
def actions() -> list[Any]:
    return drawn(one(config(BOUNDS)).action_space, STEPS, seed=3)


def paid(kind: str = "log_return", lane: dict | None = None, tape: Tape = TAPE, **reward: Any) -> Played:
    return play(one(config(lane or BOUNDS, reward={"type": kind, **reward}), tape), actions(), row=FIRST)


def worth(played: Played) -> np.ndarray:
    return played.column("equity")


def returns(played: Played) -> np.ndarray:
    values = worth(played)
    return values[1:] / values[:-1] - 1.0


def costs(played: Played) -> np.ndarray:
    """Commission, slippage and impact of each step, a share of the equity before it."""
    return sum(played.paid(name) for name in ("commission", "slippage", "impact")) / worth(played)[:-1]


def running(statistic: Any, series: np.ndarray) -> np.ndarray:
    """A statistic of every prefix of the returns, 0 before it counts and where it is undefined."""
    found = [statistic(series[: n + 1]) if n + 1 >= LEAST else 0.0 for n in range(series.size)]
    return np.where(np.isfinite(found), found, 0.0)


def sharpe(series: np.ndarray) -> float:
    return series.mean() / series.std(ddof=1) * math.sqrt(YEAR)


def sortino(series: np.ndarray) -> float:
    return series.mean() / math.sqrt(np.mean(np.minimum(series, 0.0) ** 2)) * math.sqrt(YEAR)


def calmar(series: np.ndarray) -> float:
    path = np.cumprod(np.append(1.0, 1.0 + series))
    fall = (path / np.maximum.accumulate(path) - 1.0).min()
    return (path[-1] ** (YEAR / series.size) - 1.0) / -fall


def test_the_world_has_gains_losses_and_costs() -> None:
    played = paid()
    assert played.steps == STEPS
    assert (returns(played) > 0).any()
    assert (returns(played) < 0).any()
    assert (costs(played) > 0).sum() > STEPS / 2
    assert played.paid("commission").sum() > 0.01 * worth(played)[0]


@pytest.mark.pitfall("ACC-03", "ACC-08")
def test_portfolio_pnl_is_the_return() -> None:
    played = paid("portfolio_pnl")
    np.testing.assert_allclose(played.rewards, returns(played), rtol=1e-13, atol=1e-16)
    growth = np.prod(1.0 + np.array(played.rewards))
    assert growth == pytest.approx(worth(played)[-1] / worth(played)[0], rel=1e-12)


@pytest.mark.pitfall("ACC-03", "ACC-08")
def test_log_return_sums_to_the_logarithm_of_growth() -> None:
    played = paid("log_return")
    np.testing.assert_allclose(played.rewards, np.log1p(returns(played)), rtol=1e-12, atol=1e-16)
    assert math.fsum(played.rewards) == pytest.approx(math.log(worth(played)[-1] / worth(played)[0]), rel=1e-12)


@pytest.mark.pitfall("ACC-08")
@pytest.mark.parametrize("statistic", (sharpe, sortino, calmar))
def test_a_ratio_pays_its_change_and_sums_to_the_value_of_the_episode(statistic: Any) -> None:
    played = paid(statistic.__name__)
    expected = running(statistic, returns(played))
    np.testing.assert_allclose(np.cumsum(played.rewards), expected, rtol=1e-9, atol=1e-9)
    assert played.rewards[: LEAST - 1] == [0.0] * (LEAST - 1)
    assert math.fsum(played.rewards) == pytest.approx(statistic(returns(played)), rel=1e-9)


@pytest.mark.parametrize("statistic", (sharpe, sortino, calmar))
def test_a_ratio_begins_anew_with_each_episode(statistic: Any) -> None:
    env = one(config(BOUNDS, reward={"type": statistic.__name__}))
    first = play(env, actions(), row=FIRST)
    assert play(env, actions(), row=FIRST).rewards == first.rewards


@pytest.mark.parametrize("eta", (0.01, 0.2))
def test_differential_sharpe_is_the_published_recursion(eta: float) -> None:
    played = paid("differential_sharpe", eta=eta)
    first = second = 0.0
    expected = []
    for number, r in enumerate(returns(played), 1):
        moved, moved_square = r - first, r * r - second
        variance = second - first * first
        value = (second * moved - 0.5 * first * moved_square) / variance**1.5 if variance > 1e-12 else 0.0
        expected.append(value if number > LEAST else 0.0)
        first, second = first + eta * moved, second + eta * moved_square
    np.testing.assert_allclose(played.rewards, expected, rtol=1e-9, atol=1e-12)
    assert np.count_nonzero(expected) == STEPS - LEAST


def terms_at(played: Played, step: int) -> dict[str, float]:
    """The seven terms of a step, unweighted and in their scale, from what the episode said and the tape shows."""
    row, info = FIRST + step, played.infos[step]
    mine = returns(played)[:step][-60:]
    market = (TAPE.close[1:] / TAPE.close[:-1] - 1.0).mean(axis=1)[row - 60 : row]
    own = mine.std(ddof=1) if step >= LEAST else math.nan
    weights = info["weights"]
    gross = abs(weights).sum()
    share = abs(weights) / gross if gross > 0 else weights
    trend = np.sign(TAPE.close[row] / TAPE.close[row - 20] - 1.0)
    volatility = own * math.sqrt(YEAR) if step >= LEAST else 0.0
    return {
        "profit": math.tanh(returns(played)[step - 1] / market.std(ddof=1)) if row >= 60 else 0.0,
        "risk": -0.5 * (min(1.0, volatility / 0.4) + min(1.0, -info["drawdown"] / 0.3)),
        "cost": -min(1.0, costs(played)[step - 1] / 0.001),
        "stability": -min(1.0, info["turnover"]),
        "sharpe": np.clip(mine.mean() / own * math.sqrt(YEAR) / 3.0, -1, 1) if step >= LEAST else 0.0,
        "momentum": float(weights @ trend) / max(1.0, gross),
        "diversification": gross * (1.0 / (share @ share) - 1.0) / (TAPE.slots - 1) if gross > 0 else 0.0,
    }


WEIGHTS = {
    "profit": 2.0,
    "risk": 0.5,
    "cost": 0.1,
    "stability": 0.05,
    "sharpe": 1.0,
    "momentum": 0.3,
    "diversification": 0.2,
}


@pytest.mark.parametrize("step", (1, 19, 20, 31, 61, STEPS))
def test_the_composite_is_seven_terms_by_their_weights(step: int) -> None:
    env = one(config(BOUNDS, reward={"type": "composite"}))
    played = play(env, actions()[:step], row=FIRST)
    expected = terms_at(played, step)
    found = {name: float(env.core.arena.steps[name][0]) for name in WEIGHTS}
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert all(-1.0 <= value <= 1.0 for value in found.values())
    assert played.rewards[-1] == pytest.approx(sum(WEIGHTS[name] * found[name] for name in WEIGHTS), rel=1e-12)


def test_every_term_is_somewhere_more_than_nothing() -> None:
    played = paid("composite")
    tried = [terms_at(played, step) for step in range(1, STEPS + 1)]
    assert all(len({term[name] for term in tried}) > 5 for name in WEIGHTS)


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_weight_moves_its_own_term_alone(name: str) -> None:
    none = dict.fromkeys(WEIGHTS, 0.0)
    env = one(config(BOUNDS, reward={"type": "composite", "weights": {**none, name: 3.0}}))
    played = play(env, actions()[:70], row=FIRST)
    assert played.rewards[-1] == pytest.approx(3.0 * terms_at(played, 70)[name], rel=1e-9, abs=1e-12)


def test_raw_terms_are_neither_divided_nor_cut() -> None:
    env = one(config(BOUNDS, reward={"type": "composite", "terms": "raw"}))
    played = play(env, actions()[:70], row=FIRST)
    mine = returns(played)[-60:]
    found = {name: float(env.core.arena.steps[name][0]) for name in WEIGHTS}
    scaled = terms_at(played, 70)
    assert found["profit"] == pytest.approx(returns(played)[-1], rel=1e-12)
    risk = mine.std(ddof=1) * math.sqrt(YEAR) - played.infos[-1]["drawdown"]
    assert found["risk"] == pytest.approx(-0.5 * risk, rel=1e-9)
    assert found["cost"] == pytest.approx(-costs(played)[-1], rel=1e-12)
    assert found["stability"] == pytest.approx(-played.infos[-1]["turnover"], rel=1e-12)
    assert found["sharpe"] == pytest.approx(sharpe(mine), rel=1e-9)
    assert found["momentum"] == pytest.approx(scaled["momentum"], rel=1e-9)
    assert found["diversification"] == pytest.approx(scaled["diversification"], rel=1e-9)


def test_a_composite_without_trades_is_all_zeros() -> None:
    still = [np.array([-1.0, -1.0, -1.0, 1.0])] * 70
    played = play(one(config(BOUNDS, action={"simplex": "clip"}, reward={"type": "composite"})), still, row=FIRST)
    assert played.rewards == [0.0] * 70


@pytest.mark.parametrize("kind", PAID)
def test_scaling_multiplies_the_whole(kind: str) -> None:
    extra = {"drawdown_penalty": 0.5, "transaction_cost_penalty": 0.5, "risk_adjusted": True}
    once, scaled = paid(kind, **extra), paid(kind, reward_scaling=128.0, **extra)
    assert scaled.rewards == [128.0 * reward for reward in once.rewards]


@pytest.mark.parametrize("kind", PAID)
def test_penalties_are_linear_and_what_they_say(kind: str) -> None:
    free = np.array(paid(kind).rewards)
    played = paid(kind, transaction_cost_penalty=2.0)
    np.testing.assert_allclose(free - played.rewards, 2.0 * costs(played), rtol=1e-9, atol=1e-12)
    fall = np.maximum(0.0, -np.diff(played.column("drawdown")))
    for factor in (1.0, 3.0):
        took = free - paid(kind, drawdown_penalty=factor).rewards
        np.testing.assert_allclose(took, factor * fall, rtol=1e-9, atol=1e-12)
    assert fall.max() > 0.0


@pytest.mark.parametrize("kind", PAID)
def test_risk_adjustment_takes_half_the_aversion_times_the_variance(kind: str) -> None:
    free, played = paid(kind), paid(kind, risk_adjusted=True, risk_aversion=4.0)
    if kind in ("sharpe", "differential_sharpe", "sortino", "calmar"):
        assert played.rewards == free.rewards
        return
    variance, expected = 0.0, []
    for r in returns(played):
        variance = 0.94 * variance + 0.06 * r * r
        expected.append(2.0 * variance)
    np.testing.assert_allclose(np.subtract(free.rewards, played.rewards), expected, rtol=1e-9, atol=1e-12)


def falling(share: float) -> Tape:
    """A tape that loses a share of every price in one row, 40 rows after the first decision."""
    at = FIRST + 40
    after = {
        name: np.where(np.arange(TAPE.rows)[:, None] >= at, (1.0 - share) * getattr(TAPE, name), getattr(TAPE, name))
        for name in ("open", "high", "low", "close")
    }
    return dataclasses.replace(TAPE, **after)


GEARED = {
    "sizing": {"allow_short": True},
    "limits": {"max_leverage": 3.0, "max_gross": 3.0},
    "execution": FEE,
    "risk": {**BOUNDS["risk"], "max_drawdown": None},
}


@pytest.mark.pitfall("CSH-04")
@pytest.mark.parametrize("terms", ("scaled", "raw"))
@pytest.mark.parametrize("kind", PAID)
def test_ruin_is_paid_in_finite_numbers(kind: str, terms: str) -> None:
    reward = {"type": kind, "terms": terms, "risk_adjusted": True, "drawdown_penalty": 1.0}
    env = one(config(GEARED, action={"simplex": "raw", "cash": False}, reward=reward), falling(0.6))
    played = play(env, [np.ones(3)] * STEPS, row=FIRST)
    assert played.terminated
    assert played.infos[-1]["ended"] == "ruined"
    assert played.infos[-1]["equity"] < 0.0
    assert np.isfinite(played.rewards).all()
    assert np.isfinite(np.concatenate(played.observations)).all()
    bare = {"portfolio_pnl": -1.0, "log_return": math.log(1e-6)}
    if kind in bare:
        plain = config(GEARED, action={"simplex": "raw", "cash": False}, reward={"type": kind})
        assert play(one(plain, falling(0.6)), [np.ones(3)] * STEPS, row=FIRST).rewards[-1] == bare[kind]


@pytest.mark.parametrize("kind", PAID)
def test_a_market_that_never_moves_pays_finite_numbers(kind: str) -> None:
    flat = {name: np.full_like(TAPE.close, 50.0) for name in ("open", "high", "low", "close")}
    played = paid(kind, tape=dataclasses.replace(TAPE, **flat), terms="raw")
    assert np.isfinite(played.rewards).all()
    assert played.steps == STEPS


def test_what_the_market_did_is_known_from_the_rows_before_alone() -> None:
    tape = random_tape(seed=4, rows=90, slots=3, missing=0.1)
    env = one(config(), tape)
    world = env.core.arena._places[0][0].world.held[0]
    marks = rows_of(tape, env.plan.observation).market.mark
    assert np.isnan(world.spread[:60]).all()
    assert np.isfinite(world.spread[60:]).all()
    assert np.isnan(world.trend[:20]).all()
    np.testing.assert_allclose(world.trend[20:], marks[20:] / marks[:-20] - 1.0, rtol=1e-12)


def test_a_sharpe_term_of_equal_returns_is_none() -> None:
    lane = {"account": {"interest_rate": 0.0473}}
    env = one(config(lane, action={"simplex": "clip"}, reward={"type": "composite", "terms": "raw"}))
    played = play(env, [np.array([-1.0, -1.0, -1.0, 1.0])] * STEPS, row=FIRST)
    assert max(map(abs, played.rewards)) < 1.0
