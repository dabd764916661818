"""What a lane may own, want and risk: the sections account, sizing, limits, risk, correlation, feedback, hedge."""

from __future__ import annotations

from typing import Annotated

from polyfolio.core.codes import (
    CorrelationRule,
    Covariance,
    DrawdownAction,
    Projection,
    Sizing,
    VarMethod,
    Warmup,
)
from polyfolio.rules.fields import (
    BARS,
    FROZEN_LIST,
    INFINITE,
    MONEY,
    NEGATIVE,
    SHARE,
    WORD,
    ZERO,
    Budget,
    Cap,
    Section,
    key,
)

YEARLY = "per year"


class Account(Section):
    """Capital, currency and what money costs."""

    initial_capital: float = key(1_000_000.0, "Cash the lane starts with.", unit=MONEY, example=50_000.0, gt=0.0,
                                 used="account, first row")
    base_currency: str = key("USD", "Currency of the account; the tape's accounts must be in it.", example="EUR",
                             used="plan, against the tape's universe", record="", min_length=1)
    benchmark: str | None = key(None, "Symbol that beta, hedging and attribution compare with; null for none.",
                                example="SPY", used="hedge, measures, report", record="")
    maintenance_margin: float = key(0.25, "Equity below this share of gross exposure liquidates; 0 switches it off.",
                                    unit="share of gross exposure", example=0.3, ge=0.0, lt=1.0, used="mark")
    interest_rate: float = key(0.0, "Interest on idle cash.", unit=YEARLY, example=0.03, ge=-1.0, le=1.0, used="carry")
    loan_rate: float = key(0.0, "Interest on negative cash.", unit=YEARLY, example=0.06, ge=0.0, le=1.0, used="carry")
    borrow_rate: float = key(0.0, "Borrow fee of shorts where the tape has no rate of its own.", unit=YEARLY,
                             example=0.01, ge=0.0, le=10.0, used="carry")
    day_count: float = key(360.0, "Days of the year in interest and borrow: ACT/360 or ACT/365.", unit="days",
                           example=365.0, ge=360.0, le=366.0, used="carry")


class SizingSection(Section):
    """How signals become wanted weights."""

    method: Annotated[Sizing, WORD] = key(Sizing.EQUAL_WEIGHT, "The sizing formula.", example="risk_parity",
                                          used="stage size")
    gross_target: float = key(1.0, "Gross exposure the sizing aims at.", unit=SHARE, example=0.5, gt=0.0, le=100.0,
                              used="stage size")
    target_risk: float | None = key(None, "Risk parity: weights shrink together until the largest abs(w) x daily sigma "
                                    "is at most this.", unit="daily standard deviation, share of equity", example=0.02,
                                    gt=0.0, le=1.0, off=INFINITE, used="stage size, method risk_parity")
    target_volatility: float | None = key(None, "Volatility the method volatility_target aims at.",
                                          unit="annualised, share of equity", example=0.1, gt=0.0, le=10.0,
                                          off=INFINITE, used="stage size, method volatility_target")
    kelly_fraction: float = key(0.25, "Part of the Kelly weight that is taken.", unit="share of the Kelly weight",
                                example=0.5, gt=0.0, le=1.0, used="stage size, method kelly")
    min_kelly: float = key(0.0, "Kelly weights below this are 0.", unit=SHARE, example=0.01, ge=0.0, le=1.0,
                           used="stage size, method kelly")
    kelly_window: int = key(252, "Trailing risk returns the Kelly mean is taken over.", unit="observations",
                            example=120, ge=2, le=100_000, used="stage size, method kelly")
    allow_short: bool = key(False, "true: a negative signal opens a short; false: it means flat.", example=True,
                            used="stage filter")
    risk_budget: Budget = key("equal", "Shares of the risk by symbol, adding up to 1; a symbol left out holds nothing.",
                              unit="share of the risk", example={"AAPL": 0.6, "MSFT": 0.4}, record="",
                              used="stage size, method risk_parity")


class LabelCap(Section):
    """A cap on the gross exposure of all slots that carry the same label."""

    by: str = key(..., "Label vector of the tape: sector, stage, asset, currency, or one of your own.",
                  example="sector", used="stage cap_label", record="", min_length=1)
    cap: Cap = key(..., "One number for each label, or a map of label to number; labels left out have no cap.",
                   unit=SHARE, example={"MATURE": 0.3, "DISCOVERY": 0.05}, used="stage cap_label", record="")


