"""The optimising stage: closed forms, a plain program of the same words, its limits, and what stands behind it."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.engine.extend import StageView
from polyfolio.engine.multi_period import MultiPeriod, dense
from polyfolio.engine.program import Program, Unsolved
from polyfolio.errors import ConfigError
from polyfolio.kernels.cost_terms import LINEAR, POWER, ROOT, SQUARE, TERMS
from polyfolio.rules.optimise import OptimiseSection
from tests.kernels.tapes import engine_for, fills, flat_tape

INF = float("inf")
OFF = (INF, INF, -INF)
FREE = {"max_leverage": None}
CODE = int(Stage.EXTENSION)


def program(names: int, bounds: Any = OFF, max_turnover: float = INF, **section: Any) -> Program:
    optimise = OptimiseSection(**section)
    return Program(names, optimise.horizon, optimise, exponent=0.6, bounds=bounds, max_turnover=max_turnover)


def covariance_of(names: int, seed: int = 0) -> Floats:
    root = np.random.default_rng(seed).normal(size=(names, names))
    return 0.0001 * (root @ root.T + np.eye(names))


def terms(names: int, **given: Any) -> Floats:
    out = np.zeros((TERMS, names))
    for name, values in given.items():
        out[{"linear": LINEAR, "root": ROOT, "square": SQUARE, "power": POWER}[name]] = values
    return out


def wide(names: int) -> tuple[Floats, Floats]:
    return np.full(names, -50.0), np.full(names, 50.0)


def test_one_decision_without_costs_is_markowitz() -> None:
    rewards, covariance = np.array([0.002, -0.001, 0.003, 0.0005]), covariance_of(4)
    found = program(4, horizon=1, risk_aversion=3.0).solve(
        start=np.zeros(4), rewards=rewards, covariance=covariance, costs=terms(4), box=wide(4)
    )
    np.testing.assert_allclose(found, np.linalg.solve(covariance, rewards) / 3.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        # r / (gamma s^2) = 0.5, c / (gamma s^2) = 0.1: bought up to 0.4, sold down to 0.6, kept in between
        (0.0, 0.4),
        (0.45, 0.45),
        (0.9, 0.6),
    ],
)
def test_a_proportional_cost_leaves_a_zone_in_which_nothing_is_traded(held: float, wanted: float) -> None:
    found = program(1, horizon=1, risk_aversion=5.0).solve(
        start=np.array([held]),
        rewards=np.array([0.0025]),
        covariance=np.array([[0.001]]),
        costs=terms(1, linear=0.0005),
        box=wide(1),
    )
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_decisions_with_quadratic_costs_solve_a_linear_system() -> None:
    # Derivatives: r_t - gamma s^2 w_t - 2 k q (w_t - w_{t-1}) + 2 k q (w_{t+1} - w_t) = 0
    gamma, variance, cost, held = 4.0, 0.0004, 0.01, 0.2
    rewards = 0.001 * 0.5 ** (np.arange(3) / 2.0)  # half of it is left after two decisions
    slope = 2.0 * 1.5 * cost
    system = (gamma * variance + 2.0 * slope) * np.eye(3) - slope * (np.eye(3, k=1) + np.eye(3, k=-1))
    system[2, 2] = gamma * variance + slope
    path = np.linalg.solve(system, rewards + slope * held * np.array([1.0, 0.0, 0.0]))
    found = program(1, horizon=3, risk_aversion=gamma, cost_aversion=1.5, half_life=2.0).solve(
        start=np.array([held]),
        rewards=np.array([0.001]),
        covariance=np.array([[variance]]),
        costs=terms(1, square=cost),
        box=wide(1),
    )
    np.testing.assert_allclose(found, path[0], rtol=1e-6)


def plain(held: Floats, rewards: Floats, covariance: Floats, costs: Floats, limits: dict[str, float]) -> Floats:
    """The same program written down at once, with constants."""
    periods = 3
    weights = cp.Variable((periods, held.size))
    path = cp.vstack([held, weights])
    gain: Any = 0.0
    rules = [weights >= 0.0, weights <= limits["position"]]
    for t in range(periods):
        trade = cp.abs(path[t + 1] - path[t])
        cost = costs[LINEAR] @ trade + costs[ROOT] @ cp.power(trade, 1.5, approx=False)
        cost += costs[SQUARE] @ cp.square(trade) + costs[POWER] @ cp.power(trade, 1.6, approx=False)
        gain += rewards @ weights[t] - 1.0 * cp.quad_form(weights[t], cp.psd_wrap(covariance)) - 2.0 * cost
        rules += [
            cp.norm1(weights[t]) <= limits["gross"],
            cp.sum(weights[t]) >= limits["least"],
            cp.sum(trade) <= limits["turnover"],
        ]
    cp.Problem(cp.Maximize(1e3 * gain), rules).solve(solver=cp.CLARABEL)
    return np.asarray(weights.value)[0]


@pytest.mark.parametrize("solver", ["clarabel", "scs"])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_plain_program_of_the_same_words(seed: int, solver: str) -> None:
    random = np.random.default_rng(seed)
    held = np.array([0.2, 0.0, 0.1, 0.0])
    rewards, covariance = 0.004 * random.normal(size=4), covariance_of(4, seed)
    costs = terms(4, linear=0.0005, root=0.002 * random.random(4), square=0.001, power=0.001 * random.random(4))
    limits = {"position": 0.3, "gross": 0.7, "least": 0.35, "turnover": 0.25}
    bounds = (limits["gross"], INF, limits["least"])
    found = program(
        4, bounds, limits["turnover"], horizon=3, risk_aversion=2.0, cost_aversion=2.0, solver=solver
    ).solve(start=held, rewards=rewards, covariance=covariance, costs=costs, box=(np.zeros(4), np.full(4, 0.3)))
    np.testing.assert_allclose(found, plain(held, rewards, covariance, costs, limits), atol=2e-5)


def test_a_program_is_compiled_once_and_filled_in() -> None:
    made = program(3, horizon=2)
    one = {"start": np.zeros(3), "covariance": covariance_of(3), "box": wide(3)}
    first = made.solve(rewards=np.full(3, 0.001), costs=terms(3, linear=0.001), **one)
    made.solve(rewards=np.full(3, 0.002), costs=terms(3, linear=0.002), **one)
    again = made.solve(rewards=np.full(3, 0.001), costs=terms(3, linear=0.001), **one)
    assert first.tobytes() == again.tobytes()
    (problem,) = made.problems.values()
    assert problem.is_dpp()
    made.solve(rewards=np.full(3, 0.001), costs=terms(3), **one)
    assert len(made.problems) == 2  # other terms of cost, another program


def test_what_cannot_be_met_is_a_failure_with_its_cause() -> None:
    with pytest.raises(Unsolved, match="infeasible"):
        program(2, (INF, INF, 0.5), 0.1, horizon=1).solve(
            start=np.zeros(2), rewards=np.zeros(2), covariance=covariance_of(2), costs=terms(2), box=wide(2)
        )


# -- in the engine --

ROWS = 90
RETURNS = (
    0.01
    * np.random.default_rng(7).standard_normal((ROWS, 3))
    @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
)
TAPE = flat_tape((100.0 * np.cumprod(1.0 + RETURNS, axis=0)).T.tolist())
SIGNALS = np.array([[0.5, -0.2, 1.0]])
WINDOW = {"covariance": {"method": "sample", "window": 60}, "min_history": 30}


def lane(optimise: dict[str, Any], **sections: Any) -> dict[str, Any]:
    execution = {"market_impact": {"participation_rate_limit": None}, **sections.pop("execution", {})}
    return {
        "sizing": {"method": "weights", "allow_short": True},
        "limits": FREE,
        "risk": WINDOW,
        "execution": execution,
        "optimise": optimise,
        **sections,
    }


def stage_of(engine: Engine) -> MultiPeriod:
    return engine.python_stages[CODE]


def wants(engine: Engine, row: int, reason: Reason = Reason.EXTENSION) -> Floats:
    """What the stage wanted at a row, by slot; NaN where it changed nothing."""
    events = engine.journal.events
    mine = (events["row"] == row) & (events["event"] == Event.CUT) & (events["reason"] == reason)
    assert (events["stage"][mine] == CODE).all()
    out = np.full(3, np.nan)
    out[events["slot"][mine]] = events["after"][mine]
    return out


def test_the_engine_wants_markowitz_of_its_own_covariance() -> None:
    optimise = {"horizon": 1, "return_per_signal": 0.002, "risk_aversion": 4.0, "span": 2.0}
    engine = engine_for(TAPE, SIGNALS, **lane(optimise)).run()
    row = 80
    returns = RETURNS[row - 59 : row + 1]
    covariance = 2.0 * np.cov(returns, rowvar=False)
    wanted = np.linalg.solve(covariance, 0.002 * SIGNALS[0]) / 4.0
    np.testing.assert_allclose(wants(engine, row), wanted, rtol=1e-4)
    assert stage_of(engine).fallbacks == []
    scaled = lane({**optimise, "expected": "volatility", "return_per_signal": 0.1})
    engine = engine_for(TAPE, SIGNALS, **scaled).run()
    expected = 0.1 * SIGNALS[0] * np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(wants(engine, row), np.linalg.solve(covariance, expected) / 4.0, rtol=1e-4)


def test_huge_costs_hold_and_names_without_a_known_risk_are_kept() -> None:
    dear = {"commission": {"model": "percentage", "percentage_fee": 0.4}}
    engine = engine_for(TAPE, SIGNALS, **lane({"horizon": 3, "return_per_signal": 0.002}, execution=dear)).run()
    assert fills(engine) == []
    free = engine_for(TAPE, SIGNALS, **lane({"horizon": 3, "return_per_signal": 0.002})).run()
    assert min(row for row, *_ in fills(free)) == 31  # 30 returns are known at row 30
    assert stage_of(engine).fallbacks == []


def test_costs_of_the_lane_slow_its_trades() -> None:
    paid = {"commission": {"model": "percentage", "percentage_fee": 0.001}}
    optimise = {"horizon": 5, "return_per_signal": 0.001, "risk_aversion": 10.0}
    free, dear = (engine_for(TAPE, SIGNALS, **lane(optimise, execution=execution)).run() for execution in ({}, paid))
    moved = [np.abs(engine.journal.fills["quantity"] * engine.journal.fills["price"]).sum() for engine in (free, dear)]
    assert 0.0 < moved[1] < 0.7 * moved[0]


def test_limits_and_what_cannot_trade_are_kept() -> None:
    gone = [(row, 1) for row in range(50, 60)]
    closes = (100.0 * np.cumprod(1.0 + RETURNS, axis=0)).T.tolist()
    tape = flat_tape(closes, missing=gone)
    sections = lane(
        {"horizon": 2, "return_per_signal": 0.02},
        limits={"max_position": 0.3, "max_gross": 0.5, "max_net": 0.2, "max_leverage": None},
    )
    engine = engine_for(tape, SIGNALS, **sections).run()
    found = np.array([wants(engine, row) for row in range(31, 89)])
    assert np.nanmax(np.abs(found)) <= 0.3 + 1e-6
    assert np.isnan(found[19:29, 1]).all()
    first = found[0]
    assert np.abs(first).sum() == pytest.approx(0.5, abs=1e-5)
    assert first.sum() <= 0.2 + 1e-6
    long = engine_for(TAPE, SIGNALS, **{**sections, "sizing": {"method": "weights"}}).run()
    assert np.nanmin(wants(long, 31)) >= 0.0


# Quiet until all three rise by half in one row: 0.5 of equity becomes 0.6, and a turnover of 0.05 does not bring it
# back.
QUIET = 0.002 * np.random.default_rng(3).standard_normal((60, 3))
QUIET[50] = 0.5
JUMP = flat_tape((100.0 * np.cumprod(1.0 + QUIET, axis=0)).T.tolist())
IMPOSSIBLE = {"max_gross": 0.5, "max_leverage": None}


@pytest.mark.parametrize(
    ("chain", "used"),
    [
        (["single_period", "hold"], "single_period"),
        (["inverse_volatility"], "inverse_volatility"),
        (["hold"], "hold"),
        ([], "hold"),
    ],
)
def test_what_has_no_solution_goes_to_the_next_of_the_chain(chain: list[str], used: str) -> None:
    optimise = {"horizon": 2, "return_per_signal": 0.01, "max_turnover": 0.05, "fallback": chain}
    engine = engine_for(JUMP, np.abs(SIGNALS), **lane(optimise, limits=IMPOSSIBLE)).run(until=51)
    stage = stage_of(engine)
    assert stage.fallbacks == [(50, "a", "multi_period", "infeasible", used)]
    assert stage.counts() == {("a", used): 1}
    found = wants(engine, 50, Reason.FALLBACK)
    before = engine.book.account["gross"][0] / engine.book.account["equity"][0]
    assert before == pytest.approx(0.6, abs=0.01)
    if used == "single_period":
        assert 0.0 < found.sum() < 0.5 - 0.05
    elif used == "inverse_volatility":
        parts = 1.0 / QUIET[1:51].std(axis=0, ddof=1)
        np.testing.assert_allclose(found, parts / parts.sum(), rtol=1e-9)
    else:
        assert found.sum() == pytest.approx(before, rel=1e-12)
    # Whatever decides, the limits are certified after it.
    events = engine.journal.events
    last = events[(events["row"] == 50) & (events["event"] == Event.LIMIT) & (events["reason"] == Reason.MAX_GROSS)]
    assert last["before"].max() <= 0.5 + 1e-9


def test_the_book_stays_where_the_whole_chain_fails_and_each_cause_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    optimise = {"horizon": 1, "max_turnover": 0.01, "fallback": ["inverse_volatility"]}
    engine = engine_for(TAPE, SIGNALS, **lane(optimise, limits=IMPOSSIBLE))
    stage, view = stage_of(engine), early(engine)
    with caplog.at_level(logging.WARNING, logger="polyfolio"):
        for _ in range(3):
            want = np.array([0.1, 0.2, 0.3])
            assert stage(want, view) is Reason.FALLBACK
            np.testing.assert_array_equal(want, view.held)
    told = [record.getMessage() for record in caplog.records if "was not solved" in record.getMessage()]
    unknown = "no name has a signal and a known volatility"
    assert told == [
        "lane 'a', row 0: multi_period was not solved (infeasible); hold decides",
        f"lane 'a', row 0: inverse_volatility was not solved ({unknown}); hold decides",
    ]
    assert stage.counts() == {("a", "hold"): 6}


def early(engine: Engine) -> StageView:
    """What the stage would see in the first row of a lane that holds more than its limit and hears nothing."""
    size = len(engine.tape.symbols)
    return StageView(
        tape=engine.tape,
        row=0,
        lane="a",
        symbols=engine.tape.symbols,
        held=np.full(size, 0.4),
        signal=np.zeros(size),
        frozen=np.zeros(size, np.uint8),
        equity=1e6,
        plan=engine.plan,
        number=0,
        market=engine.rows.market,
        covariance=np.array([1e-4, 0.0, 1e-4, 0.0, 0.0, 1e-4]),
        sigma=np.full(size, 0.01),
    )


def test_lanes_do_not_share_programs_and_runs_repeat_to_the_byte() -> None:
    lanes = [
        {"name": "a", **lane({"horizon": 2, "return_per_signal": 0.001})},
        {"name": "b", **lane({"horizon": 2, "return_per_signal": 0.001, "risk_aversion": 20.0})},
    ]
    signals = np.repeat(np.broadcast_to(SIGNALS, (1, 90, 3)), 2, axis=0)
    one, other = (engine_for(TAPE, signals, lanes).run() for _ in range(2))
    assert one.journal.to_bytes() == other.journal.to_bytes()
    alone = engine_for(TAPE, signals[:1], lanes[:1]).run()
    assert alone.journal.to_bytes() == one.journal.lane(0).to_bytes()


def test_the_section_puts_its_stage_into_the_program() -> None:
    engine = engine_for(TAPE, SIGNALS, **lane({"horizon": 1}, limits={"max_position": 0.2, "max_leverage": None}))
    assert engine.plan.extensions == ("multi_period",)
    codes = engine.plan.program[0]
    assert codes[:4].tolist() == [Stage.SIZE, Stage.FILTER, CODE, Stage.CAP_POSITION]
    with pytest.raises(ConfigError, match="Add `multi_period`"):
        engine_for(TAPE, SIGNALS, **lane({"horizon": 1}, program=["size", "filter"]))
    named = {**lane({}), "optimise": None, "program": ["size", "filter", "multi_period"]}
    assert fills(engine_for(TAPE, SIGNALS, **named).run())  # the section's defaults


def test_sleeves_are_refused() -> None:
    sleeves = [{"name": f"{symbol} {kind}", "symbol": symbol} for symbol in "ABC" for kind in ("one", "two")]
    engine = engine_for(TAPE, np.full((1, 6), 0.1), sleeves=sleeves, **lane({"horizon": 1}))
    with pytest.raises(ConfigError, match="must be a lane without sleeves"):
        engine.run()


def test_a_triangle_becomes_a_matrix() -> None:
    np.testing.assert_array_equal(dense(np.array([1.0, 2.0, 3.0]), 2), [[1.0, 2.0], [2.0, 3.0]])


def test_the_extra_is_named_where_cvxpy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'polyfolio[research]'")):
        engine_for(TAPE, SIGNALS, **lane({"horizon": 1})).run()
