"""Environments are doors like the others: one book, byte for byte, for the single one, any vector, and a backtest.

The backtest hears the signals that the actions became and opens its account at the row of the first decision.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Level
from polyfolio.engine.engine import Engine
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from tests.drivers.runs import COSTS, RISK, SHAPE
from tests.envs.worlds import PAID
from tests.house.sources import ROOT, run_python
from tests.laws.tapes import make_tape

TAPE = make_tape(replace(SHAPE, rows=140, late=False))
FIRST, STEPS, COPIES = 37, 70, 5
WEIGHTS, CHANGES, SIGNALS = (
    {"kind": "weights"},
    {"kind": "changes", "max_change": 0.3},
    {"kind": "signals", "flat": True},
)
SHORT = {"allow_short": True}
GEARED = {"sizing": SHORT, "limits": {"max_leverage": 2.0}}
PASS = {**RISK, "warmup": "pass"}

# name: (what an action is, the lane)
RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bare": (WEIGHTS, {}),
    "costs": ({**WEIGHTS, "simplex": "raw"}, {**GEARED, "execution": COSTS}),
    "next_close": (CHANGES, {**GEARED, "execution": {**COSTS, "fill": "next_close"}}),
    "next_typical": (SIGNALS, {"sizing": {"method": "equal_weight"}, "execution": {"fill": "next_typical"}}),
    "same_close": ({**WEIGHTS, "simplex": "raw"}, {**GEARED, "execution": {**COSTS, "fill": "same_close"}}),
    "fill": (WEIGHTS, {"sizing": SHORT, "execution": {**COSTS, "sizing": "fill"}}),
    "fill at close": (
        SIGNALS,
        {"sizing": {"method": "signal_strength"}, "execution": {"fill": "next_close", "sizing": "fill"}},
    ),
    "stops": (
        {**WEIGHTS, "simplex": "raw"},
        {**GEARED, "exits": {"stop_loss": 0.02, "take_profit": 0.03, "trailing_stop": 0.02}, "execution": COSTS},
    ),
    "cooldown": (CHANGES, {"exits": {"stop_loss": 0.01, "bar_until": "bars", "cooldown_bars": 3}}),
    "var": (
        {**WEIGHTS, "simplex": "raw"},
        {**GEARED, "risk": {**PASS, "max_var": 0.005, "max_volatility": 0.2, "max_drawdown": 0.05}},
    ),
    "block": (WEIGHTS, {"risk": {**RISK, "max_volatility": 0.1, "max_es": 0.01}}),
    "sized": (SIGNALS, {"sizing": {"method": "risk_parity", **SHORT}, "risk": PASS, "execution": COSTS}),
    "kelly": (SIGNALS, {"sizing": {"method": "kelly", "kelly_window": 20, **SHORT}, "risk": {**PASS, "max_var": 0.01}}),
    "correlation": (
        WEIGHTS,
        {"risk": PASS, "correlation": {"limit": 0.2}, "feedback": {"iterations": 3}, "limits": {"max_positions": 3}},
    ),
    "participation": (
        {**WEIGHTS, "simplex": "raw"},
        {
            **GEARED,
            "execution": {
                **COSTS,
                "time_in_force": "gtc",
                "market_impact": {**COSTS["market_impact"], "participation_rate_limit": 0.0005},
            },
        },
    ),
    "limit orders": (
        CHANGES,
        {**GEARED, "execution": {**COSTS, "order_type": "limit", "price_threshold": 0.001, "time_in_force": "gtc"}},
    ),
    "every": (WEIGHTS, {"rebalance": {"every": "1d"}, "execution": COSTS}),
    "threshold": (CHANGES, {"rebalance": {"threshold": 0.05}, "execution": COSTS}),
    "band": (WEIGHTS, {"rebalance": {"risk_band": [0.05, 0.1]}, "risk": PASS}),
    "worth": (WEIGHTS, {"rebalance": {"cost_aware": True}, "risk": PASS, "execution": COSTS}),
    "labels": (
        {**WEIGHTS, "simplex": "raw"},
        {**GEARED, "limits": {"max_position": 0.3, "max_net": 0.5, "labels": [{"by": "sector", "cap": 0.3}]}},
    ),
    "carry": (
        {**WEIGHTS, "simplex": "raw"},
        {
            **GEARED,
            "account": {"initial_capital": 100_000.0, "interest_rate": 0.03, "loan_rate": 0.06, "borrow_rate": 0.02},
        },
    ),
    "projected": (WEIGHTS, {"risk": {**PASS, "max_volatility": 0.1, "projection": "qp"}}),
    "terminate": (
        {**WEIGHTS, "simplex": "raw"},
        {**GEARED, "risk": {**PASS, "max_drawdown": 0.04, "drawdown_action": "terminate"}},
    ),
}


def config(rules: str, **environment: Any) -> dict[str, Any]:
    action, lane = RULES[rules]
    seen = {"technical": None, "market": False, "time": False, "risk": True, **environment.pop("observation", {})}
    split = {"train": 1.0, "validation": 0.0, "test": 0.0}
    return {
        "name": "doors",
        "checked": True,
        "observation": "bar",
        "lanes": [{"name": "lane", "execution": {}, **lane}],
        "environment": {"action": action, "observation": seen, "split": split, **environment},
    }


def single(rules: str, **environment: Any) -> MultiTickerRLEnvironment:
    return MultiTickerRLEnvironment(config(rules, **environment), tape=TAPE)


@functools.cache
def actions_of(rules: str) -> np.ndarray:
    """A few actions held for some rows each, so that orders wait and positions live."""
    env = single(rules)
    env.action_space.seed(len(rules))
    return np.repeat([env.action_space.sample() for _ in range(STEPS // 4 + 1)], 4, axis=0)[:STEPS]


@functools.cache
def steered(rules: str) -> dict[str, Any]:
    """An episode of the single environment: its book after each step, its signals, rewards and costs."""
    env = single(rules)
    env.reset(seed=0, options={"row": FIRST})
    arena, signals = env.core.arena, np.full((1, TAPE.rows, TAPE.slots), np.nan)
    seen: dict[str, Any] = {"books": [arena.book.lane_bytes(0)], "steps": [], "rewards": [], "observed": []}
    for action in actions_of(rules):
        row = int(arena.episodes["row"][0])
        observed, reward, terminated, _, _ = env.step(action)
        signals[0, row] = arena.signals[0, 0]
        seen["books"].append(arena.book.lane_bytes(0))
        seen["steps"].append(arena.steps[0].copy())
        seen["rewards"].append(reward)
        seen["observed"].append(observed.tobytes())
        if terminated:
            break
    return {**seen, "signals": signals, "plan": env.plan, "ended": terminated}


def backtest(rules: str) -> Engine:
    """A backtest of the same signals, before its first row."""
    played = steered(rules)
    lanes = played["plan"].rules.copy()
    lanes["level"] = int(Level.FULL)
    plan = replace(played["plan"], rules=lanes, level=Level.FULL)
    engine = Engine(plan, TAPE, played["signals"])
    engine.row = FIRST - 1
    return engine


def standing(engine: Engine) -> bytes:
    """The book at the close of the next row, before its decision, as an environment leaves it; then goes on."""
    book: bytes = engine.fill().mark().book.lane_bytes(0)
    return book


@pytest.mark.pitfall("REP-06", "RND-01")
@pytest.mark.parametrize("rules", RULES)
def test_a_backtest_of_the_same_signals_leaves_the_same_book_row_by_row(rules: str) -> None:
    played, engine = steered(rules), backtest(rules)
    for number, book in enumerate(played["books"]):
        assert standing(engine) == book, number
        engine.decide()
    fills = engine.journal.fills
    assert fills.size > 5
    assert played["ended"] == (rules == "terminate")


@pytest.mark.pitfall("REP-06")
@pytest.mark.parametrize("rules", RULES)
def test_a_backtest_run_in_one_piece_ends_where_the_environment_does(rules: str) -> None:
    played, engine = steered(rules), backtest(rules)
    engine.run(FIRST + len(played["steps"]))
    assert standing(engine) == played["books"][-1]


SUMS = ("gain", "commission", "slippage", "impact", "borrow", "funding", "dividends", "interest", "turnover")


@pytest.mark.pitfall("ACC-01", "ACC-03", "ACC-15")
@pytest.mark.parametrize("rules", RULES)
def test_what_the_steps_say_is_what_the_journal_says(rules: str) -> None:
    played, engine = steered(rules), backtest(rules)
    count = len(played["steps"])
    engine.run(FIRST + count).fill().mark().decide()
    marks, steps = engine.journal.marks, np.array(played["steps"])
    same_close = rules == "same_close"
    # A decision at a close that fills there is a trade of that row, and the step's; the last row's is nobody's.
    rows = marks[:count] if same_close else marks[1 : count + 1]
    assert marks["row"].tolist() == list(range(FIRST, FIRST + count + 1))
    if not same_close:
        for name in (*SUMS, "equity", "cash", "gross", "net"):
            np.testing.assert_allclose(steps[name], rows[name], rtol=1e-12, atol=1e-12, err_msg=name)
    for name in ("commission", "slippage", "impact", "turnover"):
        assert steps[name].sum() == pytest.approx(rows[name].sum(), rel=1e-12), name
    assert steps["fills"].sum() == (engine.journal.fills["row"] <= rows["row"].max()).sum()
    if "execution" in RULES[rules][1] and "commission" in RULES[rules][1]["execution"]:
        assert steps["commission"].sum() > 0.0


@pytest.mark.pitfall("REP-04", "REP-06", "RND-01")
@pytest.mark.parametrize("threads", (1, 3))
@pytest.mark.parametrize("rules", RULES)
def test_a_vector_plays_what_the_single_environment_plays(rules: str, threads: int) -> None:
    """The single one's actions in the middle of others, that may end when they like."""
    played = steered(rules)
    env = TradingVectorEnv(config(rules), COPIES, tape=TAPE, threads=threads)
    env.reset(seed=0, options={"rows": np.array([3, 80, FIRST, 50, FIRST])})
    env.action_space.seed(7)
    arena = env.core.arena
    assert arena.book.lane_bytes(2) == played["books"][0]
    for number, action in enumerate(actions_of(rules)[: len(played["steps"]) - 1]):
        actions = env.action_space.sample()
        actions[2] = action
        seen, rewards, *_ = env.step(actions)
        assert arena.book.lane_bytes(2) == played["books"][number + 1]
        assert rewards[2] == played["rewards"][number]
        assert seen[2].tobytes() == played["observed"][number]


