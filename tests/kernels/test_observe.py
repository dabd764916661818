"""What an agent sees: every column by hand at one row, frames of a window, cuts, undefined values."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.kernels.compile import callable_kernel
from polyfolio.kernels.observe import cut
from tests.envs.worlds import BARE, FEE, TAPE, config, drawn, one
from tests.features.tapes import random_tape
from tests.kernels.cost_tools import plain

FIRST, STEPS = 40, 12
ALL = {"risk": True, "episode": True}
LANE = {
    "account": {"initial_capital": 50_000.0},
    "sizing": {"allow_short": True},
    "limits": {"max_leverage": 2.0},
    "execution": {**FEE, "slippage": {"model": "percentage", "base_slippage": 0.001}},
    "risk": {"min_history": 5, "var_confidence": 0.95, "covariance": {"window": 30}, "warmup": "pass"},
}

UNKNOWN = {**LANE["risk"], "min_history": 100, "covariance": {"window": 100}}


def played(lane: dict | None = None, tape: Tape = TAPE, steps: int = STEPS, **keys: Any) -> MultiTickerRLEnvironment:
    """An environment some steps into an episode; `seen` are its observations."""
    observation = {**ALL, **keys.pop("observation", {})}
    section = {"action": {"simplex": "raw", "cash": False}, "observation": observation, "episode": {"length": 50}}
    env = one({**config({**LANE, **(lane or {})}, **{**section, **keys}), "observation": "bar"}, tape)
    env.seen = [env.reset(seed=0, options={"row": FIRST})[0]]
    for action in drawn(env.action_space, steps, seed=2):
        observed, _, terminated, truncated, env.info = env.step(action)
        env.seen.append(observed)
        assert not terminated
        assert not truncated
    return env


def named(env: MultiTickerRLEnvironment, at: int = -1) -> dict[str, float]:
    """An observation by the names of its numbers."""
    return dict(zip(env.feature_names, env.seen[at].tolist(), strict=True))


def book(env: MultiTickerRLEnvironment) -> Any:
    return env.core.arena.book


def near(value: float) -> Any:
    """Equal as float32."""
    return pytest.approx(value, rel=2e-7, abs=1e-12)


def test_the_portfolio_by_hand() -> None:
    env = played()
    seen, account, step = named(env), book(env).account[0], env.core.arena.steps[0]
    before, equity = float(step["equity_before"]), env.info["equity"]
    prices = TAPE.close[FIRST + STEPS]
    values = book(env).quantity[0] * prices
    assert equity == pytest.approx(account["cash"] + values.sum(), rel=1e-12)
    assert seen["portfolio.cash"] == near(float(account["cash"]) / equity)
    assert seen["portfolio.gross"] == near(abs(values).sum() / equity)
    assert seen["portfolio.net"] == near(values.sum() / equity)
    assert seen["portfolio.wealth"] == near(math.log(equity / 50_000.0))
    assert seen["portfolio.drawdown"] == near(env.info["drawdown"])
    assert seen["portfolio.return"] == near(100.0 * (equity / before - 1.0))
    costs = env.info["costs"]
    assert seen["portfolio.cost"] == near(100.0 * (costs["commission"] + costs["slippage"]) / before)
    assert seen["portfolio.cost"] > 0.01
    assert seen["portfolio.room"] == near(1.0 - abs(values).sum() / equity / 2.0)


def test_room_is_0_where_the_leverage_is_unbounded() -> None:
    lane = {"limits": {"max_leverage": None}}
    assert named(played(lane))["portfolio.room"] == 0.0


def test_the_risk_of_what_is_held_by_hand() -> None:
    env = played()
    seen = named(env)
    returns = TAPE.close[1:] / TAPE.close[:-1] - 1.0
    window = returns[FIRST + STEPS - 30 : FIRST + STEPS]
    covariance, weights = np.cov(window.T, ddof=1), env.info["weights"]
    sigma = math.sqrt(weights @ covariance @ weights)
    assert seen["risk.volatility"] == near(sigma * math.sqrt(TAPE.calendar.bars_per_year))
    assert seen["risk.var"] == near(sigma * 1.6448536269514722)
    correlations = np.corrcoef(window.T)[np.tril_indices(3, -1)]
    assert (weights != 0.0).all()
    assert seen["risk.correlation"] == near(abs(correlations).max())
    assert seen["risk.undefined"] == 0.0


def test_correlations_of_names_that_are_not_held_do_not_count() -> None:
    env = played(steps=0)
    env.step(np.array([0.5, 0.0, 0.4]))
    env.seen.append(env.step(np.array([0.5, 0.0, 0.4]))[0])
    window = (TAPE.close[1:] / TAPE.close[:-1] - 1.0)[FIRST + 2 - 30 : FIRST + 2]
    assert named(env)["risk.correlation"] == near(abs(np.corrcoef(window.T)[2, 0]))


def test_risk_without_enough_history_is_0_and_says_so() -> None:
    env = played({"risk": UNKNOWN})
    seen = named(env)
    assert (seen["risk.volatility"], seen["risk.var"], seen["risk.correlation"]) == (0.0, 0.0, 0.0)
    assert seen["risk.undefined"] == 1.0


def test_the_episode_is_counted_in_parts() -> None:
    env = played()
    for at in (0, 5, STEPS):
        seen = named(env, at)
        assert (seen["episode.done"], seen["episode.left"]) == (near(at / 50), near(1.0 - at / 50))


def test_positions_by_hand() -> None:
    env = played()
    seen, equity = named(env), env.info["equity"]
    quantity, average = book(env).quantity[0], book(env).average_price[0]
    prices = TAPE.close[FIRST + STEPS]
    assert (quantity > 0).any()
    assert (quantity < 0).any()
    for slot, symbol in enumerate(TAPE.symbols):
        assert seen[f"{symbol}.weight"] == near(quantity[slot] * prices[slot] / equity)
        side = math.copysign(1.0, quantity[slot])
        assert seen[f"{symbol}.profit"] == near(side * (prices[slot] / average[slot] - 1.0))
        assert seen[f"{symbol}.barred"] == 0.0
        # Every market order has met the open by the time of the observation.
        assert seen[f"{symbol}.working"] == 0.0


def test_a_working_order_is_seen_as_a_weight() -> None:
    # A bar takes a hundred-thousandth of its volume; the rest of an order waits.
    thin = {"time_in_force": "gtc", "market_impact": {"participation_rate_limit": 1e-5}}
    env = played({"execution": {**FEE, **thin}}, steps=0)
    env.seen.append(env.step(np.array([0.5, 0.0, -0.4]))[0])
    seen, order = named(env), book(env).order_quantity[0]
    prices, equity = TAPE.close[FIRST + 1], env.core.arena.steps["equity"][0]
    assert seen["S0.working"] == near(order[0] * prices[0] / equity)
    assert seen["S0.working"] > 0.4
    assert seen["S1.working"] == 0.0
    assert seen["S2.working"] < -0.3
    assert 0.0 < seen["S0.weight"] < 0.1


def test_a_stopped_position_is_seen_as_barred() -> None:
    env = played({"exits": {"stop_loss": 0.02}}, steps=0)
    for _ in range(40):
        observed = env.step(np.array([0.5, 0.0, 0.4]))[0]
        env.seen.append(observed)
        if (book(env).exits[0]["barred_row"] >= 0).any():
            break
    barred = book(env).exits[0]["barred_row"] >= 0
    assert barred.any()
    assert [named(env)[f"{symbol}.barred"] for symbol in TAPE.symbols] == barred.astype(float).tolist()


def test_the_panel_stands_behind_what_depends_on_the_lane() -> None:
    env = played(observation={"market": True, "technical": ["rsi"], "time": True})
    shown = env.panel.values.shape[1]
    for at in (0, STEPS):
        assert env.seen[at][-shown:].tobytes() == env.panel.values[FIRST + at].tobytes()
    assert env.feature_names[-shown:] == env.panel.names
    assert env.seen[0].dtype == np.float32


def test_a_window_moves_frame_by_frame() -> None:
    env = played(observation={"window": 4, "time": True})
    width = env.seen[0].size // 4
    frames = [seen.reshape(4, width) for seen in env.seen]
    for before, after in itertools.pairwise(frames):
        assert after[:3].tobytes() == before[1:].tobytes()
    assert not np.array_equal(frames[-1][2], frames[-1][3])
    bare = played(observation={"time": True})
    assert all(frame[3].tobytes() == seen.tobytes() for frame, seen in zip(frames, bare.seen, strict=True))
    lags = [name.rsplit("@", 1)[1] for name in env.feature_names[::width]]
    assert lags == ["-3", "-2", "-1", "0"]


@pytest.mark.pitfall("LAH-03")
def test_the_first_window_shows_older_rows_of_the_tape_and_the_book_as_it_is() -> None:
    env = played(observation={"window": 4, "time": True})
    shown = env.panel.values.shape[1]
    for again in range(2):  # the second time after another episode
        first = env.reset(seed=0, options={"row": FIRST})[0].reshape(4, -1)
        for back in range(4):
            assert first[3 - back, -shown:].tobytes() == env.panel.values[FIRST - back].tobytes()
            assert first[3 - back, :-shown].tobytes() == first[3, :-shown].tobytes()
        assert first[0, env.feature_names.index("portfolio.cash@-3")] == 1.0
        assert again == 0 or env.info["equity"] != 50_000.0
        env.info = env.step(np.array([1.0, -0.5, 0.2]))[4]


@pytest.mark.parametrize("clip", (0.1, 1.0, 2.0, 1000.0))
def test_every_number_is_cut(clip: float) -> None:
    free = played(observation={"clip": 1e6, "market": True})
    env = played(observation={"clip": clip, "market": True})
    seen, whole = np.array(env.seen), np.array(free.seen)
    assert abs(seen).max() <= np.float32(clip)
    np.testing.assert_allclose(seen, np.clip(whole, -clip, clip), rtol=1e-6)
    assert (abs(whole) > 1.0).any()
    assert all(env.observation_space.contains(observed) for observed in env.seen)


def test_flags_are_cut_too() -> None:
    env = played({"risk": UNKNOWN}, observation={"clip": 0.5})
    assert all(env.observation_space.contains(observed) for observed in env.seen)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.3, 0.3), (7.0, 2.0), (-7.0, -2.0), (math.nan, 0.0), (math.inf, 2.0), (-math.inf, -2.0)]
)
def test_one_number_is_cut(value: float, expected: float) -> None:
    assert callable_kernel(cut)(value, 2.0) == plain(cut)(value, 2.0) == expected


@pytest.mark.pitfall("DAT-01", "DAT-07", "DAT-08")
def test_missing_prices_show_no_nan() -> None:
    tape = random_tape(seed=3, rows=120, slots=5, missing=0.3, late=True, unknown_volume=0.2, spread=True)
    observation = {**BARE, "risk": True, "market": True, "technical": ["rsi", "sma"], "window": 3}
    env = one({**config(LANE, observation=observation), "observation": "bar"}, tape)
    env.reset(seed=0)
    for action in drawn(env.action_space, 60):
        observed, reward, ended, cut_off, info = env.step(action)
        assert np.isfinite(observed).all()
        assert env.observation_space.contains(observed)
        assert math.isfinite(reward)
        assert math.isfinite(info["equity"])
        if ended or cut_off:
            break
    missing = env.core.layout.names.index("S3.undefined@0")
    assert observed[missing] == 1.0


def test_a_ruined_lane_shows_nothing_but_its_ruin() -> None:
    tape = random_tape(seed=5, rows=160, slots=3)
    fallen = {name: getattr(tape, name).copy() for name in ("open", "high", "low", "close")}
    for array in fallen.values():
        array[FIRST + 3 :] *= 0.3
    ruined = Tape(**{**{name: getattr(tape, name) for name in tape.__dataclass_fields__}, **fallen})
    env = one(config({**LANE, "execution": {}}, action={"simplex": "raw", "cash": False}), ruined)
    env.reset(seed=0, options={"row": FIRST})
    for _ in range(5):
        observed, _, ended, *_ = env.step(np.ones(3))
        if ended:
            break
    env.seen = [observed]
    seen = named(env)
    assert ended
    assert (seen["portfolio.wealth"], seen["portfolio.drawdown"]) == (-10.0, -1.0)
    assert {seen[f"portfolio.{name}"] for name in ("cash", "gross", "net", "return", "cost", "room")} == {0.0}
    assert {seen[f"{symbol}.weight"] for symbol in TAPE.symbols} == {0.0}
