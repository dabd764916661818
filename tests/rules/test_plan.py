"""Spec and universe become arrays: programs, tables, ranks, groups, sleeves, signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Covariance, Stage
from polyfolio.core.records import RULES
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from polyfolio.rules.plan import CovarianceModel, Plan, compile_spec
from polyfolio.rules.registry import register

UNIVERSE = Universe(("MSFT", "AAPL", "SPY"), {"sector": ("tech", "tech", "")})


def plan_of(*lanes: dict[str, Any], universe: Universe = UNIVERSE, **run: Any) -> Plan:
    return compile_spec(load({"name": "run", "lanes": list(lanes), **run}), universe)


def program(lane: dict[str, Any]) -> list[str]:
    codes = plan_of({"name": "a", **lane}).program[0]
    assert codes[-1] == Stage.END
    return [Stage(code).name.lower() for code in codes if code != Stage.END]


@pytest.mark.parametrize(
    "lane, stages",
    [
        ({}, ["size", "filter", "scale"]),
        ({"limits": {"max_leverage": None}}, ["size", "filter"]),
        (
            {"limits": {"max_position": 0.2, "min_position": 0.01, "max_positions": 2}},
            ["size", "filter", "cap_position", "cap_count", "min_position", "scale"],
        ),
        ({"limits": {"labels": [{"by": "sector", "cap": 0.3}]}}, ["size", "filter", "cap_label", "scale"]),
        (
            {"limits": {"labels": [{"by": "sector", "cap": {"energy": 0.3}, "absent": True}]}},
            ["size", "filter", "scale"],
        ),
        (
            {
                "risk": {"max_position_risk": 0.05, "max_drawdown": 0.1},
                "feedback": {"iterations": 3},
                "correlation": {"limit": 0.7},
                "hedge": {"benchmark": "SPY"},
                "limits": {"max_daily_loss": 0.02},
            },
            [
                "size",
                "filter",
                "cap_position_risk",
                "correlation",
                "feedback",
                "hedge",
                "drawdown",
                "daily_loss",
                "scale",
            ],
        ),
        ({"rebalance": {"threshold": 0.02}}, ["size", "filter", "scale", "rebalance"]),
        ({"rebalance": {"risk_band": [0.1, 0.2]}}, ["size", "filter", "scale", "rebalance"]),
        ({"rebalance": {"cost_aware": True}}, ["size", "filter", "scale", "rebalance"]),
        ({"rebalance": {"every": "week"}}, ["size", "filter", "scale"]),
        (
            {
                "risk": {"projection": "qp"},
                "limits": {"max_position": 0.2, "max_positions": 2},
                "rebalance": {"threshold": 0.1},
            },
            ["size", "filter", "cap_count", "project", "cap_position", "scale", "rebalance"],
        ),
    ],
)
def test_the_default_program_has_the_stages_whose_limits_are_on(lane: dict[str, Any], stages: list[str]) -> None:
    assert program(lane) == stages


def test_an_explicit_program_is_kept_in_its_order() -> None:
    lane = {"limits": {"max_position": 0.2}, "program": ["size", "cap_position", "filter", "scale"]}
    assert program(lane) == ["size", "cap_position", "filter", "scale"]


@pytest.mark.parametrize(
    "lane, field, bound",
    [
        ({"program": ["filter", "size"]}, "", "starts with size"),
        ({"program": []}, "", "starts with size"),
        ({"program": ["size", "filter", "filter"]}, "", "named once"),
        ({"program": ["size", "filtr"]}, "[1]", "one of size, filter"),
        ({"program": ["size", "filter"], "risk": {"max_var": 0.02}}, "", "scale, which keeps max_var"),
        ({"program": ["size", "filter", "scale"], "limits": {"max_position": 0.1}}, "", "cap_position"),
        ({"program": ["size", "scale"]}, "", "filter, which keeps shorts out"),
        ({"program": ["size", "filter", "scale"], "risk": {"projection": "qp"}}, "", "project, which keeps projection"),
        ({"program": ["size"] + [f"fractions:F{i}" for i in range(23)]}, "", "at most 23 stages"),
    ],
)
def test_a_program_that_would_leave_a_limit_unkept_is_refused(lane: dict[str, Any], field: str, bound: str) -> None:
    with pytest.raises(ConfigError) as caught:
        program(lane)
    assert caught.value.field == f"lanes[0].program{field}"
    assert bound in caught.value.bound


def test_leverage_alone_asks_for_no_stage_in_an_explicit_program() -> None:
    assert program({"program": ["size", "filter"]}) == ["size", "filter"]


def test_a_third_party_s_stages_are_numbered_from_the_extension_code_on() -> None:
    register("stage", "esg_filter")(test_leverage_alone_asks_for_no_stage_in_an_explicit_program)
    plan = plan_of(
        {"name": "a", "program": ["size", "filter", "esg_filter"]},
        {"name": "b", "program": ["size", "filter", "mine:Stage", "esg_filter"]},
    )
    assert plan.extensions == ("esg_filter", "mine:Stage")
    assert list(plan.program[0][2:4]) == [1000, 0]
    assert list(plan.program[1][2:5]) == [1001, 1000, 0]


def test_slots_rank_by_the_sorted_order_of_their_symbols() -> None:
    assert list(plan_of({"name": "a"}).rank) == [1, 0, 2]


def test_one_sleeve_per_slot_unless_sleeves_are_listed() -> None:
    plan = plan_of({"name": "a"})
    assert (plan.sleeves, list(plan.slot_of)) == (UNIVERSE.symbols, [0, 1, 2])
    plan = plan_of({"name": "a"}, sleeves=[{"name": "x", "symbol": "AAPL"}, {"name": "y", "symbol": "AAPL"}])
    assert (plan.sleeves, list(plan.slot_of)) == (("x", "y"), [1, 1])


def test_lifecycle_evidence_comes_from_the_sleeves() -> None:
    sleeves = [
        {"name": "x", "symbol": "AAPL", "stage": "MATURE", "sharpe": 2.1, "win_rate": 68.0},
        {"name": "y", "symbol": "MSFT", "base": 0.07},
    ]
    plan = plan_of({"name": "a", "sizing": {"method": "lifecycle"}}, {"name": "b"}, sleeves=sleeves)
    assert plan.evidence.shape == (2, 2, 3)
    np.testing.assert_array_equal(plan.evidence[1], [[0.10, 2.1, 68.0], [0.07, np.nan, np.nan]])


def test_lanes_share_tiers_caps_covariances_and_signals_that_are_equal() -> None:
    tiers = {"execution": {"commission": {"model": "tiered", "tiered_rates": [{"min_volume": 0, "rate": 0.001}]}}}
    caps = {"limits": {"labels": [{"by": "sector", "cap": 0.3}]}}
    momentum = {"strategy": {"name": "momentum", "params": {"lookback": 5}}}
    plan = plan_of(
        {"name": "a", **tiers, **caps, **momentum},
        {"name": "b", **tiers, **caps, **momentum},
        {"name": "c", "risk": {"covariance": {"method": "ewma", "decay": 0.97}}, "signal": "agent"},
        {"name": "d", "signal": "a"},
    )
    assert list(plan.rules["tier_table"]) == [0, 0, 1, 1]
    assert list(plan.rules["label_caps"]) == [0, 0, 1, 1]
    assert list(plan.rules["label_caps_end"]) == [1, 1, 1, 1]
    assert list(plan.rules["signal"]) == [0, 0, 1, 0]
    assert [source.name for source in plan.sources] == ["a", "agent"]
    assert plan.covariances == (
        CovarianceModel(Covariance.SAMPLE, 252, 0.94, 60),
        CovarianceModel(Covariance.EWMA, 252, 0.97, 60),
    )
    assert list(plan.rules["covariance_model"]) == [0, 0, 1, 0]
    assert plan.strategies[2] is None
    assert plan.strategies[0] is not None
    assert plan.strategies[0].name == "momentum"


def test_a_tier_table_is_half_open_and_padded_with_tiers_of_no_width() -> None:
    tiers = [{"min_volume": 0, "max_volume": 1000, "rate": 0.001}, {"min_volume": 1000, "rate": 0.0005}]
    plan = plan_of({"name": "a", "execution": {"commission": {"model": "tiered", "tiered_rates": tiers}}})
    assert plan.tiers.shape == (1, 8, 3)
    np.testing.assert_array_equal(plan.tiers[0, :3], [[0, 1000, 0.001], [1000, np.inf, 0.0005], [0, 0, 0]])


def test_risk_budgets_are_one_each_or_the_map_s_shares() -> None:
    plan = plan_of({"name": "a"}, {"name": "b", "sizing": {"risk_budget": {"AAPL": 0.75, "MSFT": 0.25}}})
    np.testing.assert_array_equal(plan.budget, [[1, 1, 1], [0.25, 0.75, 0]])


def label_caps(**cap: Any) -> dict[str, Any]:
    return {"name": "a", "limits": {"labels": [{"by": "sector", **cap}]}}


@pytest.mark.parametrize(
    ("word", "hint"),
    [("tehc", "Did you mean `tech`?"), ("Tech", "Did you mean `tech`?"), ("gold", "Choose one of these words.")],
)
def test_a_cap_on_a_label_that_no_symbol_carries_is_refused_with_the_closest(word: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of({"name": "free"}, label_caps(cap={"tech": 0.5, word: 0.3}))
    assert (caught.value.field, caught.value.value) == (f"lanes[1].limits.labels[0].cap.{word}", 0.3)
    assert caught.value.bound == "for a sector that some symbol carries: tech"
    assert caught.value.remedy.startswith(hint)
    assert "`absent: true`" in caught.value.remedy


def test_a_cap_that_may_be_absent_waits_and_is_noted() -> None:
    plan = plan_of(label_caps(cap={"tech": 0.5, "gold": 0.3}, absent=True))
    assert plan.notes == ("lanes[0].limits.labels[0].cap.gold: no symbol carries this sector (tech); the cap waits",)
    assert plan.caps[:, 2].tolist() == [0.5]
    assert plan_of(label_caps(cap={"tech": 0.5}, absent=True)).notes == ()


def test_a_slot_without_a_label_has_none_of_the_codes() -> None:
    plan = plan_of({"name": "a"})
    assert (plan.label_names, plan.label_values) == (("sector",), (("tech",),))
    assert list(plan.labels[0]) == [0, 0, -1]


def test_groups_know_their_lanes_and_their_limits() -> None:
    plan = plan_of(
        {"name": "a"},
        {"name": "b"},
        {"name": "c"},
        groups=[{"name": "g", "lanes": ["b", "c"], "max_gross": 0.8, "netting": True}],
    )
    assert list(plan.group_of) == [-1, 0, 0]
    assert tuple(plan.groups[0]) == (0.8, np.inf, 1)


@pytest.mark.parametrize(
    "every, bars, period",
    [("bar", 0, 0), (5, 5, 0), ("1min", 0, 1), ("1h", 0, 2), ("1d", 0, 4), ("week", 0, 8), ("month", 0, 16)],
)
def test_decisions_are_every_n_bars_or_at_the_start_of_a_period(every: object, bars: int, period: int) -> None:
    rules = plan_of({"name": "a", "rebalance": {"every": every}}).rules[0]
    assert (rules["every_bars"], rules["every_period"]) == (bars, period)


def test_the_hedge_takes_the_account_s_benchmark() -> None:
    rules = plan_of({"name": "a", "account": {"benchmark": "SPY"}, "hedge": {}}, {"name": "b"}).rules
    assert list(rules["hedge_slot"]) == [2, -1]


@pytest.mark.parametrize(
    "lane, run, field, value",
    [
        ({"hedge": {"benchmark": "SPX"}}, {}, "lanes[0].hedge.benchmark", "SPX"),
        ({"sizing": {"risk_budget": {"AAPLE": 1.0}}}, {}, "lanes[0].sizing.risk_budget.AAPLE", "AAPLE"),
        ({}, {"sleeves": [{"name": "x", "symbol": "GOOG"}]}, "sleeves[0].symbol", "GOOG"),
        ({"limits": {"labels": [{"by": "sectors", "cap": 0.1}]}}, {}, "lanes[0].limits.labels[0].by", "sectors"),
        ({"strategy": {"name": "momentun"}}, {}, "lanes[0].strategy.name", "momentun"),
        ({"account": {"base_currency": "EUR"}}, {}, "lanes[0].account.base_currency", "EUR"),
    ],
)
def test_a_name_the_tape_or_the_registry_does_not_know_is_refused(
    lane: dict[str, Any], run: dict[str, Any], field: str, value: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_of({"name": "a", **lane}, **run)
    assert (caught.value.field, caught.value.value) == (field, value)


def test_the_tape_s_calendar_gives_the_risk_returns_per_year() -> None:
    day, bar = plan_of({"name": "a"}), plan_of({"name": "a"}, observation="bar")
    assert np.isnan(day.rules["periods_per_year"][0])
    assert day.with_tape(bars_per_year=8760.0, days_per_year=365.0).rules["periods_per_year"][0] == 365.0
    assert bar.with_tape(bars_per_year=8760.0, days_per_year=365.0).rules["periods_per_year"][0] == 8760.0
    assert np.isnan(bar.rules["periods_per_year"][0])


def test_a_plan_s_arrays_have_the_shapes_and_types_the_kernels_take() -> None:
    plan = plan_of({"name": "a"}, {"name": "b"})
    assert (plan.rules.dtype, plan.program.shape, plan.program.dtype) == (RULES, (2, 24), np.int64)
    assert (plan.caps.shape, plan.caps.dtype) == ((0, 3), np.float64)
    for array in (plan.program, plan.tiers, plan.budget, plan.caps, plan.labels, plan.rank, plan.evidence):
        assert array.flags.c_contiguous


def test_a_lane_is_found_by_name() -> None:
    plan = plan_of({"name": "a"}, {"name": "b"})
    assert plan.lane("b") == 1
    with pytest.raises(ConfigError, match="a, b"):
        plan.lane("c")


@pytest.mark.parametrize(("every", "told"), [("bar", 1), (2, 1), (6, 0), ("1d", 0)])
def test_lanes_whose_decisions_replace_orders_under_way_are_told(every: Any, told: int) -> None:
    execution = {"schedule": {"model": "twap", "bars": 6}}
    plan = plan_of({"name": "a", "execution": execution, "rebalance": {"every": every}})
    assert len([note for note in plan.notes if "replaces what is left" in note]) == told
    assert not plan_of({"name": "a", "rebalance": {"every": every}}).notes