@pytest.mark.pitfall("LAH-03", "REP-01")
@pytest.mark.parametrize("rules", RULES)
def test_an_episode_after_others_leaves_the_book_of_a_first_one(rules: str) -> None:
    played, env = steered(rules), single(rules)
    for row in (90, FIRST + 5):
        env.reset(seed=row, options={"row": row})
        for action in actions_of(rules)[::-1]:
            if any(env.step(action)[2:4]):
                break
    env.reset(seed=0, options={"row": FIRST})
    for number, book in enumerate(played["books"]):
        assert env.core.arena.book.lane_bytes(0) == book
        if number < len(played["steps"]):
            env.step(actions_of(rules)[number])


def digest() -> str:
    """Of everything that all rule sets, rewards and blocks leave behind."""
    made = hashlib.sha256()
    draws = {"costs": [0.5, 2.0], "capital": [0.5, 2.0], "positions": 0.5}
    for rules, reward in zip(RULES, itertools.cycle(PAID), strict=False):
        keys = config(
            rules,
            observation={"episode": True, "window": 2},
            reward={"type": reward, "drawdown_penalty": 0.5, "risk_adjusted": True},
            episode={"length": 23, "start": "random", "randomise": draws},
        )
        env = TradingVectorEnv(keys, 2, tape=TAPE, info="full")
        env.reset(seed=1)
        env.action_space.seed(2)
        for _ in range(25):
            seen, rewards, *_ = env.step(env.action_space.sample())
            made.update(seen.tobytes() + rewards.tobytes())
        made.update(env.core.arena.book.digest().encode() + env.core.arena.cut.tobytes())
    return made.hexdigest()


@pytest.mark.pitfall("REP-06")
def test_un_jitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same functions as plain Python, in a process that compiles nothing."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    done = run_python("-m", "tests.drivers.test_environments", cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == digest()


if __name__ == "__main__":
    sys.stdout.write(digest() + "\n")
