"""Hierarchical risk parity: names in the order of a tree of their correlations, halved, each half by its variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.strategies.risk_weights import RiskWeights

DISTANCES = ("entries", "columns")


class HierarchicalRiskParity(RiskWeights):
    """Weights by recursive halving of a tree's leaves (Lopez de Prado 2016).

    D_ij = sqrt((1 - rho_ij) / 2), clustered by single linkage. The leaves in order are halved again and again; of two
    halves with the variances v and u the first keeps u / (u + v) of the weight. A half's variance is that of its
    inverse-variance book. The paper's own program clusters the distances between the columns of D, which gives other
    weights, so there is no one such book: say which.

    Args:
        lookback: rows whose returns give the sample covariance.
        min_observations: of these, rows in which a name must have traded.
        distance: "entries": D itself is clustered. "columns": the distances between its columns, as in the paper's
            program.
        ordered: True turns the branches so that neighbours are as near as can be (Bar-Joseph, Gifford, Jaakkola 2001).
    """

    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 40, "high": 500, "whole": True},
        "min_observations": {"low": 20, "high": 40, "whole": True},
        "distance": ["entries", "columns"],
        "ordered": [False, True],
    }

    def __init__(
        self, *, lookback: int = 60, min_observations: int = 40, distance: str = "entries", ordered: bool = False
    ) -> None:
        self.lookback = lookback
        self.min_observations = min_observations
        self.distance = distance
        self.ordered = ordered

    def weigh(self, returns: Floats) -> Floats:
        """The weights of the tree."""
        if self.distance not in DISTANCES:
            raise ConfigError("distance", self.distance, "entries or columns", "Choose one of the two.")
        if not isinstance(self.ordered, bool):
            raise ConfigError("ordered", self.ordered, "true or false", "Choose one of the two.")
        apart = returns - returns.mean(axis=0)
        covariance = apart.T @ apart / (len(returns) - 1)
        return halved(covariance, leaves(covariance, self.distance, self.ordered))


def leaves(covariance: Floats, distance: str, ordered: bool) -> Ints:
    """Names in the order of the tree's leaves."""
    names = len(covariance)
    if names == 1:
        return np.zeros(1, dtype=np.int64)
    sigma = np.sqrt(np.diag(covariance))
    apart = np.sqrt(np.clip((1.0 - covariance / np.outer(sigma, sigma)) / 2.0, 0.0, 1.0))
    np.fill_diagonal(apart, 0.0)
    pairs = squareform(apart, checks=False) if distance == "entries" else pdist(apart)
    return np.asarray(leaves_list(linkage(pairs, "single", optimal_ordering=ordered)), dtype=np.int64)


def halved(covariance: Floats, order: Ints) -> Floats:
    """Weights by halving the ordered names."""
    ordered = covariance[order][:, order]
    inverse = 1.0 / np.diag(ordered)
    shares = np.ones(order.size)
    parts = [(0, order.size)]
    while parts:
        start, end = parts.pop()
        middle = start + (end - start) // 2
        if middle == start:
            continue
        first, second = variance_of(ordered, inverse, start, middle), variance_of(ordered, inverse, middle, end)
        shares[start:middle] *= second / (first + second)
        shares[middle:end] *= first / (first + second)
        parts += [(start, middle), (middle, end)]
    weights = np.empty(order.size)
    weights[order] = shares
    return weights


def variance_of(covariance: Floats, inverse: Floats, start: int, end: int) -> float:
    """Variance of the inverse-variance book of names start to end - 1."""
    part = inverse[start:end]
    return float(part @ covariance[start:end, start:end] @ part) / float(part.sum()) ** 2
