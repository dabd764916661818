"""The words behind the codes of a journal, and how its numbers are written in a sentence."""

from __future__ import annotations

import math

import numpy as np

from polyfolio.core.codes import Moment, Reason, Status

# What a reason is called where a limit or a rule is named: the configuration key, if there is one.
NAMES: dict[Reason, str] = {reason: reason.name.lower() for reason in Reason} | {
    Reason.NONE: "its stage",
    Reason.MAX_LABEL: "a label cap",
    Reason.MAX_POSITIONS: "the limits on the number of positions",
    Reason.CORRELATION: "correlation.limit",
    Reason.FEEDBACK: "risk feedback",
    Reason.HEDGE: "the hedge",
    Reason.RISK_SPEED: "risk_adjustment_speed",
    Reason.GROUP_LIMIT: "the limits of its group",
    Reason.EXTENSION: "an added stage",
    Reason.PARTICIPATION: "participation_rate_limit",
    Reason.MARKET_IMPACT: "market_impact_limit",
}

# A want that a stage changed; {after} is the want after it, {name} the reason's name.
CHANGED = "moved to {after} by {name}"
CUTS: dict[Reason, str] = {
    Reason.UNTRADABLE: "kept at {after}: it could not trade",
    Reason.BARRED: "barred after a stop or target until its signal changes or its cooldown ends",
    Reason.NO_SHORTING: "set to {after}: shorting is not allowed",
    Reason.MAX_POSITION: "capped to {after} by {name}",
    Reason.MAX_POSITION_VALUE: "capped to {after} by {name}",
    Reason.MAX_POSITION_RISK: "capped to {after} by {name}",
    Reason.MAX_LABEL: "capped to {after} by {name}",
    Reason.MAX_LONG_POSITIONS: "cut to {after} by {name}",
    Reason.MAX_SHORT_POSITIONS: "cut to {after} by {name}",
    Reason.MAX_POSITIONS: "cut to {after} by {name}",
    Reason.MIN_POSITION: "cut to {after}: smaller than {name}",
    Reason.TURNOVER: "held back to {after}: larger trades used limits.max_turnover",
    Reason.MAX_TRADES: "held back to {after}: larger trades used limits.max_trades",
    Reason.CORRELATION: "cut to {after} by {name}",
    Reason.FEEDBACK: "resized to {after} by {name}",
    Reason.MAX_DRAWDOWN: "cut to {after} by {name}",
    Reason.MAX_DAILY_LOSS: "cut to {after} by {name}, until the next day",
    Reason.MAX_NET: "scaled to {after} by {name}",
    Reason.MIN_NET: "scaled to {after} by {name}",
    Reason.MAX_GROSS: "scaled to {after} by {name}",
    Reason.MAX_LEVERAGE: "scaled to {after} by {name}",
    Reason.MIN_CASH_RESERVE: "scaled to {after} by {name}",
    Reason.MAX_VOLATILITY: "scaled to {after} by {name}",
    Reason.MAX_VAR: "scaled to {after} by {name}",
    Reason.MAX_ES: "scaled to {after} by {name}",
    Reason.RISK_SPEED: "scaled to {after} by {name}: it recovers step by step",
    Reason.FROZEN: "moved to {after}: what cannot trade exceeds a limit, so only trades that lower the risk pass",
    Reason.WARMUP: "held back to {after}: a limit has too little history (warmup: block)",
    Reason.PROJECTION: "moved to {after}, the nearest weights that meet the limits",
    Reason.FALLBACK: "moved to {after} by a fallback: the solver gave up",
    Reason.LOT: "scaled to {after} so that the limits hold after rounding to lots",
}

# An order, or what was left of it; {before} and {after} are quantities.
REFUSALS: dict[Reason, str] = {
    Reason.UNTRADABLE: "{before} could not trade in that bar",
    Reason.MIN_NOTIONAL: "no order of {before}: worth less than the smallest order",
    Reason.LOT: "no order: the difference is less than one lot",
    Reason.BUYING_POWER: "{before} did not fill: buying power was used up",
    Reason.PARTICIPATION: "{before} did not fill: {name} was reached",
    Reason.NO_VOLUME: "{before} did not fill: no volume in that bar",
    Reason.MAX_SLIPPAGE: "{before} did not fill: the price was beyond max_slippage",
    Reason.MARKET_IMPACT: "order cut from {before} to {after} by {name}",
    Reason.LIMIT_NOT_REACHED: "{before} did not fill: its limit was not reached",
    Reason.EXPIRED: "{before} expired",
    Reason.FILL_OR_KILL: "{before} did not fill: fill or kill, and not all of it could",
    Reason.REPLACED: "{before} was replaced by a later order",
    Reason.GROUP_LIMIT: "order cut from {before} to {after} by {name}",
    Reason.PROTECTED: "{before} was cancelled by the position's own stop or target",
    Reason.SCHEDULE: "{before} waits for its next part (execution.schedule)",
    Reason.MIN_FILL: "{before} is sliced over bars by min_fill",
}
REFUSED = "{before} did not fill: {name}"

