"""Settings that cannot hold together are refused before anything runs, with field, value, bound and remedy."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.errors import ConfigError
from polyfolio.rules.load import load

TIERS = [{"min_volume": 0, "max_volume": 1000, "rate": 0.001}, {"min_volume": 1000, "rate": 0.0005}]


def tiered(*tiers: dict[str, Any]) -> dict[str, Any]:
    return {"execution": {"commission": {"model": "tiered", "tiered_rates": list(tiers)}}}


# lane, field, value, a part of the bound, a part of the remedy
LANES: list[tuple[dict[str, Any], str, object, str, str]] = [
    (
        {"limits": {"min_position": 0.3, "max_position": 0.2}},
        "limits.min_position",
        0.3,
        "max_position (0.2)",
        "lower min",
    ),
    ({"limits": {"max_gross": 1.5}}, "limits.max_gross", 1.5, "max_leverage (1)", "raise it or lower max_gross"),
    (
        {"limits": {"max_long_positions": 0, "max_short_positions": 0}},
        "limits.max_long_positions",
        0,
        "above 0",
        "raise",
    ),
    ({"limits": {"min_position": 0.6, "max_gross": 0.5}}, "limits.min_position", 0.6, "gross exposure (0.5)", "lower"),
    (
        {"limits": {"min_position": 0.2, "max_positions": 6}},
        "limits.max_positions",
        6,
        "max_positions x min_position",
        "cannot be met",
    ),
    ({"limits": {"min_net": 0.5}}, "limits.min_net", 0.5, "at most 0", "gross_target"),
    ({"limits": {"max_net": -0.5}, "sizing": {"allow_short": True}}, "limits.max_net", -0.5, "at least 0", "signals"),
    (
        {"limits": {"max_short_positions": 2}},
        "limits.max_short_positions",
        2,
        "allow_short is false",
        "allow_short: true",
    ),
    (
        {"limits": {"min_position": 0.1, "labels": [{"by": "stage", "cap": {"DISCOVERY": 0.05}}]}},
        "limits.labels[0].cap.DISCOVERY",
        0.05,
        "min_position (0.1)",
        "raise the cap",
    ),
    (
        {"limits": {"labels": [{"by": "asset", "cap": 0.2}, {"by": "asset", "cap": 0.1}]}},
        "limits.labels[1].by",
        "asset",
        "named once",
        "one map",
    ),
    (
        {"limits": {"min_notional": 2000}, "account": {"initial_capital": 1000}},
        "limits.min_notional",
        2000.0,
        "initial_capital (1000)",
        "lower min_notional",
    ),
    ({"risk": {"var_window": 50}}, "risk.min_history", 60, "var_window (50)", "widen var_window"),
    ({"risk": {"covariance": {"window": 20}}}, "risk.min_history", 60, "covariance.window (20)", "lower min_history"),
    (
        {"risk": {"max_var": 0.02, "var_window": 60, "var_confidence": 0.99}},
        "risk.var_window",
        60,
        "confidence 0.99",
        "parametric",
    ),
    (
        {"limits": {"max_leverage": 5.0}},
        "account.maintenance_margin",
        0.25,
        "1 / max_leverage (0.2)",
        "liquidated at once",
    ),
    ({"sizing": {"gross_target": 2.0}}, "sizing.gross_target", 2.0, "gross exposure (1)", "cannot be met"),
    (
        {"sizing": {"gross_target": 0.9}, "limits": {"min_cash_reserve": 0.2}},
        "sizing.gross_target",
        0.9,
        "1 - limits.min_cash_reserve (0.8, with min_cash_reserve: 0.2)",
        "lower gross_target or min_cash_reserve",
    ),
    (
        {"sizing": {"gross_target": 0.9}, "limits": {"max_position": 0.2, "max_positions": 4}},
        "sizing.gross_target",
        0.9,
        "limits.max_position (0.2) x limits.max_positions (4), which is 0.8",
        "raise one of the two limits",
    ),
    ({"sizing": {"method": "volatility_target"}}, "sizing.target_volatility", None, "volatility_target", "0.1"),
    ({"exits": {"bar_until": "bars"}}, "exits.cooldown_bars", 0, "1 or more", "number of bars"),
    ({"exits": {"cooldown_bars": 3}}, "exits.cooldown_bars", 3, "0 with bar_until: signal_change", "bar_until: bars"),
    ({"exits": {"trailing_stop": -0.1}}, "exits.trailing_stop", -0.1, "> 0", "Example: trailing_stop: 0.08"),
    ({"exits": {"stop_loss": 1.5}}, "exits.stop_loss", 1.5, "< 1", "Loss at which the sleeve is closed"),
    (
        {"rebalance": {"risk_band": [0.2, 0.1]}},
        "rebalance.risk_band",
        [0.2, 0.1],
        "low < high",
        "smaller volatility first",
    ),
    ({"hedge": {}}, "hedge.benchmark", None, "a symbol", "Name the symbol"),
    ({"strategy": {"name": "momentum"}, "signal": "x"}, "signal", "x", "null beside a strategy", "remove one"),
    (
        {"execution": {"commission": {"min_fee": 5.0, "max_fee": 1.0}}},
        "execution.commission.min_fee",
        5.0,
        "max_fee (1)",
        "raise max_fee",
    ),
    (tiered(), "execution.commission.tiered_rates", [], "at least one tier", "List the tiers"),
    (
        tiered({"min_volume": 10, "rate": 0.001}),
        "execution.commission.tiered_rates[0].min_volume",
        10.0,
        "0, where",
        "a gap",
    ),
    (
        tiered(TIERS[0], {"min_volume": 2000, "rate": 0.0}),
        "execution.commission.tiered_rates[1].min_volume",
        2000.0,
        "1000, where",
        "a gap",
    ),
    (
        tiered(TIERS[0], {"min_volume": 500, "rate": 0.0}),
        "execution.commission.tiered_rates[1].min_volume",
        500.0,
        "1000, where",
        "an overlap",
    ),
    (tiered(TIERS[0]), "execution.commission.tiered_rates[0].max_volume", 1000.0, "null", "no rate"),
    (
        tiered(TIERS[1] | {"min_volume": 0}, TIERS[1]),
        "execution.commission.tiered_rates[1].min_volume",
        1000.0,
        "no upper end",
        "max_volume",
    ),
    (
        tiered({"min_volume": 0, "max_volume": 0.0, "rate": 0.0}),
        "execution.commission.tiered_rates[0].max_volume",
        0.0,
        "> 0",
        "Unit: volume_unit",
    ),
    ({"sizing": {"risk_budget": {"A": 0.5, "B": 0.2}}}, "sizing.risk_budget", 0.7, "1, the sum", "add up to 1"),
    ({"sizing": {"risk_budget": {"A": 1.5, "B": -0.5}}}, "sizing.risk_budget.A", 1.5, "from 0 to 1", "Correct"),
    ({"sizing": {"method": "lifecycle"}}, "sizing.method", "lifecycle", "no sleeves", "under `sleeves`"),
]


@pytest.mark.parametrize("lane, field, value, bound, remedy", LANES, ids=[f"{row[1]}={row[2]}" for row in LANES])
def test_a_contradiction_names_field_value_bound_and_remedy(
    lane: dict[str, Any], field: str, value: object, bound: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load({"name": "run", "lanes": [{"name": "a", **lane}]})
    assert caught.value.field == f"lanes[0].{field}"
    assert caught.value.value == value
    assert bound in caught.value.bound
    assert remedy in caught.value.remedy


TWO = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
RUNS: list[tuple[dict[str, Any], str, object, str, str]] = [
    ({"tape": {"adjusted": True}}, "tape.dividends", True, "false with adjusted: true", "dividends: false"),
    ({"tape": {"start": "2024-02-01", "end": "2024-01-01"}}, "tape.start", "2024-02-01T00:00:00", "before end", "Swap"),
    ({"tape": {"symbols": ["A", "A"]}}, "tape.symbols", ["A", "A"], "unique", "once"),
    ({"tape": {"start": "yesterday"}}, "tape.start", "yesterday", "ISO 8601", "2024-01-31"),
    ({"lanes": [{"name": "a"}, {"name": "a"}]}, "lanes[1].name", "a", "unique", "Two of `lanes`"),
    ({"groups": [{"name": "g", "lanes": ["a", "x"]}]}, "groups[0].lanes[1]", "x", "a, b, c", "Choose"),
    ({"groups": [{"name": "g", "lanes": ["a", "c"]}]}, "groups[0].lanes", ["a", "c"], "adjacent", "Reorder"),
    (
        {"groups": [{"name": "g", "lanes": ["a"]}, {"name": "h", "lanes": ["a", "b"]}]},
        "groups[1].lanes[0]",
        "a",
        "in one group, it is in g",
        "remove it",
    ),
    (
        {"sleeves": [{"name": "s", "symbol": "A"}, {"name": "s", "symbol": "B"}]},
        "sleeves[1].name",
        "s",
        "unique",
        "Two",
    ),
    (
        {"sleeves": [{"name": "s", "symbol": "A"}], "lanes": [{"name": "a", "sizing": {"method": "lifecycle"}}]},
        "sleeves[0].stage",
        None,
        "given with",
        "base allocation",
    ),
    (
        {
            "lanes": [{"name": "a"}, {"name": "b", "execution": {"sizing": "fill"}}],
            "groups": [{"name": "g", "lanes": ["a", "b"], "max_gross": 1.0}],
        },
        "lanes[1].execution.sizing",
        "fill",
        "decision in a group",
        "sizing: decision",
    ),
]


@pytest.mark.pitfall("DAT-12")
@pytest.mark.parametrize("run, field, value, bound, remedy", RUNS, ids=[row[1] for row in RUNS])
def test_a_contradiction_of_the_run_names_field_value_bound_and_remedy(
    run: dict[str, Any], field: str, value: object, bound: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load({"name": "run", "lanes": TWO, **run})
    assert (caught.value.field, caught.value.value) == (field, value)
    assert bound in caught.value.bound
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    "limits",
    [
        {"max_position": 0.2, "min_position": 0.2},
        {"max_gross": 1.0, "max_leverage": 1.0},
        {"min_position": 0.1, "max_positions": 10},
        {"min_net": -0.2, "max_net": 0.7, "min_cash_reserve": 0.3},
        {"min_position": 0.1, "labels": [{"by": "stage", "cap": {"PAPER": 0.0, "MATURE": 0.1}}]},
    ],
)
def test_limits_that_just_fit_are_taken(limits: dict[str, Any]) -> None:
    assert load({"name": "run", "lanes": [{"name": "a", "limits": limits}]}).lanes[0].name == "a"


@pytest.mark.parametrize(
    "sizing, limits",
    [
        ({"gross_target": 0.8}, {"min_cash_reserve": 0.2}),
        ({"gross_target": 0.7}, {"min_cash_reserve": 0.3, "max_position": 0.1, "max_positions": 7}),
        ({"gross_target": 1.0, "allow_short": True}, {"min_cash_reserve": 0.2}),
        ({"gross_target": 1.0}, {"max_position": 0.1}),
        ({}, {"min_cash_reserve": 0.2, "max_position": 0.1, "max_positions": 3}),
    ],
    ids=["reserve", "decimals", "shorts bring cash", "any number of positions", "the default is no wish"],
)
def test_a_gross_target_that_some_book_can_meet_is_taken(sizing: dict[str, Any], limits: dict[str, Any]) -> None:
    lane = load({"name": "run", "lanes": [{"name": "a", "sizing": sizing, "limits": limits}]}).lanes[0]
    assert lane.sizing.gross_target == sizing.get("gross_target", 1.0)


def test_a_target_under_defaults_is_a_wish_of_every_lane() -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            {
                "name": "run",
                "defaults": {"sizing": {"gross_target": 0.5}, "limits": {"max_position": 0.1}},
                "lanes": [{"name": "a"}, {"name": "b", "limits": {"max_positions": 3}}],
            }
        )
    assert (caught.value.field, caught.value.value) == ("defaults.sizing.gross_target", 0.5)


def test_all_contradictions_are_listed_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"name": "run", "lanes": [{"name": "a", "exits": {"cooldown_bars": 1}, "limits": {"max_gross": 3.0}}]})
    assert "lanes[0].limits.max_gross" in str(caught.value)
    assert "lanes[0].exits.cooldown_bars" in str(caught.value)
