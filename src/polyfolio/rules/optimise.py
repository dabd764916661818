"""What the stage `multi_period` weighs against each other: the section `optimise` of a lane."""

from __future__ import annotations

from typing import Annotated, Literal

from polyfolio.rules.fields import FROZEN_LIST, SHARE, Section, key

USED = "stage multi_period"
DECISIONS = "decisions"

Step = Literal["single_period", "inverse_volatility", "hold"]


class OptimiseSection(Section):
    """Weights that trade expected gain against risk and costs over several decisions at once."""

    horizon: int = key(
        5,
        "Decisions that are planned; the first of them is traded.",
        unit=DECISIONS,
        example=10,
        ge=1,
        le=60,
        record="",
        used=USED,
    )
    risk_aversion: float = key(
        5.0,
        "Weight of half the variance of a decision's return.",
        example=2.0,
        gt=0.0,
        le=10_000.0,
        record="",
        used=USED,
    )
    cost_aversion: float = key(
        1.0,
        "Weight of the costs of trading; 1 counts them as they are expected.",
        example=2.0,
        ge=0.0,
        le=10_000.0,
        record="",
        used=USED,
    )
    return_per_signal: float = key(
        0.01,
        "Return until the next decision that a signal of 1 stands for.",
        unit="share of the price, or of its deviation with `expected: volatility`",
        example=0.002,
        gt=0.0,
        le=10.0,
        record="",
        used=USED,
    )
    expected: Literal["flat", "volatility"] = key(
        "flat",
        "Whether a signal stands for the same return in every name, or for one in proportion to its volatility.",
        example="volatility",
        record="",
        used=USED,
    )
    half_life: float | None = key(
        None,
        "Decisions after which half of a signal's return is left; null for one that lasts.",
        unit=DECISIONS,
        example=3.0,
        gt=0.0,
        le=10_000.0,
        record="",
        used=USED,
    )
    span: float = key(
        1.0,
        "Risk observations (days or bars, see `observation`) between two decisions: the covariance is of so many.",
        unit="observations",
        example=5.0,
        gt=0.0,
        le=10_000.0,
        record="",
        used=USED,
    )
    max_turnover: float | None = key(
        None,
        "Most that each planned decision may trade, bought and sold together; null for limits.max_turnover alone.",
        unit=SHARE,
        example=0.2,
        gt=0.0,
        le=100.0,
        record="",
        used=USED,
    )
    solver: Literal["clarabel", "scs"] = key(
        "clarabel", "What solves the program: by interior points, or by splitting.", example="scs", record="", used=USED
    )
    fallback: Annotated[tuple[Step, ...], FROZEN_LIST] = key(
        ("single_period", "inverse_volatility", "hold"),
        "What decides where the program has no solution, in this order: one decision without a bound on turnover; "
        "signs of the signals over volatility; the book as it is, which also stands behind the last of them.",
        example=["hold"],
        record="",
        used=USED,
    )
