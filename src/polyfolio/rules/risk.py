"""What a lane may risk: the sections risk, correlation, feedback, hedge."""

from __future__ import annotations

from typing import Annotated

from polyfolio.core.codes import CorrelationRule, Covariance, DrawdownAction, Projection, VarMethod, Warmup
from polyfolio.rules.fields import BARS, INFINITE, SHARE, WORD, Section, key


class CovarianceSection(Section):
    """The covariance of the risk returns, computed once per row and shared by lanes that ask for the same."""

    method: Annotated[Covariance, WORD] = key(
        Covariance.SAMPLE, "The estimator.", example="ewma", record="", used="covariance of the tape"
    )
    window: int = key(
        252,
        "Trailing risk returns it is taken over.",
        unit="observations",
        example=120,
        ge=2,
        le=100_000,
        record="",
        used="covariance of the tape",
    )
    decay: float = key(
        0.94,
        "Weight of yesterday's estimate, methods ewma and garch.",
        example=0.97,
        gt=0.0,
        lt=1.0,
        record="",
        used="covariance of the tape",
    )


class Risk(Section):
    """Statistical limits on the book as it would be after the trade. Null switches a limit off."""

    max_volatility: float | None = key(
        None,
        "Largest predicted volatility.",
        unit="annualised, share of equity",
        example=0.15,
        gt=0.0,
        le=10.0,
        off=INFINITE,
        used="stage scale",
    )
    max_var: float | None = key(
        None,
        "Largest value at risk over one risk return; positive.",
        unit=SHARE,
        example=0.02,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="stage scale",
    )
    max_es: float | None = key(
        None,
        "Largest expected shortfall over one risk return; positive.",
        unit=SHARE,
        example=0.03,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="stage scale",
    )
    var_method: Annotated[VarMethod, WORD] = key(
        VarMethod.HISTORICAL, "How VaR and ES are estimated.", example="parametric", used="stage scale"
    )
    var_confidence: float = key(
        0.95, "Confidence of VaR and ES.", unit="probability", example=0.99, gt=0.5, lt=1.0, used="stage scale"
    )
    var_window: int = key(
        252,
        "Trailing risk returns VaR and ES are taken over.",
        unit="observations",
        example=500,
        ge=2,
        le=100_000,
        used="stage scale",
    )
    min_history: int = key(
        60,
        "Risk returns needed before a statistical limit can judge.",
        unit="observations",
        example=30,
        ge=2,
        le=100_000,
        used="stage scale, covariance of the tape",
    )
    covariance: CovarianceSection = key(
        CovarianceSection(),
        "The covariance behind volatility and correlation.",
        example={"method": "ewma"},
        record="",
        used="covariance of the tape",
    )
    warmup: Annotated[Warmup, WORD] = key(
        Warmup.BLOCK,
        "Before min_history: no new risk, the parametric figure, pass.",
        example="parametric",
        used="stage scale",
    )
    max_drawdown: float | None = key(
        None,
        "Loss from the running maximum of equity that triggers the action.",
        unit="share of the peak",
        example=0.1,
        gt=0.0,
        lt=1.0,
        off=INFINITE,
        used="stage drawdown",
    )
    drawdown_action: Annotated[DrawdownAction, WORD] = key(
        DrawdownAction.REDUCE,
        "On breach: gross may only fall until the drawdown halves, all is sold, the lane ends.",
        example="flatten",
        used="stage drawdown",
    )
    projection: Annotated[Projection, WORD] = key(
        Projection.SCALE,
        "How wants meet the limits: by the largest common scale, or by the nearest feasible want.",
        example="qp",
        used="stages scale and project",
    )
    risk_adjustment_speed: float | None = key(
        None,
        "After a cut the scale recovers by at most this per decision; null recovers at once.",
        unit="scale per decision",
        example=0.1,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="stage scale",
    )
    max_position_risk: float | None = key(
        None,
        "Largest abs(w) x sigma of one slot.",
        unit="annualised, share of equity",
        example=0.05,
        gt=0.0,
        le=10.0,
        off=INFINITE,
        used="stages cap_position_risk and feedback",
    )


class Correlation(Section):
    """Pairs held on the same side of a strong correlation, signs included: a hedge is not punished."""

    limit: float | None = key(
        None,
        "Correlation above which a pair counts as one; null switches the rule off.",
        unit="correlation",
        example=0.7,
        ge=0.0,
        lt=1.0,
        off=INFINITE,
        record="correlation_limit",
        used="stage correlation",
    )
    rule: Annotated[CorrelationRule, WORD] = key(
        CorrelationRule.DAMP,
        "Shrink the pair, or drop its smaller want.",
        example="drop",
        record="correlation_rule",
        used="stage correlation",
    )
    adjustment_factor: float = key(
        0.5,
        "Damping at correlation 1.",
        unit="share of the weight",
        example=0.8,
        ge=0.0,
        le=1.0,
        used="stage correlation, rule damp",
    )


class Feedback(Section):
    """Rounds that shrink the positions which carry a breach before the common scale does the rest."""

    iterations: int = key(
        0,
        "Rounds; 0 switches the stage off.",
        unit="rounds",
        example=3,
        ge=0,
        le=100,
        record="feedback_iterations",
        used="stage feedback",
    )
    resize_threshold: float = key(
        0.5,
        "Smallest factor one round may apply.",
        unit="share of the weight",
        example=0.7,
        gt=0.0,
        le=1.0,
        used="stage feedback",
    )


class Hedge(Section):
    """A position in the benchmark that brings the book's beta back."""

    benchmark: str | None = key(
        None, "Symbol to hedge with; null takes account.benchmark.", example="SPY", record="", used="stage hedge"
    )
    beta: float = key(
        0.0,
        "Beta to come back to.",
        unit="beta",
        example=0.5,
        ge=-10.0,
        le=10.0,
        record="hedge_beta",
        used="stage hedge",
    )
    band: float = key(
        0.1,
        "Distance from the target that is left alone.",
        unit="beta",
        example=0.2,
        ge=0.0,
        le=10.0,
        record="hedge_band",
        used="stage hedge",
    )
    window: int = key(
        60,
        "Trailing bars the beta is taken over.",
        unit=BARS,
        example=120,
        ge=2,
        le=100_000,
        record="hedge_window",
        used="stage hedge",
    )
