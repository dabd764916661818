"""Markets of known volatility and correlation for the tests of the agents."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.objects import MarketData, PortfolioState
from polyfolio.objects.orchestrator import ExecutionConfig

BARS = 256
PERIODS = 252.0
EQUITY = 100_000.0
# Sample covariances of a window that holds whole patterns, and no impact: numbers can be had by hand.
UNCORRELATED: dict[str, Any] = {"sections": {"correlation": {"limit": None}}}
EXACT: dict[str, Any] = {"risk": {"covariance": {"method": "sample", "window": BARS}, "var_window": BARS}}


def pattern(step: int, volatility: float) -> Floats:
    """Returns +d and -d in blocks of `step`: mean 0 and, over 256 of them, exactly this annualised volatility.

    Patterns of different powers of 2 have a correlation of 0, equal ones of 1.
    """
    signs = np.where(np.arange(BARS) // step % 2 == 0, 1.0, -1.0)
    return signs * volatility / math.sqrt(PERIODS) * math.sqrt((BARS - 1) / BARS)


def bars(**names: tuple[float, int, float]) -> dict[str, MarketData]:
    """Symbol to (price, step of its pattern, annualised volatility)."""
    return {name: MarketData.at(price, returns=pattern(step, sigma)) for name, (price, step, sigma) in names.items()}


def cash(amount: float = EQUITY) -> PortfolioState:
    return PortfolioState(amount, amount)


def weights_config(**parts: Any) -> ExecutionConfig:
    """Signals are weights; single positions are free, and nothing is rounded away. UNCORRELATED leaves damping out."""
    free = {"method": "weights", "max_position_size": 1.0, "min_position_size": 0.0}
    sections = {**EXACT, **parts.pop("sections", {})}
    return ExecutionConfig.of({"position_config": free | parts.pop("position", {}), "sections": sections, **parts})


def five_alike() -> tuple[dict[str, float], dict[str, MarketData]]:
    """Five equal positions of risk 0.05 each, correlation 1: portfolio risk 0.25."""
    names = ["A", "B", "C", "D", "E"]
    return dict.fromkeys(names, 0.2), bars(**dict.fromkeys(names, (100.0, 1, 0.25)))
