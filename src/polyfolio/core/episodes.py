"""The records of lanes that an agent steers: what it is told, where its episode stands, what one step was."""

from __future__ import annotations

import numpy as np

# What an agent's actions mean, what it is paid for, where its episodes begin. Codes are from `core.codes`.
AGENT = np.dtype(
    [
        ("kind", "i8"),  # Act
        ("space", "i8"),
        ("simplex", "i8"),
        ("cash", "i8"),
        ("sharpness", "f8"),
        ("max_change", "f8"),
        ("levels", "i8"),
        ("flat", "i8"),
        ("allow_short", "i8"),
        ("reward", "i8"),
        ("raw", "i8"),  # 1: terms of a composite reward are not scaled
        ("profit", "f8"),  # weights of the composite reward
        ("risk", "f8"),
        ("cost", "f8"),
        ("stability", "f8"),
        ("sharpe", "f8"),
        ("momentum", "f8"),
        ("diversification", "f8"),
        ("risk_adjusted", "i8"),
        ("risk_aversion", "f8"),
        ("transaction_cost_penalty", "f8"),
        ("drawdown_penalty", "f8"),
        ("eta", "f8"),
        ("reward_scaling", "f8"),
        ("bars_per_year", "f8"),
        ("start", "i8"),
        ("first", "i8"),  # first row an episode may begin at
        ("last", "i8"),  # the row that ends every episode
        ("length", "i8"),  # decisions of an episode; 0 = to the last row
        ("costs_low", "f8"),
        ("costs_high", "f8"),
        ("capital_low", "f8"),
        ("capital_high", "f8"),
        ("positions", "f8"),
        ("clip", "f8"),
    ],
    align=True,
)

# Where a lane's episode stands.
EPISODE = np.dtype(
    [
        ("seed", "i8"),
        ("number", "i8"),  # episodes begun since the seed was set; -1 before the first
        ("row", "i8"),
        ("start", "i8"),
        ("end", "i8"),  # row at which it is cut
        ("ended", "i8"),  # Ended
        ("decisions", "i8"),
        ("capital", "f8"),  # equity at the start
        ("equity", "f8"),  # at the last observation
        ("drawdown", "f8"),
        ("variance", "f8"),  # EWMA of squared returns
        ("first_moment", "f8"),  # A and B of the differential Sharpe ratio
        ("second_moment", "f8"),
        ("running", "f8"),  # the running statistic at the last observation
        ("cost_factor", "f8"),  # drawn at the start
        ("total_reward", "f8"),
    ],
    align=True,
)

# What one step was, per lane: written at each step for rewards of one's own, `info` and pages.
STEP = np.dtype(
    [
        ("row", "i8"),
        ("equity_before", "f8"),
        ("equity", "f8"),
        ("gain", "f8"),
        ("commission", "f8"),
        ("slippage", "f8"),
        ("impact", "f8"),
        ("borrow", "f8"),
        ("funding", "f8"),
        ("dividends", "f8"),
        ("interest", "f8"),
        ("turnover", "f8"),  # of equity, both sides counted
        ("cash", "f8"),
        ("gross", "f8"),
        ("net", "f8"),
        ("drawdown", "f8"),
        ("reward", "f8"),
        # terms of the composite reward, unweighted
        ("profit", "f8"),
        ("risk", "f8"),
        ("cost", "f8"),
        ("stability", "f8"),
        ("sharpe", "f8"),
        ("momentum", "f8"),
        ("diversification", "f8"),
        ("ended", "i8"),
        ("decisions", "i8"),
        ("fills", "i8"),
    ],
    align=True,
)
