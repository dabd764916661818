"""Changes of a lane's rules about fills, costs and capital."""

from __future__ import annotations

import numpy as np

from polyfolio.backtests.trial import Change
from polyfolio.core.codes import Commission, FillAt, Impact, Slippage
from polyfolio.core.types import Floats

# What a multiple of the costs multiplies: fees, slippage, half spread, impact. Carry is the market's and stays.
COSTS = (
    "fixed_fee",
    "percentage_fee",
    "per_unit_fee",
    "min_fee",
    "max_fee",
    "base_slippage",
    "volume_impact",
    "half_spread",
    "permanent_impact",
    "temporary_impact",
)
RATE = 2  # column of a tier's rate
# Where a lane has no impact model: the square-root law with a coefficient of one, which studies of large orders find
# again and again (Almgren et al. 2005, Toth et al. 2011).
USUAL_IMPACT = 1.0
USUAL_PARTICIPATION = 0.1


def times(factor: float) -> Change:
    """Costs times a factor; a rebate is not enlarged, only shrunk."""

    def change(rules: np.ndarray, tiers: Floats) -> None:
        for name in COSTS:
            rules[name] = scaled(rules[name], factor)
        tiers[:, RATE] = scaled(tiers[:, RATE], factor)

    return change


def scaled(rates: Floats, factor: float) -> Floats:
    """Rates times the factor: unbounded ones stay unbounded, negative ones grow no further."""
    grown = np.where(np.isfinite(rates), rates, 0.0) * np.where(rates < 0.0, min(factor, 1.0), factor)
    return np.where(np.isfinite(rates), grown, rates)


def flat(rate: float) -> Change:
    """In place of all costs: this share of what is traded."""

    def change(rules: np.ndarray, tiers: Floats) -> None:
        times(0.0)(rules, tiers)
        rules["max_fee"] = np.inf
        rules["commission_model"] = int(Commission.PERCENTAGE)
        rules["percentage_fee"] = rate

    return change


def filled_at(moment: FillAt) -> Change:
    """Orders meet this price."""

    def change(rules: np.ndarray, tiers: Floats) -> None:  # noqa: ARG001
        rules["fill"] = int(moment)

    return change


def capital_times(factor: float) -> Change:
    """More capital, everything else the same."""

    def change(rules: np.ndarray, tiers: Floats) -> None:  # noqa: ARG001
        rules["initial_capital"] = rules["initial_capital"] * factor

    return change


def moves_prices(rules: np.ndarray, tiers: Floats) -> None:  # noqa: ARG001
    """The impact model and the participation cap switched on, each as the lane has it where it has one."""
    charged = (rules["temporary_impact"] > 0.0) | (rules["permanent_impact"] > 0.0)
    if not (rules["impact_model"] != int(Impact.NONE)).any() or not charged.any():
        rules["impact_model"] = int(Impact.SQUARE_ROOT)
        rules["temporary_impact"], rules["permanent_impact"] = USUAL_IMPACT, 0.0
    if not np.isfinite(rules["participation_rate_limit"]).all():
        rules["participation_rate_limit"] = USUAL_PARTICIPATION


def charges(rules: np.ndarray, tiers: Floats, spread: bool) -> bool:
    """Whether a lane pays anything for trading.

    Args:
        rules: RULES[1].
        tiers: of the lane.
        spread: whether the tape has spreads.
    """
    one = rules[0]
    model = int(one["commission_model"])
    fees = [one[name] for name in ("fixed_fee", "percentage_fee", "per_unit_fee", "min_fee")]
    tiered = model == int(Commission.TIERED) and bool((tiers[:, RATE] != 0.0).any())
    commission = model != int(Commission.NONE) and (tiered or any(value != 0.0 for value in fees))
    slips = int(one["slippage_model"]) != int(Slippage.NONE) and (
        one["base_slippage"] > 0.0 or one["volume_impact"] > 0.0
    )
    moves = int(one["impact_model"]) != int(Impact.NONE)
    moves = moves and (one["temporary_impact"] > 0.0 or one["permanent_impact"] > 0.0)
    return bool(commission or slips or moves or (spread and one["half_spread"] > 0.0))
