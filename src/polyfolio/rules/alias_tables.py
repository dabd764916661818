"""What the keys of other documents mean here: one row per key, read by `aliases` and by `polyfolio config explain`."""

from __future__ import annotations

from typing import Any

from polyfolio.rules import alias_values as read
from polyfolio.rules.alias_values import Row

PENALTY = "times costs / equity, on top of the costs in the equity"
VAR = "one-day 95 % historical value at risk, a share of equity"

COMMISSION = (
    Row("model", "model", convert=read.model_word),
    Row("fixed_fee", "fixed_fee"),
    Row("percentage_fee", "percentage_fee"),
    Row("per_unit_fee", "per_unit_fee"),
    Row("min_fee", "min_fee"),
    Row("max_fee", "max_fee"),
    Row(
        "tiered_rates", "tiered_rates", "rates of notional by units traded, each slice at its own rate", read.open_tiers
    ),
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
    "enabled": (Row("", "environment", "false: no environment, the lane's rules alone"),),
    # A single-ticker environment: keys without sections. Its design is known by name alone, so these are the plainest.
    "intraday": (
        Row("ticker", "tape.symbols", "a tape of one symbol", read.alone),
        Row("symbol", "tape.symbols", "a tape of one symbol", read.alone),
        Row("data_path", "tape.path"),
        Row("interval", "tape.interval", "length of a bar", read.word_of(read.INTERVALS)),
        Row("initial_capital", "account.initial_capital"),
        Row("base_currency", "account.base_currency"),
        Row("commission", "execution.commission.percentage_fee", "share of notional"),
        Row("commission", "execution.commission.model", convert=read.constant("percentage")),
        Row("slippage", "execution.slippage.base_slippage", "share of the price"),
        Row("slippage", "execution.slippage.model", convert=read.constant("percentage")),
        Row("max_position_size", "limits.max_position", "absolute share of equity"),
        Row("max_leverage", "limits.max_leverage"),
        Row("max_drawdown", "risk.max_drawdown", "on breach gross may only fall until the drawdown halves"),
        Row("allow_short", "sizing.allow_short"),
        Row("stop_loss", "exits.stop_loss", "from the average entry price, intrabar"),
        Row("take_profit", "exits.take_profit", "from the average entry price, intrabar"),
        Row("window_size", "environment.observation.window", "rows stacked"),
        Row("features", "environment.observation.technical", "features by name"),
        Row("episode_length", "environment.episode.length", "decisions"),
        Row("random_start", "environment.episode.start", "true: at a random row", read.random_start),
    ),
    "tickers": (Row("", "tape.symbols", "symbols of the tape, in slot order"),),
    "portfolio": (
        Row("initial_capital", "account.initial_capital"),
        Row("base_currency", "account.base_currency"),
        Row("benchmark", "account.benchmark", "a symbol of the tape, or a series beside it"),
        Row("rebalance_frequency", "rebalance.every", "decisions at the first bar of each period", read.frequency),
    ),
    "position_sizing": (
        Row("method", "sizing.method", "sizes signals; what an agent says as weights or changes is a weight already"),
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
        Row("max_portfolio_risk", "risk.var_method", VAR, read.constant("historical")),
        Row("max_portfolio_risk", "risk.var_confidence", VAR, read.constant(0.95)),
        Row("max_drawdown", "risk.max_drawdown", "on breach gross may only fall until the drawdown halves"),
        Row("max_correlation", "correlation.limit", "signed: a hedge is not punished"),
        Row("position_limits.max_long_positions", "limits.max_long_positions"),
        Row("position_limits.max_short_positions", "limits.max_short_positions"),
        Row("position_limits.max_short_positions", "sizing.allow_short", "a count above 0 allows shorts", read.shorts),
        Row("stop_loss.enabled", ""),
        Row("stop_loss.threshold", "exits.stop_loss", "from the average entry price, intrabar", read.threshold),
        Row("take_profit.enabled", ""),
        Row("take_profit.threshold", "exits.take_profit", "from the average entry price, intrabar", read.threshold),
    ),
    "execution": (
        *under("commission.", "execution.commission.", COMMISSION),
        *under("slippage.", "execution.slippage.", SLIPPAGE),
        *under("market_impact.", "execution.market_impact.", MARKET_IMPACT),
    ),
    "commission": under("", "execution.commission.", COMMISSION),
    "slippage": under("", "execution.slippage.", SLIPPAGE),
    "market_impact": under("", "execution.market_impact.", MARKET_IMPACT),
    "reward": (
        Row("type", "environment.reward.type", convert=read.word_of(read.PAYS)),
        Row("custom", "environment.reward.custom", "module:function of type custom"),
        Row(
            "risk_adjusted",
            "environment.reward.risk_adjusted",
            "no effect on sharpe, differential_sharpe, sortino and calmar",
        ),
        Row("transaction_cost_penalty", "environment.reward.transaction_cost_penalty", PENALTY),
        Row("drawdown_penalty", "environment.reward.drawdown_penalty", "times the increase of drawdown in the bar"),
        Row("reward_scaling", "environment.reward.reward_scaling"),
    ),
    "observation_space": (
        Row("include_portfolio_state", "environment.observation.portfolio"),
        Row("include_positions", "environment.observation.positions"),
        Row("include_market_data", "environment.observation.market"),
        Row("include_technical_features", "environment.observation.technical", "true: the set basic", read.technical),
        Row("include_risk_metrics", "environment.observation.risk"),
        Row(
            "normalization.method",
            "environment.observation.normalise.method",
            "rolling: over trailing rows; others: learned on the training rows",
        ),
        Row("normalization.window", "environment.observation.normalise.window", "trailing rows of rolling"),
    ),
    "action_space": (
        Row("type", "environment.action.space", convert=read.word_of(read.SPACES)),
        Row(
            "action_type",
            "environment.action.kind",
            "weights and changes are not sized again",
            read.word_of(read.KINDS),
        ),
        Row("constraints.sum_to_one", "environment.action.simplex", "cash is one of the numbers", read.simplex),
        Row("constraints.no_shorting", "sizing.allow_short", "no_shorting: false allows shorts", read.negated),
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
        Row("var_limit", "risk.var_method", VAR, read.constant("historical")),
        Row("var_limit", "risk.var_confidence", VAR, read.constant(0.95)),
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
            read.lookback,
        ),
    ),
    "execution_config": (
        Row("default_order_type", "execution.order_type", convert=read.lower),
        Row("time_in_force", "execution.time_in_force", convert=read.lower),
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
        Row("max_per_stage", "limits.labels", "caps by the label `stage`", read.stages),
        Row("max_per_asset", "limits.labels", "one cap for each value of the label `asset`", read.assets),
        Row("min_cash_reserve", "limits.min_cash_reserve"),
        Row("max_daily_loss", "limits.max_daily_loss", "equity now against equity at the day's start"),
        Row("max_positions", "limits.max_positions"),
        Row("min_position_size", "limits.min_notional", "money, not a share: the smallest order"),
    ),
}

ENVIRONMENT = (
    *("portfolio", "position_sizing", "risk_management", "execution"),
    *("reward", "observation_space", "action_space"),
)

DOCUMENTS: dict[str, tuple[str, ...]] = {
    "multi_ticker_env": ("enabled", "tickers", *ENVIRONMENT),
    "intraday_env": ("enabled", *ENVIRONMENT),
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

# Documents with keys outside their sections: the table that knows them.
FLAT = {"intraday_env": "intraday"}

# Keys of parts that read them elsewhere, or not at all: named in the explanation, refused by nobody.
UNUSED: dict[str, tuple[str, ...]] = {
    "position_config": ("learning_rate", "adaptation_period"),
}
