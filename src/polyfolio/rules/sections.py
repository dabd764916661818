"""What a lane may own and want: the sections account, sizing, limits."""

from __future__ import annotations

from typing import Annotated

from polyfolio.core.codes import Sizing
from polyfolio.rules.fields import FROZEN_LIST, INFINITE, MONEY, NEGATIVE, SHARE, WORD, ZERO, Budget, Cap, Section, key

YEARLY = "per year"


class Account(Section):
    """Capital, currency and what money costs."""

    initial_capital: float = key(
        1_000_000.0, "Cash the lane starts with.", unit=MONEY, example=50_000.0, gt=0.0, used="account, first row"
    )
    base_currency: str = key(
        "USD",
        "Currency of the account; the tape's accounts must be in it.",
        example="EUR",
        used="plan, against the tape's universe",
        record="",
        min_length=1,
    )
    benchmark: str | None = key(
        None,
        "Symbol that beta, hedging and attribution compare with; null for none.",
        example="SPY",
        used="hedge, measures, report",
        record="",
    )
    maintenance_margin: float = key(
        0.25,
        "Equity below this share of gross exposure liquidates; 0 switches it off.",
        unit="share of gross exposure",
        example=0.3,
        ge=0.0,
        lt=1.0,
        used="mark",
    )
    interest_rate: float = key(0.0, "Interest on idle cash.", unit=YEARLY, example=0.03, ge=-1.0, le=1.0, used="carry")
    loan_rate: float = key(0.0, "Interest on negative cash.", unit=YEARLY, example=0.06, ge=0.0, le=1.0, used="carry")
    borrow_rate: float = key(
        0.0,
        "Borrow fee of shorts where the tape has no rate of its own.",
        unit=YEARLY,
        example=0.01,
        ge=0.0,
        le=10.0,
        used="carry",
    )
    day_count: float = key(
        360.0,
        "Days of the year in interest and borrow: ACT/360 or ACT/365.",
        unit="days",
        example=365.0,
        ge=360.0,
        le=366.0,
        used="carry",
    )


class SizingSection(Section):
    """How signals become wanted weights."""

    method: Annotated[Sizing, WORD] = key(
        Sizing.EQUAL_WEIGHT, "The sizing formula.", example="risk_parity", used="stage size"
    )
    gross_target: float = key(
        1.0, "Gross exposure the sizing aims at.", unit=SHARE, example=0.5, gt=0.0, le=100.0, used="stage size"
    )
    target_risk: float | None = key(
        None,
        "Risk parity: weights shrink together until the largest abs(w) x daily sigma is at most this.",
        unit="daily standard deviation, share of equity",
        example=0.02,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="stage size, method risk_parity",
    )
    target_volatility: float | None = key(
        None,
        "Volatility the method volatility_target aims at.",
        unit="annualised, share of equity",
        example=0.1,
        gt=0.0,
        le=10.0,
        off=INFINITE,
        used="stage size, method volatility_target",
    )
    kelly_fraction: float = key(
        0.25,
        "Part of the Kelly weight that is taken.",
        unit="share of the Kelly weight",
        example=0.5,
        gt=0.0,
        le=1.0,
        used="stage size, method kelly",
    )
    min_kelly: float = key(
        0.0,
        "Kelly weights below this are 0.",
        unit=SHARE,
        example=0.01,
        ge=0.0,
        le=1.0,
        used="stage size, method kelly",
    )
    kelly_window: int = key(
        252,
        "Trailing risk returns the Kelly mean is taken over.",
        unit="observations",
        example=120,
        ge=2,
        le=100_000,
        used="stage size, method kelly",
    )
    allow_short: bool = key(
        False, "true: a negative signal opens a short; false: it means flat.", example=True, used="stage filter"
    )
    hold_counts: bool = key(
        False,
        "true: a name that is held without an opinion counts with its side when the others are sized; it keeps its "
        "quantity. Where each symbol has one position.",
        example=True,
        used="stage size",
    )
    per_signal: float = key(
        1.0,
        "What a signal of 1 asks for.",
        unit="share of equity, units or money",
        example=1_000.0,
        gt=0.0,
        used="stage size, methods weights, units and money",
    )
    resize: bool = key(
        True,
        "false: a position on the side of its signal keeps its quantity: opened, closed, turned, never adjusted.",
        example=False,
        used="decide",
    )
    risk_budget: Budget = key(
        "equal",
        "Shares of the risk by symbol, adding up to 1; a symbol left out holds nothing.",
        unit="share of the risk",
        example={"AAPL": 0.6, "MSFT": 0.4},
        record="",
        used="stage size, method risk_parity",
    )