class Limits(Section):
    """Bounds on the book. Shares of equity; null switches a bound off."""

    preset: str | None = key(None, "Name of a preset whose values hold where this configuration says nothing; "
                             "null once it is expanded.", example="framework", used="loading", record="")
    max_position: float | None = key(None, "Largest absolute weight of one slot.", unit=SHARE, example=0.2, gt=0.0,
                                     le=100.0, off=INFINITE, used="stage cap_position")
    min_position: float | None = key(None, "Weights below this become 0.", unit=SHARE, example=0.01, ge=0.0, le=1.0,
                                     off=ZERO, used="stage min_position")
    min_notional: float | None = key(None, "Orders worth less than this are not sent.", unit=MONEY, example=100.0,
                                     ge=0.0, off=ZERO, used="orders")
    max_gross: float | None = key(None, "Largest sum of absolute weights.", unit=SHARE, example=0.5, gt=0.0, le=100.0,
                                  off=INFINITE, used="stage scale")
    max_net: float | None = key(None, "Largest sum of signed weights.", unit=SHARE, example=0.8, ge=-100.0, le=100.0,
                                off=INFINITE, used="stage scale")
    min_net: float | None = key(None, "Smallest sum of signed weights.", unit=SHARE, example=-0.2, ge=-100.0, le=100.0,
                                off=NEGATIVE, used="stage scale")
    max_leverage: float | None = key(1.0, "Gross exposure over equity that buying power allows.", unit=SHARE,
                                     example=2.0, gt=0.0, le=100.0, off=INFINITE, used="stage scale, buying power")
    max_long_positions: int | None = key(None, "Largest number of longs after the trade; the largest wants stay.",
                                         unit="positions", example=5, ge=0, off=INFINITE, used="stage cap_count")
    max_short_positions: int | None = key(None, "Largest number of shorts after the trade; the largest wants stay.",
                                          unit="positions", example=0, ge=0, off=INFINITE, used="stage cap_count")
    max_positions: int | None = key(None, "Largest number of positions after the trade.", unit="positions", example=10,
                                    ge=1, off=INFINITE, used="stage cap_count")
    min_cash_reserve: float | None = key(None, "Cash that stays in the account.", unit=SHARE, example=0.3, ge=0.0,
                                         lt=1.0, off=ZERO, used="stage scale")
    max_daily_loss: float | None = key(None, "Loss since the day's start that ends new risk for the day.", unit=SHARE,
                                       example=0.02, gt=0.0, le=1.0, off=INFINITE, used="stage daily_loss")
    labels: Annotated[tuple[LabelCap, ...], FROZEN_LIST] = key(
        (), "Caps by label, in the order in which they act.", example=[{"by": "asset", "cap": 0.2}], record="",
        used="stage cap_label")


class CovarianceSection(Section):
    """The covariance of the risk returns, computed once per row and shared by lanes that ask for the same."""

    method: Annotated[Covariance, WORD] = key(Covariance.SAMPLE, "The estimator.", example="ewma", record="",
                                              used="covariance of the tape")
    window: int = key(252, "Trailing risk returns it is taken over.", unit="observations", example=120, ge=2,
                      le=100_000, record="", used="covariance of the tape")
    decay: float = key(0.94, "Weight of yesterday's estimate, methods ewma and garch.", example=0.97, gt=0.0, lt=1.0,
                       record="", used="covariance of the tape")


