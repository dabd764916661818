"""The names that come with the package, each with the place it is loaded from when it is first asked for.

A place that ends in a word in brackets needs the extra of that name.
"""

from __future__ import annotations

from polyfolio.core.codes import Stage
from polyfolio.rules.built_in_features import FEATURES

STAGES = tuple(stage for stage in Stage if stage not in (Stage.END, Stage.EXTENSION))

BUILT_IN: dict[str, dict[str, str]] = {
    "strategy": {
        "buy_and_hold": "polyfolio.strategies.buy_and_hold:BuyAndHold",
        "equal_weight": "polyfolio.strategies.equal_weight:EqualWeight",
        "inverse_volatility": "polyfolio.strategies.inverse_volatility:InverseVolatility",
        "minimum_variance": "polyfolio.strategies.minimum_variance:MinimumVariance",
        "momentum": "polyfolio.strategies.momentum:Momentum",
        "policy": "polyfolio.strategies.policy:Policy",
    },
    "aggregator": {},
    "stage": {stage.name.lower(): f"polyfolio.core.codes:Stage.{stage.name}" for stage in STAGES},
    "cost": {},
    "reward": {},
    "observation": {},
    "source": {
        "csv": "polyfolio.market.files:read_csv",
        "parquet": "polyfolio.market.files:read_parquet",
        "demo": "polyfolio.market.demo:demo_tape",
        "dataset": "polyfolio.market.stored:read_dataset",
        "stored": "polyfolio.market.stored:read_stored",
        "duckdb": "polyfolio.market.duck:read_duckdb [data]",
        "synthetic": "polyfolio.market.synthetic.source:synthetic_tape",
        "teaching": "polyfolio.market.synthetic.teaching:teaching_tape",
        "yahoo": "polyfolio.market.online:read_yahoo",
        "ccxt": "polyfolio.market.online:read_ccxt",
        "vendor": "polyfolio.market.online:read_vendor",
        "chain": "polyfolio.market.online:read_chain",
    },
    "feature": FEATURES,
    "normaliser": {
        "rank": "polyfolio.features.normalise:Rank",
        "robust": "polyfolio.features.normalise:Robust",
        "rolling": "polyfolio.features.normalise:Rolling",
        "standard": "polyfolio.features.normalise:Standard",
    },
    "regime": {
        "drawdown": "polyfolio.features.regimes:Drawdown",
        "hidden_markov": "polyfolio.features.regimes:HiddenMarkov",
        "trend": "polyfolio.features.regimes:Trend",
        "volatility": "polyfolio.features.regimes:Volatility",
        "walk_forward": "polyfolio.features.regimes:WalkForward",
    },
    "broker": {},
    "measure": {},
}
