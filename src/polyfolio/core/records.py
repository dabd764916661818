"""The records a lane's scalars live in. Per-slot and per-sleeve state stands in arrays of its own (`core.book`).

One word from YAML to machine code: a rule field has the name of its configuration key. Codes are from `core.codes`.
A bound that is off is `inf` (upper) or `-inf` / 0 (lower), so that kernels need no "is it set" branch.
"""

from __future__ import annotations

import numpy as np

# What a lane owns and what has happened to it. Money in the account's base currency.
ACCOUNT = np.dtype(
    [
        ("cash", "f8"),
        ("equity", "f8"),  # at the last mark
        ("equity_before", "f8"),  # at the close of the row before
        ("gross", "f8"),  # sum of abs(value) at the last mark
        ("net", "f8"),
        ("peak", "f8"),  # running maximum of equity, start included
        ("drawdown", "f8"),  # equity / peak - 1, <= 0
        ("day_equity", "f8"),  # equity at the start of the day, for the daily loss limit
        ("due", "f8"),  # capital that reaches the lane, or leaves it, at the start of the next row
        ("scale", "f8"),  # the risk scale of the last decision, for risk_adjustment_speed
        # terms of the identity in the current bar
        ("gain", "f8"),
        ("dividends", "f8"),
        ("interest", "f8"),
        ("flows", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),  # spread and slippage
        ("impact", "f8"),
        ("borrow", "f8"),
        ("funding", "f8"),
        ("turnover", "f8"),  # sum of abs(traded notional) / equity before
        # the same since the start
        ("total_gain", "f8"),
        ("total_dividends", "f8"),
        ("total_interest", "f8"),
        ("total_flows", "f8"),
        ("total_commission", "f8"),
        ("total_slippage", "f8"),
        ("total_impact", "f8"),
        ("total_borrow", "f8"),
        ("total_funding", "f8"),
        ("total_turnover", "f8"),
        ("total_realised", "f8"),
        (
            "total_timing",
            "f8",
        ),  # quantity * (reference - decision price): what waiting for the fill cost, inside the gain
        ("period_volume", "f8"),  # volume of the commission period, for cumulative tiers
        ("residual", "f8"),  # largest abs(identity residual) / equity seen so far
        ("status", "i8"),
        ("row", "i8"),  # row the terms above belong to, -1 before the first
        ("decided", "i8"),  # last row decided at, -1 before the first
        ("fills", "i8"),
        ("pending", "i8"),  # 1: a target waits to be solved at the fill (`sizing: fill`)
        ("working", "i8"),  # 1: some order waits or the lane must be closed, so the fill phase has work
        ("plain", "i8"),  # 1: all working orders are market orders of the last decision, so their terms stand nowhere
        ("guarded", "i8"),  # Guard: what watches the positions
        ("barred", "i8"),  # 1: some sleeve may have to stay out after its stop or target
    ],
    align=True,
)

# The terms of a sleeve's working order. Its signed quantity, decision price and filled part stand in arrays.
ORDER = np.dtype(
    [
        ("limit", "f8"),
        ("stop", "f8"),
        ("type", "i8"),
        ("life", "i8"),  # TimeInForce
        ("reason", "i8"),
        ("row", "i8"),  # row it was decided at
        ("urgency", "f8"),  # per bar, of the schedule almgren_chriss
    ],
    align=True,
)

# What guards a sleeve's position.
EXIT = np.dtype(
    [
        ("stop", "f8"),  # a price of the sleeve's own, NaN = only the lane's rules
        ("target", "f8"),
        ("extreme", "f8"),  # best price since the entry, for trailing stops
        ("barred_signal", "f8"),  # sign of the last signal the sleeve had heard at the exit
        ("barred_row", "i8"),  # row of the exit; -1 = not barred
        ("entry_row", "i8"),
        ("entry_moment", "i8"),  # Moment of the entry: inside its own bar only the stop is watched
    ],
    align=True,
)

# What the lanes of one account share.
GROUP = np.dtype(
    [
        ("max_gross", "f8"),  # of the group's summed equity
        ("max_position", "f8"),
        ("netting", "i8"),
    ],
    align=True,
)

