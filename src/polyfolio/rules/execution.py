"""How and when a lane trades and what it pays: the sections exits, rebalance, execution."""

from __future__ import annotations

from typing import Annotated, Literal

from polyfolio.core.codes import (
    BarUntil,
    Commission,
    FillAt,
    Impact,
    OrderType,
    ParticipationBase,
    SizeAt,
    Slippage,
    TierMode,
    TimeInForce,
    VolumeBasis,
    VolumeUnit,
)
from polyfolio.rules.fields import BARS, FROZEN_LIST, INFINITE, MONEY, SHARE, WORD, ZERO, Every, Section, key
from polyfolio.rules.schedule import ScheduleSection

NOTIONAL = "share of notional"
ENTRY = "share of the average entry price"
PRICE = "share of the price"
VOLUME = "share of the bar's volume"
MAX_TIERS = 8


class Exits(Section):
    """Closing a sleeve by its own price. Null switches an exit off."""

    stop_loss: float | None = key(
        None,
        "Loss at which the sleeve is closed, intrabar.",
        unit=ENTRY,
        example=0.05,
        gt=0.0,
        lt=1.0,
        off=INFINITE,
        used="open and intrabar phase",
    )
    take_profit: float | None = key(
        None,
        "Gain at which the sleeve is closed, intrabar.",
        unit=ENTRY,
        example=0.1,
        gt=0.0,
        le=100.0,
        off=INFINITE,
        used="open and intrabar phase",
    )
    trailing_stop: float | None = key(
        None,
        "Fall from the best price since entry at which the sleeve is closed.",
        unit="share of the best price",
        example=0.08,
        gt=0.0,
        lt=1.0,
        off=INFINITE,
        used="open and intrabar phase",
    )
    bar_until: Annotated[BarUntil, WORD] = key(
        BarUntil.SIGNAL_CHANGE,
        "How long a sleeve stays out after an exit: until its signal changes, for cooldown_bars, or not at all.",
        example="never",
        used="stage filter",
    )
    cooldown_bars: int = key(
        0,
        "Bars a sleeve stays out, counted from the exit row, with bar_until: bars.",
        unit=BARS,
        example=5,
        ge=0,
        le=1_000_000,
        used="stage filter",
    )


class Rebalance(Section):
    """When a lane decides, and when it leaves the book as it is."""

    every: Every = key(
        "bar",
        "Decide at the first bar of each period, or every n bars.",
        unit="period or bars",
        example="1d",
        record="",
        used="decide",
    )
    threshold: float | None = key(
        None,
        "Trade only when the largest abs(w - target) exceeds this.",
        unit=SHARE,
        example=0.02,
        ge=0.0,
        le=1.0,
        off=ZERO,
        used="stage rebalance",
    )
    risk_band: Annotated[tuple[float, float] | None, FROZEN_LIST] = key(
        None,
        "Trade only when the predicted volatility leaves [low, high].",
        unit="annualised, share of equity",
        example=[0.08, 0.12],
        record="",
        used="stage rebalance",
    )
    cost_aware: bool = key(
        False, "Trade only where the expected gain exceeds the cost.", example=True, used="stage rebalance"
    )
    risk_aversion: float = key(
        1.0,
        "Weight of the tracking variance in the expected gain.",
        example=4.0,
        gt=0.0,
        le=1_000.0,
        used="stage rebalance, cost_aware",
    )


class Tier(Section):
    """One tier of a volume schedule, half open: min_volume <= volume < max_volume."""

    min_volume: float = key(
        ..., "Volume the tier starts at.", unit="volume_unit", example=0.0, ge=0.0, record="", used="fill, commission"
    )
    max_volume: float | None = key(
        None,
        "Volume the tier ends before; null for the last one.",
        unit="volume_unit",
        example=1_000.0,
        gt=0.0,
        record="",
        used="fill, commission",
    )
    rate: float = key(
        ...,
        "Commission of the slice; negative is a rebate.",
        unit=NOTIONAL,
        example=0.001,
        ge=-0.1,
        le=0.1,
        record="",
        used="fill, commission",
    )


