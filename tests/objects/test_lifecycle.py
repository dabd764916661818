"""Sizes and checks of trained configurations, against values computed by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import RISK_LIMITS, calculate_position_size, validate_signal_execution


def config(stage: str, sharpe: float | None, wins: float | None) -> SimpleNamespace:
    return SimpleNamespace(
        lifecycle_stage=stage,
        validation=SimpleNamespace(sharpe_ratio=sharpe),
        performance=SimpleNamespace(gross_win_rate=wins),
    )


def signal(direction: str, confidence: float) -> SimpleNamespace:
    return SimpleNamespace(direction=direction, confidence=confidence, pair="BTC/USDT")


@pytest.mark.parametrize(
    ("stage", "sharpe", "wins", "direction", "confidence", "size"),
    [
        ("MATURE", 2.1, 68.0, "BUY", 0.9, 8118.0),
        ("VALIDATION", 1.4, 62.0, "BUY", 0.7, 2338.0),
        ("MATURE", 1.8, 65.0, "HOLD", 0.65, 0.0),
        ("DISCOVERY", 0.8, 55.0, "BUY", 0.6, 600.0),
        ("MATURE", 1.8, 65.0, "BUY", 0.65, 5200.0),
        ("PAPER", 3.0, 90.0, "BUY", 1.0, 0.0),
        ("DECAY", -2.0, 10.0, "SELL", 1.0, 1500.0),
    ],
)
def test_the_formula_holds(
    stage: str, sharpe: float, wins: float, direction: str, confidence: float, size: float
) -> None:
    found = calculate_position_size(config(stage, sharpe, wins), 100_000.0, signal(direction, confidence))
    assert found == pytest.approx(size, rel=1e-12)


def test_a_factor_above_one_acts_only_below_a_full_signal() -> None:
    strong = config("MATURE", 4.0, 90.0)  # 0.6 * 1.5 + 0.4 * 0.9 = 1.26
    assert calculate_position_size(strong, 1000.0, signal("BUY", 1.0)) == pytest.approx(100.0)
    assert calculate_position_size(strong, 1000.0, signal("BUY", 0.5)) == pytest.approx(63.0)
    assert calculate_position_size(strong, 1000.0, signal("BUY", 1.0), cap=False) == pytest.approx(126.0)


def test_keys_serve_as_well_as_attributes_and_an_unknown_record_counts_least() -> None:
    as_keys = {"lifecycle_stage": "MATURE", "validation": {"sharpe_ratio": None}, "performance": {"gross_win_rate": 60}}
    assert calculate_position_size(as_keys, 1000.0, {"confidence": 1.0}) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("bad", "names"),
    [
        ({"lifecycle_stage": "MATURED"}, ("lifecycle_stage", "MATURED", "MATURE")),
        ({"confidence": 1.5}, ("confidence", "1.5", "0 to 1")),
        ({"confidence": float("nan")}, ("confidence", "nan")),
        ({"capital": "much"}, ("available_capital", "much", "number")),
    ],
)
def test_bad_input_is_named(bad: dict[str, Any], names: tuple[str, ...]) -> None:
    made = config(bad.get("lifecycle_stage", "MATURE"), 1.0, 50.0)
    with pytest.raises((ConfigError, DataError)) as error:
        calculate_position_size(made, bad.get("capital", 1e5), signal("BUY", bad.get("confidence", 0.5)))
    assert all(name in str(error.value) for name in names)


PORTFOLIO = {
    "daily_pnl": 0.0,
    "total_value": 100_000.0,
    "total_exposure": 20_000.0,
    "exposures_by_asset": {"BTC/USDT": 0.1},
    "open_positions": [1, 2],
}


@pytest.mark.parametrize(
    ("change", "size", "stage", "answer"),
    [
        ({}, 500.0, "MATURE", (True, "OK")),
        ({"daily_pnl": -2000.01}, 500.0, "MATURE", (False, "Daily loss limit reached")),
        ({"daily_pnl": -2000.0}, 500.0, "MATURE", (True, "OK")),
        ({"total_exposure": 50_000.0}, 500.0, "MATURE", (False, "Portfolio exposure limit reached (50.0%)")),
        (
            {"exposures_by_asset": {"BTC/USDT": 0.2}},
            500.0,
            "MATURE",
            (False, "Asset exposure limit reached for BTC/USDT"),
        ),
        ({}, 99.99, "MATURE", (False, "Position size below minimum ($99.99)")),
        ({}, 500.0, "PAPER", (False, "Configuration is in PAPER mode")),
        ({"open_positions": list(range(10))}, 500.0, "MATURE", (False, "Maximum concurrent positions reached")),
        ({"daily_pnl": -9e9, "open_positions": list(range(10))}, 1.0, "PAPER", (False, "Daily loss limit reached")),
    ],
)
def test_each_check_has_its_reason_and_the_first_one_answers(
    change: dict[str, Any], size: float, stage: str, answer: tuple[bool, str]
) -> None:
    asked = SimpleNamespace(pair="BTC/USDT", position_size=size)
    assert validate_signal_execution(asked, {**PORTFOLIO, **change}, {"lifecycle_stage": stage}) == answer


def test_other_limits_may_be_given() -> None:
    tight = {**RISK_LIMITS, "max_total_exposure": 0.1}
    asked = {"pair": "BTC/USDT", "position_size": 500.0}
    assert validate_signal_execution(asked, PORTFOLIO, {"lifecycle_stage": "MATURE"}, limits=tight) == (
        False,
        "Portfolio exposure limit reached (20.0%)",
    )


def test_the_limits_are_the_published_ones() -> None:
    assert {**RISK_LIMITS, "max_per_stage": dict(RISK_LIMITS["max_per_stage"])} == {
        "max_total_exposure": 0.50,
        "max_per_stage": {"MATURE": 0.30, "VALIDATION": 0.15, "DISCOVERY": 0.05, "DECAY": 0.10},
        "max_per_asset": 0.20,
        "min_cash_reserve": 0.30,
        "max_daily_loss": 0.02,
        "max_positions": 10,
        "min_position_size": 100.0,
    }


def test_a_portfolio_without_value_is_refused() -> None:
    with pytest.raises(DataError, match="total_value"):
        validate_signal_execution(
            {"pair": "X", "position_size": 1.0}, {**PORTFOLIO, "total_value": 0.0}, {"lifecycle_stage": "MATURE"}
        )
