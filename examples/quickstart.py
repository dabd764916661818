"""Two portfolios on the bundled hourly prices in one call: equal weight, and momentum under a risk program."""

from __future__ import annotations

import polyfolio as pf

tape = pf.demo_tape(end="2024-04-30")
result = pf.backtest(
    {
        "name": "quickstart",
        "journal": "full",
        "checked": True,
        "defaults": {
            "rebalance": {"every": "1d"},
            "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
        },
        "lanes": [
            {"name": "equal", "strategy": {"name": "equal_weight"}},
            {
                "name": "momentum",
                "strategy": {"name": "momentum", "params": {"lookback": 72}},
                "limits": {"max_position": 0.3},
                "risk": {"max_var": 0.03, "min_history": 20},
            },
        ],
    },
    tape,
)

print(f"{tape.rows} rows, {tape.slots} symbols, {tape.calendar.source}")
for name in result.lanes:
    print(f"\n{name}: {len(result.journal.lane(name).fills)} fills, commission {result.costs(name)['commission']:.2f}")
    for metric in ("total_return", "annual_volatility", "sharpe", "max_drawdown", "turnover"):
        print("  " + result.metrics(name).describe(metric))

print("\n" + result.why("momentum", "BTC/USDT", 2160))
