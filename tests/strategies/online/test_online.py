"""Online portfolio selection: the authors' own logs, the engine's returns, values by hand, markets that grow."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.rules import registry
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.online.base import OnlineStrategy, deviations
from polyfolio.strategies.online.simplex import onto_simplex, onto_simplex_by
from polyfolio.strategies.run import strategy_of

DAY = 86_400_000_000_000
NAN = float("nan")
FROZEN = np.load(Path(__file__).parents[2] / "oracles" / "online.npz")
LOGS: dict[str, tuple[str, dict[str, Any]]] = {
    "ubah": ("ubah", {}),
    "ucrp": ("ucrp", {}),
    "eg": ("eg", {"eta": 0.05}),
    "pamr": ("pamr", {"epsilon": 0.5, "variant": 0}),
    "pamr_1": ("pamr", {"epsilon": 0.5, "variant": 1, "aggressiveness": 500.0}),
    "pamr_2": ("pamr", {"epsilon": 0.5, "variant": 2, "aggressiveness": 500.0}),
    "olmar1": ("olmar", {"epsilon": 10.0, "window": 5, "first": 2}),
    "olmar2": ("olmar", {"epsilon": 10.0, "average": "smoothed", "alpha": 0.5, "first": 1}),
    "ons": ("ons", {"eta": 0.0, "beta": 1.0, "delta": 0.125}),
    "cwmr_var": ("cwmr", {"epsilon": 0.5, "phi": 2.0}),
}
SYMBOLS = ("BTC/USDT", "DOGE/USDT", "ENA/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
NAMES = ("cwmr", "eg", "olmar", "ons", "pamr", "ubah", "ucrp")
# Logs have six decimals: half a millionth is what a perfect copy leaves. A minimum of a quadratic form found by another
# solver (ons) leaves no more than that here.
LOGGED = 5.1e-7


def tape_of(changes: Floats, **more: Any) -> Tape:
    """A tape of days whose closes have these relatives, from 100 on."""
    closes = 100.0 * np.vstack([np.ones(changes.shape[1]), np.cumprod(changes, axis=0)])
    return tape_of_closes(closes, **more)


def tape_of_closes(closes: Any, symbols: tuple[str, ...] | None = None, **fields: Any) -> Tape:
    close = np.array(closes, dtype=np.float64)
    given = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.full(close.shape, 1e9)} | fields
    names = symbols or tuple(f"N{slot:02d}" for slot in range(close.shape[1]))
    return tape_from_arrays(np.arange(1, len(close) + 1) * DAY, names, given, interval="1d")


@pytest.fixture(scope="module")
def djia() -> Tape:
    return tape_of(FROZEN["relatives"])


def growth_of(weights: Floats, changes: Floats) -> Floats:
    """What the weights of each row earn over the next one."""
    return np.array([row @ change for row, change in zip(weights[:-1], changes, strict=True)])


@pytest.mark.parametrize("log", LOGS)
def test_every_day_is_as_in_the_authors_log(log: str, djia: Tape) -> None:
    name, params = LOGS[log]
    weights = strategy_of(name, params).signals(djia)
    found = growth_of(weights, FROZEN["relatives"])
    theirs = FROZEN[log] / 1e6
    assert theirs.size == 507
    assert np.abs(found - theirs).max() <= LOGGED
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)
    assert weights.min() >= -1e-15


@pytest.mark.shared
def test_the_frozen_logs_are_the_shared_ones(shared_data: Path) -> None:
    theirs = pd.read_parquet(shared_data / "oracles" / "olps_djia_daily_logs.parquet")
    market = pd.read_parquet(shared_data / "olps" / "djia.parquet").sort_values("t").drop(columns="t")
    np.testing.assert_array_equal(FROZEN["relatives"], market.to_numpy())
    for log in LOGS:
        one = theirs[theirs["strategy"] == log].sort_values("day")
        np.testing.assert_allclose(FROZEN[log] / 1e6, one["daily_return"], atol=1e-12)


@pytest.mark.parametrize("log", ["ubah", "eg", "pamr", "olmar1", "ons"])
def test_a_run_without_costs_at_the_same_close_earns_the_logs_growth(log: str, djia: Tape) -> None:
    name, params = LOGS[log]
    lane = {
        "name": log,
        "strategy": {"name": name, "params": params},
        "account": {"initial_capital": 1e6},
        "execution": {"fill": "same_close", "market_impact": {"participation_rate_limit": None}},
    }
    result = backtest({"name": "olps", "lanes": [lane]}, djia)
    path = result.journal.marks["equity"]
    # Orders of less than dust are not placed, and the last row takes none.
    assert np.abs(path[1:] / path[:-1] - FROZEN[log] / 1e6).max() <= 1e-6


RISE = [[10.0, 10.0], [12.0, 9.0], [12.0, 9.9]]  # relatives 1.2, 0.9; 1, 1.1


def test_buy_and_hold_drifts_and_rebalanced_does_not() -> None:
    # 0.5 * 1.2 = 0.6 and 0.5 * 0.9 = 0.45 of 1.05; then 0.6 and 0.495 of 1.095
    found = strategy_of("ubah").signals(tape_of_closes(RISE))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.6 / 1.05, 0.45 / 1.05], [0.6 / 1.095, 0.495 / 1.095]])
    np.testing.assert_array_equal(strategy_of("ucrp").signals(tape_of_closes(RISE)), np.full((3, 2), 0.5))


def test_a_step_of_the_gradient_by_hand() -> None:
    # exp(1.05 * x / 1.05) with eta 1.05: exp(1.2) to exp(0.9), one to exp(-0.3)
    found = strategy_of("eg", {"eta": 1.05}).signals(tape_of_closes(RISE))[1]
    np.testing.assert_allclose(found, [1.0 / (1.0 + np.exp(-0.3)), np.exp(-0.3) / (1.0 + np.exp(-0.3))], rtol=1e-14)


@pytest.mark.parametrize(
    ("params", "tau"),
    [
        # b.x = 1.05, loss 0.05 over epsilon 1, x - mean = +-0.15, d = 0.045
        ({"epsilon": 1.0}, 0.05 / 0.045),
        ({"epsilon": 1.0, "variant": 1, "aggressiveness": 0.5}, 0.5),
        ({"epsilon": 1.0, "variant": 2, "aggressiveness": 10.0}, 0.05 / 0.095),
        ({"epsilon": 1.05001}, 0.0),
    ],
)
def test_a_passive_aggressive_step_by_hand(params: dict[str, Any], tau: float) -> None:
    found = strategy_of("pamr", params).signals(tape_of_closes(RISE))[1]
    np.testing.assert_allclose(found, [0.5 - 0.15 * tau, 0.5 + 0.15 * tau], rtol=1e-9)


def test_moving_average_reversion_by_hand() -> None:
    # Up to two relatives, as many as the window: y = x. Row 1: y = 1.2, 0.9, b.y = 1.05, asked 1.06, lambda =
    # 0.01 / 0.045. Row 2: y = 1, 1.1. Row 3 has three: y = (1 + 1 / x) / 2 with x = 0.8, 1.
    strategy = strategy_of("olmar", {"epsilon": 1.06, "window": 2, "first": 1})
    found = strategy.signals(tape_of_closes([*RISE, [9.6, 9.9]]))
    first = np.array([0.5, 0.5]) + 0.01 / 0.045 * np.array([0.15, -0.15])
    np.testing.assert_allclose(found[1], first, rtol=1e-12)
    second = first + (1.06 - (first[0] + 1.1 * first[1])) / 0.005 * np.array([-0.05, 0.05])
    np.testing.assert_allclose(found[2], second, rtol=1e-12)
    assert 0.0 < second[0] < 1.0
    third = second + max(0.0, 1.06 - (1.125 * second[0] + second[1])) / (2 * 0.0625**2) * np.array([0.0625, -0.0625])
    np.testing.assert_allclose(found[3], third, rtol=1e-12)
    waits = strategy_of("olmar", {"epsilon": 1.06, "window": 2, "first": 2}).signals(tape_of_closes(RISE))
    np.testing.assert_array_equal(waits[1], [0.5, 0.5])


def test_a_newton_step_by_hand() -> None:
    # Neither name moves: x = (1, 1), g = (1, 1), A = [[2, 1], [1, 2]], delta A^-1 2 g = (1/12, 1/12): by symmetry the
    # nearest point is (1/2, 1/2).
    found = strategy_of("ons").signals(tape_of_closes([[10.0, 10.0], [10.0, 10.0]]))[1]
    np.testing.assert_allclose(found, [0.5, 0.5], rtol=1e-12)
    # x = (1.2, 0.9): g = x / 1.05. On the simplex x = (s, 1 - s): d/ds of (x - q)'A(x - q) = 0.
    g = np.array([1.2, 0.9]) / 1.05
    a = np.eye(2) + np.outer(g, g)
    q = 0.25 * np.linalg.inv(a) @ g
    way = np.array([1.0, -1.0])
    s = way @ a @ (q - np.array([0.0, 1.0])) / (way @ a @ way)
    assert 0.0 < s < 1.0
    found = strategy_of("ons").signals(tape_of_closes(RISE))[1]
    np.testing.assert_allclose(found, [s, 1.0 - s], rtol=1e-9)


@given(arrays(np.float64, 6, elements=st.floats(-3.0, 3.0)))
def test_no_point_of_the_simplex_is_nearer(point: Floats) -> None:
    found = onto_simplex(point)
    assert found.min() >= 0.0
    assert abs(found.sum() - 1.0) <= 1e-12
    # The first order condition: what is held has one distance below its wish, what is not has no more.
    gap = point - found
    level = gap[found > 0.0].max()
    assert np.ptp(gap[found > 0.0]) <= 1e-12
    assert (gap[found == 0.0] <= level + 1e-12).all()


@pytest.mark.parametrize("seed", range(5))
def test_nearest_by_a_matrix_meets_its_optimality_conditions(seed: int) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(8, 8))
    matrix, point = np.eye(8) + root @ root.T, random.normal(size=8)
    found = onto_simplex_by(matrix, point)
    slope = matrix @ (found - point)
    held = found > 1e-12
    assert abs(found.sum() - 1.0) <= 1e-12
    assert np.ptp(slope[held]) <= 1e-7 * np.abs(slope).max()
    assert (slope[~held] >= slope[held].min() - 1e-7).all()
    np.testing.assert_allclose(onto_simplex_by(np.eye(8), point), onto_simplex(point), atol=1e-9)


def test_a_matrix_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(DataError, match="positive definite and finite"):
        onto_simplex_by(np.full((2, 2), np.nan), np.array([0.5, 0.5]))


@pytest.mark.pitfall("DAT-07")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_listed_later_enters_with_one_equal_share(name: str) -> None:
    closes = [[10.0, NAN, NAN], [10.0, 20.0, NAN], [10.0, 20.0, 5.0], [10.0, 20.0, 5.0]]
    found = strategy_of(name).signals(tape_of_closes(closes))
    third = 1.0 / 3.0
    wanted = [[1.0, NAN, NAN], [0.5, 0.5, NAN], [third] * 3, [third] * 3]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


def test_the_others_give_up_a_share_in_proportion_after_their_own_drift() -> None:
    closes = [[10.0, 10.0, NAN], [12.0, 9.0, 7.0]]
    found = strategy_of("ubah").signals(tape_of_closes(closes))[1]
    np.testing.assert_allclose(found, [0.6 / 1.05 * 2.0 / 3.0, 0.45 / 1.05 * 2.0 / 3.0, 1.0 / 3.0], rtol=1e-14)


@pytest.mark.pitfall("DAT-01")
def test_a_name_without_a_bar_keeps_its_worth_and_has_no_opinion() -> None:
    found = strategy_of("ubah").signals(tape_of_closes([[10.0, 10.0], [12.0, NAN], [12.0, 5.0]]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.6 / 1.1, NAN], [0.6 / 0.85, 0.25 / 0.85]])


def test_splits_and_dividends_are_no_losses() -> None:
    # two for one and 1 paid per new unit at 4: 2 * (4 + 1) = 10
    closes = [[10.0, 10.0], [4.0, 10.0]]
    paid, splits = np.array([[NAN, NAN], [1.0, NAN]]), np.array([[1.0, 1.0], [2.0, 1.0]])
    found = strategy_of("ubah").signals(tape_of_closes(closes, dividends=paid, splits=splits))[1]
    np.testing.assert_allclose(found, [0.5, 0.5], rtol=1e-14)


def test_rounding_is_no_reason_to_step() -> None:
    same = np.full(7, 1.1)
    same[3] = np.nextafter(1.1, 2.0)
    assert not deviations(same).any()
    np.testing.assert_allclose(deviations(np.array([1.0, 2.0])), [-0.5, 0.5])


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("name", NAMES)
def test_every_rule_keeps_the_contract_and_its_defaults_lie_in_its_space(name: str) -> None:
    strategy = strategy_of(name)
    check_strategy(strategy, demo_tape(start="2024-03-28", end="2024-04-05"))
    assert isinstance(strategy, OnlineStrategy)
    assert set(strategy.space) == set(strategy.params())
    for key, values in strategy.space.items():
        given = strategy.params()[key]
        assert given in values if isinstance(values, list) else values["low"] <= given <= values["high"]


@pytest.mark.pitfall("LAH-01")
@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_slots_changes_no_weight(name: str) -> None:
    span = {"start": "2024-03-31", "end": "2024-04-06"}
    one = strategy_of(name).signals(demo_tape(symbols=SYMBOLS, **span))
    other = strategy_of(name).signals(demo_tape(symbols=SYMBOLS[::-1], **span))
    np.testing.assert_array_equal(one, other[:, ::-1])


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("eg", {"eta": -1.0}, "eta: got -1.0, must be a number >= 0"),
        ("pamr", {"variant": 3}, "variant: got 3, must be 0, 1 or 2"),
        ("eg", {"eta": math.inf}, "eta: got inf, must be a finite number"),
        ("pamr", {"epsilon": "a"}, "epsilon: got 'a', must be a finite number"),
        ("pamr", {"aggressiveness": 0.0}, "aggressiveness: got 0.0, must be a number above 0"),
        ("olmar", {"window": 1}, "window: got 1, must be a whole number >= 2"),
        ("olmar", {"average": "mean"}, "average: got 'mean', must be window or smoothed"),
        ("olmar", {"alpha": 1.0}, "alpha: got 1.0, must be a number between 0 and 1"),
        ("olmar", {"first": 0}, "first: got 0, must be a whole number >= 1"),
        ("ons", {"eta": 1.5}, "eta: got 1.5, must be a share from 0 to 1"),
        ("ons", {"delta": 0.0}, "delta: got 0.0, must be a number above 0"),
        ("olmar", {"epsilon": math.inf}, "epsilon: got inf, must be a finite number"),
        ("cwmr", {"epsilon": math.inf}, "epsilon: got inf, must be a finite number"),
        ("cwmr", {"phi": -1.0}, "phi: got -1.0, must be from 0 to 38"),
        ("cwmr", {"phi": 1e300}, "phi: got 1e\\+300, must be from 0 to 38"),
    ],
)
def test_wrong_arguments_are_refused(name: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        strategy_of(name, params).signals(tape_of_closes(RISE))


def test_every_rule_is_registered() -> None:
    assert set(NAMES) <= set(registry.names("strategy"))
