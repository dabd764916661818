"""The book whose parts are riskiest beside itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.strategies.least_variance import least_variance
from polyfolio.strategies.risk_weights import RiskWeights


class MaximumDiversification(RiskWeights):
    """The long-only weights of the largest w'sigma / sqrt(w'Cw) (Choueifaty, Coignard 2008), sigma_i = sqrt(C_ii).

    With y_i = w_i sigma_i the ratio is sum y / sqrt(y'Ry), R the correlations: y is the book of least variance under R.

    Args:
        lookback: rows whose returns give the sample covariance.
        min_observations: of these, rows in which a name must have traded.
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 40, "high": 500, "whole": True},
        "min_observations": {"low": 20, "high": 40, "whole": True},
    }

    def __init__(self, *, lookback: int = 60, min_observations: int = 40) -> None:
        self.lookback = lookback
        self.min_observations = min_observations

    def weigh(self, returns: Floats) -> Floats | None:
        """The weights of largest diversification."""
        sigma = returns.std(axis=0, ddof=1)
        scaled = (returns - returns.mean(axis=0)) / sigma
        found = least_variance(scaled.T @ scaled / (len(returns) - 1))
        if found is None:
            return None
        weights = found / sigma
        return np.asarray(weights / weights.sum())