class CommissionSection(Section):
    """The fee of an order. One model acts; keys of the others are checked and left aside."""

    preset: str | None = key(
        None,
        "A venue's published schedule; null once it is expanded.",
        example="binance_spot",
        used="loading",
        record="",
    )
    model: Annotated[Commission, WORD] = key(
        Commission.NONE, "The schedule.", example="percentage", record="commission_model", used="fill, commission"
    )
    fixed_fee: float = key(
        0.0, "Fee per order with at least one fill.", unit=MONEY, example=1.0, ge=0.0, used="fill, commission"
    )
    percentage_fee: float = key(
        0.0, "Fee by value.", unit=NOTIONAL, example=0.001, ge=-0.1, le=0.5, used="fill, commission"
    )
    per_unit_fee: float = key(
        0.0,
        "Fee per share, contract or coin.",
        unit="base currency per unit",
        example=0.005,
        ge=0.0,
        used="fill, commission",
    )
    min_fee: float | None = key(
        None, "Smallest fee of an order.", unit=MONEY, example=0.35, ge=0.0, off=ZERO, used="fill, commission"
    )
    max_fee: float | None = key(
        None, "Largest fee of an order.", unit=MONEY, example=100.0, gt=0.0, off=INFINITE, used="fill, commission"
    )
    tiered_rates: Annotated[tuple[Tier, ...], FROZEN_LIST] = key(
        (),
        "Tiers of the model tiered: from 0, without gap or overlap, the last one open.",
        record="",
        example=[{"min_volume": 0.0, "rate": 0.001}],
        max_length=MAX_TIERS,
        used="fill, commission",
    )
    tier_mode: Annotated[TierMode, WORD] = key(
        TierMode.MARGINAL,
        "Each slice pays its own rate, or the whole volume pays the rate of the tier it ends in.",
        example="bracket",
        used="fill, commission",
    )
    volume_unit: Annotated[VolumeUnit, WORD] = key(
        VolumeUnit.UNITS, "What tiers count.", example="notional", used="fill, commission"
    )
    volume_basis: Annotated[VolumeBasis, WORD] = key(
        VolumeBasis.PER_TRADE,
        "Volume of this order, or since the start of tier_period.",
        example="cumulative",
        used="fill, commission",
    )
    tier_period: Literal["episode", "day", "week", "month"] = key(
        "episode", "When a cumulative volume starts anew.", example="month", record="", used="fill, commission"
    )


class SlippageSection(Section):
    """The price concession of an order, always a cost."""

    model: Annotated[Slippage, WORD] = key(
        Slippage.NONE, "The formula.", example="linear", record="slippage_model", used="fill, slippage"
    )
    base_slippage: float = key(
        0.0, "Part that does not depend on size.", unit=PRICE, example=0.0001, ge=0.0, le=0.5, used="fill, slippage"
    )
    volume_impact: float = key(
        0.0,
        "Part that grows with size; per unit, per root unit or per squared volume share.",
        unit="share of the price per model unit",
        example=1e-8,
        ge=0.0,
        le=100.0,
        used="fill, slippage",
    )
    half_spread: float = key(
        0.5,
        "Part of the tape's spread that is paid, where the tape has one.",
        unit="share of the spread",
        example=0.0,
        ge=0.0,
        le=1.0,
        used="fill, slippage",
    )


