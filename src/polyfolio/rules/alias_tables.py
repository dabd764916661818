"""What the keys of other documents mean here: one row per key, read by `aliases` and by `polyfolio config explain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Convert = Callable[[Any, Mapping[str, Any]], Any]


class Row(NamedTuple):
    """One key of a document's section; `ours` is "" where the key is read together with its neighbour."""

    theirs: str
    ours: str
    remark: str = ""
    convert: Convert | None = None


def lower(value: Any, _: Mapping[str, Any]) -> Any:
    """Their words in capitals."""
    return value.lower() if isinstance(value, str) else value


def constant(value: object) -> Convert:
    """What their key implies beside its value."""
    return lambda _, __: value


def model_word(value: Any, _: Mapping[str, Any]) -> Any:
    """Their `fixed+percentage`."""
    return value.lower().replace("+", "_") if isinstance(value, str) else value


def threshold(value: Any, section: Mapping[str, Any]) -> Any:
    """A threshold beside `enabled: false` is off."""
    return value if section.get("enabled", True) else None


def shorts(value: Any, _: Mapping[str, Any]) -> Any:
    """A positive count of shorts allows them."""
    return isinstance(value, int) and value > 0


def negated(value: Any, _: Mapping[str, Any]) -> Any:
    """`no_shorting: false` allows shorts."""
    return not value if isinstance(value, bool) else value


def open_tiers(value: Any, _: Mapping[str, Any]) -> Any:
    """`max_volume: inf` is text to a YAML reader and means no upper end."""
    if not isinstance(value, list):
        return value
    return [
        {name: None if name == "max_volume" and _infinite(item) else item for name, item in tier.items()}
        if isinstance(tier, Mapping)
        else tier
        for tier in value
    ]


def _infinite(value: object) -> bool:
    return value in ("inf", ".inf", "infinity") or value == float("inf")


FREQUENCIES = {"daily": "1d", "hourly": "1h", "weekly": "week", "monthly": "month", "minute": "1min"}


def frequency(value: Any, _: Mapping[str, Any]) -> Any:
    """Their adverbs."""
    return FREQUENCIES.get(value, value) if isinstance(value, str) else value


def stages(value: Any, _: Mapping[str, Any]) -> Any:
    """Caps by stage."""
    return [{"by": "stage", "cap": value, "absent": True}]


def assets(value: Any, _: Mapping[str, Any]) -> Any:
    """One cap for each asset."""
    return [{"by": "asset", "cap": value}]


def lookback(value: Any, _: Mapping[str, Any]) -> Any:
    """`update_frequency: bar` takes risk returns of bars; longer words are met by daily ones."""
    return "bar" if value == "bar" else "day" if value in ("daily", "weekly", "monthly") else value


VAR = "one-day 95 % historical value at risk, a share of equity"

COMMISSION = (
    Row("model", "model", convert=model_word),
    Row("fixed_fee", "fixed_fee"),
    Row("percentage_fee", "percentage_fee"),
    Row("per_unit_fee", "per_unit_fee"),
    Row("min_fee", "min_fee"),
    Row("max_fee", "max_fee"),
    Row("tiered_rates", "tiered_rates", "rates of notional by units traded, each slice at its own rate", open_tiers),
    Row("tier_mode", "tier_mode"),
    Row("volume_unit", "volume_unit"),
    Row("volume_basis", "volume_basis"),
    Row("period", "tier_period"),
)
SLIPPAGE = (
    Row("model", "model"),
    Row("base_slippage", "base_slippage"),
    Row("volume_impact", "volume_impact", "per unit traded (linear) or per root unit (square_root)"),
)
MARKET_IMPACT = (
    Row("model", "model"),
    Row("permanent_impact", "permanent_impact", "multiple of sigma x participation; a fill pays half of it"),
    Row("temporary_impact", "temporary_impact", "multiple of sigma"),
    Row("participation_rate_limit", "participation_rate_limit", "share of the execution bar's volume"),
)