class Risk(Section):
    """Statistical limits on the book as it would be after the trade. Null switches a limit off."""

    max_volatility: float | None = key(None, "Largest predicted volatility.", unit="annualised, share of equity",
                                       example=0.15, gt=0.0, le=10.0, off=INFINITE, used="stage scale")
    max_var: float | None = key(None, "Largest value at risk over one risk return; positive.", unit=SHARE, example=0.02,
                                gt=0.0, le=1.0, off=INFINITE, used="stage scale")
    max_es: float | None = key(None, "Largest expected shortfall over one risk return; positive.", unit=SHARE,
                               example=0.03, gt=0.0, le=1.0, off=INFINITE, used="stage scale")
    var_method: Annotated[VarMethod, WORD] = key(VarMethod.HISTORICAL, "How VaR and ES are estimated.",
                                                 example="parametric", used="stage scale")
    var_confidence: float = key(0.95, "Confidence of VaR and ES.", unit="probability", example=0.99, gt=0.5, lt=1.0,
                                used="stage scale")
    var_window: int = key(252, "Trailing risk returns VaR and ES are taken over.", unit="observations", example=500,
                          ge=2, le=100_000, used="stage scale")
    min_history: int = key(60, "Risk returns needed before a statistical limit can judge.", unit="observations",
                           example=30, ge=2, le=100_000, used="stage scale, covariance of the tape")
    covariance: CovarianceSection = key(CovarianceSection(), "The covariance behind volatility and correlation.",
                                        example={"method": "ewma"}, record="", used="covariance of the tape")
    warmup: Annotated[Warmup, WORD] = key(Warmup.BLOCK, "Before min_history: no new risk, the parametric figure, pass.",
                                          example="parametric", used="stage scale")
    max_drawdown: float | None = key(None, "Loss from the running maximum of equity that triggers the action.",
                                     unit="share of the peak", example=0.1, gt=0.0, lt=1.0, off=INFINITE,
                                     used="stage drawdown")
    drawdown_action: Annotated[DrawdownAction, WORD] = key(
        DrawdownAction.REDUCE, "On breach: gross may only fall until the drawdown halves, all is sold, the lane ends.",
        example="flatten", used="stage drawdown")
    projection: Annotated[Projection, WORD] = key(
        Projection.SCALE, "How wants meet the limits: by the largest common scale, or by the nearest feasible want.",
        example="qp", used="stages scale and project")
    risk_adjustment_speed: float | None = key(
        None, "After a cut the scale recovers by at most this per decision; null recovers at once.",
        unit="scale per decision", example=0.1, gt=0.0, le=1.0, off=INFINITE, used="stage scale")
    max_position_risk: float | None = key(None, "Largest abs(w) x sigma of one slot.",
                                          unit="annualised, share of equity", example=0.05, gt=0.0, le=10.0,
                                          off=INFINITE, used="stages cap_position_risk and feedback")


class Correlation(Section):
    """Pairs held on the same side of a strong correlation, signs included: a hedge is not punished."""

    limit: float | None = key(None, "Correlation above which a pair counts as one; null switches the rule off.",
                              unit="correlation", example=0.7, ge=0.0, lt=1.0, off=INFINITE,
                              record="correlation_limit", used="stage correlation")
    rule: Annotated[CorrelationRule, WORD] = key(CorrelationRule.DAMP, "Shrink the pair, or drop its smaller want.",
                                                 example="drop", record="correlation_rule", used="stage correlation")
    adjustment_factor: float = key(0.5, "Damping at correlation 1.", unit="share of the weight", example=0.8, ge=0.0,
                                   le=1.0, used="stage correlation, rule damp")


class Feedback(Section):
    """Rounds that shrink the positions which carry a breach before the common scale does the rest."""

    iterations: int = key(0, "Rounds; 0 switches the stage off.", unit="rounds", example=3, ge=0, le=100,
                          record="feedback_iterations", used="stage feedback")
    resize_threshold: float = key(0.5, "Smallest factor one round may apply.", unit="share of the weight", example=0.7,
                                  gt=0.0, le=1.0, used="stage feedback")


class Hedge(Section):
    """A position in the benchmark that brings the book's beta back."""

    benchmark: str | None = key(None, "Symbol to hedge with; null takes account.benchmark.", example="SPY", record="",
                                used="stage hedge")
    beta: float = key(0.0, "Beta to come back to.", unit="beta", example=0.5, ge=-10.0, le=10.0, record="hedge_beta",
                      used="stage hedge")
    band: float = key(0.1, "Distance from the target that is left alone.", unit="beta", example=0.2, ge=0.0, le=10.0,
                      record="hedge_band", used="stage hedge")
    window: int = key(60, "Trailing bars the beta is taken over.", unit=BARS, example=120, ge=2, le=100_000,
                      record="hedge_window", used="stage hedge")
