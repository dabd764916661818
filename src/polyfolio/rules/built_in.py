"""The names that come with the package, each with the place it is loaded from when it is first asked for.

A place that ends in a word in brackets needs the extra of that name.
"""

from __future__ import annotations

from polyfolio.core.codes import Stage
from polyfolio.rules.built_in_features import FEATURES

STAGES = tuple(stage for stage in Stage if stage not in (Stage.END, Stage.EXTENSION))

BUILT_IN: dict[str, dict[str, str]] = {
    "strategy": {
        "breakout": "polyfolio.strategies.breakout:Breakout",
        "buy_and_hold": "polyfolio.strategies.buy_and_hold:BuyAndHold",
        "capitulation_reversal": "polyfolio.strategies.capitulation_reversal:CapitulationReversal",
        "cwmr": "polyfolio.strategies.online.cwmr:ConfidenceWeighted",
        "eg": "polyfolio.strategies.online.eg:ExponentiatedGradient",
        "equal_weight": "polyfolio.strategies.equal_weight:EqualWeight",
        "failed_breakdown": "polyfolio.strategies.failed_breakdown:FailedBreakdown",
        "gated": "polyfolio.strategies.gated:Gated",
        "gradient_boosting": "polyfolio.strategies.gradient_boosting:GradientBoosting",
        "hierarchical_risk_parity": "polyfolio.strategies.hierarchical_risk_parity:HierarchicalRiskParity",
        "inverse_volatility": "polyfolio.strategies.inverse_volatility:InverseVolatility",
        "liquidity_sweep": "polyfolio.strategies.liquidity_sweep:LiquiditySweep",
        "ma_crossover": "polyfolio.strategies.ma_crossover:MACrossover",
        "maximum_diversification": "polyfolio.strategies.maximum_diversification:MaximumDiversification",
        "mean_reversion": "polyfolio.strategies.mean_reversion:MeanReversion",
        "minimum_variance": "polyfolio.strategies.minimum_variance:MinimumVariance",
        "momentum": "polyfolio.strategies.momentum:Momentum",
        "olmar": "polyfolio.strategies.online.olmar:MovingAverageReversion",
        "on_timeframe": "polyfolio.strategies.on_timeframe:OnTimeframe",
        "ons": "polyfolio.strategies.online.ons:OnlineNewton",
        "pairs": "polyfolio.strategies.pairs:Pairs",
        "pamr": "polyfolio.strategies.online.pamr:PassiveAggressive",
        "policy": "polyfolio.strategies.policy:Policy",
        "portfolio": "polyfolio.strategies.portfolio:Portfolio",
        "random_forest": "polyfolio.strategies.random_forest:RandomForest",
        "rsi": "polyfolio.strategies.rsi:RSI",
        "trend_following": "polyfolio.strategies.trend_following:TrendFollowing",
        "ubah": "polyfolio.strategies.online.ubah:UniformBuyAndHold",
        "ucrp": "polyfolio.strategies.online.ucrp:UniformRebalanced",
    },
    "aggregator": {
        "adaptive": "polyfolio.strategies.aggregate.adaptive:Adaptive",
        "learned": "polyfolio.strategies.aggregate.learned:LearnedAggregator",
        "majority": "polyfolio.strategies.aggregate.majority:Majority",
        "regime_weights": "polyfolio.strategies.aggregate.regime_weights:RegimeWeights",
        "stacking": "polyfolio.strategies.aggregate.stacking:Stacking",
        "volatility_adjusted": "polyfolio.strategies.aggregate.volatility_adjusted:VolatilityAdjusted",
        "weighted_average": "polyfolio.strategies.aggregate.weighted_average:WeightedAverage",
    },
    "stage": {
        **{stage.name.lower(): f"polyfolio.core.codes:Stage.{stage.name}" for stage in STAGES},
        "multi_period": "polyfolio.engine.multi_period:MultiPeriod",
    },
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