class LabelCap(Section):
    """A cap on the gross exposure of all slots that carry the same label."""

    by: str = key(
        ...,
        "Label vector of the tape: sector, stage, asset, currency, or one of your own.",
        example="sector",
        used="stage cap_label",
        record="",
        min_length=1,
    )
    cap: Cap = key(
        ...,
        "One number for each label, or a map of label to number; labels left out have no cap.",
        unit=SHARE,
        example={"MATURE": 0.3, "DISCOVERY": 0.05},
        used="stage cap_label",
        record="",
    )
    absent: bool = key(
        False,
        "true: the map may name labels that no symbol carries; their caps wait, and the run says so.",
        example=True,
        used="plan, against the tape's labels",
        record="",
    )


class Limits(Section):
    """Bounds on the book. Shares of equity; null switches a bound off."""

    preset: str | None = key(
        None,
        "Name of a preset whose values hold where this configuration says nothing; null once it is expanded.",
        example="framework",
        used="loading",
        record="",
    )
    max_position: float | None = key(
        None,
        "Largest absolute weight of one slot.",
        unit=SHARE,
        example=0.2,
        gt=0.0,
        le=100.0,
        off=INFINITE,
        used="stage cap_position",
    )
    min_position: float | None = key(
        None,
        "Weights below this become 0.",
        unit=SHARE,
        example=0.01,
        ge=0.0,
        le=1.0,
        off=ZERO,
        used="stage min_position",
    )
    min_notional: float | None = key(
        None, "Orders worth less than this are not sent.", unit=MONEY, example=100.0, ge=0.0, off=ZERO, used="orders"
    )
    max_position_value: float | None = key(
        None,
        "Largest absolute value of one slot.",
        unit=MONEY,
        example=5_000.0,
        gt=0.0,
        off=INFINITE,
        used="stage cap_position",
    )
    max_turnover: float | None = key(
        None,
        "Largest turnover of a decision, purchases and sales; what reduces passes whole, the largest openings first.",
        unit=SHARE,
        example=0.2,
        gt=0.0,
        le=100.0,
        off=INFINITE,
        used="stage select",
    )
    max_trades: int | None = key(
        None,
        "Largest number of positions a decision opens or adds to; the largest come first.",
        unit="trades",
        example=3,
        ge=0,
        off=INFINITE,
        used="stage select",
    )
    max_gross: float | None = key(
        None,
        "Largest sum of absolute weights.",
        unit=SHARE,
        example=0.5,
        gt=0.0,
        le=100.0,
        off=INFINITE,
        used="stage scale",
    )
    max_net: float | None = key(
        None,
        "Largest sum of signed weights.",
        unit=SHARE,
        example=0.8,
        ge=-100.0,
        le=100.0,
        off=INFINITE,
        used="stage scale",
    )
    min_net: float | None = key(
        None,
        "Smallest sum of signed weights.",
        unit=SHARE,
        example=-0.2,
        ge=-100.0,
        le=100.0,
        off=NEGATIVE,
        used="stage scale",
    )
    max_leverage: float | None = key(
        1.0,
        "Gross exposure over equity that buying power allows.",
        unit=SHARE,
        example=2.0,
        gt=0.0,
        le=100.0,
        off=INFINITE,
        used="stage scale, buying power",
    )
    max_long_positions: int | None = key(
        None,
        "Largest number of longs after the trade; the largest wants stay.",
        unit="positions",
        example=5,
        ge=0,
        off=INFINITE,
        used="stage cap_count",
    )
    max_short_positions: int | None = key(
        None,
        "Largest number of shorts after the trade; the largest wants stay.",
        unit="positions",
        example=0,
        ge=0,
        off=INFINITE,
        used="stage cap_count",
    )
    max_positions: int | None = key(
        None,
        "Largest number of positions after the trade.",
        unit="positions",
        example=10,
        ge=1,
        off=INFINITE,
        used="stage cap_count",
    )
    min_cash_reserve: float | None = key(
        None, "Cash that stays in the account.", unit=SHARE, example=0.3, ge=0.0, lt=1.0, off=ZERO, used="stage scale"
    )
    max_daily_loss: float | None = key(
        None,
        "Loss since the day's start that ends new risk for the day.",
        unit=SHARE,
        example=0.02,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="stage daily_loss",
    )
    labels: Annotated[tuple[LabelCap, ...], FROZEN_LIST] = key(
        (),
        "Caps by label, in the order in which they act.",
        example=[{"by": "asset", "cap": 0.2}],
        record="",
        used="stage cap_label",
    )