# One instrument. Prices are in its currency; value = quantity * price * multiplier * fx.
INSTRUMENT = np.dtype(
    [
        ("multiplier", "f8"),
        ("lot", "f8"),  # quantity step; 0 = any quantity
        ("tick", "f8"),  # price step; 0 = any price
        ("min_notional", "f8"),  # smallest order in its currency
        ("fx_slot", "i8"),  # slot whose price converts its currency to the base currency; -1 = base
        ("fx_inverse", "i8"),  # 1: the fx slot quotes base per foreign the other way round
    ],
    align=True,
)

# What a lane may do: one flat record, filled by `rules.plan` from the configuration.
RULES = np.dtype(
    [
        # account
        ("initial_capital", "f8"),
        ("maintenance_margin", "f8"),  # equity below this share of gross liquidates; 0 = off
        ("interest_rate", "f8"),  # yearly, on idle cash
        ("loan_rate", "f8"),  # yearly, on negative cash
        ("borrow_rate", "f8"),  # yearly, where the tape has no borrow rate of its own
        ("day_count", "f8"),  # 360
        # commission
        ("commission_model", "i8"),
        ("fixed_fee", "f8"),
        ("percentage_fee", "f8"),
        ("per_unit_fee", "f8"),
        ("min_fee", "f8"),
        ("max_fee", "f8"),
        ("tier_mode", "i8"),
        ("volume_unit", "i8"),
        ("volume_basis", "i8"),
        ("tier_period", "i8"),  # Period bit at which a cumulative volume starts anew; 0 = episode
        # slippage and spread
        ("slippage_model", "i8"),
        ("base_slippage", "f8"),
        ("volume_impact", "f8"),
        ("half_spread", "f8"),  # share of the tape's spread that is paid: 0.5 = half of it; 0 = off
        # market impact
        ("impact_model", "i8"),
        ("permanent_impact", "f8"),
        ("temporary_impact", "f8"),
        ("impact_exponent", "f8"),
        ("impact_decay", "f8"),  # share of the propagated permanent impact that is left one bar later
        ("propagate", "i8"),
        ("participation_base", "i8"),
        ("participation_rate_limit", "f8"),
        ("auction_share", "f8"),  # cap at the open as a share of the bar's volume; inf = the limit above
        # execution
        ("fill", "i8"),
        ("sizing", "i8"),  # SizeAt
        ("order_type", "i8"),
        ("time_in_force", "i8"),
        ("price_threshold", "f8"),
        ("market_impact_limit", "f8"),
        ("max_slippage", "f8"),
        ("min_fill", "f8"),
        ("schedule", "i8"),  # Schedule
        ("schedule_bars", "i8"),
        ("schedule_rate", "f8"),
        ("schedule_risk_aversion", "f8"),
        ("touch", "i8"),  # 1: a limit fills when the price only touches it
        ("sell_out", "i8"),  # 1: the last row closes every position
        # exits
        ("stop_loss", "f8"),  # share of the average entry price; inf = off
        ("take_profit", "f8"),
        ("trailing_stop", "f8"),
        ("bar_until", "i8"),
        ("cooldown_bars", "i8"),
        # sizing
        ("method", "i8"),
        ("gross_target", "f8"),
        ("target_risk", "f8"),  # risk parity: largest abs(w) * daily sigma; inf = off
        ("target_volatility", "f8"),
        ("kelly_fraction", "f8"),
        ("min_kelly", "f8"),
        ("kelly_window", "i8"),
        ("allow_short", "i8"),
        ("per_signal", "f8"),  # what a signal of 1 asks for; methods weights, units, money
        ("resize", "i8"),  # 0: a position on the side of its signal keeps its quantity
        ("hold_counts", "i8"),  # 1: a name held without an opinion counts with its side when the others are sized
        # limits on the want
        ("max_position", "f8"),
        ("max_position_value", "f8"),
        ("max_turnover", "f8"),  # of a decision, two-way
        ("max_trades", "f8"),  # openings of a decision
        ("min_position", "f8"),
        ("min_notional", "f8"),
        ("max_gross", "f8"),
        ("max_net", "f8"),
        ("min_net", "f8"),
        ("max_leverage", "f8"),
        ("max_long_positions", "f8"),
        ("max_short_positions", "f8"),
        ("max_positions", "f8"),
        ("min_cash_reserve", "f8"),
        ("max_daily_loss", "f8"),
        # risk
        ("max_volatility", "f8"),  # annualised
        ("max_var", "f8"),
        ("max_es", "f8"),
        ("var_method", "i8"),
        ("var_confidence", "f8"),
        ("var_window", "i8"),
        ("min_history", "i8"),
        ("covariance_model", "i8"),  # index into the plan's covariance models
        ("periods_per_year", "f8"),  # of the risk returns
        ("warmup", "i8"),
        ("max_drawdown", "f8"),
        ("drawdown_action", "i8"),
        ("projection", "i8"),
        ("risk_adjustment_speed", "f8"),
        # correlation
        ("correlation_limit", "f8"),
        ("correlation_rule", "i8"),
        ("adjustment_factor", "f8"),
        # feedback
        ("max_position_risk", "f8"),  # abs(w) * annualised sigma
        ("feedback_iterations", "i8"),
        ("resize_threshold", "f8"),
        # hedge
        ("hedge_slot", "i8"),  # -1 = none
        ("hedge_beta", "f8"),
        ("hedge_band", "f8"),
        ("hedge_window", "i8"),
        # rebalancing
        ("every_bars", "i8"),  # decide every n bars; 0 = use every_period
        ("every_period", "i8"),  # Period bits at which the lane decides; 0 with every_bars 0 = every bar
        ("threshold", "f8"),  # trade only when the largest abs(w - target) exceeds this; 0 = off
        ("risk_band_low", "f8"),
        ("risk_band_high", "f8"),
        ("cost_aware", "i8"),
        ("risk_aversion", "f8"),
        # lookups
        ("tier_table", "i8"),
        ("signal", "i8"),  # which signal array of the run this lane listens to
        ("label_caps", "i8"),  # first row of this lane's caps in the plan's label cap table
        ("label_caps_end", "i8"),
        ("lots", "i8"),  # 1: some instrument trades in whole lots, so the orders are certified again after rounding
        ("normal_var", "f8"),  # VaR / sigma of a normal return at var_confidence
        ("normal_es", "f8"),  # ES / sigma of the same
        ("direct", "i8"),  # 1: nothing about a fill depends on volume, slippage or tiers, and fills are not journalled
        ("uncut", "i8"),  # 1: no lots, no smallest order, no impact cap: an order is its target minus what is held
        ("level", "i8"),  # journal level
        ("checked", "i8"),  # 1: assert the identity at every step
    ],
    align=True,
)