HOLDS: dict[Reason, str] = {
    Reason.NOT_REBALANCE_BAR: "no order: not a rebalance bar",
    Reason.THRESHOLD: "no order: no weight is further from its target than rebalance.threshold",
    Reason.RISK_BAND: "no order: the predicted volatility is inside rebalance.risk_band",
    Reason.NOT_WORTH_COST: "no order: the expected gain does not pay the cost (rebalance.cost_aware)",
}

# What the sizing says of a signal besides the plain case.
SIZED: dict[Reason, str] = {
    Reason.WARMUP: ", since its sizing has too little history",
    Reason.FALLBACK: ", by inverse volatility because its sizing could not be solved",
    Reason.KELLY_FLOOR: ", below min_kelly",
    Reason.TARGET_VOLATILITY: ", scaled to target_volatility",
    Reason.TARGET_RISK: ", scaled to target_risk",
}

# Why a fill that no signal asked for happened.
CAUSES: dict[Reason, str] = {
    Reason.STOP_LOSS: "its stop loss",
    Reason.TAKE_PROFIT: "its take profit",
    Reason.TRAILING_STOP: "its trailing stop",
    Reason.LIQUIDATION: "liquidation, since equity fell below maintenance_margin",
    Reason.RUINED: "ruin, since equity was used up",
    Reason.END_OF_RUN: "sell_out at the end of the run",
    Reason.RETIRED: "its portfolio was taken out of the run",
    Reason.USER_ORDER: "an order given by hand",
}

STATES: dict[Status, str] = {
    Status.LIVE: "live again",
    Status.REDUCE_ONLY: "reduce only",
    Status.HALTED: "halted until the next day",
    Status.LIQUIDATING: "liquidating",
    Status.RUINED: "ruined",
    Status.TERMINATED: "terminated",
    Status.RETIRED: "taken out of the run",
}

MOMENTS: dict[Moment, str] = {
    Moment.OPEN: "at the open",
    Moment.INTRABAR: "inside the bar",
    Moment.CLOSE: "at the close",
}


def share(value: float) -> str:
    """A share of equity: 20.0 %, and 0.35 % below one percent."""
    digits = 1 if abs(value) >= 0.01 or value == 0.0 else 2
    return "unknown" if math.isnan(value) else f"{value:.{digits}%}".replace("%", " %")


def bound(value: float, reason: Reason) -> str:
    """A limit's value or bound: a share of equity, a count, a correlation."""
    counted = reason in (Reason.MAX_POSITIONS, Reason.MAX_LONG_POSITIONS, Reason.MAX_SHORT_POSITIONS)
    if counted or reason == Reason.CORRELATION:
        return f"{value:.4g}"
    return "unknown" if math.isnan(value) else f"{value:.2%}".replace("%", " %")


def plain(value: float) -> str:
    """A price or a quantity, as many digits as it needs."""
    text = f"{value:,.8f}" if 0.0 < abs(value) < 1e-3 else f"{value:,.8g}"
    return (text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text) or "0"


def signed(value: float) -> str:
    """A quantity with its sign: + to buy, - to sell."""
    return ("+" if value > 0.0 else "") + plain(value)


def money(value: float) -> str:
    """An amount of the base currency."""
    return f"{value:,.2f}" if abs(value) >= 0.01 or value == 0.0 else f"{value:,.6f}"


def stamp(time: int) -> str:
    """A closing time in UTC, to the minute where it has no seconds."""
    moment = np.datetime64(int(time), "ns")
    minutes = moment.astype("datetime64[m]")
    return str(minutes if minutes == moment else moment.astype("datetime64[s]")).replace("T", " ") + " UTC"
