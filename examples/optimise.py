"""The same signals traded in full, and weighed against risk and costs over five decisions.

Needs cvxpy: `pip install 'polyfolio[research]'`.
"""

from __future__ import annotations

from typing import Any

from polyfolio import backtest

PLAN: dict[str, Any] = {"horizon": 5, "return_per_signal": 0.005, "half_life": 10.0, "risk_aversion": 4.0}
RUN: dict[str, Any] = {
    "name": "optimise",
    "journal": "full",
    "tape": {"format": "demo", "start": "2024-03-01", "end": "2024-05-31"},
    "defaults": {
        "strategy": {"name": "momentum", "params": {"lookback": 240}},
        "rebalance": {"every": "1d"},
        "limits": {"max_gross": 0.8, "max_position": 0.3},
        "risk": {"min_history": 20, "covariance": {"method": "sample", "window": 40}},
        "execution": {
            "commission": {"model": "percentage", "percentage_fee": 0.001},
            "slippage": {"model": "percentage", "base_slippage": 0.0005},
        },
    },
    "lanes": [
        {"name": "in full"},
        {"name": "planned", "optimise": PLAN},
        {"name": "held back", "optimise": {**PLAN, "max_turnover": 0.05}},
    ],
}

result = backtest(RUN)
for name, account in zip(result.plan.names, result.book.account, strict=True):
    fills = result.journal.fills[result.journal.fills["lane"] == result.plan.lane(name)]
    print(f"{name:9} {fills.size:4} fills, commission {account['total_commission']:7.0f}")
(stage,) = result.engine.python_stages.values()
print("decisions of a fallback:", len(stage.fallbacks))