# One executed fill. price = reference * (1 + side * (slippage + impact)); costs in base currency, >= 0.
FILL = np.dtype(
    [
        ("row", "i8"),
        ("lane", "i4"),
        ("sleeve", "i4"),
        ("slot", "i4"),
        ("moment", "i2"),
        ("reason", "i2"),
        ("quantity", "f8"),  # signed
        ("price", "f8"),
        ("reference", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),
        ("impact", "f8"),
        ("realised", "f8"),  # profit against the average price, before this fill's commission
    ]
)

# One decision, cut, order, refusal, certificate line or status change (`core.codes.Event`).
EVENT = np.dtype(
    [
        ("row", "i8"),
        ("lane", "i4"),
        ("slot", "i4"),  # -1 = the whole lane
        ("event", "i2"),
        ("reason", "i2"),
        ("stage", "i4"),
        ("before", "f8"),
        ("after", "f8"),
    ]
)

# One row per lane and bar: what the identity adds up. Terms are of this bar, levels at its close.
MARK = np.dtype(
    [
        ("row", "i8"),
        ("lane", "i4"),
        ("status", "i4"),
        ("equity", "f8"),
        ("cash", "f8"),
        ("gross", "f8"),
        ("net", "f8"),
        ("gain", "f8"),
        ("dividends", "f8"),
        ("interest", "f8"),
        ("flows", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),
        ("impact", "f8"),
        ("borrow", "f8"),
        ("funding", "f8"),
        ("turnover", "f8"),
    ]
)