class ImpactSection(Section):
    """What an order does to the price, and how much of a bar it may take."""

    model: Annotated[Impact, WORD] = key(
        Impact.NONE, "The formula.", example="square_root", record="impact_model", used="fill, impact"
    )
    permanent_impact: float = key(
        0.0,
        "Coefficient of the permanent part; the fill pays half of it.",
        unit="multiple of sigma",
        example=0.1,
        ge=0.0,
        le=100.0,
        used="fill, impact",
    )
    temporary_impact: float = key(
        0.0,
        "Coefficient of the temporary part.",
        unit="multiple of sigma",
        example=0.05,
        ge=0.0,
        le=100.0,
        used="fill, impact",
    )
    impact_exponent: float = key(
        0.6,
        "Exponent of the temporary part, model permanent_temporary.",
        example=0.5,
        gt=0.0,
        le=1.0,
        used="fill, impact",
    )
    propagate: bool = key(
        False, "The permanent part stays in the price of later bars.", example=True, used="fill, impact"
    )
    impact_decay: float = key(
        1.0,
        "Share of the propagated part that is left one bar later.",
        unit="share per bar",
        example=0.9,
        ge=0.0,
        le=1.0,
        used="fill, impact",
    )
    participation_base: Annotated[ParticipationBase, WORD] = key(
        ParticipationBase.TRAILING,
        "Volume and volatility of the estimate: 20 trailing bars, or the execution bar.",
        example="bar",
        used="fill, impact",
    )
    participation_rate_limit: float | None = key(
        0.1,
        "Largest part of the execution bar's volume one bar may fill.",
        unit=VOLUME,
        example=0.05,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="fill, participation",
    )
    auction_share: float | None = key(
        None,
        "Cap of fills at the open; null takes participation_rate_limit.",
        unit=VOLUME,
        example=0.03,
        gt=0.0,
        le=1.0,
        off=INFINITE,
        used="fill, participation",
    )


class Execution(Section):
    """From orders to fills."""

    fill: Annotated[FillAt, WORD] = key(
        FillAt.NEXT_OPEN, "The price an order meets.", example="next_close", used="fill"
    )
    sizing: Annotated[SizeAt, WORD] = key(
        SizeAt.DECISION,
        "Where quantities are fixed: at the decision's prices, or at the fill's (simulation only).",
        example="fill",
        used="decide, fill",
    )
    order_type: Annotated[OrderType, WORD] = key(
        OrderType.MARKET, "Type of the lane's orders.", example="limit", used="decide, matching"
    )
    time_in_force: Annotated[TimeInForce, WORD] = key(
        TimeInForce.DAY, "How long an order works.", example="gtc", used="matching"
    )
    price_threshold: float = key(
        0.0,
        "Limit price: decision price x (1 + this) to buy, x (1 - this) to sell.",
        unit=PRICE,
        example=0.01,
        ge=0.0,
        lt=1.0,
        used="decide",
    )
    market_impact_limit: float | None = key(
        None,
        "An order is cut until its estimated impact is at most this.",
        unit=PRICE,
        example=0.005,
        gt=0.0,
        lt=1.0,
        off=INFINITE,
        used="decide",
    )
    max_slippage: float | None = key(
        None,
        "No fill beyond decision price x (1 +- this).",
        unit=PRICE,
        example=0.02,
        gt=0.0,
        lt=1.0,
        off=INFINITE,
        used="matching",
    )
    min_fill: float | None = key(
        None,
        "An order of which less can fill in its first bar is sliced over bars.",
        unit="share of the order",
        example=0.25,
        gt=0.0,
        le=1.0,
        off=ZERO,
        used="matching",
    )
    touch: bool = key(False, "true: a limit fills when the price only touches it.", example=True, used="matching")
    sell_out: bool = key(False, "true: the last row closes every position.", example=True, used="last row")
    schedule: ScheduleSection = key(
        ScheduleSection(),
        "Orders worked over several bars.",
        example={"model": "twap", "bars": 6},
        record="",
        used="fill, schedule",
    )
    commission: CommissionSection = key(
        CommissionSection(), "The fee.", example={"preset": "binance_spot"}, record="", used="fill, commission"
    )
    slippage: SlippageSection = key(
        SlippageSection(), "The price concession.", example={"model": "percentage"}, record="", used="fill, slippage"
    )
    market_impact: ImpactSection = key(
        ImpactSection(),
        "The impact and the participation cap.",
        example={"model": "square_root"},
        record="",
        used="fill, impact",
    )
