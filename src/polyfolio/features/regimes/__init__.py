"""Regimes: the state of the market at each row, from that row and earlier ones alone."""

from polyfolio.features.regimes.base import Regime
from polyfolio.features.regimes.drawdown import Drawdown
from polyfolio.features.regimes.exposure import exposure
from polyfolio.features.regimes.feature import RegimeFeature
from polyfolio.features.regimes.hidden_markov import HiddenMarkov
from polyfolio.features.regimes.trend import Trend
from polyfolio.features.regimes.volatility import Volatility
from polyfolio.features.regimes.walk_forward import WalkForward

__all__ = ["Drawdown", "HiddenMarkov", "Regime", "RegimeFeature", "Trend", "Volatility", "WalkForward", "exposure"]
