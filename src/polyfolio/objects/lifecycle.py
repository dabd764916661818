"""Trained configurations by the stage of their life: the size of a position, and the checks before it is taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from polyfolio.core.presets import STAGE_BASE
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import doors
from polyfolio.objects.checks import number
from polyfolio.rules.arguments import closest
from polyfolio.rules.presets import LIMITS

_PRESET: Mapping[str, Any] = LIMITS["lifecycle"]["limits"]
_CAPS = {item["by"]: item["cap"] for item in _PRESET["labels"]}

# The preset `lifecycle` under the document's keys: shares of total value; the loss is of the day, the minimum is money.
RISK_LIMITS: Mapping[str, Any] = MappingProxyType(
    {
        "max_total_exposure": _PRESET["max_gross"],
        "max_per_stage": MappingProxyType(_CAPS["stage"]),
        "max_per_asset": _CAPS["asset"],
        "min_cash_reserve": _PRESET["min_cash_reserve"],
        "max_daily_loss": _PRESET["max_daily_loss"],
        "max_positions": _PRESET["max_positions"],
        "min_position_size": _PRESET["min_notional"],
    }
)

_CHECKED = ("max_daily_loss", "max_total_exposure", "max_per_asset", "min_position_size", "max_positions")


def calculate_position_size(config: Any, available_capital: float, current_signal: Any, *, cap: bool = True) -> float:
    """Money to put into a signal: capital x base x clamp(0.6 min(sharpe / 2, 1.5) + 0.4 win rate, 0.5, 1.5) x signal.

    Args:
        config: lifecycle_stage, validation.sharpe_ratio, performance.gross_win_rate (percent), as attributes or keys.
        available_capital: free cash at the start of the cycle, the same for all its signals.
        current_signal: confidence 0 to 1, and direction; HOLD gives 0.
        cap: whether the base allocation is also the largest size.

    Example:
        >>> config = {"lifecycle_stage": "MATURE", "validation": {"sharpe_ratio": 2.1},
        ...           "performance": {"gross_win_rate": 68.0}}
        >>> round(calculate_position_size(config, 100_000.0, {"direction": "BUY", "confidence": 0.9}), 6)
        8118.0
    """
    stage = part(config, "config", "lifecycle_stage")
    if stage not in STAGE_BASE:
        raise ConfigError(
            "config.lifecycle_stage",
            stage,
            "one of " + ", ".join(STAGE_BASE),
            closest(str(stage).upper(), STAGE_BASE) if isinstance(stage, str) else "Name the stage.",
        )
    evidence = np.array(
        [
            STAGE_BASE[stage],
            evidence_of(config, "validation", "sharpe_ratio"),
            evidence_of(config, "performance", "gross_win_rate"),
        ]
    )
    strength = number(
        part(current_signal, "current_signal", "confidence"),
        "current_signal.confidence",
        "a number from 0 to 1",
        "Correct the signal.",
    )
    if not 0.0 <= strength <= 1.0:
        raise DataError("current_signal.confidence", strength, "from 0 to 1", "Correct the signal.")
    if optional(current_signal, "direction") == "HOLD":
        strength = 0.0
    capital = number(available_capital, "available_capital")
    return float(doors.lifecycle_money(capital, evidence, strength, int(cap)))


def validate_signal_execution(
    signal: Any, portfolio: Mapping[str, Any], config: Any, *, limits: Mapping[str, Any] = RISK_LIMITS
) -> tuple[bool, str]:
    """Whether a signal may be executed, and the first reason why not.

    Args:
        signal: pair and position_size (money), as attributes or keys.
        portfolio: daily_pnl, total_value, total_exposure (money), exposures_by_asset (shares), open_positions.
        config: lifecycle_stage, as attribute or key.
        limits: RISK_LIMITS, or a map with other numbers under the same keys.

    Example:
        >>> portfolio = {"daily_pnl": 0.0, "total_value": 1e5, "total_exposure": 6e4, "exposures_by_asset": {},
        ...              "open_positions": []}
        >>> validate_signal_execution({"pair": "BTC/USDT", "position_size": 500.0}, portfolio,
        ...                           {"lifecycle_stage": "MATURE"})
        (False, 'Portfolio exposure limit reached (60.0%)')
    """
    pair = part(signal, "signal", "pair")
    size = number(part(signal, "signal", "position_size"), "signal.position_size")
    exposures = part(portfolio, "portfolio", "exposures_by_asset")
    account = np.array(
        [
            *(
                number(part(portfolio, "portfolio", name), f"portfolio.{name}")
                for name in ("daily_pnl", "total_value", "total_exposure")
            ),
            number(exposures.get(pair, 0.0), f"portfolio.exposures_by_asset[{pair!r}]"),
            size,
        ]
    )
    if not account[1] > 0.0:
        raise DataError("portfolio.total_value", float(account[1]), "above 0", "Correct the portfolio.")
    bounds = np.array([number(part(limits, "limits", name), f"limits.{name}") for name in _CHECKED])
    paper = part(config, "config", "lifecycle_stage") == "PAPER"
    code, share = doors.refuse_signal(account, bounds, int(paper), len(part(portfolio, "portfolio", "open_positions")))
    reasons = {
        doors.ACCEPTED: "OK",
        doors.DAILY_LOSS: "Daily loss limit reached",
        doors.TOTAL_EXPOSURE: f"Portfolio exposure limit reached ({share:.1%})",
        doors.ASSET_EXPOSURE: f"Asset exposure limit reached for {pair}",
        doors.TOO_SMALL: f"Position size below minimum (${size:.2f})",
        doors.PAPER: "Configuration is in PAPER mode",
        doors.TOO_MANY: "Maximum concurrent positions reached",
    }
    return bool(code == doors.ACCEPTED), reasons[code]


def part(thing: Any, owner: str, name: str) -> Any:
    """A key or an attribute."""
    found = optional(thing, name)
    if found is None:
        raise DataError(f"{owner}.{name}", None, "given, as a key or an attribute", f"Add `{name}`.")
    return found


def optional(thing: Any, name: str) -> Any:
    """A key or an attribute, None where there is none."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def evidence_of(config: Any, section: str, name: str) -> float:
    """A number of the configuration's record; unknown is NaN, which counts as the least."""
    found = optional(part(config, "config", section), name)
    return math.nan if found is None else number(found, f"config.{section}.{name}")
