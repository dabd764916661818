"""Arguments under which a registered strategy speaks on a tape of some hundred rows; without an entry, its defaults."""

from __future__ import annotations

from typing import Any

ELSEWHERE = {"policy": "needs a sealed file; tests/policy"}
RUSH = {"lookback": 10, "drop": 0.03, "width": 1.2, "volume": 1.2, "hold": 8}
FAST = {"fast": 5, "slow": 20}
LEARNS = {"first": 100, "refit": 60, "horizon": 2}
SMALL: dict[str, list[dict[str, Any]]] = {
    "breakout": [{}, {"entry": 10, "exit": 20, "long_short": True}],
    "capitulation_reversal": [RUSH, {**RUSH, "long_short": True}],
    "failed_breakdown": [{}, {"lookback": 5, "within": 4, "depth": 0.001, "long_short": True}],
    "gated": [
        {"strategy": {"name": "momentum", "params": {"lookback": 10}}, "regime": {"name": "trend", "params": FAST}}
    ],
    "gradient_boosting": [{**LEARNS, "rounds": 5}],
    "hierarchical_risk_parity": [{"lookback": 20, "min_observations": 15}],
    "inverse_volatility": [{"lookback": 30, "min_observations": 20}],
    "liquidity_sweep": [{}, {"lookback": 5, "depth": 0.001, "reward": 1.0, "long_short": True}],
    "ma_crossover": [{"slow": 40}, {"fast": 3, "slow": 9, "kind": "ema", "wait": True, "long_short": True}],
    "maximum_diversification": [{"lookback": 20, "min_observations": 15}],
    "mean_reversion": [{}, {"lookback": 5, "entry": 1.0, "method": "bollinger", "long_short": True}],
    "minimum_variance": [{"lookback": 30, "min_observations": 20}],
    "momentum": [
        {},
        {"lookback": 30, "skip": 2, "top_k": 2, "long_short": True},
        {"lookback": 5, "threshold": 0.01, "between": "hold"},
    ],
    "on_timeframe": [{"strategy": {"name": "momentum", "params": {"lookback": 8}}, "every": 3}],
    "pairs": [{"formation": 60, "lookback": 20, "entry": 1.0, "count": 2}],
    "portfolio": [
        {
            "members": {
                "slow": {"name": "momentum", "params": {"lookback": 24}},
                "back": {"name": "mean_reversion", "params": {"lookback": 12, "entry": 1.0}},
            }
        }
    ],
    "random_forest": [{**LEARNS, "trees": 5}],
    "rsi": [{}, {"period": 5, "lower": 40.0, "upper": 60.0, "long_short": True}],
    "trend_following": [{"lookback": 20, "window": 20}, {"lookback": 5, "window": 30, "long_short": True}],
}
