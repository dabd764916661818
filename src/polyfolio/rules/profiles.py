"""Profiles of agents: limits, stops and reward weights by one word, and the lanes that several of them make.

`balanced` holds the numbers of the preset `framework` and the reward weights of `environment.reward`. `conservative`
is tighter and weighs risk more, `aggressive` is wider and weighs profit more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.rules.environment import ProfilesSection


def _rules(position: float, volatility: float, drawdown: float, stop: float, target: float) -> dict[str, Any]:
    return {
        "limits": {"max_position": position, "max_leverage": 1.0},
        "risk": {"max_volatility": volatility, "max_drawdown": drawdown, "max_var": 0.05, "max_es": 0.05},
        "correlation": {"limit": 0.7},
        "exits": {"stop_loss": stop, "take_profit": target},
    }


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "conservative": _rules(0.10, 0.08, 0.10, 0.05, 0.12),
    "balanced": _rules(0.15, 0.12, 0.15, 0.08, 0.20),
    "aggressive": _rules(0.25, 0.18, 0.25, 0.12, 0.30),
}

# Reward weights that differ from those of the environment, for the type composite.
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "conservative": {
        "profit": 1.0, "risk": 1.0, "cost": 0.2, "stability": 0.1, "sharpe": 1.5, "momentum": 0.2,
        "diversification": 0.4,
    },
    "aggressive": {
        "profit": 3.0, "risk": 0.25, "cost": 0.1, "stability": 0.02, "sharpe": 0.5, "momentum": 0.5,
        "diversification": 0.1,
    },
}  # fmt: skip


def lanes_of(profiles: ProfilesSection) -> list[dict[str, Any]]:
    """A lane for each agent, named by its profile and number."""
    counts = {
        "conservative": profiles.conservative,
        "balanced": profiles.balanced,
        "aggressive": profiles.aggressive,
    }
    return [
        {"name": f"{profile}_{number}", "profile": profile}
        for profile, count in counts.items()
        for number in range(1, count + 1)
    ]