def under(theirs: str, ours: str, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows one level deeper."""
    return tuple(row._replace(theirs=f"{theirs}{row.theirs}", ours=f"{ours}{row.ours}") for row in rows)


TABLES: dict[str, tuple[Row, ...]] = {
    "tickers": (Row("", "tape.symbols", "symbols of the tape, in slot order"),),
    "portfolio": (
        Row("initial_capital", "account.initial_capital"),
        Row("base_currency", "account.base_currency"),
        Row("benchmark", "account.benchmark", "a symbol of the tape, or a series beside it"),
        Row("rebalance_frequency", "rebalance.every", "decisions at the first bar of each period", frequency),
    ),
    "position_sizing": (
        Row("method", "sizing.method"),
        Row("max_position_size", "limits.max_position", "absolute share of equity"),
        Row("min_position_size", "limits.min_position", "share of equity, not money"),
        Row("max_leverage", "limits.max_leverage"),
        Row("risk_parity_params.target_risk", "sizing.target_risk", "largest abs(w) x daily sigma"),
        Row("risk_parity_params.risk_budget", "sizing.risk_budget"),
        Row("kelly_params.fraction", "sizing.kelly_fraction"),
        Row("kelly_params.min_kelly", "sizing.min_kelly", "below it the weight is 0"),
    ),
    "risk_management": (
        Row("max_portfolio_risk", "risk.max_var", VAR),
        Row("max_portfolio_risk", "risk.var_method", VAR, constant("historical")),
        Row("max_portfolio_risk", "risk.var_confidence", VAR, constant(0.95)),
        Row("max_drawdown", "risk.max_drawdown", "on breach gross may only fall until the drawdown halves"),
        Row("max_correlation", "correlation.limit", "signed: a hedge is not punished"),
        Row("position_limits.max_long_positions", "limits.max_long_positions"),
        Row("position_limits.max_short_positions", "limits.max_short_positions"),
        Row("position_limits.max_short_positions", "sizing.allow_short", "a count above 0 allows shorts", shorts),
        Row("stop_loss.enabled", ""),
        Row("stop_loss.threshold", "exits.stop_loss", "from the average entry price, intrabar", threshold),
        Row("take_profit.enabled", ""),
        Row("take_profit.threshold", "exits.take_profit", "from the average entry price, intrabar", threshold),
    ),
    "execution": (
        *under("commission.", "execution.commission.", COMMISSION),
        *under("slippage.", "execution.slippage.", SLIPPAGE),
        *under("market_impact.", "execution.market_impact.", MARKET_IMPACT),
    ),
    "commission": under("", "execution.commission.", COMMISSION),
    "slippage": under("", "execution.slippage.", SLIPPAGE),
    "market_impact": under("", "execution.market_impact.", MARKET_IMPACT),
    "action_space": (
        Row("constraints.no_shorting", "sizing.allow_short", "no_shorting: false allows shorts", negated),
        Row("constraints.max_leverage", "limits.max_leverage"),
    ),
    "position_config": (
        Row("method", "sizing.method"),
        Row("max_position_size", "limits.max_position", "absolute share of equity"),
        Row("min_position_size", "limits.min_position", "share of equity"),
    ),
    "risk_config": (
        Row("max_portfolio_risk", "risk.max_volatility", "annualised volatility of the book"),
        Row("max_position_risk", "risk.max_position_risk", "abs(w) x annualised sigma"),
        Row("var_limit", "risk.max_var", VAR),
        Row("var_limit", "risk.var_method", VAR, constant("historical")),
        Row("var_limit", "risk.var_confidence", VAR, constant(0.95)),
        Row("risk_adjustment_speed", "risk.risk_adjustment_speed", "recovery of the scale per decision"),
    ),
    "correlation_config": (
        Row("max_correlation", "correlation.limit", "signed: a hedge is not punished"),
        Row("correlation_lookback", "risk.covariance.window", "risk returns in the window"),
        Row("adjustment_factor", "correlation.adjustment_factor", "damping at correlation 1"),
        Row(
            "update_frequency",
            "observation",
            "the matrix is new at each row; daily returns for daily and longer",
            lookback,
        ),
    ),
    "execution_config": (
        Row("default_order_type", "execution.order_type", convert=lower),
        Row("time_in_force", "execution.time_in_force", convert=lower),
        Row("price_threshold", "execution.price_threshold", "distance of the limit from the decision price"),
        Row("market_impact_limit", "execution.market_impact_limit", "temporary + half permanent"),
    ),
    "feedback_config": (
        Row("max_iterations", "feedback.iterations"),
        Row("resize_threshold", "feedback.resize_threshold", "smallest factor one round may apply"),
        Row("risk_tolerance.portfolio_risk", "risk.max_volatility", "annualised volatility; the tighter of two holds"),
        Row("risk_tolerance.position_risk", "risk.max_position_risk", "the tighter of two holds"),
        Row("risk_tolerance.var", "risk.max_var", VAR + "; the tighter of two holds"),
    ),
    "RISK_LIMITS": (
        Row("max_total_exposure", "limits.max_gross", "share of equity, positions at market and pending orders"),
        Row("max_per_stage", "limits.labels", "caps by the label `stage`", stages),
        Row("max_per_asset", "limits.labels", "one cap for each value of the label `asset`", assets),
        Row("min_cash_reserve", "limits.min_cash_reserve"),
        Row("max_daily_loss", "limits.max_daily_loss", "equity now against equity at the day's start"),
        Row("max_positions", "limits.max_positions"),
        Row("min_position_size", "limits.min_notional", "money, not a share: the smallest order"),
    ),
}

DOCUMENTS: dict[str, tuple[str, ...]] = {
    "multi_ticker_env": ("tickers", "portfolio", "position_sizing", "risk_management", "execution", "action_space"),
    "agents": ("position_config", "risk_config", "correlation_config", "execution_config", "feedback_config"),
    "lifecycle": ("RISK_LIMITS",),
}

# Values the documents' own classes take where a key is left out.
DEFAULTS: dict[str, dict[str, Any]] = {
    "portfolio": {"initial_capital": 1_000_000},
    "position_sizing": {"method": "risk_parity", "max_position_size": 0.2, "min_position_size": 0.01},
    "risk_management": {"max_portfolio_risk": 0.02, "max_drawdown": 0.1, "max_correlation": 0.7},
    "position_config": {"method": "equal_weight", "max_position_size": 0.1, "min_position_size": 0.01},
    "risk_config": {
        "max_portfolio_risk": 0.15,
        "max_position_risk": 0.05,
        "var_limit": 0.02,
        "risk_adjustment_speed": 0.1,
    },
    "correlation_config": {
        "max_correlation": 0.7,
        "correlation_lookback": 252,
        "adjustment_factor": 0.5,
        "update_frequency": "daily",
    },
    "execution_config": {
        "default_order_type": "LIMIT",
        "time_in_force": "DAY",
        "price_threshold": 0.01,
        "market_impact_limit": 0.005,
    },
    "feedback_config": {"max_iterations": 3, "resize_threshold": 0.5},
}

# Keys of parts that read them elsewhere, or not at all: named in the explanation, refused by nobody.
UNUSED: dict[str, tuple[str, ...]] = {
    "multi_ticker_env": ("enabled", "reward", "observation_space"),
    "action_space": ("type", "action_type", "constraints.sum_to_one"),
    "position_config": ("learning_rate", "adaptation_period"),
}
