"""The sizing stage on real runs: each method's own weights, and how a slot's weight goes to its sleeves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from tests.kernels.tapes import cuts, engine_for, flat_tape
from tests.kernels.test_decide import moving_tape

NAN = float("nan")
RISK = {"min_history": 20, "covariance": {"window": 20}}


def wants(
    method: str, signals: Any, rows: int = 45, sections: Any = None, sizes: Any = (0.01, 0.02), **sizing: Any
) -> Any:
    """The wants of the last decision but one, and the engine."""
    lane = {"sizing": {"method": method, "allow_short": True, **sizing}, "risk": RISK, **(sections or {})}
    engine = engine_for(moving_tape(rows, list(sizes)), signals, **lane).run(rows - 1)
    return engine.book.want[0].copy(), engine


def sigmas(rows: int = 45, sizes: Any = (0.01, 0.02)) -> Any:
    """Sample volatility per bar over the 20 returns before the last decision."""
    closes = moving_tape(rows, list(sizes)).close
    returns = closes[1:] / closes[:-1] - 1.0
    return np.std(returns[rows - 22 : rows - 2], axis=0, ddof=1)


def test_weights_are_taken_as_they_are() -> None:
    assert list(wants("weights", [0.3, -0.2])[0]) == [0.3, -0.2]


def test_equal_weight_shares_among_names_with_an_opinion() -> None:
    assert list(wants("equal_weight", [1.0, -0.4])[0]) == [0.5, -0.5]
    assert list(wants("equal_weight", [1.0, 0.0], gross_target=0.8)[0]) == [0.8, 0.0]


def test_signal_strength_goes_by_the_signals() -> None:
    assert list(wants("signal_strength", [0.9, -0.3])[0]) == pytest.approx([0.75, -0.25], rel=1e-12)


def test_inverse_volatility_goes_by_one_over_sigma() -> None:
    inverse = 1.0 / sigmas()
    assert list(wants("inverse_volatility", [1.0, 1.0])[0]) == pytest.approx(list(inverse / inverse.sum()), rel=1e-9)


def test_risk_parity_of_two_names_is_inverse_volatility_with_signs_kept() -> None:
    inverse = 1.0 / sigmas()
    weight = inverse / inverse.sum()
    assert list(wants("risk_parity", [1.0, 1.0])[0]) == pytest.approx(list(weight), rel=1e-8)
    assert list(wants("risk_parity", [1.0, -1.0])[0]) == pytest.approx([weight[0], -weight[1]], rel=1e-8)


def test_minimum_variance_of_two_names_is_the_closed_form() -> None:
    closes = moving_tape(45, [0.01, 0.02]).close
    returns = (closes[1:] / closes[:-1] - 1.0)[23:43]
    covariance = np.cov(returns.T)
    first = (covariance[1, 1] - covariance[0, 1]) / (covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    first = min(max(first, 0.0), 1.0)
    assert list(wants("min_variance", [1.0, 1.0])[0]) == pytest.approx([first, 1.0 - first], rel=1e-6, abs=1e-9)


def test_volatility_target_scales_the_signals_to_its_volatility() -> None:
    want, _ = wants("volatility_target", [1.0, 0.0], target_volatility=0.05)
    assert want[0] == pytest.approx(0.05 / (sigmas()[0] * np.sqrt(365.0)), rel=1e-9)


def test_units_and_money_are_what_they_say() -> None:
    tape = flat_tape([[50.0] * 3, [20.0] * 3], instruments={"multiplier": [1.0, 10.0]})
    for method, signals in (("units", [100.0, -50.0]), ("money", [5000.0, -10_000.0])):
        lane = {
            "sizing": {"method": method, "allow_short": True},
            "account": {"initial_capital": 100_000.0},
            "execution": {"market_impact": {"participation_rate_limit": None}},
        }
        engine = engine_for(tape, signals, **lane).run()
        assert list(engine.book.quantity[0]) == pytest.approx([100.0, -50.0], rel=1e-12)


def test_negative_signals_mean_flat_where_shorts_are_off() -> None:
    want, engine = wants("weights", [0.3, -0.2], allow_short=False)
    assert list(want) == [0.3, 0.0]
    assert cuts(engine)[-1][2] == Reason.NO_SHORTING


def test_a_slots_weight_goes_to_its_sleeves_by_their_signals() -> None:
    sleeves = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}, {"name": "z", "symbol": "B"}]
    lane = {"sizing": {"method": "inverse_volatility"}, "risk": RISK}
    engine = engine_for(moving_tape(45, [0.01, 0.02]), [0.9, 0.3, 1.0], sleeves=sleeves, **lane).run(44)
    parts, slots = engine.book.sleeve_want[0], engine.book.want[0]
    assert parts[0] + parts[1] == pytest.approx(slots[0], rel=1e-12)
    assert parts[0] == pytest.approx(3 * parts[1], rel=1e-12)
    assert parts[2] == pytest.approx(slots[1], rel=1e-12)


def test_what_a_cap_takes_from_a_slot_its_sleeves_lose_pro_rata() -> None:
    sleeves = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}]
    lane = {"sizing": {"method": "weights"}, "limits": {"max_position": 0.3}}
    engine = engine_for(flat_tape([[100.0] * 3]), [0.4, 0.2], sleeves=sleeves, **lane).run(1)
    assert list(engine.book.sleeve_want[0]) == pytest.approx([0.2, 0.1], rel=1e-12)


def test_a_sleeve_without_a_signal_keeps_its_quantity() -> None:
    sleeves = [{"name": "x", "symbol": "A"}, {"name": "y", "symbol": "A"}]
    lane = {"sizing": {"method": "weights"}, "execution": {"market_impact": {"participation_rate_limit": None}}}
    engine = engine_for(
        flat_tape([[100.0] * 4]), [[0.3, 0.3], [NAN, 0.3], [NAN, 0.3], [NAN, 0.3]], sleeves=sleeves, **lane
    ).run()
    assert list(engine.book.quantity[0]) == [3000.0, 3000.0]
