"""Target figures: met, missed or undefined, computed by hand."""

from __future__ import annotations

import pytest

from polyfolio.report.targets import TARGETS, Target, held_against, multiples_of


def facts(**values: float | None) -> dict[str, object]:
    measures = {target.measure: {"value": values.get(target.measure)} for target in TARGETS}
    return {"measures": measures, "win_rate": values.get("win_rate")}


@pytest.mark.parametrize(
    ("measure", "value", "met"),
    [
        ("annual_return", 0.25, True),
        ("annual_return", 0.60, True),  # more than the upper end of a return meets it
        ("annual_return", 0.2499, False),
        ("max_drawdown", -0.1499, True),
        ("max_drawdown", -0.16, False),
        ("volatility", 0.12, True),
        ("volatility", 0.19, False),  # a volatility has to lie between its ends
        ("volatility", 0.11, False),
        ("win_rate", 0.6, True),
        ("sharpe", None, None),
    ],
)
def test_the_figures_of_the_design(measure: str, value: float | None, met: bool | None) -> None:
    found = {one["measure"]: one for one in held_against(facts(**{measure: value}))}
    assert found[measure]["met"] is met
    assert found[measure]["value"] == value
    assert [one["met"] for name, one in found.items() if name != measure] == [None] * 7


def test_targets_of_ones_own() -> None:
    own = (
        Target("sharpe", "sharpe", 1.0, 1.5, between=True),
        Target("volatility", "volatility", None, 0.2, between=True),
    )
    found = held_against(facts(sharpe=1.6, volatility=0.1), own)
    assert [(one["from"], one["to"], one["met"]) for one in found] == [(1.0, 1.5, False), (None, 0.2, True)]


def test_multiples_of_an_index_by_hand() -> None:
    factors = {"SPY": 2.0, "QQQ": 1.5, "IWM": 2.5, "DIA": 1.1}
    found = multiples_of(0.3, {"SPY": 0.15, "QQQ": 0.21, "IWM": -0.05, "DIA": None}, factors)
    assert [(one["name"], one["from"], one["met"]) for one in found] == [
        ("2 x SPY", 0.3, True),
        ("1.5 x QQQ", pytest.approx(0.315), False),
        ("2.5 x IWM", None, None),  # a multiple of a loss is no aim
        ("1.1 x DIA", None, None),
    ]
    assert multiples_of(0.3, {}, factors) == []
