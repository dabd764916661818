"""Named values: limits by name for a lane, and the fee schedules of venues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.core.presets import FEES
from polyfolio.rules.arguments import closest
from polyfolio.rules.fields import problem
from polyfolio.rules.profiles import PROFILES

LIMITS: dict[str, dict[str, Any]] = {
    "framework": {
        "limits": {"max_position": 0.15, "max_leverage": 1.0},
        "risk": {
            "max_volatility": 0.12,
            "max_drawdown": 0.15,
            "max_var": 0.05,
            "max_es": 0.05,
            "var_confidence": 0.95,
        },
        "correlation": {"limit": 0.7},
        "exits": {"stop_loss": 0.08, "take_profit": 0.20},
    },
    "lifecycle": {
        "limits": {
            "max_gross": 0.50,
            "labels": [
                {
                    "by": "stage",
                    "cap": {"MATURE": 0.30, "VALIDATION": 0.15, "DISCOVERY": 0.05, "DECAY": 0.10},
                    "absent": True,  # few accounts hold all four stages
                },
                {"by": "asset", "cap": 0.20},
            ],
            "min_cash_reserve": 0.30,
            "max_daily_loss": 0.02,
            "max_positions": 10,
            "min_notional": 100.0,
        },
    },
}

WHOLE = {"risk_budget", "cap", "params"}  # maps that replace each other instead of growing together


def expand(sections: Mapping[str, Any], at: tuple[str | int, ...] = ()) -> dict[str, Any]:
    """The sections of a lane with its presets written out; what the lane says itself stays. `at` leads there.

    A preset of limits stands above the lane's profile. The profile keeps its name: policies are shared by it.
    """
    limits, execution = sections.get("limits"), sections.get("execution")
    result = dict(sections)
    if isinstance(limits, Mapping) and limits.get("preset") is not None:
        own = {**sections, "limits": {**limits, "preset": None}}
        result = merge(_preset(LIMITS, limits["preset"], (*at, "limits", "preset")), own)
    commission = execution.get("commission") if isinstance(execution, Mapping) else None
    if isinstance(commission, Mapping) and commission.get("preset") is not None:
        path = (*at, "execution", "commission", "preset")
        schedule = merge(_schedule(commission["preset"], path), {**commission, "preset": None})
        result = merge(result, {"execution": {"commission": schedule}})
    if sections.get("profile") is not None:
        result = merge(_preset(PROFILES, sections["profile"], (*at, "profile")), result)
    return result


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, section by section."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        grow = isinstance(value, Mapping) and isinstance(below, Mapping) and name not in WHOLE
        result[name] = merge(below, value) if grow else value  # type: ignore[arg-type]
    return result


def _schedule(name: object, path: tuple[str | int, ...]) -> dict[str, Any]:
    """A venue's fees as keys of the commission section; where they come from stays with the table."""
    fees = {key: value for key, value in _preset(FEES, name, path).items() if key not in ("source", "as_of", "note")}
    fees["model"] = fees.pop("commission_model")
    if "tiered_rates" in fees:
        fees["tiered_rates"] = [
            {key: None if value == float("inf") else value for key, value in tier.items()}
            for tier in fees["tiered_rates"]
        ]
    return fees


def _preset(table: Mapping[str, Mapping[str, Any]], name: object, path: tuple[str | int, ...]) -> Mapping[str, Any]:
    if not isinstance(name, str) or name not in table:
        raise problem(name, "one of " + ", ".join(table), closest(str(name), table), path)
    return table[name]
